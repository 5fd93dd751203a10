"""What all readers share: the options of reading, what a source is, how its parts become one collection."""

from __future__ import annotations

import os
import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray

from fashion_classifier.data.dataset import Images
from fashion_classifier.data.labels import LabelColumn, all_names, check_every_class_everywhere
from fashion_classifier.data.picture_ways import WAYS, PictureWay
from fashion_classifier.data.pixels import resized, with_channels
from fashion_classifier.data.raw import RawCollection, RawPart
from fashion_classifier.errors import FaultList, UsageError
from fashion_classifier.progress import Progress, silent

Split = Literal["training", "validation", "test"]
_WORDS: dict[str, Split] = {
    "train": "training",
    "training": "training",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "test": "test",
    "testing": "test",
}
SPLITS: tuple[Split, ...] = ("training", "validation", "test")
LARGEST_SIDE = 4096


@dataclass(frozen=True, kw_only=True)
class ReadOptions:
    """What may be said about reading a source.

    Parameters
    ----------
    image_size
        Height and width to which all images are brought, 1 to 4096 pixels; rows of pixel values are read as
        images of this size where their length fits. None: as the source has them.
    channels
        1 for grey or 3 for colour, to which all images are brought. None: as the source has them.
    group_by
        What tells that several images show one garment. For class folders a regular expression, searched
        for in the path below the source, whose first group (or whole match) names the garment; for CSV and
        Parquet a column; for NPZ the name before "_train". None: the column "group" or the array
        "groups_train", if there is one.
    pictures
        "garment": of each photograph the garment alone is taken, cut out, as images of garments on black have it; for
        encoded pictures, and with an image size.

    Raises
    ------
    UsageError
        If the size, the number of channels or the way is not possible.
    """

    image_size: tuple[int, int] | None = None
    channels: int | None = None
    group_by: str | None = None
    pictures: PictureWay = "resize"

    def __post_init__(self) -> None:
        if self.channels not in (None, 1, 3):
            raise UsageError(f"channels must be 1 (grey) or 3 (colour), but got {self.channels}. Choose one of them.")
        size = self.image_size
        if size is not None and not (len(size) == 2 and all(1 <= side <= LARGEST_SIDE for side in size)):
            raise UsageError(
                f"image size: height and width must be 1 to {LARGEST_SIDE} pixels, "
                f"but got {self.image_size}. Choose a size in this range."
            )
        if self.pictures not in WAYS or (self.pictures == "garment" and self.image_size is None):
            raise UsageError(
                f"pictures must be one of {', '.join(WAYS)}, and garments are cut out for a given image size, but got "
                f"{self.pictures!r} and {self.image_size}. Give an image size."
            )


@dataclass(frozen=True)
class Listing:
    """What lies in a folder, hidden things left out.

    Parameters
    ----------
    folder
        The folder.
    files, folders
        Names, sorted.
    """

    folder: Path
    files: tuple[str, ...]
    folders: tuple[str, ...]

    @classmethod
    def of(cls, folder: Path) -> Listing:
        """Look into a folder."""
        with os.scandir(folder) as entries:
            seen = sorted((entry.name, entry.is_dir(), entry.is_file()) for entry in entries)
        shown = [entry for entry in seen if not is_hidden(entry[0])]
        return cls(
            folder,
            tuple(name for name, _, is_file in shown if is_file),
            tuple(name for name, is_folder, _ in shown if is_folder),
        )


def is_hidden(name: str) -> bool:
    """Tell names that are for the system rather than for people."""
    return name.startswith(".") or name == "__MACOSX"


@dataclass(frozen=True, kw_only=True)
class Source(ABC):
    """A place where labelled images lie, in a form that was recognised; nothing of it has been read yet.

    Parameters
    ----------
    location
        The file or folder that was named.
    files
        All files that reading will open, always in the same order.
    notes
        Sentences about what lies there beside it and was left aside.
    """

    container: ClassVar[str]  # the form, in words for people

    location: Path
    files: tuple[Path, ...]
    notes: tuple[str, ...] = ()

    @classmethod
    @abstractmethod
    def find(cls, listing: Listing) -> Self | None:
        """Recognise this form in a folder by the names of what lies there; None if it is not there."""

    @abstractmethod
    def read(self, *, options: ReadOptions | None = None, progress: Progress = silent) -> RawCollection:
        """Read and check everything.

        Parameters
        ----------
        options
            Image size and grouping.
        progress
            Told of the reading.

        Raises
        ------
        DataError
            If anything is broken; it carries every fault, in the order of files and lines.
        UsageError
            If the options do not fit this source.
        """

    def place_of(self, file: Path) -> str:
        """Return what a file is called in messages: its path below the source's folder."""
        return file.name if file == self.location else file.relative_to(self.location).as_posix()

    def claims_fashion_mnist(self) -> bool:
        """Tell whether the files, or the folder that they lie in, are called Fashion-MNIST."""
        folder = self.location if self.location.is_dir() else self.location.parent
        return bool(re.search(r"fashion[ _-]?mnist", folder.resolve().name, re.IGNORECASE)) or any(
            "fashion" in file.name.lower() for file in self.files
        )


