"""What all streamed files share: blocks of rows, of which each is an image or the reason why it is none."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fashion_classifier.data.dataset import Images, ImageShape
from fashion_classifier.data.pictures import to_array
from fashion_classifier.data.pixels import as_images
from fashion_classifier.errors import DataError, FaultList

BLOCK_BYTES = 4 << 20  # of pixels that are held together, about
MOST_ROWS = 2048  # of a block
LARGEST_IMAGE = 8 << 20  # values


@dataclass(frozen=True, eq=False)
class Block:
    """Some rows of a file, in order.

    Parameters
    ----------
    places
        What each is called: the file and, after a colon, the row (for CSV the line) as people count, from 1; the
        file alone for what is wrong with the file.
    errors
        For each why it is no image; empty where it is one.
    images
        uint8 array of shape (n, height, width) or (n, height, width, 3): those that are, in order.
    """

    places: tuple[str, ...]
    errors: tuple[str, ...]
    images: Images


@dataclass(frozen=True)
class PixelFile(ABC):
    """A file of images as pixels, recognised but not read.

    Parameters
    ----------
    path
        The file.
    n
        About how many rows it has.
    labelled
        Whether there are labels beside the pixels, which are not read.
    """

    path: Path
    n: int
    labelled: bool

    @abstractmethod
    def blocks(self, shape: ImageShape) -> Iterator[Block]:
        """Read the rows, a block at a time, and bring them to an image shape.

        A row that is no image is told with its reason, as is, in a last row named by the file, whatever ends the
        reading early; nothing is raised for what is wrong with the data.
        """


def rows_at_a_time(row_bytes: int) -> int:
    """Return how many rows make a block."""
    return max(1, min(MOST_ROWS, BLOCK_BYTES // max(1, row_bytes)))


def failed(path: Path, reason: object, shape: ImageShape) -> Block:
    """Return the block that says why a file could not be read, or not to its end."""
    return Block((str(path),), (str(reason),), np.empty((0, *array_shape(shape)), np.uint8))


def array_shape(shape: ImageShape) -> tuple[int, ...]:
    """Return the shape of one image as an array: (height, width) or (height, width, 3)."""
    return shape[:2] if shape.channels == 1 else tuple(shape)


def brought_to(images: Images, shape: ImageShape) -> Images:
    """Bring images of any shape to one: stretched smoothly, colours made grey or grey made three equal colours."""
    if not len(images) or ImageShape.of(images) == shape:
        return images.reshape(-1, *array_shape(shape)) if not len(images) else images
    return np.stack([to_array(Image.fromarray(image), shape) for image in images])


def block_of_array(path: Path, first: int, array: NDArray[Any], shape: ImageShape, name: str = "") -> Block:
    """Make a block of rows of numbers.

    Parameters
    ----------
    path, name
        The file, and what is to stand between it and the number of a row.
    first
        The number of the first row, from 1.
    array
        As `as_images` takes it: n rows.
    shape
        Wanted; also tells the height and width of flat rows whose length fits.
    """
    places = tuple(f"{path}{name}:{number}" for number in range(first, first + len(array)))
    try:
        return Block(places, ("",) * len(array), brought_to(_checked(array, places[0], shape), shape))
    except DataError:
        return one_by_one(places, [array[number : number + 1] for number in range(len(array))], shape)


def one_by_one(places: Sequence[str], rows: Sequence[NDArray[Any]], shape: ImageShape) -> Block:
    """Make a block of rows, each an array of shape (1, …), of which some are no images."""
    images, errors = [np.empty((0, *array_shape(shape)), np.uint8)], list[str]()
    for place, row in zip(places, rows, strict=True):
        try:
            images.append(brought_to(_checked(row, place, shape), shape))
            errors.append("")
        except DataError as error:
            errors.append(str(error))
    return Block(tuple(places), tuple(errors), np.concatenate(images))


def _checked(array: NDArray[Any], place: str, shape: ImageShape) -> Images:
    """Read images off numbers, or raise what is wrong with them."""
    faults = FaultList()
    images = as_images(array, place, shape[:2], faults)
    faults.raise_if_any()
    assert images is not None
    return images
