"""Class folders: a folder of pictures for each class, below train and test or by themselves."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from fashion_classifier.data.class_folders import class_name_of
from fashion_classifier.data.labels import LabelColumn
from fashion_classifier.data.picture_sets import Picture, read_pictures
from fashion_classifier.data.pictures import SUFFIXES
from fashion_classifier.data.raw import RawCollection
from fashion_classifier.data.reading import (
    SPLITS,
    FoundPart,
    Listing,
    ReadOptions,
    Source,
    Split,
    collect,
    is_hidden,
    split_of_word,
)
from fashion_classifier.errors import FaultList, UsageError
from fashion_classifier.progress import Progress, silent


@dataclass(frozen=True)
class ClassFolder:
    """The pictures of one class in one part.

    Parameters
    ----------
    split
        The part.
    path
        The folder below the source, with "/".
    files
        The pictures in it and in the folders below it, sorted.
    """

    split: Split
    path: str
    files: tuple[Path, ...]

    @property
    def class_name(self) -> str:
        """The class, whose name the folder has."""
        return class_name_of(self.path.rpartition("/")[2])


class _Scan:
    """Lists class folders below one folder, and remembers what it passes over."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.stray: list[str] = []
        self.others: list[str] = []

    def class_folder(self, split: Split, path: str) -> ClassFolder:
        """List the pictures of one class."""
        files: list[str] = []
        self._walk(str(self.root / path), files)
        files.sort()
        return ClassFolder(split, path, tuple(map(Path, files)))

    def notes(self) -> tuple[str, ...]:
        """Say what was passed over."""
        notes = []
        if self.others:
            notes.append(f"{_counted(self.others, 'file')}: hidden, or no picture by its name.")
        if self.stray:
            notes.append(f"{_counted(self.stray, 'item')}: outside of the class folders.")
        return tuple(notes)

    def _walk(self, folder: str, files: list[str]) -> None:
        """Gather the pictures in a folder and below it; links to folders might lead in circles."""
        waiting = [folder]
        while waiting:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    if is_hidden(entry.name):
                        self.others.append(entry.name)
                    elif entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
                    elif _is_picture(entry.name) and entry.is_file():
                        files.append(entry.path)
                    else:
                        self.others.append(entry.name)


@dataclass(frozen=True, kw_only=True)
class ClassFolders(Source):
    """Folders train/<class>, test/<class> and perhaps val/<class>, or <class> alone, with pictures in them.

    Parameters
    ----------
    folders
        The class folders, part by part and sorted by name; `files` are theirs, in the same order.
    """

    container: ClassVar[str] = "class folders"

    folders: tuple[ClassFolder, ...]

    @classmethod
    def find(cls, listing: Listing) -> Self | None:
        """Recognise folders in which there is at least one picture."""
        splits = [(split, name) for name in listing.folders if (split := split_of_word(name))]
        splits.sort(key=lambda split: SPLITS.index(split[0]))
        scan = _Scan(listing.folder)
        folders: list[ClassFolder] = []
        for split, name in splits:
            below = Listing.of(listing.folder / name)
            scan.stray.extend(f"{name}/{file}" for file in below.files if _is_picture(file))
            folders.extend(scan.class_folder(split, f"{name}/{class_}") for class_ in below.folders)
        if splits:
            scan.stray.extend(f"{name}/" for name in listing.folders if not split_of_word(name))
        else:
            folders.extend(scan.class_folder("training", name) for name in listing.folders)
        scan.stray.extend(file for file in listing.files if _is_picture(file))
        files = tuple(file for folder in folders for file in folder.files)
        if not files:
            return None
        return cls(location=listing.folder, files=files, folders=tuple(folders), notes=scan.notes())

    def read(self, *, options: ReadOptions | None = None, progress: Progress = silent) -> RawCollection:
        """Decode and check all pictures; see `Source.read`."""
        options = options or ReadOptions()
        faults = FaultList()
        places = self._places()
        groups = None if options.group_by is None else _groups(places, options.group_by)
        self._check_folders(faults)
        pictures = [Picture(place, file) for place, file in zip(places, self.files, strict=True)]
        found = read_pictures(pictures, options.image_size, faults, progress, way=options.pictures)
        parts: dict[Split, FoundPart] = {}
        start = 0
        for split in SPLITS:
            folders = [folder for folder in self.folders if folder.split == split]
            stop = start + sum(len(folder.files) for folder in folders)
            if stop > start:
                images = None if found is None else found.images[start:stop]
                parts[split] = FoundPart(_labels(folders), images, None if groups is None else groups[start:stop])
            start = stop
        return collect(self, parts, faults, options, progress, notes=found.notes if found else ())

    def _places(self) -> list[str]:
        """Return the path of each file below the source, faster than `Path.relative_to` would."""
        root = len(str(self.location / "x")) - 1
        return [_shown(str(file)[root:].replace(os.sep, "/")) for file in self.files]

    def _check_folders(self, faults: FaultList) -> None:
        """Note faults that show before any picture is opened."""
        names: dict[Split, set[str]] = {}
        for folder in self.folders:
            names.setdefault(folder.split, set()).add(folder.path.rpartition("/")[0])
        for split, several in names.items():
            if len(several) > 1:
                problem = f"the {split} images are in several folders: {', '.join(sorted(several))}"
                faults.add(str(self.location), problem, "Leave one of them")
        if not any(folder.files for folder in self.folders if folder.split == "training"):
            problem = "there are no training images, which are expected in train/<class>"
            faults.add(str(self.location), problem, "Add them, or name the folder of the classes itself")
        used = {folder.class_name for folder in self.folders if folder.files}
        for folder in self.folders:
            if folder.class_name not in used:
                problem = "there is no picture in the folder of this class"
                faults.add(folder.path, problem, "Add images of the class, or remove the folder")
            if folder.path != _shown(folder.path):
                faults.add(_shown(folder.path), "the folder's name is not UTF-8", "Rename the folder")


