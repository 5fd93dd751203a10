"""One CSV file of images: read fast while it is plain, else exactly.

A plain file holds nothing but digits, commas and line ends beside its labels. Such text is parsed by NumPy, so few
bytes at a time that they stay in the processor's cache: the six Fashion parts take 0.4 s of one core, where Polars
with a typed schema takes 0.75 s and pandas 1.3 s. Whatever is not plain goes to the exact reader, which decides.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fashion_classifier.data.csv_layout import Layout, TableRules, read_layout
from fashion_classifier.data.csv_rows import (
    MAX_LINE,
    ROW_BYTES,
    Table,
    label_problem,
    read_exactly,
    read_records,
    share_read,
)
from fashion_classifier.data.labels import LabelColumn, LabelKind, canonical
from fashion_classifier.data.pixels import check_rest
from fashion_classifier.errors import FaultList

BLOCK = 256 * 1024  # bytes that are parsed at a time; 128 KiB and 1 MiB are slower by a tenth and more
_ASK_EVERY = 256  # blocks, whether there is room for the rest
_QUOTED = re.compile(r'"[^"]+"')
_COMMA, _LINE_END, _ZERO = b",\n0"

Report = Callable[[int], None]  # told how many bytes of the file are done


class CutLines(NamedTuple):
    """Lines whose text columns were cut off: these, row by row in the order of columns, and the rest as text."""

    texts: list[list[bytes]]
    pixels: bytes


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
    NotEnoughMemoryError
        If its rows do not fit into memory.
    """
    try:
        layout = _read_header(path, place, rules, faults)
        if layout is None:
            return None
        return _read_fast(path, place, layout, rules, report) or read_exactly(
            path, place, layout, rules, faults=faults, report=report
        )
    except OSError as error:
        faults.add(place, f"the file cannot be read ({error.strerror})", "Check the file and its permissions")
        return None


def parse_levels(text: bytes, n_columns: int) -> NDArray[np.uint8] | None:
    r"""Parse lines of numbers from 0 to 255, separated by commas, all lines at once.

    Parameters
    ----------
    text
        ASCII, of whole lines that end in "\n".
    n_columns
        How many numbers a line holds.

    Returns
    -------
    numpy.ndarray or None
        uint8 array of shape (n_lines, n_columns); None if there is anything but numbers of one to three digits,
        one number is larger than 255, or a line holds more or fewer.

    Examples
    --------
    >>> parse_levels(b"0,17\n255,3\n", 2).tolist(), parse_levels(b"0,17\n256,3\n", 2)
    ([[0, 17], [255, 3]], None)
    """
    signs = np.frombuffer(text, dtype=np.uint8)
    ends = np.flatnonzero(signs < _ZERO)  # of all numbers, if nothing but commas and line ends is below "0"
    separators = signs[ends]
    if not len(ends) or len(ends) % n_columns:
        return None
    separators = separators.reshape(-1, n_columns)
    lengths = np.diff(ends, prepend=-1) - 1
    if (
        (separators[:, :-1] != _COMMA).any()
        or (separators[:, -1] != _LINE_END).any()
        or ends[-1] != len(signs) - 1
        or lengths.min() < 1
        or lengths.max() > 3
    ):
        return None
    is_digit = signs >= _ZERO
    digits = (signs - _ZERO) * is_digit  # 0 at separators
    if digits.max() > 9:
        return None
    values = digits.astype(np.uint16)  # at each digit, the number that it and the digits before it make
    values[1:] += 10 * digits[:-1]
    values[2:] += np.uint16(100) * (digits[:-2] * is_digit[1:-1])
    numbers = values[ends - 1]
    return None if numbers.max() > 255 else numbers.astype(np.uint8).reshape(-1, n_columns)


