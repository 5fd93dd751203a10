"""The pages of a Parquet file: what their headers claim is compared with what the file can hold."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import BinaryIO

from fashion_classifier.data.parquet_check.footer import STATISTICS, Chunk, read_footer, whole
from fashion_classifier.data.parquet_check.refusal import RefusedError, damaged, too_much
from fashion_classifier.data.parquet_check.thrift import Reader, Shape, Struct, fits
from fashion_classifier.errors import DataError, Fault

MEBI = 1 << 20
# Writers close a page at about 1 MiB, DuckDB at 100 MB, pyarrow after 1024 pictures, however large. So a page may hold
# as much as DuckDB's, or some times the bytes that it takes: pictures hardly shrink, pixel values as int64 to a tenth.
MAX_PAGE, PAGE_RATIO = 128 * MEBI, 16
MAX_PAGES = 1 << 18  # of a file: of 32 KiB in 8 GiB; reading their headers takes some seconds
# What all pages may unpack to: MNIST's values as int64 shrink to a fiftieth.
MAX_UNPACKED, UNPACKED_RATIO = 256 * MEBI, 64
# Values, pixels mostly, may be runs of one value, which take no bytes. Silhouettes take 1/30 of a byte a pixel.
MAX_VALUES, VALUES_PER_BYTE = 1 << 24, 256
# How much may come of a byte at most, and beside: 0 none, 1 Snappy, 2 gzip, 4 Brotli, 5 LZ4, 6 Zstandard, 7 LZ4 raw.
_CODECS = {0: 1, 1: 22, 2: 1032, 4: MAX_PAGE, 5: 256, 6: MAX_PAGE, 7: 256}
_FEW = 64  # bytes, for which no ratio holds
_HEADER_BYTES, _HEADER_VALUES = 1 * MEBI, 64  # of a page; its statistics may hold a text or a picture
_DATA, _DICTIONARY, _DATA_V2 = 0, 2, 3
_NUMBERS = {_DATA: 5, _DICTIONARY: 7, _DATA_V2: 8}  # of the field that says more
_DELTA_BYTE_ARRAY = 7
_ANY = 1 << 31
_I32 = 2**31 - 1
_HEADER: Shape = {
    **dict.fromkeys(range(1, 5), int),
    5: {1: int, 2: int, 3: int, 4: int, 5: STATISTICS},
    6: {},
    7: {1: int, 2: int, 3: bool},
    8: {**dict.fromkeys(range(1, 7), int), 7: bool, 8: STATISTICS},
}


@dataclass(frozen=True)
class Bounds:
    """What may be taken of a file that was checked.

    Parameters
    ----------
    n_bytes
        That its texts and pictures may take, those that are written once and meant often counted each time.
    n_rows
        That are read at a time.
    """

    n_bytes: int
    n_rows: int


@dataclass(frozen=True)
class _Page:
    """What a page's header claims.

    Parameters
    ----------
    n_packed, n_bytes
        That the page takes, and unpacks to.
    n_values
        None where it is a dictionary.
    repeats
        Whether each value may begin with all of the one before: then each may be as long as the page.
    """

    n_packed: int
    n_bytes: int
    n_values: int | None
    repeats: bool


def check_parquet(path: Path, place: str) -> Bounds:
    """Check all that a Parquet file says of itself, by its headers alone.

    Parameters
    ----------
    path
        The file.
    place
        What to call it in messages.

    Raises
    ------
    DataError
        If it is damaged, or claims more than it can hold or than is read.
    OSError
        If it cannot be read.
    """
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(0)
            return _check(file, size)
    except RefusedError as refused:
        raise DataError(Fault(place, refused.problem, refused.remedy)) from None


def _check(file: BinaryIO, size: int) -> Bounds:
    """Check a file of some bytes."""
    footer = read_footer(file, size)
    if footer.n_values > max(MAX_VALUES, VALUES_PER_BYTE * size):
        raise too_much(f"it claims {footer.n_values:,} values, more than {size:,} bytes should hold")
    most = MAX_UNPACKED + UNPACKED_RATIO * size
    n_bytes = sum(chunk.width * chunk.n_values for chunk in footer.chunks)
    if n_bytes > most:
        raise too_much(f"its values claim {n_bytes:,} bytes, of {size:,}")
    n_pages = n_bytes = longest = 0
    for page in chain.from_iterable(_pages(file, chunk) for chunk in footer.chunks):
        n_pages, n_bytes = n_pages + 1, n_bytes + page.n_bytes
        longest = max(longest, page.n_bytes if page.repeats else 0)
        if n_pages > MAX_PAGES:
            raise too_much(f"it has more than {MAX_PAGES:,} pages")
        if n_bytes > most:
            raise too_much(f"its pages claim to unpack to {n_bytes:,} bytes and more, of {size:,}")
    return Bounds(most, max(1, MAX_UNPACKED // longest) if longest else _ANY)


def _pages(file: BinaryIO, chunk: Chunk) -> Iterator[_Page]:
    """Walk the pages of a chunk, which fill it to its end."""
    at, left, places = chunk.start, chunk.n_values, []
    while at < chunk.end:
        places.append(at)
        file.seek(at)
        header = Reader(file, min(_HEADER_BYTES, chunk.end - at), _HEADER_VALUES).struct()
        if not fits(header, _HEADER):
            raise damaged(f"a page's header of {chunk.place} is not of the types that the format has")
        at = file.tell()
        page = _page(header, chunk, chunk.end - at)
        if page.n_values is None and places[1:]:
            raise damaged(f"{chunk.place} has a dictionary that is not its first page")
        yield page
        at += page.n_packed
        left -= page.n_values or 0
    if left:
        raise damaged(f"the pages of {chunk.place} have {chunk.n_values - left:,} values of {chunk.n_values:,}")
    if chunk.n_values and chunk.data not in places[:2]:
        raise damaged(f"{chunk.place} has no page where its first one is said to lie")


def _page(header: Struct, chunk: Chunk, left: int) -> _Page:
    """Check a page's header; so many bytes of its chunk are left."""
    of = f"a page of {chunk.place}"
    kind = whole(header, 1, f"the kind of {of}", _DATA_V2)
    more = header.get(_NUMBERS.get(kind, 0))
    if more is None:
        raise damaged(f"{of} is of kind {kind}, and does not tell what goes with it")
    n_packed = whole(header, 3, f"the size of {of}", min(left, _I32))
    n_bytes = whole(header, 2, f"the unpacked size of {of}", _I32)
    n_levels = _levels(more, of, min(n_packed, n_bytes)) if kind == _DATA_V2 else 0
    packed = kind != _DATA_V2 or more.get(7, True)
    _check_size(chunk, of, n_packed - n_levels, n_bytes - n_levels, packed=packed)
    if kind == _DICTIONARY:
        whole(more, 1, f"the number of values of {of}", n_bytes)  # each takes a byte at least
        return _Page(n_packed, n_bytes, None, repeats=False)
    n_values = whole(more, 1, f"the number of values of {of}", min(chunk.n_values, _I32))
    encoding = whole(more, 4 if kind == _DATA_V2 else 2, f"the encoding of {of}", _I32)
    return _Page(n_packed, n_bytes, n_values, repeats=encoding == _DELTA_BYTE_ARRAY)


def _levels(more: Struct, of: str, most: int) -> int:
    """Return the bytes at the beginning of a page of the second version that are never packed."""
    whole(more, 2, f"the number of nulls of {of}", _I32)
    whole(more, 3, f"the number of rows of {of}", _I32)
    definitions = whole(more, 5, f"the size of the levels of {of}", most)
    return definitions + whole(more, 6, f"the size of the levels of {of}", most - definitions)


def _check_size(chunk: Chunk, of: str, n_packed: int, n_bytes: int, *, packed: bool) -> None:
    """Check that so many bytes can come of others, and are not too many at a time."""
    ratio = _CODECS.get(chunk.codec) if packed else 1
    if ratio is None:
        raise damaged(f"{chunk.place} is compressed in a way that is not read ({chunk.codec})")
    if n_bytes > ratio * n_packed + _FEW * (ratio > 1):
        raise damaged(f"{of} claims to unpack to {n_bytes:,} bytes, which do not come of {n_packed:,}")
    if n_bytes > max(MAX_PAGE, PAGE_RATIO * n_packed):
        raise too_much(f"{of} claims to unpack to {n_bytes:,} bytes, of {n_packed:,}")
