"""Makes pictures that are broken, hostile or merely strange: what reads pictures answers for or refuses each.

``make(folder)`` writes one file a case and tells what is expected; the makers need nothing but Pillow.
"""

from __future__ import annotations

import io
import os
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, PngImagePlugin

Maker = Callable[[], bytes]
ORIENTATION = 0x0112


@dataclass(frozen=True)
class Case:
    """One file.

    Parameters
    ----------
    name
        Of the file.
    readable
        True where there is a picture in it that can be answered for, False where it has to be refused, None where
        either will do.
    """

    name: str
    readable: bool | None


# How a large picture of one colour is written quickly; the file is small in any case.
QUICK: dict[str, dict[str, object]] = {
    "PNG": {"compress_level": 1},
    "TIFF": {"compression": "tiff_deflate"},
    "WEBP": {"method": 0},
}


def make(folder: Path) -> Iterator[Case]:
    """Write all files that hold bytes into a folder; what is no file is made by `make_strange_places`."""
    for name, (readable, maker) in FILES.items():
        (folder / name).write_bytes(maker())
        yield Case(name, readable)


def make_strange_places(folder: Path) -> list[str]:
    """Put into a folder what has a picture's name and is none: a pipe, a folder, a link to nothing and one to itself.

    Returns
    -------
    list of str
        The names that have to be refused; the folder is looked into and is empty.
    """
    os.mkfifo(folder / "pipe.png")
    (folder / "folder.png").mkdir()
    (folder / "dangling.png").symlink_to(folder / "nothing")
    (folder / "circle.png").symlink_to(folder / "circle.png")
    return ["pipe.png", "dangling.png", "circle.png"]


def bomb(side: int, mode: str = "RGBA", form: str = "PNG") -> bytes:
    """Encode a picture of one colour, which is small as a file and large in memory."""
    return _saved(Image.new(mode, (side, side)), form, **QUICK.get(form, {}))


def _photo(mode: str = "RGB", size: tuple[int, int] = (60, 80)) -> Image.Image:
    """Draw something that is not of one colour."""
    rows, columns = np.mgrid[0 : size[1], 0 : size[0]]
    planes = np.dstack([rows * 3 % 256, columns * 3 % 256, (rows + columns) % 256]).astype(np.uint8)
    return Image.fromarray(planes).convert(mode)


def _saved(picture: Image.Image, form: str, **settings: object) -> bytes:
    """Encode a picture."""
    content = io.BytesIO()
    picture.save(content, form, **settings)
    return content.getvalue()


def _cut(content: bytes, share: float = 0.5) -> bytes:
    """Leave off the end."""
    return content[: int(len(content) * share)]


