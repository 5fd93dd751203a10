"""How much of an ONNX file is not weights, told from Protobuf's wire format before anything of it is unpacked.

Unpacked, two bytes of a step become hundreds, so that a file of steps alone takes a hundred times its size in memory;
weights take what they take in the file.
"""

from __future__ import annotations

from collections.abc import Iterator

GRAPH, INITIALIZER, RAW_DATA = 7, 5, 9  # numbers of fields, in onnx.proto
VARINT, FIXED_64, BYTES, FIXED_32 = 0, 1, 2, 5  # https://protobuf.dev/programming-guides/encoding/
MOST_PARTS = 100_000


class MalformedError(Exception):
    """Bytes that are no Protobuf, or of more parts than are gone through."""


def n_bytes_beside_weights(content: bytes) -> int:
    """Count the bytes of an ONNX file that are no raw data of its graph's initializers.

    Raises
    ------
    MalformedError
        If it is no Protobuf, or has more than 100,000 parts.
    """
    found = len(content)
    for graph in _parts(memoryview(content), GRAPH):
        for tensor in _parts(graph, INITIALIZER):
            found -= sum(len(data) for data in _parts(tensor, RAW_DATA))
    return found


def _parts(message: memoryview, wanted: int) -> Iterator[memoryview]:
    """Go through a message's fields of bytes that have a number."""
    place, n_parts = 0, 0
    while place < len(message):
        n_parts += 1
        if n_parts > MOST_PARTS:
            raise MalformedError(f"it has more than {MOST_PARTS:,} parts")
        tag, place = _varint(message, place)
        kind = tag & 7
        if kind == VARINT:
            _, place = _varint(message, place)
            continue
        sizes = {FIXED_64: 8, FIXED_32: 4}
        size, place = _varint(message, place) if kind == BYTES else (sizes.get(kind, len(message)), place)
        if size > len(message) - place:
            raise MalformedError("it ends within a part")
        if kind == BYTES and tag >> 3 == wanted:
            yield message[place : place + size]
        place += size


def _varint(message: memoryview, place: int) -> tuple[int, int]:
    """Read a number of seven bits a byte; return it, and the place behind it."""
    value = 0
    for shift in range(0, 70, 7):
        if place >= len(message):
            raise MalformedError("it ends within a number")
        byte = message[place]
        value, place = value | (byte & 127) << shift, place + 1
        if byte < 128:
            return value, place
    raise MalformedError("it has a number that is too long")
