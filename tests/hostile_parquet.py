"""Parquet files written byte by byte, sound in all but one thing, which is made to do harm."""

from __future__ import annotations

import base64
import struct
from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any

Fields = dict[int, Any]  # of a Thrift struct, by their numbers
Change = Callable[[Fields], object]
N = 4  # rows
GZIP, ZSTD, LZ4 = 2, 6, 7
INT64, BYTE_ARRAY, FIXED = 2, 6, 7
GREATEST = 2**31 - 1


def varint(number: int) -> bytes:
    """Write a whole number, seven bits to a byte."""
    low, rest = number & 127, number >> 7
    return bytes([low | 128]) + varint(rest) if rest else bytes([low])


def thrift(value: Any) -> tuple[int, bytes]:
    """Return the kind of a value, and its bytes, in Thrift's compact protocol."""
    if isinstance(value, bool):
        return 2 - value, b""
    if isinstance(value, int):
        return 6, varint(value << 1 if value >= 0 else (-value << 1) - 1)
    if isinstance(value, bytes):
        return 8, varint(len(value)) + value
    if isinstance(value, list):
        kinds = [thrift(one) for one in value] or [(12, b"")]
        return 9, bytes([0xF0 | kinds[0][0]]) + varint(len(value)) + b"".join(content for _, content in kinds)
    fields = [(number, *thrift(one)) for number, one in value.items()]
    return 12, b"".join(bytes([kind]) + thrift(number)[1] + content for number, kind, content in fields) + b"\0"


def page(kind: int = 0, *, values: int = N, body: bytes = bytes(100), unpacked: int | None = None) -> Fields:
    """Describe a page; what it says beyond the format's fields, under 0, is what it holds."""
    size = len(body) if unpacked is None else unpacked
    more = {0: {5: {1: values, 2: 0, 3: 3, 4: 3}}, 2: {7: {1: values, 2: 0}}}
    more[3] = {8: {1: values, 2: 0, 3: values, 4: 0, 5: 0, 6: 0, 7: True}}
    return {0: body, 1: kind, 2: size, 3: len(body), **more[kind]}


def leaf(name: bytes, kind: int, **more: int) -> Fields:
    """Describe a column in the schema."""
    return {1: kind, 2: more.get("width", 0), 3: more.get("repetition", 0), 4: name}


def parquet(*pages: Fields, codec: int = 0, change: Change | None = None) -> bytes:
    """Write a file of two columns, of which the second, the labels, is as it should be.

    Parameters
    ----------
    pages
        Of the first column.
    codec
        How these are compressed.
    change
        Changes the footer.
    """
    content, columns = b"PAR1", []
    for name, kind, chunk in ((b"image", BYTE_ARRAY, pages), (b"label", INT64, (page(body=bytes(8 * N)),))):
        start, data = len(content), 0
        for one in chunk:
            data = data or (len(content) if one[1] != 2 else 0)
            content += thrift({number: value for number, value in one.items() if number})[1] + one[0]
        facts = {1: kind, 2: [0], 3: [name], 4: codec if name == b"image" else 0, 5: N}
        facts |= {6: len(content) - start, 7: len(content) - start, 9: data}
        columns.append({2: start, 3: facts | ({11: start} if chunk[0][1] == 2 else {})})
    footer: Fields = {
        1: 1,
        2: [{4: b"schema", 5: 2}, leaf(b"image", BYTE_ARRAY), leaf(b"label", INT64)],
        3: N,
        4: [{1: columns, 2: len(content), 3: N}],
    }
    if change is not None:
        change(footer)
    return ended(content, thrift(footer)[1])


def ended(content: bytes, footer: bytes, length: int | None = None, magic: bytes = b"PAR1") -> bytes:
    """Put a footer, its length and the magic number at the end."""
    return content + footer + (len(footer) if length is None else length).to_bytes(4, "little") + magic


def put(*path: Any) -> Change:
    """Return a change of what lies at a path: all but the last are numbers of fields and places in lists."""

    def change(footer: Fields) -> None:
        *way, last, value = path
        for step in way:
            footer = footer[step]
        footer[last] = value

    return change