def picture_folders(listing: Listing) -> tuple[str, ...]:
    """Name the folders in which a short look finds a picture, in them or one folder deeper."""
    return tuple(name for name in listing.folders if _shows_picture(listing.folder / name, depth=2))


def _shows_picture(folder: Path, depth: int) -> bool:
    """Look for a picture among the first entries of a folder."""
    with os.scandir(folder) as entries:
        first = list(islice(entries, 100))
    return any(_is_picture(entry.name) for entry in first) or any(
        _shows_picture(Path(entry.path), depth - 1)
        for entry in first
        if depth > 1 and entry.is_dir(follow_symlinks=False) and not is_hidden(entry.name)
    )


def _is_picture(name: str) -> bool:
    """Tell a picture by the end of its name."""
    return os.path.splitext(name)[1].lower() in SUFFIXES  # noqa: PTH122 - a Path for each of 70,000 names takes longer


def _labels(folders: Sequence[ClassFolder]) -> LabelColumn:
    """Label each picture with the class of its folder."""
    names = tuple(dict.fromkeys(folder.class_name for folder in folders if folder.files))
    codes = [names.index(folder.class_name) for folder in folders if folder.files]
    counts = [len(folder.files) for folder in folders if folder.files]
    return LabelColumn(np.repeat(np.array(codes, dtype=np.int64), counts), names)


def _groups(places: Sequence[str], pattern: str) -> NDArray[np.str_]:
    """Find the garment in each path; where the pattern finds nothing, the path stands for itself.

    A pattern that finds nothing anywhere is refused: what it was to keep together would be split unnoticed.
    """
    try:
        garment = re.compile(pattern)
    except re.error as error:
        raise UsageError(
            f"group by: {pattern!r} is no regular expression ({error}). Correct it, or leave it away."
        ) from error
    found = [(garment.search(place), place) for place in places]
    if not any(match for match, _ in found):
        raise UsageError(
            f"group by: {pattern!r} is found in none of the {len(places):,} paths; the first is {places[0]}. "
            "Correct the pattern, or leave it away."
        )
    names = [place if match is None else match[min(1, garment.groups)] or "" for match, place in found]
    return np.array(names, dtype=np.str_)


def _counted(names: Sequence[str], noun: str) -> str:
    """Return "3 files were passed over" with the first names."""
    listed = ", ".join(sorted(set(names))[:3]) + (", …" if len(set(names)) > 3 else "")
    return f"{len(names):,} {noun}{' was' if len(names) == 1 else 's were'} passed over ({listed})"


def _shown(path: str) -> str:
    """Return a path as it can be printed: bytes that are not UTF-8 become question marks."""
    return path.encode("utf-8", "replace").decode()
