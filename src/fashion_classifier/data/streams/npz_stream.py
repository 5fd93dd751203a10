"""The arrays of images in an NPZ file, read some thousand images at a time."""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import IO, Any, Self

import numpy as np

from fashion_classifier.data.arrays import checked_entry, checked_header, read_array
from fashion_classifier.data.dataset import ImageShape
from fashion_classifier.data.streams.blocks import (
    LARGEST_IMAGE,
    Block,
    PixelFile,
    block_of_array,
    failed,
    rows_at_a_time,
)
from fashion_classifier.errors import DataError, Fault

NAMES = ("x", "x_train", "x_val", "x_test", "images")  # of arrays that hold images
MOST_AT_ONCE = 256 << 20  # bytes of an array in Fortran's order, whose images do not lie one after the other
_SAVE_AGAIN = "Save the arrays again with numpy.savez"


@dataclass(frozen=True)
class NpzStream(PixelFile):
    """The arrays x, x_train, x_val, x_test and images of an NPZ file, or its only array, whatever it is called."""

    @classmethod
    def of(cls, path: Path) -> Self:
        """List the arrays."""
        n, labelled = 1, False
        try:
            with zipfile.ZipFile(path) as archive:
                entries = image_entries(archive)
                n = max(1, sum(_length(archive, entry) for entry in entries))
                names = {name.filename.removesuffix(".npy") for name in archive.infolist()}
                labelled = any(f"y{entry.filename.removesuffix('.npy')[1:]}" in names for entry in entries)
        except Exception:  # noqa: BLE001 - of many kinds, as below; reading will tell what is wrong
            n = 1
        return cls(path, n, labelled)

    def blocks(self, shape: ImageShape) -> Iterator[Block]:
        """Read the images; see `PixelFile.blocks`."""
        try:
            with zipfile.ZipFile(self.path) as archive:
                entries = image_entries(archive)
                if not entries:
                    there = ", ".join(sorted(entry.filename.removesuffix(".npy") for entry in archive.infolist())[:10])
                    problem = f"none of its arrays is called {', '.join(NAMES)}; there are {there or 'none'}"
                    yield failed(self.path, f"{self.path}: {problem}. Rename the array of the images.", shape)
                for entry in entries:
                    yield from self._read(archive, entry, f"[{_name(entry)}]" if entries[1:] else "", shape)
        except OSError as error:
            yield failed(self.path, f"{self.path}: the file cannot be read ({error.strerror or error})", shape)
        except (ValueError, zipfile.BadZipFile, NotImplementedError, struct.error) as error:
            yield failed(self.path, f"{self.path}: this is no NPZ file ({error}). {_SAVE_AGAIN}.", shape)

    def _read(self, archive: zipfile.ZipFile, entry: zipfile.ZipInfo, name: str, shape: ImageShape) -> Iterator[Block]:
        """Read one array."""
        done = 0
        try:
            for rows in _slices(archive, entry, f"{self.path}, {_name(entry)}"):
                yield block_of_array(self.path, done + 1, rows, shape, name)
                done += len(rows)
            if not done:
                yield failed(
                    self.path, f"{self.path}, {_name(entry)}: there are no images in it. {_SAVE_AGAIN}.", shape
                )
        except DataError as error:
            yield failed(self.path, error, shape)
        except Exception as error:  # noqa: BLE001 - damaged archives end in many kinds of errors, as in `data.arrays`
            reason = " ".join(str(error).split()) or type(error).__name__
            problem = f"the array cannot be read after image {done:,} ({reason})"
            yield failed(self.path, f"{self.path}, {_name(entry)}: {problem}. {_SAVE_AGAIN}.", shape)


def image_entries(archive: zipfile.ZipFile) -> Sequence[zipfile.ZipInfo]:
    """Return the arrays of images of an archive."""
    entries = [entry for entry in archive.infolist() if entry.filename.endswith(".npy")]
    named = {_name(entry): entry for entry in entries}
    return [named[name] for name in NAMES if name in named] or (entries if len(entries) == 1 else [])


def _name(entry: zipfile.ZipInfo) -> str:
    """Return what an array is called."""
    return entry.filename.removesuffix(".npy")


def _length(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> int:
    """Return the number of images that an array's header claims."""
    checked_entry(entry, entry.filename)
    with archive.open(entry) as stream:
        shape, _, _ = checked_header(stream, entry.file_size, entry.filename)
    return shape[0] if shape else 1


def _slices(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, place: str) -> Iterator[np.ndarray[Any, Any]]:
    """Read an array some rows at a time; one in Fortran's order only as a whole."""
    checked_entry(entry, place)
    with archive.open(entry) as stream:
        shape, fortran, dtype = checked_header(stream, entry.file_size, place)
        if prod(shape[1:] or shape) > LARGEST_IMAGE:
            problem = f"it has shape {shape}; an image of that size is not read"
            raise DataError(Fault(place, problem, "Use smaller images"))
        if fortran and entry.file_size > MOST_AT_ONCE:
            problem = f"its {entry.file_size:,} bytes are in Fortran's order, and too many to be read at once"
            raise DataError(Fault(place, problem, "Save numpy.ascontiguousarray of it"))
        if len(shape) < 2 or fortran:
            array = read_array(archive, entry, place)
            yield from (array[None] if array.ndim < 2 else array,)
            return
        row_bytes = prod(shape[1:]) * dtype.itemsize
        left, at_a_time = shape[0], rows_at_a_time(row_bytes)
        while left:
            rows = min(left, at_a_time)
            yield np.frombuffer(_exactly(stream, rows * row_bytes), dtype).reshape(rows, *shape[1:])
            left -= rows


def _exactly(stream: IO[bytes], n_bytes: int) -> bytes:
    """Read so many bytes."""
    content = stream.read(n_bytes)
    if len(content) < n_bytes:
        raise EOFError("it ends too early")
    return content
