"""The footer of a Parquet file: its schema, and where the chunks of its columns lie.

References
----------
https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift, whose numbers of fields these are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import BinaryIO

from fashion_classifier.data.parquet_check.arrow_schema import Lengths, check_arrow_schema
from fashion_classifier.data.parquet_check.refusal import RefusedError, damaged, too_deep, too_much
from fashion_classifier.data.parquet_check.thrift import Byte, Reader, Shape, Struct, fits

MAGIC, ENCRYPTED_MAGIC = b"PAR1", b"PARE"
MAX_FOOTER = 16 << 20  # bytes; a column chunk takes 100 to 300
MAX_VALUES = 1_000_000  # of a footer: 20,000 column chunks, which take a few seconds here
MAX_ROWS = 1 << 17  # in a file that has fewer bytes: each row is an image
MAX_NESTED = 32  # groups in one another; an image as lists of lists of lists takes 8
_END_BYTES = 8  # length and magic
_REPEATED = 2
_FIXED = 7  # the type of binary values of one length, which missing ones take, too

_KEY_VALUE: Shape = {1: bytes, 2: bytes}
STATISTICS: Shape = {1: bytes, 2: bytes, 3: int, 4: int, 5: bytes, 6: bytes, 7: bool, 8: bool}
_TIME: Shape = {1: bool, 2: {1: {}, 2: {}, 3: {}}}
_LOGICAL_TYPE: Shape = {
    **{number: {} for number in range(1, 19)},
    5: {1: int, 2: int},
    7: _TIME,
    8: _TIME,
    10: {1: Byte, 2: bool},
}
_ELEMENT: Shape = {**dict.fromkeys(range(1, 10), int), 4: bytes, 10: _LOGICAL_TYPE}
_COLUMN: Shape = {
    **dict.fromkeys(range(1, 16), int),
    2: [int],
    3: [bytes],
    8: [_KEY_VALUE],
    12: STATISTICS,
    13: [{1: int, 2: int, 3: int}],
}
_CHUNK: Shape = {1: bytes, 2: int, 3: _COLUMN, 4: int, 5: int, 6: int, 7: int, 8: dict, 9: bytes}
_GROUP: Shape = {1: [_CHUNK], 2: int, 3: int, 4: [{1: int, 2: bool, 3: bool}], 5: int, 6: int, 7: int}
_FILE: Shape = {1: int, 2: [_ELEMENT], 3: int, 4: [_GROUP], 5: [_KEY_VALUE], 6: bytes, 7: [{1: {}, 2: {}}], 8: dict}


@dataclass(frozen=True)
class Chunk:
    """The values of a column in a group of rows.

    Parameters
    ----------
    place
        What to call it: "row group 2, column image.bytes".
    start, end
        The bytes that it takes of the file.
    data
        Where its first page lies that is no dictionary.
    codec
        How its pages are compressed, as the format numbers it.
    n_values, n_rows
        How many; a list has as many values as it is long, and one where it is empty.
    nested
        Whether its values lie in lists.
    width
        Bytes of a value, where all have as many by the schema's word, missing ones too.
    """

    place: str
    start: int
    end: int
    data: int
    codec: int
    n_values: int
    n_rows: int
    nested: bool
    width: int


@dataclass(frozen=True)
class Footer:
    """What a footer tells.

    Parameters
    ----------
    chunks
        Of all columns in all row groups.
    n_values
        That the chunks claim, or a missing row or value may stand for.
    """

    chunks: tuple[Chunk, ...]
    n_values: int


def whole(fields: Struct, number: int, what: str, most: int) -> int:
    """Return a number that a struct must have, from 0 to a bound."""
    value = fields.get(number)
    if value is None or not 0 <= value <= most:
        raise damaged(f"{what} is {'missing' if value is None else f'{value:,}'}, where at most {most:,} can be")
    return int(value)


def read_footer(file: BinaryIO, size: int) -> Footer:
    """Read the footer of a file, and check that all it tells of lies in the file, apart from each other.

    Parameters
    ----------
    file, size
        The file, and how many bytes it has.

    Raises
    ------
    RefusedError
        If it is damaged, or claims more than is read.
    """
    end, footer = _footer(file, size)
    groups = footer.get(4, ())
    chunks = tuple(_chunks(groups, _columns(footer.get(2, ())), end))
    n_rows = sum(group[3] for group in groups)
    if n_rows != footer.get(3):
        raise damaged(f"its row groups have {n_rows:,} rows, where it is said to have {footer.get(3)}")
    if n_rows > max(MAX_ROWS, size):
        raise too_much(f"it claims {n_rows:,} rows, more than {size:,} bytes should hold")
    ordered = sorted(chunks, key=lambda chunk: (chunk.start, chunk.end))
    for before, after in pairwise(ordered):
        if before.end > after.start:
            raise damaged(f"{before.place} and {after.place} lie on the same bytes")
    n_values = sum(chunk.n_values for chunk in chunks)
    for lengths in _lengths(footer):
        n_values = max(n_values, lengths.of_row * n_rows, lengths.of_value * n_values)
    return Footer(chunks, n_values)


def _lengths(footer: Struct) -> Iterator[Lengths]:
    """Check Arrow's schema, where there is one."""
    for pair in footer.get(5, ()):
        if pair.get(1) == b"ARROW:schema":
            yield check_arrow_schema(pair.get(2, b""), MAX_NESTED)


