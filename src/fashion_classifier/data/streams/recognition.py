"""What a file of pixels is, told by how it begins rather than by what it is called."""

from __future__ import annotations

import re
import stat
import struct
import zipfile
import zlib
from pathlib import Path

from fashion_classifier.data.pictures import SUFFIXES
from fashion_classifier.data.streams.blocks import PixelFile
from fashion_classifier.data.streams.csv_stream import CsvStream
from fashion_classifier.data.streams.idx_stream import GZIP_MAGIC, IDX_MAGIC, IdxStream
from fashion_classifier.data.streams.npz_stream import NpzStream

_BEGINNING = 256  # bytes that are looked at
_HEADER = re.compile(rb'(?:\xef\xbb\xbf)?(?:[^,\n]{0,60},){0,4}"?(?:pixel[ _]?\d{1,9}|1x1)"?\s*[,\r\n]', re.IGNORECASE)
_PICTURES = (b"\x89PNG", b"\xff\xd8", b"GIF8", b"RIFF")  # how pictures begin; BMP and TIFF are told by their names


def find_stream(path: Path) -> PixelFile | None:
    """Recognise a file of pixels.

    Parameters
    ----------
    path
        A file.

    Returns
    -------
    PixelFile or None
        None for what is no ordinary file, cannot be opened, or begins like no file of pixels: then it is a picture,
        or nothing that is known, which reading it as a picture will tell.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            return None
        with path.open("rb") as file:
            begins = file.read(_BEGINNING)
    except OSError:
        return None
    return _by_beginning(path, _unzipped(begins) if begins.startswith(GZIP_MAGIC) else begins)


def _by_beginning(path: Path, begins: bytes) -> PixelFile | None:
    """Recognise a file by its first bytes, or else by its name."""
    if begins.startswith(IDX_MAGIC):
        return IdxStream.of(path)
    if begins.startswith(b"PAR1"):
        return _parquet(path)
    if begins.startswith(b"PK") and _holds_arrays(path):
        return NpzStream.of(path)
    if _HEADER.match(begins):
        return CsvStream.of(path)
    is_picture = path.suffix.lower() in SUFFIXES or begins.startswith(_PICTURES)
    return None if is_picture else _by_name(path)


def _by_name(path: Path) -> PixelFile | None:
    """Recognise a file that does not begin as it should by its name, so that reading can say what is wrong."""
    suffix = path.suffix.lower()
    if suffix == ".parquet":
        return _parquet(path)
    forms: dict[str, type[CsvStream | NpzStream]] = {".csv": CsvStream, ".npz": NpzStream}
    if suffix in forms:
        return forms[suffix].of(path)
    return IdxStream.of(path) if path.name.removesuffix(".gz").endswith("-ubyte") else None


def _parquet(path: Path) -> PixelFile:
    """Return a Parquet file."""
    from fashion_classifier.data.streams.parquet_stream import ParquetStream  # noqa: PLC0415 - brings Polars

    return ParquetStream.of(path)


def _unzipped(begins: bytes) -> bytes:
    """Return the beginning of what a gzip stream holds, as far as it can be had."""
    try:
        return zlib.decompressobj(wbits=zlib.MAX_WBITS | 16).decompress(begins, 16)
    except zlib.error:
        return b""


def _holds_arrays(path: Path) -> bool:
    """Tell whether a ZIP archive holds arrays of NumPy."""
    try:
        with zipfile.ZipFile(path) as archive:
            return any(entry.filename.endswith(".npy") for entry in archive.infolist())
    except (OSError, ValueError, NotImplementedError, zipfile.BadZipFile, struct.error):
        return False
