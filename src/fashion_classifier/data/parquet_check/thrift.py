"""Thrift's compact protocol, in which Parquet describes itself: read into plain values, within bounds.

References
----------
https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any, BinaryIO, TypeAlias

from fashion_classifier.data.parquet_check.refusal import damaged

Struct: TypeAlias = dict[int, Any]  # by the numbers of fields
Shape: TypeAlias = "type | list[Shape] | dict[int, Shape]"  # [of]: a list; {number: of}: a struct, whatever else it has
DEPTH = 16  # of values in one another; Parquet's own go to 9
_MOST_FIELDS = 2**15
_TRUE, _FALSE, _BYTE, _I16, _I32, _I64, _DOUBLE, _BINARY, _LIST, _STRUCT = 1, 2, 3, 4, 5, 6, 7, 8, 9, 12
_BITS = {_I16: 16, _I32: 32, _I64: 64}


class Byte(int):
    """A whole number that takes one byte, and not as many as it needs."""


@dataclass(eq=False)
class Reader:
    """Reads structs off a file, from where it stands.

    Parameters
    ----------
    file
        What is read from.
    n_bytes, n_values
        That may still be read.
    """

    file: BinaryIO
    n_bytes: int
    n_values: int

    def struct(self, depth: int = DEPTH) -> Struct:
        """Read a struct.

        Raises
        ------
        RefusedError
            If there is none, or it has a field twice: which of them holds is the reader's choice.
        """
        fields: Struct = {}
        number = 0
        while (kind := (head := self._take(1)[0]) & 15) != 0:
            number = number + (head >> 4) if head >> 4 else self._signed(16)
            if number in fields or not 0 < number < _MOST_FIELDS:
                raise damaged(f"a field has the number {number}, which is none or taken")
            fields[number] = kind == _TRUE if kind in {_TRUE, _FALSE} else self._value(kind, depth - 1)
        return fields

    def _value(self, kind: int, depth: int) -> Any:
        """Read a value of some kind."""
        self.n_values -= 1
        if self.n_values < 0 or depth < 0:
            raise damaged("its headers have more values, or deeper ones, than any need")
        if kind in _BITS:
            return self._signed(_BITS[kind])
        if kind == _BINARY:
            return self._take(self._unsigned())
        if kind == _LIST:
            return self._list(depth - 1)
        if kind == _STRUCT:
            return self.struct(depth)
        return self._of_known_size(kind)

    def _of_known_size(self, kind: int) -> Any:
        """Read a value that takes as many bytes whatever it is; truths do in lists."""
        if kind == _DOUBLE:
            return struct.unpack("<d", self._take(8))[0]
        if kind in {_TRUE, _FALSE}:
            return self._take(1) == b"\1"
        if kind == _BYTE:
            return Byte(self._take(1)[0])
        raise damaged(f"a value is of kind {kind}, which Parquet has not")

    def _list(self, depth: int) -> list[Any]:
        """Read a list; each of its values takes a byte at least."""
        head = self._take(1)[0]
        n, kind = head >> 4, head & 15
        n = self._unsigned() if n == 15 else n
        if n > min(self.n_bytes, self.n_values):
            raise damaged(f"a list claims {n:,} values, where {self.n_bytes:,} bytes are left")
        return [self._value(kind, depth) for _ in range(n)]

    def _unsigned(self) -> int:
        """Read a whole number of up to 64 bits, seven to a byte."""
        number = 0
        for shift in range(0, 70, 7):
            byte = self._take(1)[0]
            number |= (byte & 127) << shift
            if byte < 128:
                break
        else:
            number = 1 << 64
        if number >> 64:
            raise damaged("a number has no end")
        return number

    def _signed(self, n_bits: int) -> int:
        """Read a whole number whose sign is its last bit."""
        number = self._unsigned()
        if number >> n_bits:
            raise damaged(f"a number of {n_bits} bits has more")
        return number >> 1 ^ -(number & 1)

    def _take(self, n: int) -> bytes:
        """Read some bytes."""
        if n > self.n_bytes:
            raise damaged(f"{n:,} bytes are claimed, where {self.n_bytes:,} are left")
        self.n_bytes -= n
        content = self.file.read(n)
        if len(content) < n:
            raise damaged("it ends too early")
        return content


def fits(value: Any, shape: Shape) -> bool:
    """Tell whether a value, and all in it, is of the types that its readers take for granted.

    Examples
    --------
    >>> fits({1: 5, 3: [b"a"], 9: 0.5}, {1: int, 2: int, 3: [bytes]}), fits({1: True}, {1: int})
    (True, False)
    """
    if isinstance(shape, dict):
        return type(value) is dict and all(fits(value[number], shape[number]) for number in value if number in shape)
    if isinstance(shape, list):
        return type(value) is list and all(fits(one, shape[0]) for one in value)
    return type(value) is shape
