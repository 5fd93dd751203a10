"""The exact reader of CSV files of images: slow, but it says what is wrong in which line and column."""

from __future__ import annotations

import csv
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, TextIO

import numpy as np
from numpy.typing import NDArray

from fashion_classifier.data.csv_layout import Layout, TableRules
from fashion_classifier.data.dataset import Images
from fashion_classifier.data.labels import LABELS_EXPECTED, LabelColumn, LabelKind, canonical
from fashion_classifier.data.pixels import check_rest
from fashion_classifier.errors import FaultList

MAX_LINE = 16 * 1024**2  # characters; a colour image of 1,000x1,000 pixels has about 11 million
MAX_FAULTS = 1000
ROW_BYTES = 150  # that Python takes for a row's texts
_TOLD_EVERY = 1024**2  # characters
_REPAIR = "Repair the row, or export the file again"


@dataclass(frozen=True, eq=False)
class Table:
    """The rows of one file.

    Parameters
    ----------
    images
        uint8 array of shape (n, height, width) or (n, height, width, 3).
    labels
        The labels of n images.
    groups
        Array of shape (n,), or None where there is no such column.
    """

    images: Images
    labels: LabelColumn
    groups: NDArray[np.str_] | None


class Record(NamedTuple):
    """One row: the line on which it starts (from 1), its fields, and what is wrong with its text, or ""."""

    line: int
    fields: list[str]
    problem: str


def read_records(path: Path, report: Callable[[int], None] = lambda _: None) -> Generator[Record]:
    """Give the rows of a CSV file one by one, the header among them, whatever is wrong with them.

    Parameters
    ----------
    path
        The file.
    report
        Told now and then how many characters were read.
    """
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
        lines = _Lines(file, report)
        reader = csv.reader(lines, strict=True)
        while True:
            line, lines.problem = reader.line_num + 1, ""
            try:
                fields = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield Record(line, [], lines.problem or f"the row cannot be split into fields ({error})")
            else:
                yield Record(line, fields, lines.problem)


def read_exactly(
    path: Path,
    place: str,
    layout: Layout,
    rules: TableRules,
    *,
    faults: FaultList,
    report: Callable[[int], None],
) -> Table | None:
    """Read a file row by row, noting the first thousand faults; the header was checked before.

    Parameters
    ----------
    path, place, rules, faults, report
        As for `read_table`.
    layout
        What the header says.

    Returns
    -------
    Table or None
        None if there was a fault.

    Raises
    ------
    NotEnoughMemoryError
        If its rows do not fit into memory.
    """
    rows = _Rows(layout, rules)

    def told(n_characters: int) -> None:
        report(n_characters)
        check_rest(len(rows.levels) + ROW_BYTES * len(rows.labels), share_read(path, n_characters), place)

    with closing(read_records(path, told)) as records:
        next(records)
        for record in records:
            rows.take(record)
            if len(rows.problems) >= MAX_FAULTS:
                break
    problems = rows.all_problems()[:MAX_FAULTS]
    for line, problem in problems:
        faults.add(f"{place}, line {line}", problem, _REPAIR)
    if len(problems) == MAX_FAULTS:
        problem = f"this is fault {MAX_FAULTS:,} of the file; what follows is not listed"
        faults.add(f"{place}, line {problems[-1][0]}", problem, "Export the file again")
    if not problems and not rows.labels:
        faults.add(place, "there is a header but no row", "Export the file again")
    return None if problems or not rows.labels else rows.table()


def share_read(path: Path, n_bytes: int) -> float:
    """Return which share of a file was read; all of what has no size, as a pipe."""
    return n_bytes / max(n_bytes, path.stat().st_size)


def label_problem(text: str, rules: TableRules) -> str:
    """Say what is wrong with a label; "" if nothing is."""
    kind = LabelKind.of(text)
    if rules.largest_label is None:
        return f"label is {_shown(text)}; {LABELS_EXPECTED}" if kind is LabelKind.UNFIT else ""
    if kind is LabelKind.NUMBER and int(text) <= rules.largest_label:
        return ""
    return f"label is {_shown(text)}; labels are 0 to {rules.largest_label}"


