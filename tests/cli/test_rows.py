"""Rows in every form: what is written comes back, and a file is whole or not there."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import polars as pl
import pytest

from fashion_classifier.cli.rows import Format, rows_to_file, rows_to_stream

ROWS: list[dict[str, Any]] = [
    {
        "path": 'a,"b".png',
        "class": "T-shirt/top",
        "probability": 0.25,
        "set": ["T-shirt/top", "Shirt"],
        "refused": False,
        "reason": "",
    },
    {"path": "b", "class": "Bag", "probability": 0.3, "set": ["Bag"], "refused": True, "reason": "unlike"},
    {"path": "c", "class": "Bag", "probability": 0.9, "set": None, "refused": None, "reason": ""},
    {"path": "é\n.png", "class": None, "probability": None, "set": None, "refused": None, "reason": "broken"},
]


def test_a_table_is_aligned():
    stream = io.StringIO()
    for row in ROWS:
        rows_to_stream(stream, Format.TABLE, 9)(row)
    assert stream.getvalue().splitlines() == [
        'a,"b".png  T-shirt/top  25.0%  or Shirt',
        "b          none of these? (Bag  30.0%)",
        "c          Bag  90.0%",
        "é\\n.png     broken",
    ]


def test_one_long_name_does_not_push_all_answers_off_the_screen():
    stream = io.StringIO()
    rows_to_stream(stream, Format.TABLE, 4000)(ROWS[1])
    assert len(stream.getvalue()) < 120


@pytest.mark.parametrize("form", [Format.TABLE, Format.CSV])
def test_csv_comes_back(tmp_path, form):
    with rows_to_file(tmp_path / "rows", form) as write:
        for row in ROWS:
            write(row)
    with (tmp_path / "rows").open(encoding="utf-8", newline="") as file:
        found = list(csv.DictReader(file))
    texts = [{name: "" if value is None else str(value) for name, value in row.items()} for row in ROWS]
    assert found == [{**text, "set": "|".join(row["set"] or ())} for text, row in zip(texts, ROWS, strict=True)]


def test_json_lines_come_back(tmp_path):
    with rows_to_file(tmp_path / "rows", Format.JSONL) as write:
        for row in ROWS:
            write(row)
    assert [json.loads(line) for line in (tmp_path / "rows").read_text(encoding="utf-8").splitlines()] == ROWS


@pytest.mark.parametrize("rows", [ROWS, ROWS[3:], []], ids=["mixed", "errors alone", "none"])
def test_parquet_comes_back_typed(tmp_path, rows):
    with rows_to_file(tmp_path / "rows", Format.PARQUET) as write:
        for row in rows:
            write(row)
    table = pl.read_parquet(tmp_path / "rows")
    assert table.schema == {
        "path": pl.String,
        "class": pl.String,
        "probability": pl.Float64,
        "set": pl.List(pl.String),
        "refused": pl.Boolean,
        "reason": pl.String,
    }
    assert table.to_dicts() == rows
    assert [path.name for path in tmp_path.iterdir()] == ["rows"]


def test_a_file_s_name_tells_its_form_where_none_is_named(tmp_path):
    for name in ("rows.jsonl", "rows.Parquet", "rows.csv", "rows.txt"):
        with rows_to_file(tmp_path / name, Format.TABLE) as write:
            write(ROWS[0])
    assert json.loads((tmp_path / "rows.jsonl").read_text()) == ROWS[0]
    assert pl.read_parquet(tmp_path / "rows.Parquet").rows(named=True) == ROWS[:1]
    csv_rows = (tmp_path / "rows.csv").read_text()
    assert csv_rows.startswith("path,class,")
    assert (tmp_path / "rows.txt").read_text() == csv_rows


@pytest.mark.parametrize("form", [Format.CSV, Format.JSONL, Format.PARQUET])
def test_nothing_is_left_when_the_work_breaks_off(tmp_path, form):
    def broken_off() -> None:
        with rows_to_file(tmp_path / "rows", form) as write:
            write(ROWS[0])
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        broken_off()
    assert list(tmp_path.iterdir()) == []
