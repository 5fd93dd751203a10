"""A CSV file of pixels, read block by block: plain blocks fast, strange ones line by line.

A block of a quarter of a megabyte that is not plain is split into its lines, and each row of it is judged by itself;
the next block is read fast again. So one wrong row among a million costs a few hundred rows' time.
"""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Self

import numpy as np

from fashion_classifier.data.csv_layout import Layout, TableRules, read_layout
from fashion_classifier.data.csv_rows import MAX_LINE, as_levels, level_problems
from fashion_classifier.data.csv_tables import BLOCK, cut_lines, parse_levels
from fashion_classifier.data.dataset import ImageShape
from fashion_classifier.data.streams.blocks import Block, PixelFile, array_shape, brought_to, failed
from fashion_classifier.errors import FaultList

MAX_ROW_LINES = 100  # lines over which one row may go, where a label in quotes holds line ends
MAX_ROW_BYTES = 2 * BLOCK  # of such a row
_BOM = b"\xef\xbb\xbf"
_REPAIR = "Repair the row, or export the file again"


@dataclass(frozen=True)
class CsvStream(PixelFile):
    """A CSV file with the columns pixel1, pixel2, …, or 1x1, 1x2, …, and perhaps a label; rows are named by lines."""

    @classmethod
    def of(cls, path: Path) -> Self:
        """Look at the header, and guess the number of rows from the length of the first."""
        with path.open("rb") as file:
            header, first = file.readline(MAX_LINE), file.readline(MAX_LINE)
        size = path.stat().st_size
        rows = max(1, round((size - len(header)) / len(first))) if first else 1
        names = header.removeprefix(_BOM).decode("utf-8", "replace").casefold().split(",")
        return cls(path, rows, any(name.strip().strip('"') == "label" for name in names))

    def blocks(self, shape: ImageShape) -> Iterator[Block]:
        """Read the rows; see `PixelFile.blocks`."""
        try:
            with self.path.open("rb") as file:
                lines = _Lines(file)
                layout = self._layout(lines, shape)
                if isinstance(layout, Block):
                    yield layout
                    return
                rows = _Rows(self.path, layout, shape)
                while block := lines.rest_of_block() or lines.next_block():
                    yield from rows.read(lines, block)
                if not rows.n:
                    yield failed(self.path, f"{self.path}: there is a header but no row. Export the file again.", shape)
        except OSError as error:
            yield failed(self.path, f"{self.path}: the file cannot be read ({error.strerror or error})", shape)

    def _layout(self, lines: _Lines, shape: ImageShape) -> Layout | Block:
        """Read the header, or say what is wrong with it."""
        faults = FaultList()
        lines.next_lines()
        row = lines.next_row()
        if row is None:
            faults.add(str(self.path), "the file is empty; a header and rows are expected", "Export the file again")
            return failed(self.path, faults.faults[0], shape)
        place = f"{self.path}, line 1"
        if row.problem or not row.fields:
            problem = row.problem or "the line is empty; a header is expected"
            faults.add(place, problem, "Export the file again")
            return failed(self.path, faults.faults[0], shape)
        fields = [row.fields[0].removeprefix("\ufeff"), *row.fields[1:]]
        layout = read_layout(fields, place, TableRules(size=shape[:2], labelled=False), faults)
        return layout or failed(self.path, "\n".join(map(str, faults.faults)), shape)


@dataclass(frozen=True)
class _Row:
    """A row as text: the line on which it begins, its fields, and what is wrong with it, or ""."""

    line: int
    fields: list[str]
    problem: str = ""