def column(number: int, value: object) -> Change:
    """Return a change of what is said of the first column."""
    return put(4, 0, 1, 0, 3, number, value)


def rows(n: int) -> Change:
    """Return a change of the number of rows, everywhere."""

    def change(footer: Fields) -> None:
        footer[3] = footer[4][0][3] = n
        for chunk in footer[4][0][1]:
            chunk[3][5] = n

    return change


def as_lists(footer: Fields) -> None:
    """Say that the first column holds lists, and as many values as a page may say that it has."""
    footer[2][1][3] = 2
    footer[4][0][1][0][3][5] = GREATEST


def many_on_the_same_bytes(footer: Fields) -> None:
    """Have a thousand row groups of one group's bytes, as in https://duckdb.org/2024/03/26/42-parquet-a-zip-bomb-for-the-big-data-age."""
    footer[4] = [deepcopy(footer[4][0]) for _ in range(1000)]
    footer[3] *= 1000


def nested(depth: int) -> Change:
    """Return a change that puts the first column into groups."""

    def change(footer: Fields) -> None:
        footer[2][1:2] = [*({3: 0, 4: b"group", 5: 1} for _ in range(depth)), footer[2][1]]

    return change


def arrow(*levels: tuple[int, int, int]) -> Change:
    """Return a change that adds Arrow's schema: fields in each other, of a kind, a length and so many equal members."""
    return put(5, [{1: b"ARROW:schema", 2: base64.b64encode(arrow_message(levels))}])


def arrow_message(levels: tuple[tuple[int, int, int], ...]) -> bytes:
    """Write a message of Arrow's as a FlatBuffer, front to back; each field's members are one and the same table."""
    buffer = bytearray(4)
    pointing = [0]  # places that point to what comes next

    def table(slots: Mapping[int, int]) -> dict[int, int]:
        """Write a table of slots of four bytes; return where they lie."""
        n = max(slots, default=-1) + 1
        at = {slot: 4 + 4 * number for number, slot in enumerate(slots)}
        slots_at = len(buffer)
        buffer.extend(struct.pack(f"<{2 + n}H", 4 + 2 * n, 4 + 4 * len(slots), *(at.get(slot, 0) for slot in range(n))))
        buffer.extend(bytes(-len(buffer) % 4))
        start = arrive()
        buffer.extend(struct.pack(f"<i{len(slots)}i", start - slots_at, *slots.values()))
        return {slot: start + offset for slot, offset in at.items()}

    def arrive() -> int:
        """Have what points to what comes next point here."""
        for place in pointing:
            struct.pack_into("<I", buffer, place, len(buffer) - place)
        pointing.clear()
        return len(buffer)

    def vector(n: int) -> list[int]:
        """Write a list that points to what comes next, so many times."""
        arrive()
        buffer.extend(struct.pack(f"<I{n}I", n, *[0] * n))
        return [len(buffer) - 4 * (n - number) for number in range(n)]

    message = table({0: 4, 1: 1, 2: 0})
    pointing.append(message[2])
    pointing.append(table({1: 0})[1])
    pointing.extend(vector(1))
    for kind, length, copies in levels:
        field = table({0: 0, 2: kind, 3: 0, 5: 0})
        pointing.append(field[0])
        arrive()
        buffer.extend(struct.pack("<I8s", 4, b"item"))
        pointing.append(field[3])
        table({0: length})
        pointing.append(field[5])
        pointing.extend(vector(copies))
    return struct.pack("<iI", -1, len(buffer)) + bytes(buffer)