class _Lines:
    """The lines of a text file for `csv.reader`; remembers what is wrong with the last ones."""

    def __init__(self, file: TextIO, report: Callable[[int], None]) -> None:
        self._file = file
        self._report = report
        self._n_characters = self._n_told = 0
        self._ended = False
        self.problem = ""

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = "" if self._ended else self._file.readline(MAX_LINE)
        if not line:
            raise StopIteration
        self._n_characters += len(line)
        if self._n_characters - self._n_told >= _TOLD_EVERY:
            self._n_told = self._n_characters
            self._report(self._n_characters)
        if len(line) == MAX_LINE and not line.endswith(("\n", "\r")):
            self._ended = True
            self.problem = f"the line is longer than {MAX_LINE:,} characters"
            return "\n"
        if "\0" in line:
            self.problem = "there is a NUL byte; the file is damaged, or no text"
        elif not line.isascii() and (stray := next((c for c in line if "\udc80" <= c <= "\udcff"), "")):
            self.problem = f"the byte 0x{ord(stray) - 0xDC00:X} is not UTF-8"
        return line


@dataclass
class _Rows:
    """Takes rows one by one: keeps what is sound, notes what is not."""

    layout: Layout
    rules: TableRules
    levels: bytearray = field(default_factory=bytearray)
    labels: list[str] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)
    problems: list[tuple[int, str]] = field(default_factory=list)  # line and problem
    labels_of: dict[LabelKind, list[tuple[int, str]]] = field(default_factory=dict)  # with their lines
    empty_line: int | None = None

    def take(self, record: Record) -> None:
        """Check one row."""
        line, fields, problem = record
        if not fields and not problem:
            self.empty_line = self.empty_line or line  # empty lines are harmless at the end of the file alone
            return
        if self.empty_line is not None:
            self.problems.append((self.empty_line, "the line is empty"))
            self.empty_line = None
        if not problem and len(fields) != len(self.layout.columns):
            problem = f"the row has {len(fields):,} fields, the header has {len(self.layout.columns):,}"
        if problem:
            self.problems.append((line, problem))
            return
        if self.layout.label is not None:
            self._take_label(line, fields[self.layout.label])
        self._take_pixels(line, [fields[position] for position in self.layout.pixels])
        if self.layout.group is not None:
            self._take_group(line, fields[self.layout.group])

    def all_problems(self) -> list[tuple[int, str]]:
        """Return what was found, in the order of lines; labels of the rarer kind are wrong, too."""
        found = list(self.problems)
        if len(self.labels_of) == 2:
            common, rare = sorted(self.labels_of, key=lambda kind: len(self.labels_of[kind]), reverse=True)
            most = f"while most labels of the file are {common.value}s"
            found.extend((line, f"label is {_shown(text)}, {most}") for line, text in self.labels_of[rare])
        return sorted(found, key=lambda item: item[0])

    def table(self) -> Table:
        """Return all rows, which were sound."""
        images = np.frombuffer(self.levels, dtype=np.uint8).reshape(-1, *self.layout.image_shape)
        groups = None if self.layout.group is None else np.array(self.groups, dtype=np.str_)
        return Table(images, LabelColumn.of_names([canonical(label) for label in self.labels]), groups)

    def _take_label(self, line: int, text: str) -> None:
        problem = label_problem(text, self.rules)
        if problem:
            self.problems.append((line, problem))
        else:
            self.labels.append(text)
            self.labels_of.setdefault(LabelKind.of(text), []).append((line, text))

    def _take_pixels(self, line: int, texts: list[str]) -> None:
        levels = as_levels(texts)
        if levels is not None:
            self.levels += levels
        else:
            self.problems.extend((line, problem) for problem in level_problems(texts, self.layout))

    def _take_group(self, line: int, text: str) -> None:
        assert self.layout.group is not None
        self.groups.append(text)
        if not text.strip():
            column = self.layout.columns[self.layout.group]
            self.problems.append((line, f"{column} is empty; every image belongs to a group"))


def as_levels(texts: Sequence[str]) -> bytes | None:
    """Return grey levels; None if a text is anything but digits, or more than 255."""
    joined = "".join(texts)
    if not (joined.isascii() and joined.isdigit()):
        return None
    try:
        return bytes(map(int, texts))
    except ValueError:
        return None


def level_problems(texts: Sequence[str], layout: Layout) -> list[str]:
    """Say of each pixel of a row that is no grey level what it is."""
    problems = []
    for position, text in zip(layout.pixels, texts, strict=True):
        if as_levels([text]) is None:
            expected = (
                "grey levels are 0 to 255" if _is_integer(text) else "grey levels are whole numbers from 0 to 255"
            )
            problems.append(f"{layout.columns[position]} is {_shown(text)}; {expected}")
    return problems


def _is_integer(text: str) -> bool:
    """Tell whether a text is a whole number, perhaps a negative one."""
    return text.isascii() and text.removeprefix("-").isdigit()


def _shown(text: str) -> str:
    """Return a field as a message shows it."""
    short = text if len(text) <= 40 else text[:40] + "…"
    return short if _is_integer(text) else repr(short) if text.strip() else "empty"