class _Lines:
    """A file's bytes in blocks of whole lines, any of which can be taken line by line instead."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._rest = b""  # the beginning of a line whose end was not read yet
        self._ended = False
        self.pending: deque[bytes] = deque()  # lines that are to be taken one by one
        self.line = 1  # number of the next one

    def next_block(self) -> bytes:
        """Return the next whole lines, each with its end; nothing at the end of the file.

        A line without end that is too long is returned as it is, and what follows as if it were another line.
        """
        while not self._ended and len(self._rest) <= MAX_LINE:
            read = self._file.read(BLOCK)
            if not read:
                self._ended = True
                break
            end = (read.rfind(b"\n") + 1) or (read.rfind(b"\r", 0, -1) + 1)
            if end:
                block, self._rest = self._rest + read[:end], read[end:]
                return block
            self._rest += read
        block, self._rest = self._rest, b""
        return block if not block or block.endswith(b"\n") else block + b"\n"

    def next_lines(self) -> None:
        """Take the next block line by line."""
        self.pending.extend(self.next_block().splitlines(keepends=True))

    def rest_of_block(self) -> bytes:
        """Return the lines that were to be taken one by one and were not."""
        block = b"".join(self.pending)
        self.pending.clear()
        return block

    def next_row(self) -> _Row | None:
        """Split the next line into fields, with the lines after it where quotes span them; None if there is none."""
        if not self.pending:
            return None
        begins, taken = self.line, [self.pending.popleft()]
        row = _split(begins, taken)
        while row is None and len(taken) < MAX_ROW_LINES and sum(map(len, taken)) < MAX_ROW_BYTES:
            if not self.pending:
                self.next_lines()
            if not self.pending:
                break
            taken.append(self.pending.popleft())
            row = _split(begins, taken)
        if row is None:
            self.pending.extendleft(reversed(taken[1:]))
            taken = taken[:1]
            row = _Row(begins, [], "a quotation mark is opened and not closed")
        self.line += len(taken)
        return row


def _split(line: int, taken: Sequence[bytes]) -> _Row | None:
    """Split lines that make one row into its fields; None if a quotation mark is still open."""
    text = b"".join(taken)
    if len(text) > MAX_LINE:
        return _Row(line, [], f"the line is longer than {MAX_LINE:,} characters")
    if b"\0" in text:
        return _Row(line, [], "there is a NUL byte; the file is damaged, or no text")
    try:
        return _Row(line, next(csv.reader([text.decode()], strict=True), []))
    except UnicodeDecodeError as error:
        return _Row(line, [], f"the byte 0x{text[error.start]:X} is not UTF-8")
    except csv.Error as error:
        if "unexpected end of data" in str(error) and text.count(b'"') % 2:
            return None
        return _Row(line, [], f"the row cannot be split into fields ({error})")


class _Rows:
    """Turns lines into blocks of images.

    Parameters
    ----------
    path, layout, shape
        The file, what its header says, and the image shape that is wanted.
    """

    def __init__(self, path: Path, layout: Layout, shape: ImageShape) -> None:
        self._path, self._layout, self._shape = path, layout, shape
        self._empty_line: int | None = None  # empty lines are harmless at the end of the file alone
        self.n = 0

    def read(self, lines: _Lines, block: bytes) -> Iterator[Block]:
        """Read one block, and what belongs to its last row."""
        cut = None if self._empty_line is not None else cut_lines(block, self._layout)
        levels = None if cut is None else parse_levels(cut.pixels, len(self._layout.pixels))
        if levels is None:
            lines.pending.extend(block.splitlines(keepends=True))
            yield self._one_by_one(lines)
            return
        first, lines.line = lines.line, lines.line + len(levels)
        self.n += len(levels)
        images = levels.reshape(-1, *self._layout.image_shape)
        places = tuple(f"{self._path}:{line}" for line in range(first, lines.line))
        yield Block(places, ("",) * len(places), brought_to(images, self._shape))

    def _one_by_one(self, lines: _Lines) -> Block:
        """Read all lines that are to be taken one by one."""
        places, errors, levels = list[str](), list[str](), bytearray()
        while (row := lines.next_row()) is not None:
            if not row.fields and not row.problem:
                self._empty_line = self._empty_line or row.line
                continue
            if self._empty_line is not None:
                places.append(f"{self._path}:{self._empty_line}")
                errors.append(self._fault(self._empty_line, "the line is empty"))
                self._empty_line = None
            read = self._levels(row)
            places.append(f"{self._path}:{row.line}")
            errors.append("" if isinstance(read, bytes) else self._fault(row.line, read))
            levels += read if isinstance(read, bytes) else b""
        self.n += len(places)
        images = np.frombuffer(bytes(levels), np.uint8).reshape(-1, *self._layout.image_shape)
        if not len(images):
            images = np.empty((0, *array_shape(self._shape)), np.uint8)
        return Block(tuple(places), tuple(errors), brought_to(images, self._shape))

    def _levels(self, row: _Row) -> bytes | str:
        """Return a row's grey levels, or what is wrong with it."""
        n_columns = len(self._layout.columns)
        if row.problem:
            return row.problem
        if len(row.fields) != n_columns:
            return f"the row has {len(row.fields):,} fields, the header has {n_columns:,}"
        texts = [row.fields[position] for position in self._layout.pixels]
        levels = as_levels(texts)
        if levels is not None:
            return levels
        first, *others = level_problems(texts, self._layout)
        return f"{first} (and {len(others):,} more pixels are wrong)" if others else first

    def _fault(self, line: int, problem: str) -> str:
        """Say what is wrong with a row, and what to do."""
        return f"{self._path}, line {line}: {problem}. {_REPAIR}."