SOUND = {
    "plain": parquet(page()),
    "with a dictionary": parquet(page(2, values=1), page()),
    "of the second version": parquet(page(3)),
    "as Arrow has it": parquet(page(), change=arrow((12, 0, 1), (2, 8, 0))),
}
_PACKED = bytes(1000)
_ZEROS = bytes(10_000)  # as Zstandard has it: four bytes for each 128 KiB
HOSTILE: dict[str, tuple[bytes, str]] = {
    "a page of 2 GiB": (
        parquet(page(body=_PACKED, unpacked=GREATEST), codec=ZSTD),
        "a page of row group 1, column image claims to unpack to 2,147,483,647 bytes, of 1,000",
    ),
    "a page of the second version, of 2 GiB": (
        parquet(page(3, body=_PACKED, unpacked=GREATEST), codec=ZSTD),
        "claims to unpack to 2,147,483,647 bytes",
    ),
    "a dictionary of 2 GiB": (
        parquet(page(2, body=_PACKED, unpacked=GREATEST), page(), codec=ZSTD),
        "claims to unpack to 2,147,483,647 bytes",
    ),
    "a dictionary of 2^31 values": (
        parquet(page(2, values=GREATEST), page()),
        "the number of values of a page of row group 1, column image is 2,147,483,647, where at most 100 can be",
    ),
    "bombs, each allowed": (
        parquet(*[page(values=0, body=_ZEROS[:4000], unpacked=2**27)] * 20, page(), codec=ZSTD),
        "its pages claim to unpack to 402,653,184 bytes and more",
    ),
    "gzip beyond its might": (
        parquet(page(body=_PACKED, unpacked=1_100_000), codec=GZIP),
        "1,100,000 bytes, which do not come of 1,000",
    ),
    "LZ4 beyond its might": (
        parquet(page(body=_PACKED, unpacked=300_000), codec=LZ4),
        "300,000 bytes, which do not come of 1,000",
    ),
    "not packed, and larger": (parquet(page(unpacked=101)), "101 bytes, which do not come of 100"),
    "a codec of no name": (parquet(page(), codec=3), "is compressed in a way that is not read (3)"),
    "a negative size": (parquet(page() | {3: -1}), "the size of a page of row group 1, column image is -1"),
    "a negative unpacked size": (parquet(page() | {2: -1}), "the unpacked size of a page"),
    "a negative number of values": (parquet(page(values=-1)), "the number of values of a page"),
    "a page beyond its chunk": (parquet(page() | {3: 101}), "is 101, where at most 100 can be"),
    "levels beyond their page": (
        parquet(page(3) | {8: {1: N, 2: 0, 3: N, 4: 0, 5: 60, 6: 41, 7: True}}),
        "the size of the levels of a page of row group 1, column image is 41, where at most 40 can be",
    ),
    "a page without what goes with it": (parquet(page() | {1: 3}), "does not tell what goes with it"),
    "a page of an unknown kind": (parquet(page() | {1: 9}), "the kind of a page of row group 1, column image is 9"),
    "a header of other types": (parquet(page() | {2: b"x"}), "is not of the types that the format has"),
    "a dictionary behind": (parquet(page(), page(2)), "has a dictionary that is not its first page"),
    "too few values": (parquet(page(values=3)), "have 3 values of 4"),
    "too many values": (parquet(page(), page()), "have 8 values of 4"),
    "another first page": (
        parquet(page(2), page(), change=column(9, 5)),
        "has no page where its first one is said to lie",
    ),
    "a chunk beyond the file": (parquet(page(), change=column(7, 2**40)), "the size of row group 1, column image"),
    "a chunk of negative size": (parquet(page(), change=column(7, -1)), "the size of row group 1, column image is -1"),
    "a chunk before the file": (parquet(page(), change=column(9, -8)), "the place of row group 1, column image is -8"),
    "a chunk on the magic number": (parquet(page(), change=column(9, 0)), "lie before the file's beginning"),
    "a chunk without a size": (parquet(page(), change=lambda footer: footer[4][0][1][0][3].pop(7)), "is missing"),
    "a chunk without a description": (parquet(page(), change=put(4, 0, 1, 0, {2: 4})), "is missing"),
    "a chunk in another file": (parquet(page(), change=put(4, 0, 1, 0, 1, b"/etc/passwd")), "lie in another file"),
    "chunks on the same bytes": (parquet(page(), change=many_on_the_same_bytes), "lie on the same bytes"),
    "a column too few": (parquet(page(), change=lambda footer: footer[4][0][1].pop()), "has 1 columns, its schema 2"),
    "more values than rows": (parquet(page(), change=column(5, 5)), "has 5 values in 4 rows"),
    "2^31 values in lists": (parquet(page(), change=as_lists), "it claims 2,147,483,651 values, more than"),
    "10^12 rows": (parquet(page(), change=rows(10**12)), "it claims 1,000,000,000,000 rows, more than"),
    "other rows in all": (parquet(page(), change=put(3, 10**12)), "have 4 rows, where it is said to have"),
    "values of 2^31 bytes": (
        parquet(page(), change=put(2, 1, leaf(b"image", FIXED, width=GREATEST))),
        "its values claim 8,589,934,588 bytes",
    ),
    "a footer of 4 GiB": (ended(b"PAR1", bytes(100), 2**32 - 1), "its footer is said to have 4,294,967,295 bytes"),
    "a list of 2^31": (
        ended(b"PAR1", bytes([0x29, 0xFC]) + varint(GREATEST)),
        "a list claims 2,147,483,647 values, where 0 bytes are left",
    ),
    "a text of 2^40": (ended(b"PAR1", bytes([0x68]) + varint(2**40)), "1,099,511,627,776 bytes are claimed"),
    "a number without end": (ended(b"PAR1", b"\x15" + b"\xff" * 1000), "a number has no end"),
    "a number of 64 bits for 32": (ended(b"PAR1", b"\x15" + varint(2**40)), "a number of 32 bits has more"),
    "structs in structs": (ended(b"PAR1", b"\x1c" * 100_000), "more values, or deeper ones"),
    "lists in lists": (ended(b"PAR1", b"\x19" * 100_000), "more values, or deeper ones"),
    "a field of a kind that is none": (ended(b"PAR1", b"\x1d"), "a value is of kind 13"),
    "a field twice": (ended(b"PAR1", b"\x15\2\5\2\2\0"), "has the number 1, which is none or taken"),
    "a field without a number": (ended(b"PAR1", b"\x05\0\0\0"), "has the number 0, which is none or taken"),
    "a footer of other types": (parquet(page(), change=put(2, [1, 2])), "is not of the types that the format has"),
    "a schema without end": (parquet(page(), change=nested(1000)), "its schema is nested deeper than 32 times"),
    "a group of 2^31 members": (parquet(page(), change=put(2, 0, 5, GREATEST)), "the number of a group's members"),
    "a group of one too many": (parquet(page(), change=put(2, 0, 5, 3)), "its schema lacks members"),
    "a member too many": (parquet(page(), change=put(2, 0, 5, 1)), "more members than places for them"),
    "a column with members": (parquet(page(), change=put(2, 1, 5, 1)), "a column of its schema has members"),
    "Arrow's fields without end": (
        parquet(page(), change=arrow(*[(12, 0, 1)] * 20_000, (2, 8, 0))),
        "Arrow's schema in it is nested deeper than 32 times",
    ),
    "Arrow's fields, two of one": (
        parquet(page(), change=arrow(*[(13, 0, 2)] * 31, (2, 8, 0))),
        "Arrow's schema in it claims more than its bytes can hold",
    ),
    "Arrow's lists of a length": (
        parquet(page(), change=arrow((16, 2**27, 1), (2, 8, 0))),
        "it claims 536,870,912 values, more than",
    ),
    "Arrow's lists of lengths, in lists": (
        parquet(page(), change=arrow((12, 0, 1), (16, 2**16, 1), (16, 2**16, 1), (2, 8, 0))),
        "it claims 34,359,738,368 values, more than",
    ),
    "Arrow's schema cut off": (
        parquet(page(), change=put(5, [{1: b"ARROW:schema", 2: base64.b64encode(arrow_message(())[:30])}])),
        "Arrow's schema in it cannot be read",
    ),
    "no schema of Arrow's": (parquet(page(), change=put(5, [{1: b"ARROW:schema"}])), "Arrow's schema in it"),
    "encrypted": (ended(b"PARE", bytes(10), magic=b"PARE"), "it is encrypted. Write the file without encryption."),
    "signed": (parquet(page(), change=put(8, {1: {}})), "it is encrypted. Write the file without encryption."),
    "a column encrypted": (parquet(page(), change=put(4, 0, 1, 0, 8, {1: {}})), "it is encrypted"),
    "no end": (parquet(page())[:-4] + b"RAP1", "it does not begin and end as such files do"),
    "nothing": (b"", "it has 0 bytes"),
    "hardly anything": (b"PAR1PAR1", "it has 8 bytes"),
}
