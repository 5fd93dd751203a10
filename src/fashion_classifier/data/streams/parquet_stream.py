"""A Parquet file of images, read slice by slice: Polars passes over what lies before a slice, and holds no row group.

As in loading, what its headers claim is looked at first (`data.parquet_check`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fashion_classifier.data.dataset import Images, ImageShape
from fashion_classifier.data.parquet_check.pages import Bounds, check_parquet
from fashion_classifier.data.parquet_tables import content_of, find_image, pixel_array
from fashion_classifier.data.pictures import read_picture, to_array
from fashion_classifier.data.streams.blocks import Block, PixelFile, array_shape, block_of_array, failed, one_by_one
from fashion_classifier.errors import DataError, Fault

_FAULTS = (pl.exceptions.PolarsError, pl.exceptions.PanicException)
FIRST_ROWS = 16  # of a file, which tell how large rows are
SLICE_BYTES = 64 << 20  # that are read at a time, about
GROWTH = 8  # times as many rows as in the slice before, at most: later rows may be larger
ROWS, PICTURES = 2048, 64  # of a block


@dataclass(frozen=True)
class ParquetStream(PixelFile):
    """A Parquet file with a column image (or img) of pictures or pixel values.

    Parameters
    ----------
    first, stop
        The rows that are read, counted from 0 and without the last; all by default.
    """

    first: int = 0
    stop: int | None = None

    @classmethod
    def of(cls, path: Path) -> Self:
        """Look at the file's metadata."""
        try:
            _check(path)
            table = pl.scan_parquet(path, glob=False, hive_partitioning=False)
            names = table.collect_schema().names()
            n = int(table.select(pl.len()).collect().item())
        except (*_FAULTS, DataError, OSError):  # which reading will tell
            return cls(path, 1, labelled=False)
        return cls(path, max(1, n), any(name in names for name in ("label", "labels")))

    def rows(self, first: int, n: int) -> ParquetStream:
        """Return some rows of the file, which keep their numbers."""
        return replace(self, n=n, first=first, stop=first + n)

    def parts(self, n_rows: int) -> Iterator[ParquetStream]:
        """Yield the file in parts of so many rows."""
        for first in range(0, self.n, n_rows):
            yield self.rows(first, min(n_rows, self.n - first))

    def blocks(self, shape: ImageShape) -> Iterator[Block]:
        """Read the rows; see `PixelFile.blocks`."""
        done = self.first
        try:
            bounds = _check(self.path)
            table = pl.scan_parquet(self.path, glob=False, hive_partitioning=False)
            image = find_image(table.collect_schema(), str(self.path))
            rows_of = _Rows(self.path, shape)
            stop = table.select(pl.len()).collect().item() if self.stop is None else self.stop
            for column in _slices(table.select(image), self.first, stop, at_a_time=bounds.n_rows):
                at_a_time = ROWS if column.dtype in (pl.List, pl.Array) else PICTURES
                for start in range(0, len(column), at_a_time):
                    rows = column[start : start + at_a_time]
                    yield rows_of.block(rows, done + 1)
                    done += len(rows)
            if done == self.first:
                yield failed(self.path, f"{self.path}: there are no rows in it. Write the file again.", shape)
        except DataError as error:
            yield failed(self.path, error, shape)
        except _FAULTS as error:
            reason = " ".join(str(error).split())[:100]
            after = f" after row {done:,}" if done else ""
            problem = f"this is no Parquet file, or it is damaged{after} ({reason}). Write the file again."
            yield failed(self.path, f"{self.path}: {problem}", shape)
        except OSError as error:
            yield failed(self.path, f"{self.path}: the file cannot be read ({error.strerror or error})", shape)


def _check(path: Path) -> Bounds:
    """Check a file, unless this very one was found sound before: one of very many pages takes seconds each time."""
    status = path.stat()
    return _check_once(path, (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns))


@lru_cache(maxsize=256)
def _check_once(path: Path, _state: tuple[int, ...]) -> Bounds:
    """Check a file in some state."""
    return check_parquet(path, str(path))


def _slices(table: pl.LazyFrame, done: int, stop: int, *, at_a_time: int) -> Iterator[pl.Series]:
    """Read some rows of a table's only column, some megabytes at a time, and at most so many rows."""
    n_rows = min(FIRST_ROWS, at_a_time)
    while len(column := table.slice(done, min(n_rows, stop - done)).collect().to_series()):
        yield column
        done += len(column)
        row_bytes = max(1, int(column.estimated_size()) // len(column))
        n_rows = max(1, min(GROWTH * n_rows, SLICE_BYTES // row_bytes, at_a_time))


@dataclass(eq=False)
class _Rows:
    """Turns rows into blocks; all rows of pixel values have the size of the first that is sound.

    Parameters
    ----------
    path, shape
        The file, and the image shape that is wanted.
    axes
        Of the pixel values of a row, once one was read.
    """

    path: Path
    shape: ImageShape
    axes: tuple[int, ...] | None = None

    def block(self, column: pl.Series, first: int) -> Block:
        """Turn some rows into a block."""
        column = content_of(column, str(self.path))
        places = [f"{self.path}:{number}" for number in range(first, first + len(column))]
        if column.dtype == pl.Binary:
            contents = (column[row] for row in range(len(column)))  # one at a time: many may be one in the file
            return _pictures(places, contents, self.shape)
        try:
            return block_of_array(self.path, first, self._array(column, places[0]), self.shape)
        except DataError:
            return _joined([self._one(column[at : at + 1], place) for at, place in enumerate(places)])

    def _one(self, column: pl.Series, place: str) -> Block:
        """Turn one row into a block."""
        try:
            return one_by_one([place], [self._array(column, place)], self.shape)
        except DataError as error:
            return Block((place,), (str(error),), np.empty((0, *array_shape(self.shape)), np.uint8))

    def _array(self, column: pl.Series, place: str) -> NDArray[np.generic]:
        """Return rows of pixel values as an array."""
        array = pixel_array(column, place)
        self.axes = self.axes or array.shape[1:]
        if array.shape[1:] != self.axes:
            found = " x ".join(map(str, array.shape[1:]))
            problem = f"the row has {found} values, those before it have {' x '.join(map(str, self.axes))}"
            raise DataError(Fault(place, problem, "Bring the images to one size"))
        return array


def _joined(blocks: Sequence[Block]) -> Block:
    """Put blocks into one."""
    return Block(
        tuple(place for block in blocks for place in block.places),
        tuple(error for block in blocks for error in block.errors),
        np.concatenate([block.images for block in blocks]),
    )


def _pictures(places: list[str], encoded: Iterable[bytes | None], shape: ImageShape) -> Block:
    """Decode pictures."""
    images: list[Images] = []
    errors = []
    for place, content in zip(places, encoded, strict=True):
        error = ""
        if content is None:
            error = f"{place}: there is no picture in this row; a path alone is not followed."
        else:
            try:
                images.append(to_array(read_picture(content, place=place, near=shape[:2]), shape))
            except DataError as fault:
                error = str(fault)
        errors.append(error)
    stacked = np.stack(images) if images else np.empty((0, *array_shape(shape)), np.uint8)
    return Block(tuple(places), tuple(errors), stacked)