def _chunk(kind: bytes, content: bytes) -> bytes:
    """Make a chunk of a PNG."""
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def _png(width: int, height: int, *chunks: bytes, colour: int = 0, depth: int = 8, interlaced: int = 0) -> bytes:
    """Make a PNG of chunks that may be anything."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlaced)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + b"".join(chunks) + _chunk(b"IEND", b"")


def _grey_rows(width: int, height: int) -> bytes:
    """Return the compressed pixels of a grey PNG."""
    return _chunk(b"IDAT", zlib.compress((b"\0" + bytes(width)) * height))


def _with_text(n: int) -> bytes:
    """Make a PNG with a compressed text of n bytes."""
    info = PngImagePlugin.PngInfo()
    info.add_text("Comment", "x" * n, zip=True)
    return _saved(_photo(), "PNG", pnginfo=info)


def _interlaced() -> bytes:
    """Make a PNG with Adam7's seven passes, all grey levels 0."""
    passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
    rows = b""
    for left, top, step_x, step_y in passes:
        rows += (b"\0" + bytes(-(-(16 - left) // step_x))) * -(-(16 - top) // step_y)
    return _png(16, 16, _chunk(b"IDAT", zlib.compress(rows)), interlaced=1)


def _oriented(value: object, form: str = "JPEG") -> bytes:
    """Encode a picture whose EXIF orientation is anything."""
    exif = Image.Exif()
    exif[ORIENTATION] = value
    return _saved(_photo(), form, exif=exif)


def _jpeg_with_exif(content: bytes) -> bytes:
    """Put any bytes where a JPEG has its EXIF."""
    plain = _saved(_photo(), "JPEG")
    segment = b"Exif\0\0" + content
    return plain[:2] + b"\xff\xe1" + struct.pack(">H", len(segment) + 2) + segment + plain[2:]


def _gif(n_frames: int) -> bytes:
    """Make a GIF of many frames."""
    frames = [Image.new("L", (16, 16), number % 256) for number in range(n_frames)]
    return _saved(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=20)


def _tiff(*entries: tuple[int, int, int, int], following: int = 0, pixels: bytes = bytes(64)) -> bytes:
    """Make a little-endian TIFF of one directory of entries (tag, type, count, value), its pixels right at the end."""
    directory = struct.pack("<H", len(entries)) + b"".join(struct.pack("<HHII", *entry) for entry in entries)
    return struct.pack("<2sHI", b"II", 42, 8) + directory + struct.pack("<I", following) + pixels


def _grey_tiff(*others: tuple[int, int, int, int], following: int = 0) -> bytes:
    """Make a grey TIFF of 8x8 pixels with further entries."""
    n_entries = 9 + len(others)
    at = 8 + 2 + 12 * n_entries + 4
    known = [(256, 4, 1, 8), (257, 4, 1, 8), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1)]
    strips = [(273, 4, 1, at), (277, 3, 1, 1), (278, 4, 1, 8), (279, 4, 1, 64)]
    return _tiff(*known, *strips, *others, following=following)


def _big_tiff(n_entries: int) -> bytes:
    """Make a BigTIFF whose directory has many entries."""
    known = [(256, 4, 8), (257, 4, 8), (258, 3, 8), (259, 3, 1), (262, 3, 1), (277, 3, 1), (278, 4, 8), (279, 4, 64)]
    at = 16 + 8 + 20 * n_entries + 8
    entries = [*known, (273, 4, at)]
    entries += [(30000 + number % 30000, 4, number % 1000) for number in range(n_entries - len(entries))]
    directory = b"".join(struct.pack("<HHQQ", tag, kind, 1, value) for tag, kind, value in entries)
    head = struct.pack("<2sHHHQQ", b"II", 43, 8, 0, 16, n_entries)
    return head + directory + bytes(8) + bytes(64)


def _upside_down_bmp() -> bytes:
    """Make a BMP whose height is negative, which means that its first row is the upper one."""
    content = bytearray(_saved(_photo(), "BMP"))
    content[22:26] = struct.pack("<i", -struct.unpack("<i", content[22:26])[0])
    return bytes(content)


def _tiff_in_pieces(*pieces: tuple[int, int, int, int], side: int = 8) -> bytes:
    """Make a deflated grey TIFF whose strips or tiles are described by entries."""
    known = [(256, 4, 1, side), (257, 4, 1, side), (258, 3, 1, 8), (259, 3, 1, 8), (262, 3, 1, 1), (277, 3, 1, 1)]
    return _tiff(*known, *pieces, pixels=zlib.compress(bytes(1_000_000)))


def _padded_jpeg(padding: bytes) -> bytes:
    """Make a JPEG with something between its beginning and its first segment."""
    plain = _saved(_photo(), "JPEG")
    return plain[:2] + padding + plain[2:]


def _many_passes(n: int) -> bytes:
    """Make a large JPEG whose last pass comes again and again, with nothing in it."""
    content = _saved(Image.new("L", (7900, 7900)), "JPEG", progressive=True)
    at = content.rfind(b"\xff\xda")
    (length,) = struct.unpack(">H", content[at + 2 : at + 4])
    return content[:-2] + content[at : at + 2 + length] * n + b"\xff\xd9"


def _huge_webp() -> bytes:
    """Make a WebP whose canvas is as large as the format allows, by its header."""
    small = _saved(_photo("RGBA"), "WEBP", lossless=True)
    canvas = b"VP8X" + struct.pack("<I", 10) + b"\x10\0\0\0" + b"\xfe\x3f\0" * 2
    body = b"WEBP" + canvas + small[12:]
    return b"RIFF" + struct.pack("<I", len(body)) + body


def _wide_gif() -> bytes:
    """Make a GIF whose screen is as large as the format allows, around a frame of a few pixels."""
    content = bytearray(_saved(_photo("P", (8, 8)), "GIF"))
    content[6:10] = b"\xff\xff\xff\xff"
    return bytes(content)


def _turned_bomb() -> bytes:
    """Make a large picture that lies on its side."""
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    return _saved(Image.new("CMYK", (7900, 7900)), "JPEG", exif=exif)


FILES: dict[str, tuple[bool | None, Maker]] = {
    "empty.png": (False, lambda: b""),
    "one-byte.jpg": (False, lambda: b"\xff"),
    "only-signature.png": (False, lambda: b"\x89PNG\r\n\x1a\n"),
    "text.png": (False, lambda: b"this is no picture\n" * 100),
    "page.pdf.jpg": (False, lambda: b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\n%%EOF\n"),
    "drawing.svg.png": (False, lambda: b'<svg xmlns="http://www.w3.org/2000/svg" width="9999999" height="9999999"/>'),
    "noise.png": (False, lambda: np.random.default_rng(0).bytes(5000)),
    "zeros.bmp": (False, lambda: bytes(5000)),
    "postscript.tif": (False, lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 99 99\n"),
    "truncated.png": (False, lambda: _cut(_saved(_photo(), "PNG"))),
    "truncated.jpg": (False, lambda: _cut(_saved(_photo(), "JPEG"))),
    "truncated-progressive.jpg": (False, lambda: _cut(_saved(_photo(), "JPEG", progressive=True))),
    "truncated.gif": (False, lambda: _cut(_saved(_photo("P"), "GIF"))),
    "truncated.webp": (False, lambda: _cut(_saved(_photo(), "WEBP"))),
    "truncated.bmp": (False, lambda: _cut(_saved(_photo(), "BMP"))),
    "truncated.tif": (False, lambda: _cut(_saved(_photo(), "TIFF"))),
    "really-jpeg.png": (True, lambda: _saved(_photo(), "JPEG")),
    "really-gif.jpg": (True, lambda: _saved(_photo("P"), "GIF")),
    "progressive.jpg": (True, lambda: _saved(_photo(), "JPEG", progressive=True)),
    "1x1.png": (True, lambda: _saved(_photo("L", (1, 1)), "PNG")),
    "20000x1.png": (True, lambda: _saved(_photo("RGB", (20000, 1)), "PNG")),
    "1x20000.png": (True, lambda: _saved(_photo("RGB", (1, 20000)), "PNG")),
    "65535x1.gif": (True, lambda: _saved(Image.new("P", (65535, 1)), "GIF")),
    "cmyk.jpg": (True, lambda: _saved(_photo("CMYK"), "JPEG")),
    "cmyk.tif": (True, lambda: _saved(_photo("CMYK"), "TIFF")),
    "16-bit.png": (True, lambda: _saved(Image.fromarray(np.arange(64, dtype=np.uint16).reshape(8, 8) * 999), "PNG")),
    "16-bit.tif": (True, lambda: _saved(Image.fromarray(np.arange(64, dtype=np.uint16).reshape(8, 8) * 999), "TIFF")),
    "32-bit.tif": (False, lambda: _saved(Image.fromarray(np.arange(64, dtype=np.int32).reshape(8, 8)), "TIFF")),
    "float.tif": (
        False,
        lambda: _saved(Image.fromarray(np.linspace(0, 1, 64, dtype=np.float32).reshape(8, 8)), "TIFF"),
    ),
    "not-a-number.tif": (False, lambda: _saved(Image.fromarray(np.full((8, 8), np.nan, np.float32)), "TIFF")),
    "lab.tif": (True, lambda: _saved(_photo("LAB"), "TIFF")),
    "1-bit.png": (True, lambda: _saved(_photo("1"), "PNG")),
    "1-bit.tif": (True, lambda: _saved(_photo("1"), "TIFF", compression="group4")),
    "grey-alpha.png": (True, lambda: _saved(_photo("LA"), "PNG")),
    "palette.png": (True, lambda: _saved(_photo("P"), "PNG")),
    "palette-alpha.png": (True, lambda: _saved(_photo("P"), "PNG", transparency=bytes(range(256)))),
    "palette-missing.png": (None, lambda: _png(8, 8, _grey_rows(8, 8), colour=3)),
    "nothing-visible.png": (True, lambda: _saved(Image.new("RGBA", (8, 8)), "PNG")),
    "orientation-0.jpg": (True, lambda: _oriented(0)),
    "orientation-9.jpg": (True, lambda: _oriented(9)),
    "orientation-65535.png": (True, lambda: _oriented(65535, "PNG")),
    "orientation-text.jpg": (True, lambda: _jpeg_with_exif(_tiff((ORIENTATION, 2, 4, 0x616263))[:-64])),
    "exif-noise.jpg": (True, lambda: _jpeg_with_exif(np.random.default_rng(1).bytes(3000))),
    "exif-huge-counts.jpg": (
        True,
        lambda: _jpeg_with_exif(_tiff((ORIENTATION, 3, 0xFFFFFFFF, 8), (0x8769, 4, 1, 8), following=8, pixels=b"")),
    ),
    "exif-circle.jpg": (True, lambda: _jpeg_with_exif(_tiff((0x8769, 4, 1, 8), following=8))),
    "exif-full.jpg": (True, lambda: _jpeg_with_exif(bytes(65000))),
    "exif-noise.png": (True, lambda: _png(8, 8, _chunk(b"eXIf", b"MM\0*noise" * 99), _grey_rows(8, 8))),
    "giant-text.png": (None, lambda: _with_text(80_000_000)),
    "many-texts.png": (
        None,
        lambda: _png(8, 8, *[_chunk(b"tEXt", b"k\0" + bytes(9)) for _ in range(20_000)], _grey_rows(8, 8)),
    ),
    "giant-profile.png": (
        None,
        lambda: _png(8, 8, _chunk(b"iCCP", b"x\0\0" + zlib.compress(bytes(80_000_000))), _grey_rows(8, 8)),
    ),
    "giant-plain-text.png": (None, lambda: _png(8, 8, _chunk(b"tEXt", b"k\0" + b"x" * 30_000_000), _grey_rows(8, 8))),
    "interlaced.png": (True, _interlaced),
    "bad-checksum.png": (None, lambda: _saved(_photo(), "PNG")[:-5] + b"\0\0\0\0\0"),
    "no-pixels.png": (False, lambda: _png(8, 8)),
    "too-few-pixels.png": (None, lambda: _png(8, 8, _grey_rows(8, 4))),
    "too-many-pixels.png": (None, lambda: _png(8, 8, _chunk(b"IDAT", zlib.compress(bytes(50_000_000))))),
    "no-width.png": (False, lambda: _png(0, 8, _grey_rows(8, 8))),
    "impossible-depth.png": (False, lambda: _png(8, 8, _grey_rows(8, 8), depth=7, colour=5)),
    "chunk-beyond-end.png": (None, lambda: _png(8, 8)[:33] + struct.pack(">I", 0x7FFFFFFF) + b"IDAT" + bytes(50)),
    "animated.png": (True, lambda: _saved(_photo(), "PNG", save_all=True, append_images=[_photo("RGB")] * 3)),
    "animated.webp": (True, lambda: _saved(_photo(), "WEBP", save_all=True, append_images=[_photo()] * 3)),
    "animated.gif": (True, lambda: _gif(3)),
    "10000-frames.gif": (True, lambda: _gif(10_000)),
    "wide-screen.gif": (False, _wide_gif),
    "upside-down.bmp": (True, _upside_down_bmp),
    "bmp-of-no-size.bmp": (False, lambda: b"BM" + bytes(12) + struct.pack("<IiiHH", 40, 0, 0, 1, 24) + bytes(99)),
    "pages.tif": (True, lambda: _saved(_photo(), "TIFF", save_all=True, append_images=[_photo()] * 20)),
    "circle.tif": (True, lambda: _grey_tiff(following=8)),
    "beyond-end.tif": (False, lambda: _tiff((256, 4, 1, 8), (257, 4, 1, 8), (273, 4, 1, 0xFFFFFFF0))),
    "no-entries.tif": (False, _tiff),
    "huge-counts.tif": (None, lambda: _grey_tiff((700, 1, 0xFFFFFFFF, 8), (33723, 4, 0xFFFFFFF0, 8))),
    "60000-tags.tif": (None, lambda: _grey_tiff(*[(40000 + number, 4, 1, number) for number in range(20_000)] * 3)),
    "million-tags.tif": (None, lambda: _big_tiff(1_000_000)),
    "bomb-header.png": (False, lambda: _png(60_000, 60_000, _chunk(b"IDAT", zlib.compress(bytes(1000))))),
    "bomb-header.bmp": (False, lambda: b"BM" + bytes(12) + struct.pack("<IiiHH", 40, 60000, 60000, 1, 24) + bytes(99)),
    "bomb-header.tif": (False, lambda: _tiff((256, 4, 1, 60000), (257, 4, 1, 60000), (258, 3, 1, 8), (273, 4, 1, 8))),
    "bomb-header.webp": (False, _huge_webp),
    "bomb.png": (None, lambda: bomb(9000, "L")),
    "bomb-colour.png": (None, lambda: bomb(7900, "RGBA")),
    "bomb.gif": (None, lambda: bomb(7900, "L", "GIF")),
    "bomb.tif": (None, lambda: bomb(7900, "RGBA", "TIFF")),
    "bomb.webp": (None, lambda: bomb(7900, "RGBA", "WEBP")),
    "bomb-progressive.jpg": (
        None,
        lambda: _saved(Image.new("RGB", (7900, 7900)), "JPEG", progressive=True, subsampling=0),
    ),
    "bomb-turned.jpg": (None, _turned_bomb),
    "bomb-16-bit.png": (None, lambda: bomb(7900, "I;16")),
    "many-passes.jpg": (False, lambda: _many_passes(10_000)),
    "padded.jpg": (False, lambda: _padded_jpeg(b"\xff" * 10_000_000)),
    "many-segments.jpg": (False, lambda: _padded_jpeg(b"\xff\xe5\0\2" * 1_000_000)),
    "many-chunks.png": (False, lambda: _png(8, 8, _chunk(b"abCd", b"") * 1_000_000, _grey_rows(8, 8))),
    "many-profiles.png": (
        None,
        lambda: _png(8, 8, _chunk(b"iCCP", b"x\0\0" + zlib.compress(bytes(1_000_000))) * 2000, _grey_rows(8, 8)),
    ),
    "giant-chunk.png": (False, lambda: _png(8, 8, _chunk(b"abCd", bytes(80_000_000)), _grey_rows(8, 8))),
    "giant-chunk-behind.png": (False, lambda: _png(8, 8, _grey_rows(8, 8), _chunk(b"abCd", bytes(80_000_000)))),
    "million-strips.tif": (
        False,
        lambda: _tiff_in_pieces((273, 4, 1_000_000, 8), (278, 4, 1, 1), (279, 4, 1_000_000, 8)) + bytes(4_000_000),
    ),
    "giant-tile.tif": (
        False,
        lambda: _tiff_in_pieces((322, 4, 1, 30_000), (323, 4, 1, 30_000), (324, 4, 1, 134), (325, 4, 1, 999)),
    ),
    "one-column.png": (False, lambda: _png(1, 60_000_000, _chunk(b"IDAT", zlib.compress(bytes(1000))))),
}
