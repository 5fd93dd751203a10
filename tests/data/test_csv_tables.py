"""The fast parser of grey levels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from fashion_classifier.data.csv_tables import parse_levels

shapes = st.tuples(st.integers(1, 6), st.integers(1, 6))


def written(levels: np.ndarray) -> bytes:
    return "".join(",".join(map(str, row)) + "\n" for row in levels.tolist()).encode()


def read_plainly(text: bytes, n_columns: int) -> list[list[int]] | None:
    """Say the same in the slow and obvious way."""
    lines = text.decode("latin-1").split("\n")
    if len(lines) < 2 or lines.pop() != "":
        return None
    rows = [line.split(",") for line in lines]
    plain = all(
        len(row) == n_columns
        and all(len(field) <= 3 and field.isascii() and field.isdigit() and int(field) <= 255 for field in row)
        for row in rows
    )
    return [[int(field) for field in row] for row in rows] if plain else None


@given(arrays.arrays(np.uint8, shapes))
def test_what_was_written_is_read(levels: np.ndarray):
    parsed = parse_levels(written(levels), levels.shape[1])
    assert parsed is not None
    assert parsed.flags.c_contiguous
    np.testing.assert_array_equal(parsed, levels)


@given(
    levels=arrays.arrays(np.uint8, shapes),
    changes=st.lists(
        st.tuples(
            st.integers(0, 40), st.sampled_from([b"", b"0", b"9", b"25", b",", b"\n", b"-", b" ", b"\r", b":", b"\xff"])
        ),
        max_size=3,
    ),
    width=st.integers(0, 1),
)
def test_all_else_is_refused_exactly_where_the_obvious_parser_refuses_it(levels, changes, width: int):
    text = bytearray(written(levels))
    for position, replacement in changes:
        text[position : position + width] = replacement
    parsed = parse_levels(bytes(text), levels.shape[1])
    assert (None if parsed is None else parsed.tolist()) == read_plainly(bytes(text), levels.shape[1])


@pytest.mark.parametrize("text", [b"", b"\n", b",\n", b"1", b"1,2", b"1,2\n3", b"1,2,3\n", b"0001,2\n", b"\n1,2\n"])
def test_what_is_no_table_of_two_columns_is_refused(text: bytes):
    assert parse_levels(text, 2) is None
