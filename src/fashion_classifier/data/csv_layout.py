"""What the header of a CSV file of images says: where the label is, and where each pixel."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice, pairwise

from fashion_classifier.data.dataset import ImageShape
from fashion_classifier.data.pixels import Size, not_a_row, row_shape
from fashion_classifier.errors import FaultList, UsageError

_NUMBERED = re.compile(r"pixel[ _]?(\d{1,9})", re.IGNORECASE)
_SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "bars"}
_CELL = re.compile(r"([1-9]\d{0,3})x([1-9]\d{0,3})", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class TableRules:
    """What is known of a file's columns beforehand.

    Parameters
    ----------
    n_pixels
        Number of pixel columns; None where any number will do.
    largest_label
        The largest number that is a label; None where labels may be any, or names.
    size
        Height and width of the images, where they were given.
    group_by
        The column that tells which images show one garment; None: "group", if there is one.
    labelled
        Whether there has to be a column of labels.
    """

    n_pixels: int | None = None
    largest_label: int | None = None
    size: Size | None = None
    group_by: str | None = None
    labelled: bool = True


@dataclass(frozen=True)
class Layout:
    """The columns of a file: a label, pixels in the order of `shape`, and perhaps a group.

    Parameters
    ----------
    columns
        Names as the header has them.
    label, group
        Positions of these columns, None where there is none.
    shape
        The image that the pixel columns make.
    """

    columns: tuple[str, ...]
    label: int | None
    group: int | None
    shape: ImageShape

    @property
    def image_shape(self) -> tuple[int, ...]:
        """Shape of one image as an array: (height, width) or (height, width, 3)."""
        return self.shape[:2] if self.shape.channels == 1 else self.shape

    @cached_property
    def pixels(self) -> tuple[int, ...]:
        """Positions of the pixel columns."""
        return tuple(position for position in range(len(self.columns)) if position not in (self.label, self.group))


@dataclass(frozen=True)
class _Pixels:
    """Pixel columns by their numbers: pixel0…, pixel1…, or 1x1, 1x2, … by row and column, numbered from 1.

    Parameters
    ----------
    numbers
        Of each column, None where the name is no pixel's.
    grid
        Height and width, where columns are named by row and column.
    """

    numbers: list[int | None]
    grid: Size | None = None

    @classmethod
    def of(cls, names: Sequence[str]) -> _Pixels:
        """Read the names of all columns that are neither label nor group."""
        cells = [_CELL.fullmatch(name) for name in names]
        if any(cells):
            places = [(int(cell[1]), int(cell[2])) if cell else None for cell in cells]
            height, width = (max(place[axis] for place in places if place) for axis in (0, 1))
            return cls([(place[0] - 1) * width + place[1] if place else None for place in places], (height, width))
        numbered = [_NUMBERED.fullmatch(name) for name in names]
        return cls([int(number[1]) if number else None for number in numbered])

    @property
    def last(self) -> int:
        """The largest number that is expected, from the names alone."""
        if self.grid is None:
            return max((number for number in self.numbers if number is not None), default=0)
        return self.grid[0] * self.grid[1]

    def name(self, number: int) -> str:
        """Return the name of a pixel's column."""
        if self.grid is None:
            return f"pixel{number}"
        row, column = divmod(number - 1, self.grid[1])
        return f"{row + 1}x{column + 1}"


def read_layout(columns: Sequence[str], place: str, rules: TableRules, faults: FaultList) -> Layout | None:
    """Check a header.

    Parameters
    ----------
    columns
        The names of the columns.
    place
        File and line, for messages.
    rules
        What is known of the columns.
    faults
        Takes what is wrong.

    Returns
    -------
    Layout or None
        None if there was a fault.

    Raises
    ------
    UsageError
        If there is no such column as the one to group by.
    """
    columns = [column.strip() for column in columns]
    found = FaultList()
    if not _is_no_header(columns, place, found):
        label, group = _position(columns, "label"), _position(columns, rules.group_by or "group")
        if label is None and rules.labelled:
            found.add(
                place,
                f"there is no column label; the columns are {_listed(columns)}",
                "Name the column of the labels so",
            )
        elif rules.group_by is not None and group is None:
            raise UsageError(
                f"{place}: there is no column {rules.group_by!r} to group by; "
                f"the columns are {_listed(columns)}. Name one of these."
            )
        names = [name for position, name in enumerate(columns) if position not in (label, group)]
        pixels = _Pixels.of(names)
        _check_pixels(names, pixels, place, rules, found)
        shape = ImageShape(*pixels.grid, 1) if pixels.grid else row_shape(len(names), rules.size)
        if shape is None and not found:
            found.add(place, *not_a_row(len(names)))
        if shape is not None and not found:
            return Layout(tuple(columns), label, group, shape)
    faults.faults.extend(found.faults)
    return None