def cut_lines(block: bytes, layout: Layout) -> CutLines | None:
    r"""Cut the text columns off lines.

    Parameters
    ----------
    block
        Whole lines, each with its end, of LF or CRLF.
    layout
        Which columns hold text.

    Returns
    -------
    CutLines or None
        None if a text column stands between pixels, or a line is strange.
    """
    positions = {position for position in (layout.label, layout.group) if position is not None}
    n_first = next(n for n in range(len(positions) + 1) if n not in positions)
    n_last = len(positions) - n_first
    last = len(layout.columns) - n_last
    if any(n_first <= position < last for position in positions) or b"\0" in block:
        return None
    if b"\r" in block:
        block = block.replace(b"\r\n", b"\n")
        if b"\r" in block:
            return None
    texts, pixels = [], []
    for line in block[:-1].split(b"\n"):
        fields = line.split(b",", n_first)
        if n_last:
            fields[-1:] = fields[-1].rsplit(b",", n_last)
        if len(fields) != len(positions) + 1:
            return None
        pixels.append(fields.pop(n_first))
        texts.append(fields)
    pixels.append(b"")
    return CutLines(texts, b"\n".join(pixels))


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


def _read_fast(path: Path, place: str, layout: Layout, rules: TableRules, report: Report) -> Table | None:
    """Read a plain file; None if anything about it is strange."""
    levels: list[NDArray[np.uint8]] = []
    texts: list[list[bytes]] = []
    with path.open("rb") as file:
        header = file.readline(MAX_LINE)
        if not header.endswith(b"\n") or b"\r" in header.removesuffix(b"\r\n") or header.count(b'"') % 2:
            return None
        for number, block in enumerate(_blocks(file)):
            cut = cut_lines(block, layout)
            parsed = None if cut is None else parse_levels(cut.pixels, len(layout.pixels))
            if cut is None or parsed is None:
                return None
            levels.append(parsed)
            texts.extend(cut.texts)
            if number % _ASK_EVERY == 0:
                n_bytes = len(texts) * (len(layout.pixels) + ROW_BYTES)
                check_rest(n_bytes, share_read(path, file.tell()), place)
            report(file.tell())
    return _as_table(levels, texts, layout, rules)


def _blocks(file: BinaryIO) -> Iterator[bytes]:
    """Cut the rest of a file into blocks of whole lines; the last line is ended if it was not."""
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
        yield rest + b"\n"


def _as_table(
    levels: Sequence[NDArray[np.uint8]], texts: Sequence[list[bytes]], layout: Layout, rules: TableRules
) -> Table | None:
    """Put blocks together and encode labels; None if there is no row, or a label or group is strange."""
    if not texts:
        return None
    assert layout.label is not None, "a table that is loaded has labels"
    group_first = layout.group is not None and layout.group < layout.label
    labels = _encode([row[1 if group_first else 0] for row in texts], rules)
    groups = None
    if layout.group is not None:
        groups = _decode([row[0 if group_first else 1] for row in texts])
        if groups is None or any('"' in group or not group.strip() for group in groups):
            return None
    if labels is None:
        return None
    images = np.concatenate(levels).reshape(-1, *layout.image_shape)
    return Table(images, labels, None if groups is None else np.array(groups, dtype=np.str_))


def _encode(column: Sequence[bytes], rules: TableRules) -> LabelColumn | None:
    """Encode labels; None if any of them is unfit, stands in odd quotes or is no UTF-8."""
    distinct = list(dict.fromkeys(column))
    texts = _decode(distinct)
    if texts is None:
        return None
    names = [text[1:-1] if _QUOTED.fullmatch(text) else text for text in texts]
    if any('"' in name or label_problem(name, rules) for name in names):
        return None
    if len({LabelKind.of(name) for name in names}) > 1:
        return None
    name_of = dict(zip(distinct, map(canonical, names), strict=True))
    return LabelColumn.of_names([name_of[label] for label in column])


def _decode(column: Sequence[bytes]) -> list[str] | None:
    """Decode texts; None if one of them is no UTF-8."""
    try:
        return [text.decode() for text in column]
    except UnicodeDecodeError:
        return None