def _footer(file: BinaryIO, size: int) -> tuple[int, Struct]:
    """Return where the footer begins, and what it says."""
    begin = file.read(len(MAGIC))
    if size < len(MAGIC) + _END_BYTES:
        raise damaged(f"it has {size:,} bytes")
    file.seek(size - _END_BYTES)
    tail = file.read(_END_BYTES)
    if ENCRYPTED_MAGIC in {begin, tail[4:]}:
        raise _encrypted()
    if {begin, tail[4:]} != {MAGIC}:
        raise damaged("it does not begin and end as such files do")
    length = int.from_bytes(tail[:4], "little")
    start = size - _END_BYTES - length
    if start < len(MAGIC):
        raise damaged(f"its footer is said to have {length:,} bytes, the file has {size:,}")
    if length > MAX_FOOTER:
        raise too_much(f"its footer has {length:,} bytes; at most {MAX_FOOTER:,} are read")
    file.seek(start)
    footer = Reader(file, length, MAX_VALUES).struct()
    if not fits(footer, _FILE):
        raise damaged("what its footer says is not of the types that the format has")
    if 8 in footer:
        raise _encrypted()
    return start, footer


def _encrypted() -> RefusedError:
    """Say that a file cannot be read without a key."""
    return RefusedError("it is encrypted", "Write the file without encryption")


def _columns(elements: Sequence[Struct]) -> list[tuple[bool, int]]:
    """Walk the schema, a tree of which each group stands before its members.

    Returns
    -------
    list
        For each column, whether its values lie in lists, and their width, if it is fixed.
    """
    found: list[tuple[bool, int]] = []
    groups = [(1, False)]  # those that are open: members that are missing, and whether in lists
    for element in elements:
        while groups and not groups[-1][0]:
            groups.pop()
        if not groups:
            raise damaged("its schema has more members than places for them")
        missing, nested = groups.pop()
        groups.append((missing - 1, nested))
        nested = len(groups) > 1 and (nested or element.get(3) == _REPEATED)
        members = whole({5: 0} | element, 5, "the number of a group's members", len(elements))
        if 1 not in element:
            groups.append((members, nested))
        elif members:
            raise damaged("a column of its schema has members")
        else:
            width = whole(element, 2, "the length of a column's values", 2**31 - 1) if element[1] == _FIXED else 0
            found.append((nested, width))
        if len(groups) > MAX_NESTED:
            raise too_deep("its schema", MAX_NESTED)
    if any(missing for missing, _ in groups):
        raise damaged("its schema lacks members")
    return found


def _chunks(groups: Sequence[Struct], kinds: Sequence[tuple[bool, int]], end: int) -> Iterator[Chunk]:
    """Return the chunks of all row groups; all lie before the footer."""
    for number, group in enumerate(groups, start=1):
        n_rows = whole(group, 3, f"the number of rows of row group {number}", 2**63 - 1)
        columns = group.get(1, ())
        if len(columns) != len(kinds):
            raise damaged(f"row group {number} has {len(columns):,} columns, its schema {len(kinds):,}")
        for chunk, kind in zip(columns, kinds, strict=True):
            yield _chunk(chunk, f"row group {number}", n_rows, kind, end)


def _chunk(chunk: Struct, group: str, n_rows: int, kind: tuple[bool, int], end: int) -> Chunk:
    """Return a chunk."""
    nested, width = kind
    if 8 in chunk or 9 in chunk:
        raise _encrypted()
    if 1 in chunk:
        raise damaged(f"a column of {group} is said to lie in another file")
    column = chunk.get(3, {})
    place = f"{group}, column {b'.'.join(column.get(3, ())).decode(errors='replace')}"
    data = whole(column, 9, f"the place of {place}", end)
    start = whole({11: data} | column, 11, f"the place of the dictionary of {place}", end)
    n_bytes = whole(column, 7, f"the size of {place}", end - start)
    n_values = whole(column, 5, f"the number of values of {place}", 2**63 - 1)
    if n_values < n_rows or (n_values > n_rows and not nested):
        raise damaged(f"{place} has {n_values:,} values in {n_rows:,} rows")
    if start < len(MAGIC):
        raise damaged(f"{place} is said to lie before the file's beginning")
    codec = whole(column, 4, f"the compression of {place}", 7)
    return Chunk(place, start, start + n_bytes, data, codec, n_values, n_rows, nested, width)