def names_no_pixels(columns: Sequence[str]) -> bool:
    """Tell whether a header is of a table about something else, such as a list of pictures."""
    names = [column.strip(" \"'\r\n") for column in columns]
    of_pixels = (name.isdigit() or _CELL.fullmatch(name) or _NUMBERED.fullmatch(name) for name in names)
    return any(names) and not any(of_pixels)


def _is_no_header(columns: Sequence[str], place: str, faults: FaultList) -> bool:
    """Recognise two common ways in which the first line is no header."""
    if all(column.isdigit() for column in columns):
        faults.add(
            place,
            "the first line holds numbers; a header is expected (label,pixel1,pixel2,…)",
            "Put a line with the names of the columns first",
        )
    elif len(columns) == 1 and (separator := next((sign for sign in _SEPARATORS if sign in columns[0]), None)):
        problem = f"fields are separated by {_SEPARATORS[separator]}; commas are expected"
        faults.add(place, problem, "Export the file with commas")
    return bool(faults)


def _check_pixels(names: Sequence[str], pixels: _Pixels, place: str, rules: TableRules, faults: FaultList) -> None:
    """Check that the pixel columns are all there, once, in order, and nothing else is."""
    numbers = [number for number in pixels.numbers if number is not None]
    first = 0 if 0 in numbers else 1
    last = pixels.last if rules.n_pixels is None else first + rules.n_pixels - 1
    expected = f"{'label and ' if rules.labelled else ''}{pixels.name(first)} to {pixels.name(last)} are expected"
    if not numbers:
        problem = f"there are no pixel columns, but {_listed(names)}" if names else "there are no pixel columns"
        faults.add(
            place,
            f"{problem}; they are called pixel1, pixel2 and so on, or 1x1, 1x2",
            "Rename or add the columns; if this is a list of pictures, move it away and give each class a folder",
        )
        return
    unknown = [
        name
        for name, number in zip(names, pixels.numbers, strict=True)
        if number is None or not first <= number <= last
    ]
    if unknown:
        faults.add(
            place,
            f"{_listed(unknown, 'column')} unknown; {expected}",
            "Remove what is no pixel, or name it so",
        )
    have = set(numbers)
    n_missing = last - first + 1 - sum(first <= number <= last for number in have)
    missing = list(islice((number for number in range(first, last + 1) if number not in have), min(n_missing, 3)))
    if missing:
        what = _listed([pixels.name(number) for number in missing], "column", n_missing)
        faults.add(place, f"{what} missing; {expected}", "Export the file again with all columns")
    for one, following in pairwise(numbers):
        if one >= following:
            wrong = "twice" if one == following else f"before {pixels.name(following)}"
            faults.add(
                place,
                f"the columns are out of order: {pixels.name(one)} stands {wrong}",
                f"Put them into the order {pixels.name(first)} to {pixels.name(last)}",
            )
            break


def _position(columns: Sequence[str], name: str) -> int | None:
    """Find a column by its name, whatever its capitals."""
    folded = [column.casefold() for column in columns]
    return folded.index(name.casefold()) if name.casefold() in folded else None


def _listed(names: Sequence[str], noun: str = "", n: int | None = None) -> str:
    """Name the first three of n columns; with a noun as "columns a, b, c and 3 more are"."""
    n = n or len(names)
    text = ", ".join(name or "''" for name in names[:3]) + (f" and {n - 3:,} more" if n > 3 else "")
    return f"{noun}{'s' if n > 1 else ''} {text} {'are' if n > 1 else 'is'}" if noun else text
