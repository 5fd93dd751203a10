"""The rows of `fashion predict`, written as they come: as a table, CSV, JSON Lines or Parquet."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TextIO

from fashion_classifier.cli.output import printable

Row = dict[str, Any]  # by the names of COLUMNS
COLUMNS = ("path", "class", "probability", "set", "refused", "reason")
BETWEEN = "|"  # the classes of a set in CSV
WIDEST = 60  # characters up to which the first column of a table is as wide as its longest name
ROW_GROUP = 100_000  # rows of a Parquet file that are held in memory together


class Format(StrEnum):
    """The form of the rows."""

    TABLE = "table"
    CSV = "csv"
    JSONL = "jsonl"
    PARQUET = "parquet"


@contextmanager
def rows_to_file(path: Path, form: Format) -> Iterator[Callable[[Row], None]]:
    """Give what writes a row to a file; the file is there, whole, when the block has ended well.

    Parameters
    ----------
    path
        The file's place.
    form
        The form of the rows; a table becomes what the file's name ends in (.jsonl, .parquet), or else CSV.
    """
    from fashion_classifier.storage import atomic_path

    if form is Format.TABLE:
        form = {".jsonl": Format.JSONL, ".parquet": Format.PARQUET}.get(path.suffix.lower(), Format.CSV)
    with atomic_path(path) as temporary:
        if form is Format.PARQUET:
            with TemporaryDirectory(dir=path.parent, prefix=".") as folder:
                lines = Path(folder, "rows.jsonl")
                with lines.open("w", encoding="utf-8") as file:
                    yield rows_to_stream(file, Format.JSONL)
                _to_parquet(lines, temporary)
        else:
            with temporary.open("w", encoding="utf-8", newline="") as file:
                yield rows_to_stream(file, form)


def rows_to_stream(stream: TextIO | None = None, form: Format = Format.TABLE, width: int = 0) -> Callable[[Row], None]:
    """Return what writes a row to a stream.

    Parameters
    ----------
    stream
        Standard output by default.
    form
        Of the rows; Parquet cannot be streamed.
    width
        Characters of the longest name, to which the first column of a table is stretched if it is not too long.
    """
    assert form is not Format.PARQUET
    stream = stream or sys.stdout
    if form is Format.CSV:
        writer = csv.DictWriter(stream, COLUMNS, lineterminator="\n")
        writer.writeheader()
        return lambda row: writer.writerow({**row, "set": None if row["set"] is None else BETWEEN.join(row["set"])})
    if form is Format.JSONL:
        return lambda row: _write(stream, json.dumps(row, ensure_ascii=False))
    width = min(width, WIDEST)
    return lambda row: _write(stream, printable(f"{row['path']:<{width}}  {_answer(row)}").replace("\n", "\\n"))


def _answer(row: Row) -> str:
    """Return what a row says, for people: class, probability and the other classes it may be, or why there is none."""
    if row["class"] is None:
        return str(row["reason"])
    guess = f"{row['class']}  {row['probability']:.1%}"
    if row["refused"]:
        return f"none of these? ({guess})"
    others = (row["set"] or ())[1:]
    return f"{guess}  or {', '.join(others)}" if others else guess


def _write(stream: TextIO, line: str) -> None:
    """Write a line."""
    stream.write(f"{line}\n")


def _to_parquet(lines: Path, target: Path) -> None:
    """Turn JSON Lines into Parquet, a row group at a time."""
    import polars as pl

    schema: dict[str, pl.DataType | type[pl.DataType]] = {
        "path": pl.String,
        "class": pl.String,
        "probability": pl.Float64,
        "set": pl.List(pl.String),
        "refused": pl.Boolean,
        "reason": pl.String,
    }
    try:
        pl.scan_ndjson(lines, schema=schema).sink_parquet(target, row_group_size=ROW_GROUP)
    except pl.exceptions.ComputeError as error:  # in which Polars wraps the system's errors
        raise OSError(str(error)) from error