@dataclass(frozen=True, eq=False)
class FoundPart:
    """The training, validation or test part as its reader found it.

    Parameters
    ----------
    labels
        The labels of n images.
    images
        uint8 array of shape (n, height, width) or (n, height, width, 3); None where there was a fault.
    groups
        Array of shape (n,), equal where images show one garment; None where the source says nothing.
    """

    labels: LabelColumn
    images: Images | None
    groups: NDArray[np.str_] | None = None


def split_of_word(word: str) -> Split | None:
    """Tell which part a word stands for: train, training, val, valid, validation, test or testing."""
    return _WORDS.get(word.lower())


def split_named_by(name: str) -> Split | None:
    """Tell which part a file's name stands for, if it says one and only one.

    Examples
    --------
    >>> split_named_by("fashion-mnist_train"), split_named_by("x_test"), split_named_by("latest")
    ('training', 'test', None)
    """
    words = re.findall(r"[A-Z]?[a-z]+|[A-Z]+", name)
    named = {split for word in words if (split := split_of_word(word))}
    return named.pop() if len(named) == 1 else None


def assign_splits(source: Source, faults: FaultList, *, shards: bool = False) -> dict[Split, list[Path]]:
    """Tell from the names of a source's files which part each belongs to.

    A file that was named itself is for training, as is the only one of a folder whose name says nothing.

    Parameters
    ----------
    source
        The source.
    faults
        Takes files whose part is not clear, and the lack of a training file.
    shards
        Whether a part may lie in several files.
    """
    if source.files == (source.location,):
        return {"training": [source.location]}
    splits: dict[Split, list[Path]] = {}
    unnamed = []
    for file in source.files:
        split = split_named_by(file.stem)
        if split is None:
            unnamed.append(file)
        else:
            splits.setdefault(split, []).append(file)
    if len(unnamed) == 1 and "training" not in splits:
        splits["training"] = [unnamed.pop()]
    for file in unnamed:
        faults.add(
            source.place_of(file),
            "the name does not say whether it is for training, validation or test",
            "Put train, validation or test into its name as a word, or move it elsewhere",
        )
    for split, files in splits.items():
        for file in files[1:] if not shards else ():
            problem = f"it is for {split} by its name, as is {source.place_of(files[0])}"
            faults.add(source.place_of(file), problem, "Remove one of them")
    if "training" not in splits and not unnamed:
        found = ", ".join(source.place_of(file) for file in source.files)
        faults.add(
            str(source.location),
            f"there is no training file, only {found}",
            "Add the file with train in its name",
        )
    return {split: splits[split] for split in SPLITS if split in splits}


def collect(
    source: Source,
    parts: Mapping[Split, FoundPart],
    faults: FaultList,
    options: ReadOptions,
    progress: Progress,
    *,
    notes: tuple[str, ...] = (),
) -> RawCollection:
    """Bring parts over one list of classes, or raise what was found wrong with any of them.

    Parameters
    ----------
    source
        What was read.
    parts
        The parts that could be read; where one is missing or has no images, `faults` says why.
    faults
        What was found so far.
    options, progress
        As for `Source.read`.
    notes
        Sentences about what was done on reading.

    Raises
    ------
    DataError
        If there are faults, or a class has images in one part and none in another.
    """
    check_every_class_everywhere({split: part.labels for split, part in parts.items()}, str(source.location), faults)
    faults.raise_if_any()
    classes = all_names([part.labels for part in parts.values()])
    finished = {
        split: RawPart(_at_size(part, options, progress), part.labels.over(classes), classes, part.groups)
        for split, part in parts.items()
    }
    return RawCollection(
        container=source.container,
        location=str(source.location),
        training=finished["training"],
        validation=finished.get("validation"),
        test=finished.get("test"),
        claims_fashion_mnist=source.claims_fashion_mnist(),
        notes=(*source.notes, *notes, *_channel_note(parts, options)),
    )


def _channel_note(parts: Mapping[Split, FoundPart], options: ReadOptions) -> tuple[str, ...]:
    """Say that colours were left out, where they were."""
    coloured = any(part.images is not None and part.images.ndim == 4 for part in parts.values())
    return ("The images are in colour; they were made grey.",) if coloured and options.channels == 1 else ()


def _at_size(part: FoundPart, options: ReadOptions, progress: Progress) -> Images:
    """Return a part's images at the size and with the channels that were asked for."""
    assert part.images is not None
    images = part.images if options.image_size is None else resized(part.images, options.image_size, progress)
    return images if options.channels is None else with_channels(images, options.channels)
