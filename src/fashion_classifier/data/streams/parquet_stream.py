"""A Parquet file of images, read some thousand rows at a time.

As in loading: a file that is made to do harm can end the process (`data.parquet_tables`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import polars as pl

from fashion_classifier.data.dataset import Images, ImageShape
from fashion_classifier.data.parquet_tables import content_of, find_image, pixel_array
from fashion_classifier.data.pictures import read_picture, to_array
from fashion_classifier.data.streams.blocks import Block, PixelFile, array_shape, block_of_array, failed, one_by_one
from fashion_classifier.errors import DataError

_FAULTS = (pl.exceptions.PolarsError, pl.exceptions.PanicException)
ROWS = 2048  # at a time


@dataclass(frozen=True)
class ParquetStream(PixelFile):
    """A Parquet file with a column image (or img) of pictures or pixel values."""

    @classmethod
    def of(cls, path: Path) -> Self:
        """Look at the file's metadata."""
        try:
            table = pl.scan_parquet(path, glob=False, hive_partitioning=False)
            names = table.collect_schema().names()
            n = int(table.select(pl.len()).collect().item())
        except (*_FAULTS, OSError):  # which reading will tell
            return cls(path, 1, labelled=False)
        return cls(path, n, any(name in names for name in ("label", "labels")))

    def blocks(self, shape: ImageShape) -> Iterator[Block]:
        """Read the rows; see `PixelFile.blocks`."""
        done = 0
        try:
            table = pl.scan_parquet(self.path, glob=False, hive_partitioning=False)
            image = find_image(table.collect_schema(), str(self.path))
            for rows in table.select(image).collect_batches(chunk_size=ROWS, maintain_order=True):
                yield self._block(rows[image], done + 1, shape)
                done += len(rows)
            if not done:
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

    def _block(self, column: pl.Series, first: int, shape: ImageShape) -> Block:
        """Turn some rows into a block."""
        column = content_of(column, str(self.path))
        places = [f"{self.path}:{number}" for number in range(first, first + len(column))]
        if column.dtype == pl.Binary:
            return _pictures(places, column.to_list(), shape)
        try:
            return block_of_array(self.path, first, pixel_array(column, places[0]), shape)
        except DataError:
            return _judged_singly(places, column, shape)


def _pictures(places: list[str], encoded: list[bytes | None], shape: ImageShape) -> Block:
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


def _judged_singly(places: list[str], column: pl.Series, shape: ImageShape) -> Block:
    """Turn rows of pixel values, of which some are no images, into a block."""
    blocks = []
    for number, place in enumerate(places):
        try:
            blocks.append(one_by_one([place], [pixel_array(column[number : number + 1], place)], shape))
        except DataError as error:
            blocks.append(Block((place,), (str(error),), np.empty((0, *array_shape(shape)), np.uint8)))
    return Block(
        tuple(places),
        tuple(error for block in blocks for error in block.errors),
        np.concatenate([block.images for block in blocks]),
    )
