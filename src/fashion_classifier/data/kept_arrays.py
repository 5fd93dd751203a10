"""Arrays that this program keeps for itself, read as warily as anybody's: no objects, no more than the file holds."""

from __future__ import annotations

import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from fashion_classifier.data.arrays import checked_header, read_array
from fashion_classifier.errors import DataError, Fault
from fashion_classifier.limits import check_room


def read_kept(path: Path, what: str, remedy: str) -> dict[str, NDArray[Any]]:
    """Read the arrays of an NPZ file, by name.

    Parameters
    ----------
    path
        The file.
    what, remedy
        What it should hold, and what to do if it does not, for the message.

    Raises
    ------
    DataError
        If it is damaged.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            entries = {entry.filename.removesuffix(".npy"): entry for entry in archive.infolist()}
            return {name: read_array(archive, entry, name) for name, entry in entries.items()}
    except MemoryError:  # nothing is wrong with the file: what it claims was compared with its size
        raise
    except Exception as error:  # damaged archives end in many kinds of errors
        raise _damaged(path, what, remedy, error) from error


def read_kept_array(path: Path, what: str, remedy: str, *, mapped: bool = False) -> NDArray[Any]:
    """Read the array of an NPY file; parameters and errors as for `read_kept`.

    Parameters
    ----------
    mapped
        Whether it stays in the file, of which is read what is looked at.
    """
    try:
        with path.open("rb") as file:
            n_bytes = path.stat().st_size
            checked_header(file, n_bytes, path.name)
            if not mapped:
                check_room(n_bytes, f"{path}: its numbers")
            file.seek(0)
            return np.asanyarray(
                npy.open_memmap(path, mode="r") if mapped else npy.read_array(file, allow_pickle=False)
            )
    except MemoryError:
        raise
    except Exception as error:  # damaged headers, too
        raise _damaged(path, what, remedy, error) from error


def parse_kept_array(content: bytes, place: str, what: str, remedy: str) -> NDArray[Any]:
    """Read the array of an NPY file's content, kept at some place; parameters and errors as for `read_kept`."""
    file = BytesIO(content)
    try:
        checked_header(file, len(content), place)
        file.seek(0)
        return np.asanyarray(npy.read_array(file, allow_pickle=False))
    except MemoryError:
        raise
    except Exception as error:  # damaged headers, too
        raise _damaged(place, what, remedy, error) from error


def _damaged(path: Path | str, what: str, remedy: str, error: Exception) -> DataError:
    """Say that a file is damaged, and how that shows."""
    found = error.faults[0].problem if isinstance(error, DataError) else str(error) or type(error).__name__
    return DataError(Fault(str(path), f"{what} cannot be read ({' '.join(found.split())})", remedy))
