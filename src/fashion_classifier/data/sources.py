"""What lies at a place: recognised by looking at it, before anything is read."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from fashion_classifier.data.arrays import NpzFile
from fashion_classifier.data.csv_files import CsvFiles, CsvParts
from fashion_classifier.data.idx_files import IdxFiles
from fashion_classifier.data.image_folders import ClassFolders, picture_folders
from fashion_classifier.data.parquet_files import ParquetFiles
from fashion_classifier.data.reading import Listing, ReadOptions, Source
from fashion_classifier.errors import DataError, Fault, UnavailableError

__all__ = ["ReadOptions", "Source", "find_source"]

_FILE_FORMS: tuple[type[Source], ...] = (
    CsvParts,
    IdxFiles,
    NpzFile,
    ParquetFiles,
    CsvFiles,
)
_SINGLE_FILES: dict[str, type[Source]] = {
    ".csv": CsvFiles,
    ".npz": NpzFile,
    ".parquet": ParquetFiles,
}
_EXPECTED = (
    "expected are Fashion Train Data 1.csv to 6.csv, IDX files (train-images-idx3-ubyte), an NPZ file, "
    "Parquet files, CSV files (label,pixel1,…), or class folders of pictures (train/<class>/…)"
)


def find_source(location: Path) -> Source:
    """Recognise the labelled images at a place.

    Of several forms in one folder, the first of these is taken, and a note says what was left aside: the six
    Fashion CSV parts, IDX files, an NPZ file, Parquet files, other CSV files, class folders. CSV files without
    pixel columns beside class folders, lists of the pictures for instance, are left aside.

    Parameters
    ----------
    location
        A folder; or a CSV, NPZ or Parquet file.

    Returns
    -------
    Source
        What was found; its files are listed, none of them has been read.

    Raises
    ------
    UnavailableError
        If there is nothing at this place.
    DataError
        If nothing there is recognised.
    """
    try:
        if location.is_file():
            return _single_file(location)
        if location.is_dir():
            return _folder(location)
    except OSError as error:
        problem = f"{location}: it cannot be opened ({error.strerror}). Check the name and the permissions."
        raise UnavailableError(problem) from error
    raise UnavailableError(f"{location}: there is no such file or folder; {_EXPECTED}. Check the place's name.")


def _folder(location: Path) -> Source:
    """Recognise what lies in a folder."""
    listing = Listing.of(location)
    found = [source for form in _FILE_FORMS if (source := form.find(listing))]
    match found:
        case [CsvFiles() as files] if files.are_lists() and (source := ClassFolders.find(listing)):
            names = _shortened([file.name for file in files.files])
            return replace(source, notes=(*source.notes, f"Left aside was what has no pixel columns: {names}."))
        case [_, *_]:
            return _with_note(found, listing)
    if source := ClassFolders.find(listing):
        return source
    problem = f"no labelled images were recognised: {_described(listing)}; {_EXPECTED}"
    raise DataError(Fault(str(location), problem, "Name the folder in which the data itself lies"))


def _single_file(location: Path) -> Source:
    """Recognise a file by its name's end."""
    form = _SINGLE_FILES.get(location.suffix.lower())
    if form is None:
        problem = "a file of this kind is not read; .csv, .npz and .parquet are, or a folder"
        raise DataError(Fault(str(location), problem, "Name the folder it lies in, if it is one of several files"))
    return form(location=location, files=(location,))


def _with_note(found: list[Source], listing: Listing) -> Source:
    """Take the first form that was found, and say what else lies there."""
    source, *others = found
    aside = [f"{other.container} ({_shortened([other.place_of(file) for file in other.files])})" for other in others]
    inside = {file.relative_to(source.location).parts[0] for other in found for file in other.files}
    folders = [name for name in picture_folders(listing) if name not in inside]
    if folders:
        aside.append(f"folders of pictures ({_shortened(folders)})")
    if not aside:
        return source
    note = f"Only the {source.container} were read; left aside were {', '.join(aside)}."
    return replace(source, notes=(*source.notes, note))


def _described(listing: Listing) -> str:
    """Say what lies in a folder."""
    names = [*(f"{name}/" for name in listing.folders), *listing.files]
    return f"there are {_shortened(names)}" if names else "the folder is empty"


def _shortened(names: list[str]) -> str:
    """Return the first three names."""
    return ", ".join(names[:3]) + (f" and {len(names) - 3:,} more" if len(names) > 3 else "")
