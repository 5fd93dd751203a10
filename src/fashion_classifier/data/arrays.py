"""NPZ files, NumPy's archives of arrays: x_train, y_train, perhaps x_test, y_test, x_val, y_val, classes."""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import IO, Any, ClassVar, Self

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from fashion_classifier.data.labels import LabelColumn, LabelKind, canonical
from fashion_classifier.data.pixels import MAX_IMAGE_BYTES, Size, as_images
from fashion_classifier.data.raw import RawCollection
from fashion_classifier.data.reading import FoundPart, Listing, ReadOptions, Source, Split, collect
from fashion_classifier.errors import DataError, Fault, FaultList, UsageError
from fashion_classifier.limits import check_room
from fashion_classifier.progress import Progress, silent

_SUFFIXES: dict[str, Split] = {"train": "training", "val": "validation", "test": "test"}
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # what NumPy writes
_DEFLATE_RATIO = 1032  # no deflate stream expands by more (zlib's technical details)
_ENCRYPTED = 1  # a flag of the ZIP format
_HEADERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
_SAVE_AGAIN = "Save the arrays again with numpy.savez"
_SAVE_AS_NUMBERS = "Save it again with numpy.savez, as numbers or text"

Arrays = Mapping[str, NDArray[Any] | None]  # None: there, but with a fault


@dataclass(frozen=True, kw_only=True)
class NpzFile(Source):
    """One NPZ file with x_train and y_train, perhaps x_test, y_test, x_val, y_val, groups_train, and classes.

    Images have shape (n, height, width), (n, height, width, 1 or 3) or (n, pixels); labels are numbers or
    names; where there is an array of names, `classes`, label i is called classes[i].
    """

    container: ClassVar[str] = "NPZ arrays"

    @classmethod
    def find(cls, listing: Listing) -> Self | None:
        """Recognise a file that ends in .npz."""
        files = tuple(listing.folder / name for name in listing.files if name.lower().endswith(".npz"))
        return cls(location=listing.folder, files=files) if files else None

    def read(self, *, options: ReadOptions | None = None, progress: Progress = silent) -> RawCollection:
        """Read and check all arrays; see `Source.read`."""
        options = options or ReadOptions()
        faults = FaultList()
        if len(self.files) > 1:
            problem = f"there are several NPZ files: {', '.join(file.name for file in self.files)}"
            faults.add(str(self.location), problem, "Name the one that is to be read")
            faults.raise_if_any()
        place = self.files[0].name
        stems = ("x", "y", options.group_by or "groups")
        wanted = [f"{stem}_{suffix}" for suffix in _SUFFIXES for stem in stems]
        arrays = _read_arrays(self.files[0], ["classes", *wanted], faults, progress)
        if options.group_by is not None and f"{options.group_by}_train" not in arrays:
            raise UsageError(
                f"{place}: there is no array {options.group_by}_train to group by. Name one of its arrays so."
            )
        names = _class_names(arrays, place, faults)
        parts: dict[Split, FoundPart] = {}
        for suffix, split in _SUFFIXES.items():
            keys = [f"{stem}_{suffix}" for stem in stems]
            part = _read_part(keys, arrays, names, place=place, size=options.image_size, faults=faults)
            if part is not None:
                parts[split] = part
        return collect(self, parts, faults, options, progress)


def _read_part(
    keys: list[str],
    arrays: Arrays,
    names: tuple[str, ...] | None,
    *,
    place: str,
    size: Size | None,
    faults: FaultList,
) -> FoundPart | None:
    """Check the images, labels and groups of one part; None where there are no labels to go on with."""
    x, y, groups = keys
    for key, other in ((x, y), (y, x)):
        if key not in arrays and other in arrays and not key.endswith("_train"):
            faults.add(place, f"there is an array {other}, but no {key}", "Add the array")
    values, numbers, garments = arrays.get(x), arrays.get(y), arrays.get(groups)
    labels = None if numbers is None else _labels(numbers, names, f"{place}, {y}", faults)
    images = None if values is None else as_images(values, f"{place}, {x}", size, faults)
    if values is not None:
        for key, array in ((y, numbers), (groups, garments)):
            if array is not None and array.shape[:1] != values.shape[:1]:
                problem = f"it has shape {array.shape}, but {x} has shape {values.shape}"
                faults.add(f"{place}, {key}", problem, "Save arrays that belong together")
    if garments is not None and (garments.ndim != 1 or garments.dtype.kind not in "iuU"):
        problem = f"it has shape {garments.shape} and type {garments.dtype}"
        faults.add(f"{place}, {groups}", problem, "Save one number or text for each image")
    if labels is None:
        return None
    return FoundPart(labels, images, None if garments is None else garments.astype(np.str_))


def _class_names(arrays: Arrays, place: str, faults: FaultList) -> tuple[str, ...] | None:
    """Read the array `classes`; None where there is none, or it has a fault."""
    array = arrays.get("classes")
    if array is None:
        return None
    if array.ndim != 1 or array.dtype.kind != "U" or len(np.unique(array)) != len(array) or "" in array:
        problem = f"it has shape {array.shape} and type {array.dtype}; a list of different names is expected"
        faults.add(f"{place}, classes", problem, "Save the names as text, in the order of the labels")
        return None
    return tuple(array.tolist())


