"""One CSV file of images: read fast while it is plain, else exactly.

Polars reads a plain file in a fraction of the time, but accepts in silence what is strange: short rows, which
it fills with nulls, and signs before numbers. Whatever is not plain goes to the exact reader, which decides.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import BinaryIO

import numpy as np
import polars as pl

from fashion_classifier.data.csv_layout import Layout, TableRules, read_layout
from fashion_classifier.data.csv_rows import MAX_LINE, Table, label_problem, read_exactly, read_records
from fashion_classifier.data.labels import LabelColumn, LabelKind, canonical
from fashion_classifier.errors import FaultList

BLOCK = 32 * 1024**2  # bytes that are parsed at a time: larger ones are no faster and take more memory
_QUOTED = re.compile(r'"[^"]+"')

Report = Callable[[int], None]  # told how many bytes of the file are done


def read_table(path: Path, place: str, rules: TableRules, faults: FaultList, report: Report) -> Table | None:
    """Read and check one CSV file of images.

    Parameters
    ----------
    path
        The file.
    place
        What to call it in messages.
    rules
        What is known of its columns.
    faults
        Takes what is wrong, in the order of lines.
    report
        Told of the reading.

    Returns
    -------
    Table or None
        None if there was a fault.

    Raises
    ------
    UsageError
        If there is no such column as the one to group by.
    """
    try:
        layout = _read_header(path, place, rules, faults)
        if layout is None:
            return None
        return _read_fast(path, layout, rules, report) or read_exactly(
            path, place, layout, rules, faults=faults, report=report
        )
    except OSError as error:
        faults.add(place, f"the file cannot be read ({error.strerror})", "Check the file and its permissions")
        return None


def _read_header(path: Path, place: str, rules: TableRules, faults: FaultList) -> Layout | None:
    """Read and check the first line."""
    with closing(read_records(path)) as records:
        first = next(records, None)
    if first is None:
        faults.add(place, "the file is empty; a header and rows are expected", "Export the file again")
        return None
    if first.problem or not first.fields:
        problem = first.problem or "the line is empty; a header is expected"
        faults.add(f"{place}, line 1", problem, "Export the file again")
        return None
    return read_layout(first.fields, f"{place}, line 1", rules, faults)


def _read_fast(path: Path, layout: Layout, rules: TableRules, report: Report) -> Table | None:
    """Read a plain file; None if anything about it is strange."""
    schema: dict[str, type[pl.DataType]] = {str(position): pl.UInt8 for position in range(len(layout.columns))}
    texts = [str(position) for position in (layout.label, layout.group) if position is not None]
    schema.update(dict.fromkeys(texts, pl.String))
    images, text_columns = [], []
    with path.open("rb") as file:
        header = file.readline(MAX_LINE)
        if not header.endswith(b"\n") or b"\r" in header.removesuffix(b"\r\n") or header.count(b'"') % 2:
            return None
        for block in _blocks(file):
            frame = _parse(block, schema, texts)
            if frame is None:
                return None
            images.append(frame.drop(texts).to_numpy(order="c").reshape(-1, *layout.image_shape))
            text_columns.append(frame.select(texts))
            report(file.tell())
    if not images:
        return None
    columns = pl.concat(text_columns).get_columns()
    labels = _encode(columns[0], rules)
    if labels is None or any('"' in group for column in columns[1:] for group in column):
        return None
    groups = columns[1].to_numpy().astype(np.str_) if columns[1:] else None
    return Table(images[0] if len(images) == 1 else np.concatenate(images), labels, groups)


def _blocks(file: BinaryIO) -> Iterator[bytes]:
    """Cut the rest of a file into blocks of whole lines."""
    rest = b""
    while block := file.read(BLOCK):
        end = block.rfind(b"\n") + 1
        if end:
            yield rest + block[:end]
            rest = block[end:]
        elif len(rest) > MAX_LINE:
            break  # the exact reader will say that this line is too long
        else:
            rest += block
    if rest:
        yield rest


def _parse(block: bytes, schema: dict[str, type[pl.DataType]], texts: list[str]) -> pl.DataFrame | None:
    """Parse whole lines; None if one of them is strange."""
    if any(sign in block for sign in (b"\0", b"\t")):
        return None
    if b"\r" in block and block.count(b"\r") != block.count(b"\r\n"):
        return None
    try:
        frame = pl.read_csv(block, has_header=False, schema=schema, quote_char=None)
    except pl.exceptions.PolarsError:
        return None
    if not frame.height or frame.null_count().sum_horizontal().item():
        return None
    for sign in (" ", "+"):  # Polars would pass over them before a number: they have to stand in names
        if sign.encode() in block:
            in_names = sum(frame[text].str.count_matches(sign, literal=True).sum() for text in texts)
            if block.count(sign.encode()) != in_names:
                return None
    return frame


def _encode(column: pl.Series, rules: TableRules) -> LabelColumn | None:
    """Encode labels; None if any of them is unfit or stands in odd quotes."""
    texts: list[str] = column.unique(maintain_order=True).to_list()
    names = [text[1:-1] if _QUOTED.fullmatch(text) else text for text in texts]
    if any('"' in name or label_problem(name, rules) for name in names):
        return None
    if len({LabelKind.of(name) for name in names}) > 1:
        return None
    distinct = LabelColumn.of_names([canonical(name) for name in names])
    codes = column.replace_strict(texts, distinct.codes.tolist(), return_dtype=pl.Int64)
    return LabelColumn(codes.to_numpy(), distinct.names)
