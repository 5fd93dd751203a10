"""A corpus of files that are broken, or not what they look like, each made by a few lines."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable, Mapping

import numpy as np
from PIL import Image
from tests.serving.conftest import picture

ANY = frozenset({200, 400, 413, 415, 422})
READ = frozenset({200})
REFUSED = frozenset({400, 413, 415, 422})


def png(width: int, height: int, data: bytes, *, depth: int = 8, colour: int = 0, more: bytes = b"") -> bytes:
    """Write a PNG by hand, whatever it claims."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + more + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def animated(kind: str) -> bytes:
    frames = [Image.fromarray(np.full((20, 20), level, np.uint8)) for level in (0, 120, 250)]
    file = io.BytesIO()
    frames[0].save(file, kind, save_all=True, append_images=frames[1:])
    return file.getvalue()


def with_exif(exif: bytes) -> bytes:
    return picture("JPEG", (30, 30), "RGB", exif=exif)


def sixteen_bits() -> bytes:
    file = io.BytesIO()
    Image.fromarray(np.arange(900, dtype=np.uint16).reshape(30, 30) * 70).save(file, "PNG")
    return file.getvalue()


def palette_with_alpha() -> bytes:
    image = Image.fromarray(np.arange(256, dtype=np.uint8).reshape(16, 16), "L").convert("P")
    file = io.BytesIO()
    image.save(file, "PNG", transparency=bytes(range(256)))
    return file.getvalue()


def long_and_thin(size: tuple[int, int]) -> bytes:
    return picture("PNG", size)


def bomb(side: int) -> bytes:
    """Write a small file with very many pixels."""
    packer = zlib.compressobj(9)
    rows = b"".join(packer.compress(bytes(side + 1)) for _ in range(side)) + packer.flush()
    return png(side, side, rows)


def float_tiff() -> bytes:
    file = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).random((20, 20)).astype(np.float32)).save(file, "TIFF")
    return file.getvalue()


CORPUS: Mapping[str, tuple[Callable[[], bytes], frozenset[int]]] = {
    "one byte": (lambda: b"\x00", REFUSED),
    "zeros": (lambda: bytes(10_000), REFUSED),
    "text": (lambda: b"hello", REFUSED),
    "svg": (lambda: b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", REFUSED),
    "pdf": (lambda: b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n%%EOF", REFUSED),
    "zip": (lambda: b"PK\x03\x04" + bytes(100), REFUSED),
    "postscript": (lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n", REFUSED),
    "signature alone": (lambda: b"\x89PNG\r\n\x1a\n", REFUSED),
    "png cut off": (lambda: picture("PNG", (60, 60))[:-500], REFUSED),
    "png cut in its header": (lambda: picture()[:20], REFUSED),
    "jpeg cut off": (lambda: picture("JPEG", (60, 60))[:-500], REFUSED),
    "webp cut off": (lambda: picture("WEBP", (60, 60), "RGB")[:-500], REFUSED),
    "gif cut off": (lambda: picture("GIF", (60, 60))[:-500], ANY),
    "bmp cut off": (lambda: picture("BMP", (60, 60))[:-500], REFUSED),
    "tiff cut off": (lambda: picture("TIFF", (60, 60))[:-500], ANY),
    "png of noise": (lambda: png(28, 28, b"noise" * 100), REFUSED),
    "png with too little": (lambda: png(28, 28, zlib.compress(bytes(100))), ANY),
    "png with too much": (lambda: png(28, 28, zlib.compress(bytes(10**7))), ANY),
    "png without pixels": (lambda: png(0, 0, zlib.compress(b"")), REFUSED),
    "png of a billion pixels": (lambda: png(2**31 - 1, 2**31 - 1, zlib.compress(b"")), REFUSED),
    "png with a huge text": (
        lambda: png(8, 8, zlib.compress(bytes(72)), more=chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(10**8)))),
        ANY,
    ),
    "png with many texts": (
        lambda: png(8, 8, zlib.compress(bytes(72)), more=chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(10**6))) * 200),
        ANY,
    ),
    "png with a broken profile": (
        lambda: png(8, 8, zlib.compress(bytes(72)), more=chunk(b"iCCP", b"a\0\0noise")),
        ANY,
    ),
    "png of an unknown depth": (lambda: png(8, 8, zlib.compress(bytes(72)), depth=7), REFUSED),
    "png of an unknown colour": (lambda: png(8, 8, zlib.compress(bytes(72)), colour=9), REFUSED),
    "bomb": (lambda: bomb(12_000), REFUSED),
    "a large picture": (lambda: bomb(4_800), READ),
    "one pixel": (lambda: picture(size=(1, 1)), READ),
    "very wide": (lambda: long_and_thin((1, 20_000)), READ),
    "very high": (lambda: long_and_thin((20_000, 1)), READ),
    "animated gif": (lambda: animated("GIF"), READ),
    "animated png": (lambda: animated("PNG"), READ),
    "animated webp": (lambda: animated("WEBP"), READ),
    "pages of a tiff": (lambda: animated("TIFF"), READ),
    "cmyk": (lambda: picture("JPEG", (30, 30), "CMYK"), READ),
    "sixteen bits": (sixteen_bits, READ),
    "palette with alpha": (palette_with_alpha, READ),
    "alpha": (lambda: picture("PNG", (30, 30), "RGBA"), READ),
    "floats": (float_tiff, REFUSED),
    "exif of noise": (lambda: with_exif(b"Exif\0\0" + b"\xff" * 200), READ),
    "exif that points outside": (lambda: with_exif(b"Exif\0\0MM\0*\0\0\0\x08" + b"\xff\xff" * 50), READ),
    "an orientation of 99": (
        lambda: with_exif(b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x63\0\0\0\0\0\0"),
        READ,
    ),
    "an icon": (lambda: b"\0\0\1\0\1\0\x10\x10\0\0\1\0\x20\0\x68\x04\0\0\x16\0\0\0", REFUSED),
    "a fits file": (lambda: b"SIMPLE  =                    T" + b" " * 3000, REFUSED),
}
