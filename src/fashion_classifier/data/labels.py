"""Labels as a source writes them, numbers or names, turned into codes over one list of names."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from fashion_classifier.data.dataset import Labels
from fashion_classifier.errors import FaultList

LARGEST_NUMBER = 999_999_999
LABELS_EXPECTED = f"labels are whole numbers from 0 to {LARGEST_NUMBER:,}, or names"
_NUMBER_LIKE = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*|\s*[+-]?(nan|inf)\s*", re.IGNORECASE)


class LabelKind(Enum):
    """What a label is; `UNFIT` are empty ones, and numbers that number no class (-1, 2.5, 1e3)."""

    NUMBER = "number"
    NAME = "name"
    UNFIT = "unfit"

    @classmethod
    def of(cls, text: str) -> LabelKind:
        """Tell a number ("7") from a name ("Bag") and from what is neither."""
        if text.isascii() and text.isdigit():
            return cls.NUMBER if len(text) <= 9 else cls.UNFIT
        return cls.UNFIT if not text.strip() or _NUMBER_LIKE.fullmatch(text) else cls.NAME


@dataclass(frozen=True, eq=False)
class LabelColumn:
    """The labels of one part, or of one file of it.

    Parameters
    ----------
    codes
        int64 array of shape (n,), indices into `names`.
    names
        The labels that occur, each once, numbers as text.
    """

    codes: Labels
    names: tuple[str, ...]

    @classmethod
    def of_numbers(cls, numbers: NDArray[np.integer]) -> LabelColumn:
        """Encode whole numbers, an array of shape (n,)."""
        used, codes = np.unique(numbers, return_inverse=True)
        return cls(codes.astype(np.int64), tuple(str(number) for number in used.tolist()))

    @classmethod
    def of_names(cls, names: Sequence[str]) -> LabelColumn:
        """Encode names."""
        index: dict[str, int] = {}
        codes = [index.setdefault(name, len(index)) for name in names]
        return cls(np.array(codes, dtype=np.int64), tuple(index))

    @classmethod
    def joined(cls, columns: Sequence[LabelColumn]) -> LabelColumn:
        """Put the columns of several files under one another."""
        names = all_names(columns)
        return cls(np.concatenate([column.over(names) for column in columns]), names)

    @property
    def used(self) -> frozenset[str]:
        """The names that at least one image has."""
        return frozenset(self.names[code] for code in np.unique(self.codes).tolist())

    def over(self, names: tuple[str, ...]) -> Labels:
        """Express the labels as indices into another list of names, which holds all that occur."""
        index = {name: code for code, name in enumerate(names)}
        return np.array([index[name] for name in self.names], dtype=np.int64)[self.codes]


def all_names(columns: Sequence[LabelColumn]) -> tuple[str, ...]:
    """List the names of all columns once, numbers by value before names by their letters."""
    return tuple(sorted({name for column in columns for name in column.names}, key=_by_value))


def canonical(label: str) -> str:
    """Return a fit label, a number without leading zeros."""
    return str(int(label)) if LabelKind.of(label) is LabelKind.NUMBER else label


def check_every_class_everywhere(columns: Mapping[str, LabelColumn], location: str, faults: FaultList) -> None:
    """Note a fault for every class that has images in one set and none in another.

    Parameters
    ----------
    columns
        The labels of each set ("training", "test", …).
    location
        Where the data lies, for the message.
    faults
        Takes the faults.
    """
    used = {split: column.used for split, column in columns.items()}
    for name in all_names(tuple(columns.values())):
        for split in columns:
            if name not in used[split] and any(name in others for others in used.values()):
                faults.add(
                    location,
                    f"class {name} has no image in the {split} set; every class needs images in every set",
                    "Add images of it there, or remove the class",
                )


def _by_value(name: str) -> tuple[int, int, str]:
    """Return the sort key of a label."""
    if LabelKind.of(name) is LabelKind.NUMBER:
        return 0, int(name), name
    return 1, 0, name
