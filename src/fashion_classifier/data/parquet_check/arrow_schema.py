"""The schema that Arrow's writers add to a Parquet file, a FlatBuffer of its own: its tree of fields is walked.

In a FlatBuffer two may point to the same: two fields to one, that one's two to another, and so on, until a few bytes
stand for more columns than there is memory for. No writer does so, and then what can be reached fits into the bytes.
A list of fixed length takes its room where it is missing, too, so it is told what lengths are claimed.

References
----------
https://github.com/apache/arrow/blob/main/format/Schema.fbs, https://flatbuffers.dev/internals/
"""

from __future__ import annotations

import base64
import binascii
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from fashion_classifier.data.parquet_check.refusal import damaged, too_deep

_MESSAGE_HEADER, _SCHEMA_FIELDS, _SCHEMA_METADATA = 2, 1, 2  # slots of tables
_NAME, _TYPE_KIND, _TYPE, _CHILDREN, _METADATA = 0, 2, 3, 5, 6
_KEY, _VALUE = 0, 1
_TIMESTAMP, _UNION = 10, 14  # types that have a text or numbers
_TYPE_MORE = 1
_LISTS = {12, 17, 21, 25, 26}
_FIXED_BINARY, _FIXED_LIST = 15, 16
_LENGTH = 0
_TABLE_BYTES = 16  # that a table takes at least, with what points to it


@dataclass(frozen=True)
class Lengths:
    """How many values may stand for a missing one, by lists of fixed length in each other.

    Parameters
    ----------
    of_row, of_value
        For a row, and for a value, where there are lists of other lengths about them.
    """

    of_row: int = 1
    of_value: int = 1


def check_arrow_schema(encoded: bytes, depth: int) -> Lengths:
    """Check that a schema is a tree, and not too deep; return what lengths it claims.

    Parameters
    ----------
    encoded
        A message of Arrow's, in base64.
    depth
        How far fields may be nested.

    Raises
    ------
    RefusedError
        If it is not.
    """
    try:
        content = base64.b64decode(encoded, validate=True)
        skipped = 8 if content.startswith(b"\xff\xff\xff\xff") else 4  # what stands before the message: its length
        return _Walk(content[skipped:], len(content)).message(depth)
    except (binascii.Error, struct.error):
        raise damaged("Arrow's schema in it cannot be read") from None


@dataclass(eq=False)
class _Walk:
    """Walks the tables of a FlatBuffer.

    Parameters
    ----------
    content
        The buffer.
    left
        Bytes that what is reached may still take.
    """

    content: bytes
    left: int

    def message(self, depth: int) -> Lengths:
        """Walk a message that holds a schema."""
        header = self._pointed(self._follow(0), _MESSAGE_HEADER)
        if header is None:
            raise damaged("Arrow's schema in it is empty")
        self._metadata(header, _SCHEMA_METADATA)
        of_row = of_value = 1
        level = [(field, 1, False) for field in self._vector(header, _SCHEMA_FIELDS)]
        for _ in range(depth):
            fields, level = level, []
            for field, about, in_list in fields:
                kind, length = self._field(field)
                length *= about
                level += [(child, length, in_list or kind in _LISTS) for child in self._vector(field, _CHILDREN)]
                of_row, of_value = max(of_row, length * (not in_list)), max(of_value, length * in_list)
        if level:
            raise too_deep("Arrow's schema in it", depth)
        return Lengths(of_row, of_value)

    def _field(self, field: int) -> tuple[int, int]:
        """Walk a field; return the kind of its type, and its length, where it has one."""
        self._text(field, _NAME)
        self._metadata(field, _METADATA)
        at, type_ = self._slot(field, _TYPE_KIND), self._pointed(field, _TYPE)
        kind = 0 if at is None else self._unpack("<B", at)
        if type_ is not None and kind in {_TIMESTAMP, _UNION}:
            self._text(type_, _TYPE_MORE, width=4)
        if type_ is None or kind not in {_FIXED_BINARY, _FIXED_LIST}:
            return kind, 1
        length = self._slot(type_, _LENGTH)
        return kind, 1 if length is None else max(1, self._unpack("<i", length))

    def _metadata(self, table: int, slot: int) -> None:
        """Walk keys and values."""
        for pair in self._vector(table, slot):
            self._text(pair, _KEY)
            self._text(pair, _VALUE)

    def _vector(self, table: int, slot: int) -> Iterator[int]:
        """Yield the places of the tables that a list points to."""
        place = self._pointed(table, slot)
        if place is None:
            return
        for number in range(self._unpack("<I", place)):
            self._spend(_TABLE_BYTES)
            yield self._follow(place + 4 + 4 * number)

    def _text(self, table: int, slot: int, width: int = 1) -> None:
        """Count a text, or numbers of some width."""
        place = self._pointed(table, slot)
        if place is not None:
            self._spend(width * self._unpack("<I", place))

    def _spend(self, n: int) -> None:
        """Count bytes that are reached."""
        self.left -= n
        if self.left < 0:
            raise damaged("Arrow's schema in it claims more than its bytes can hold")

    def _pointed(self, table: int, slot: int) -> int | None:
        """Return where a slot of a table points to, if it has one."""
        place = self._slot(table, slot)
        return None if place is None else self._follow(place)

    def _slot(self, table: int, slot: int) -> int | None:
        """Return the place of a table's slot, which its list of slots tells."""
        slots = table - self._unpack("<i", table)
        at = 4 + 2 * slot
        offset = self._unpack("<H", slots + at) if at < self._unpack("<H", slots) else 0
        return table + offset if offset else None

    def _follow(self, place: int) -> int:
        """Return where a place points to."""
        return place + self._unpack("<I", place)

    def _unpack(self, form: str, place: int) -> int:
        """Read a number."""
        if place < 0:
            raise damaged("Arrow's schema in it points outside of itself")
        return int(struct.unpack_from(form, self.content, place)[0])
