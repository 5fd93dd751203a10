"""Pictures put into a folder for each class by what a model says of them; nothing is moved, and nothing overwritten."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from fashion_classifier.data.class_folders import folder_name
from fashion_classifier.errors import UsageError
from fashion_classifier.inference.answers import Answer
from fashion_classifier.inference.globs import is_pattern, reaches
from fashion_classifier.storage import place_unless_taken

REFUSED = "none of these"  # the folder of the pictures that are refused
LONGEST_NAME = 255  # bytes, on nearly all file systems


class Sorter:
    """Copies or links pictures into class folders.

    Parameters
    ----------
    folder
        Where the class folders lie; made as they are needed.
    places
        Files, folders and patterns from which the pictures come.
    link
        Whether symbolic links are made instead of copies.

    Raises
    ------
    UsageError
        If the folder is a file, or one of the places or inside of one: what is put there would be found again.
    """

    def __init__(self, folder: Path, places: Sequence[Path], *, link: bool = False) -> None:
        check_elsewhere(folder, places)
        self.folder, self.link = folder, link

    def put(self, picture: Path, answer: Answer) -> Path:
        """Copy or link a picture into its class's folder, or that of the refused ones; return where it lies.

        Where there is a file of its name already, a number is added.
        """
        folder = self.folder / (REFUSED if answer.refused else folder_name(answer.predicted))
        folder.mkdir(parents=True, exist_ok=True)
        while True:
            place = free_place(folder, picture)
            with suppress(FileExistsError):  # when another process has just taken it
                self._put_at(place, picture)
                return place

    def _put_at(self, place: Path, picture: Path) -> None:
        """Copy or link a picture to its place, which must be free."""
        if self.link:
            place.symlink_to(picture.resolve())
            return
        handle, name = tempfile.mkstemp(dir=place.parent, prefix=".", suffix=".part")
        os.close(handle)
        unfinished = Path(name)
        try:
            shutil.copy2(picture, unfinished)
            place_unless_taken(unfinished, place)
        finally:
            unfinished.unlink(missing_ok=True)


def check_elsewhere(folder: Path, places: Sequence[Path]) -> None:
    """Check that a folder can be written to without being read from.

    Raises
    ------
    UsageError
        If it is a file, or one of the places or inside of one, or a pattern reaches it.
    """
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is a file; nothing was overwritten. Name a folder.")
    inside = [place for place in places if _lies_in(folder, place)]
    if inside:
        raise UsageError(f"{folder} lies in {inside[0]}, from which pictures are taken: name a folder elsewhere.")


def _lies_in(folder: Path, place: Path) -> bool:
    """Tell whether what is put into a folder would be found again at a place."""
    return reaches(place, folder) if is_pattern(place) else folder.resolve().is_relative_to(place.resolve())


def free_place(folder: Path, picture: Path) -> Path:
    """Return a place for a picture that is not taken, found in few steps even among many pictures of one name."""
    taken, free = 0, 1
    while os.path.lexists(_numbered(folder, picture, free)):
        taken, free = free, 2 * free
    while free - taken > 1:
        middle = (taken + free) // 2
        if os.path.lexists(_numbered(folder, picture, middle)):
            taken = middle
        else:
            free = middle
    return _numbered(folder, picture, free)


def _numbered(folder: Path, picture: Path, number: int) -> Path:
    """Return a picture's place in a folder, with a number from 2 on."""
    stem, end = picture.stem, f" ({number}){picture.suffix}" if number > 1 else picture.suffix
    while len(os.fsencode(stem + end)) > LONGEST_NAME:
        stem = stem[:-1]
    return folder / (stem + end)