def _labels(array: NDArray[Any], names: tuple[str, ...] | None, place: str, faults: FaultList) -> LabelColumn | None:
    """Encode labels."""
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim != 1 or array.dtype.kind not in "iuU":
        problem = f"it has shape {array.shape} and type {array.dtype}; labels have shape (n,)"
        faults.add(place, problem, "Save one whole number or name for each image (of one-hot rows, the argmax)")
        return None
    used, codes = np.unique(array, return_inverse=True)
    texts = [str(label) for label in used.tolist()]
    kinds = {LabelKind.of(text): text for text in texts}
    expected = "labels are whole numbers from 0 on, or names"
    if not texts:
        faults.add(place, "there are no labels in it", "Save one label an image")
    elif LabelKind.UNFIT in kinds:
        faults.add(place, f"there is a label {kinds[LabelKind.UNFIT]!r}; {expected}", "Correct the labels")
    elif len(kinds) > 1:
        faults.add(place, f"there are both numbers and names among the labels; {expected}", "Correct the labels")
    elif names is not None and LabelKind.NUMBER in kinds and int(used.max()) >= len(names):
        problem = f"there is a label {used.max()}, but classes has names for 0 to {len(names) - 1} alone"
        faults.add(place, problem, "Correct the labels, or add the name")
    else:
        numbered = names is not None and LabelKind.NUMBER in kinds
        column = LabelColumn.of_names([names[int(text)] if numbered and names else canonical(text) for text in texts])
        return LabelColumn(column.codes[codes], column.names)
    return None


def _read_arrays(path: Path, wanted: list[str], faults: FaultList, progress: Progress) -> Arrays:
    """Read the wanted arrays that are there; what cannot be read is None."""
    arrays: dict[str, NDArray[Any] | None] = {}
    try:
        with zipfile.ZipFile(path) as archive:
            entries = {entry.filename.removesuffix(".npy"): entry for entry in archive.infolist()}
            for number, name in enumerate(name for name in wanted if name in entries):
                progress("Reading NPZ arrays", number, len(wanted), name)
                try:
                    arrays[name] = read_array(archive, entries[name], f"{path.name}, {name}")
                except DataError as error:
                    faults.faults.extend(error.faults)
                    arrays[name] = None
            progress("Reading NPZ arrays", len(wanted), len(wanted))
    except (zipfile.BadZipFile, NotImplementedError, ValueError, struct.error) as error:
        faults.add(path.name, f"this is no NPZ file ({error})", _SAVE_AGAIN)
        faults.raise_if_any()
    except OSError as error:
        problem = f"the file cannot be read ({error.strerror})"
        faults.add(path.name, problem, "Check the file and its permissions")
        faults.raise_if_any()
    for name in ("x_train", "y_train"):
        if name not in entries:
            there = ", ".join(sorted(entries)[:10]) or "none"
            faults.add(path.name, f"there is no array {name}; the arrays are {there}", "Rename or add it")
    return arrays


def read_array(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, place: str) -> NDArray[Any]:
    """Read one array, after comparing what is claimed of it with what the archive can hold.

    Raises
    ------
    DataError
        If it is damaged, too large, or none that is read.
    """
    checked_entry(entry, place)
    try:
        with archive.open(entry) as stream:
            checked_header(stream, entry.file_size, place)
        with archive.open(entry) as stream:
            return npy.read_array(stream, allow_pickle=False)
    except DataError:
        raise
    except Exception as error:  # damaged archives and headers end in many kinds of errors
        problem = f"the array cannot be read ({' '.join(str(error).split()) or type(error).__name__})"
        raise DataError(Fault(place, problem, _SAVE_AGAIN)) from error


def checked_entry(entry: zipfile.ZipInfo, place: str) -> None:
    """Check what an archive claims of an array.

    Raises
    ------
    DataError
        If it is packed as NumPy does not, or too large.
    """
    ratio = _DEFLATE_RATIO if entry.compress_type == zipfile.ZIP_DEFLATED else 1
    if (
        entry.compress_type not in _METHODS
        or entry.flag_bits & _ENCRYPTED
        or entry.file_size > entry.compress_size * ratio
    ):
        problem = "it is packed in a way in which NumPy does not write"
        raise DataError(Fault(place, problem, _SAVE_AGAIN))
    if entry.file_size > MAX_IMAGE_BYTES:
        problem = f"it takes {entry.file_size:,} bytes; at most {MAX_IMAGE_BYTES // 1024**3} GiB are read"
        raise DataError(Fault(place, problem, "Save fewer or smaller images, as uint8"))
    check_room(entry.file_size, f"{place}: its values")


def checked_header(stream: IO[bytes], n_bytes: int, place: str) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Read an array's header and compare it with the number of bytes that there are.

    Returns
    -------
    tuple
        Shape, whether it is in Fortran's order, and type.

    Raises
    ------
    DataError
        If it is none that is read, or does not agree with the size.
    """
    version = npy.read_magic(stream)
    problem = ""
    if version not in _HEADERS:
        problem = f"it is in version {version[0]}.{version[1]} of NumPy's format; 1.0 and 2.0 are read"
        raise DataError(Fault(place, problem, _SAVE_AS_NUMBERS))
    shape, fortran, dtype = _HEADERS[version](stream)
    left = n_bytes - stream.tell()
    if dtype.hasobject:
        problem = "it holds Python objects, which are not read"
    elif min(shape, default=0) < 0 or not dtype.itemsize or prod(shape) * dtype.itemsize != left:
        problem = f"its header claims shape {shape} and type {dtype}, but {left:,} bytes follow"
    if problem:
        raise DataError(Fault(place, problem, _SAVE_AS_NUMBERS))
    return shape, fortran, dtype
