"""CSV files of images: the six parts of the Fashion data, and one to three files in Kaggle's form."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Self

import numpy as np

from fashion_classifier.data.csv_layout import TableRules, names_no_pixels
from fashion_classifier.data.csv_rows import Table
from fashion_classifier.data.csv_tables import read_table
from fashion_classifier.data.labels import LabelColumn
from fashion_classifier.data.pixels import check_joining
from fashion_classifier.data.raw import RawCollection
from fashion_classifier.data.reading import (
    FoundPart,
    Listing,
    ReadOptions,
    Source,
    Split,
    assign_splits,
    collect,
)
from fashion_classifier.errors import FaultList
from fashion_classifier.progress import Progress, silent

HEADER_BYTES = 1 << 16  # of a first line, at most, to tell what a file is about
NUMBERS = range(1, 7)  # of the training parts
_COPY = r"([ _-]*(copy|\(\d+\)))*"  # what browsers and desktops append to the second file of a name
_TRAINING_PART = re.compile(rf"fashion[ _-]*train[ _-]*data[ _-]*(?P<number>\d{{1,3}}){_COPY}\.csv", re.IGNORECASE)
_TEST_PART = re.compile(rf"fashion[ _-]*test[ _-]*data{_COPY}\.csv", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class CsvParts(Source):
    """Fashion Train Data 1.csv to 6.csv, merged in this order, and perhaps Fashion Test Data.csv."""

    container: ClassVar[str] = "six CSV parts"

    @classmethod
    def find(cls, listing: Listing) -> Self | None:
        """Recognise the parts by their names, of which one is enough."""
        files = tuple(listing.folder / name for name in listing.files if is_part(name))
        return cls(location=listing.folder, files=files) if files else None

    def read(self, *, options: ReadOptions | None = None, progress: Progress = silent) -> RawCollection:
        """Read and check all parts; see `Source.read`."""
        options = options or ReadOptions()
        faults = FaultList()
        rules = TableRules(n_pixels=784, largest_label=9, group_by=options.group_by)
        reader = _FileReader(self, rules, faults, progress)
        parts: dict[Split, FoundPart] = {}
        tables = self._read_training(reader)
        if not faults:
            check_joining([table.images for table in tables], self.location.name)
            parts["training"] = _merged(tables)
        test_files = [file for file in self.files if _TEST_PART.fullmatch(file.name)]
        _refuse_more_than_one("the test part", test_files, faults)
        for file in test_files[:1]:
            table = reader.read(file)
            if table is not None:
                parts["test"] = _merged([table])
        return collect(self, parts, faults, options, progress)

    def _read_training(self, reader: _FileReader) -> list[Table]:
        """Read the training parts by their numbers, noting those that lack or are there twice."""
        by_number: dict[int, list[Path]] = {number: [] for number in NUMBERS}
        for file in self.files:
            if part := _TRAINING_PART.fullmatch(file.name):
                by_number.setdefault(int(part["number"]), []).append(file)
        tables: dict[str, Table] = {}
        for number, files in by_number.items():
            if number not in NUMBERS:
                problem = f"there is no part {number}; the parts are {NUMBERS[0]} to {NUMBERS[-1]}"
                reader.faults.add(files[0].name, problem, "Rename or remove the file")
                continue
            if not files:
                problem = f"the part is missing; parts {NUMBERS[0]} to {NUMBERS[-1]} are expected"
                reader.faults.add(f"Fashion Train Data {number}.csv", problem, "Put it beside the others")
            _refuse_more_than_one(f"part {number}", files, reader.faults)
            for file in files[:1]:
                table = reader.read(file)
                if table is not None:
                    _refuse_repeated(file.name, table, tables, reader.faults)
                    tables[file.name] = table
        return list(tables.values())


@dataclass(frozen=True, kw_only=True)
class CsvFiles(Source):
    """CSV files with the columns label, pixel1, pixel2, …, as Kaggle has them."""

    container: ClassVar[str] = "CSV files"

    @classmethod
    def find(cls, listing: Listing) -> Self | None:
        """Recognise files that end in .csv, other than the six parts."""
        names = [name for name in listing.files if name.lower().endswith(".csv") and not is_part(name)]
        files = tuple(listing.folder / name for name in names)
        return cls(location=listing.folder, files=files) if files else None

    def are_lists(self) -> bool:
        """Tell by their first lines whether none of the files has pixels; one that is empty may have had some."""
        return all(names_no_pixels(re.split(r"[,;|\t]", _first_line(file))) for file in self.files)

    def read(self, *, options: ReadOptions | None = None, progress: Progress = silent) -> RawCollection:
        """Read and check all files; see `Source.read`."""
        options = options or ReadOptions()
        faults = FaultList()
        reader = _FileReader(self, TableRules(size=options.image_size, group_by=options.group_by), faults, progress)
        parts: dict[Split, FoundPart] = {}
        for split, files in assign_splits(self, faults).items():
            table = reader.read(files[0])
            if table is not None:
                parts[split] = _merged([table])
        return collect(self, parts, faults, options, progress)


def is_part(name: str) -> bool:
    """Tell whether a file is one of the Fashion parts by its name, however its words are joined."""
    return bool(_TRAINING_PART.fullmatch(name) or _TEST_PART.fullmatch(name))


def _first_line(file: Path) -> str:
    """Return the beginning of a file's first line, in which a name of a pixel's column would stand."""
    with file.open("rb") as opened:
        return opened.readline(HEADER_BYTES).decode("utf-8-sig", errors="replace")


class _FileReader:
    """Reads the files of one source, and reports how far all of them are read."""

    def __init__(self, source: Source, rules: TableRules, faults: FaultList, progress: Progress) -> None:
        self.faults = faults
        self._source = source
        self._rules = rules
        self._progress = progress
        self._sizes = {file: file.stat().st_size if file.exists() else 0 for file in source.files}
        self._done = 0

    def read(self, file: Path) -> Table | None:
        """Read one file."""
        total = sum(self._sizes.values())
        place = self._source.place_of(file)

        def report(n_bytes: int) -> None:
            done = self._done + min(n_bytes, self._sizes[file])
            self._progress(f"Reading {self._source.container}", done, total, place)

        table = read_table(file, place, self._rules, self.faults, report)
        report(self._sizes[file])
        self._done += self._sizes[file]
        return table


def _merged(tables: Sequence[Table]) -> FoundPart:
    """Put the rows of several files under one another."""
    if len(tables) == 1:
        return FoundPart(tables[0].labels, tables[0].images, tables[0].groups)
    groups = [table.groups for table in tables if table.groups is not None]
    return FoundPart(
        LabelColumn.joined([table.labels for table in tables]),
        np.concatenate([table.images for table in tables]),
        np.concatenate(groups) if len(groups) == len(tables) else None,
    )


def _refuse_more_than_one(what: str, files: Sequence[Path], faults: FaultList) -> None:
    """Note a part that is there under several names."""
    for file in files[1:]:
        faults.add(file.name, f"{what} is given twice, by this file and by {files[0].name}", "Remove one of them")


def _refuse_repeated(name: str, table: Table, earlier: dict[str, Table], faults: FaultList) -> None:
    """Note a part whose rows are those of an earlier one."""
    for other, known in earlier.items():
        same_labels = known.labels.names == table.labels.names and np.array_equal(
            known.labels.codes, table.labels.codes
        )
        if same_labels and np.array_equal(known.images, table.images):
            faults.add(
                name,
                f"its rows are the very rows of {other}; each part is expected once",
                "Replace it by the right part",
            )
