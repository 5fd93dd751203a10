"""Data written in the forms in which it is read; whole, or not at all."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from fashion_classifier.data.dataset import Dataset
from fashion_classifier.data.known import SMALL_GREY
from fashion_classifier.data.labels import LabelKind
from fashion_classifier.data.writers import N_PARTS, WRITERS, Part, class_numbers
from fashion_classifier.errors import UsageError
from fashion_classifier.progress import Progress, silent
from fashion_classifier.storage import atomic_folder, atomic_path

FORMS = tuple(WRITERS)
_LARGEST_BYTE = 255


def guess_form(target: Path) -> str:
    """Tell from a target's name in which form it is to be written: the form that its name ends in.

    Raises
    ------
    UsageError
        If it ends in none.

    Examples
    --------
    >>> [guess_form(Path(name)) for name in ("fashion.npz", "fashion.parquet", "my-idx", "six_csv-parts", "png")]
    ['npz', 'parquet', 'idx', 'csv-parts', 'png']
    """
    longest_first = sorted(FORMS, key=len, reverse=True)
    found = re.search(rf"(?:^|[^a-z])({'|'.join(longest_first)})$", target.name.lower())
    if found is None:
        raise UsageError(
            f"{target}: the name does not say in which form to write. Name one of {', '.join(FORMS)}, "
            f"or let the name end in one (as {target.name}-idx does)."
        )
    return found[1]


def check_target(target: Path, form: str) -> None:
    """Check, before data is read, that it can be written in a form, at a place.

    Raises
    ------
    UsageError
        If there is no such form, something is at the place, or its name does not fit the form.
    """
    if form not in WRITERS:
        raise UsageError(f"There is no form {form!r} to write data in. Choose one of {', '.join(FORMS)}.")
    if target.exists() or target.is_symlink():
        raise UsageError(f"{target} is already there; nothing was overwritten. Name another target, or remove it.")
    if form == "npz" and target.suffix.lower() != ".npz":
        raise UsageError(f"{target}: an NPZ file's name ends in .npz. Name the target so.")


def write_collection(parts: Mapping[str, Dataset], target: Path, form: str, progress: Progress = silent) -> Path:
    """Write data in another form.

    Parameters
    ----------
    parts
        "training" and, where there are any, "validation" and "test": data of one image shape and one list of classes.
    target
        What to write; nothing may be there yet. A file for NPZ, and for CSV and Parquet if its name ends in
        ``.csv`` or ``.parquet``; else a folder.
    form
        "csv-parts", the six CSV files of Fashion-MNIST and its test file; "csv", one file a part in Kaggle's form;
        "idx", gzipped; "png", class folders; "npz"; or "parquet", as Hugging Face writes it.
    progress
        Told of the writing.

    Returns
    -------
    Path
        `target`.

    Raises
    ------
    UsageError
        If something is there already, or the form cannot hold the data.
    UnavailableError
        If the file system refuses.
    """
    check_target(target, form)
    known = {part: parts[part.value] for part in Part if part.value in parts}
    _check_place(known, target, form)
    _check_holds(known, form)
    is_file = target.suffix.lower() == f".{form}"
    with atomic_path(target) if is_file else atomic_folder(target) as place:
        WRITERS[form](known, place, progress)
    return target


def _check_place(parts: Mapping[Part, Dataset], target: Path, form: str) -> None:
    """Check that the target's name fits the form."""
    ending = f".{form}"
    if form in {"csv", "parquet"} and target.suffix.lower() == ending and set(parts) != {Part.TRAINING}:
        raise UsageError(
            f"{target}: one {ending} file holds one part, but there are {', '.join(part.value for part in parts)}. "
            f"Name a folder (without {ending}), in which each part gets its file."
        )


def _check_holds(parts: Mapping[Part, Dataset], form: str) -> None:
    """Check that the form can hold the data, so that reading gives back what was written."""
    some = parts[Part.TRAINING]
    numbers = class_numbers(some.classes)
    if form in {"csv-parts", "idx", "png"} and any(part.groups is not None for part in parts.values()):
        _refuse(form, "which images show one garment has no place in it", "csv, npz or parquet")
    if form == "csv-parts":
        if some.shape != SMALL_GREY or numbers is None or sorted(numbers) != list(range(10)):
            have = f"these are {some.shape} of {len(some.classes)} classes"
            _refuse(form, f"it holds 28x28 grey images of the ten Fashion-MNIST classes; {have}", "csv")
        if Part.VALIDATION in parts:
            _refuse(form, "a validation set has no place in it", "csv")
        if len(some) < N_PARTS:
            _refuse(form, f"{len(some)} training images do not make {N_PARTS} parts", "csv")
    if form == "idx" and (numbers is None or max(numbers) > _LARGEST_BYTE):
        have = f"it holds numbers from 0 to {_LARGEST_BYTE} as labels; the classes are {', '.join(some.classes[:3])}, …"
        _refuse(form, have, "npz, parquet or png")
    if form == "csv":
        if len({LabelKind.of(name) for name in some.classes} | {LabelKind.NAME}) > 1 and numbers is None:
            _refuse(form, "its labels are all numbers or all names, and not every class is", "npz or parquet")
        if some.shape.channels == 3 and some.shape.height != some.shape.width:
            _refuse(form, f"its rows do not tell height and width of {some.shape} images", "npz, parquet or png")


def _refuse(form: str, why: str, instead: str) -> None:
    """Say why a form cannot hold the data."""
    raise UsageError(f"The form {form} cannot hold this data: {why}. Choose {instead}.")
