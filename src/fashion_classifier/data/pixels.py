"""Pixel values as tables and arrays hold them, checked and brought to images."""

from __future__ import annotations

from collections.abc import Sequence
from math import isqrt, prod

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fashion_classifier.data.dataset import Images, ImageShape
from fashion_classifier.data.pictures import to_array
from fashion_classifier.errors import FaultList
from fashion_classifier.limits import check_room
from fashion_classifier.progress import Progress, silent

MAX_IMAGE_BYTES = 8 * 1024**3  # of pixels in one source: what claims more is refused before memory is taken
FEWER = "Take fewer or smaller images, or free memory"
_ROWS = 4096  # images that are checked at a time, so that the check takes little memory
Size = tuple[int, int]  # height, width


def check_rest(n_bytes: float, share: float, place: str, *, beside: float = 0) -> None:
    """Check that the rest of a file fits into memory, as what was read of it tells, and the array of all.

    Parameters
    ----------
    n_bytes
        That the rows take which were read.
    share
        Of all rows, above 0 and at most 1.
    place
        What to call the file in messages.
    beside
        Bytes that reading on takes for a while.

    Raises
    ------
    NotEnoughMemoryError
        If it does not.
    """
    whole = n_bytes / share
    check_room(round(2 * whole - n_bytes + beside), f"{place}: its images", FEWER)


def check_joining(images: Sequence[Images], place: str) -> None:
    """Check that there is room for one array of all images.

    Raises
    ------
    NotEnoughMemoryError
        If there is not.
    """
    check_room(sum(some.nbytes for some in images), f"{place}: its images, put together,", FEWER)


def row_shape(n_values: int, size: Size | None = None) -> ImageShape | None:
    """Tell the image shape that a row of pixel values stands for.

    Parameters
    ----------
    n_values
        Length of the row: pixels row by row, the three values of a colour pixel side by side.
    size
        Height and width, where they are known; a row of another length is then read as if they were not.

    Returns
    -------
    ImageShape or None
        The shape for `size` if it fits, else a square; None if the length is no square nor three times one.

    Examples
    --------
    >>> [str(row_shape(n)) for n in (784, 3072, 785)], str(row_shape(96, (12, 8)))
    (['28x28 grey', '32x32 colour', 'None'], '12x8 grey')
    """
    for channels in (1, 3):
        if size is not None and n_values == size[0] * size[1] * channels:
            return ImageShape(*size, channels)
    for channels in (1, 3):
        side = isqrt(n_values // channels)
        if n_values and side * side * channels == n_values:
            return ImageShape(side, side, channels)
    return None


def as_images(array: NDArray[np.generic], place: str, size: Size | None, faults: FaultList) -> Images | None:
    """Read images off a numeric array.

    Parameters
    ----------
    array
        Grey levels, whole numbers from 0 to 255 of any numeric type, of shape (n, height, width),
        (n, height, width, 1 or 3) or (n, pixels).
    place
        What to call the array in a message.
    size
        Height and width of images in a flat array, where they are known.
    faults
        Takes what is wrong.

    Returns
    -------
    numpy.ndarray or None
        uint8 array of shape (n, height, width) or (n, height, width, 3); None if there was a fault.
    """
    levels = _as_levels(array, place, faults)
    shape = _shape_of(array.shape, place, size, faults)
    if levels is None or shape is None:
        return None
    channels = () if shape.channels == 1 else (3,)
    return levels.reshape(len(levels), shape.height, shape.width, *channels)


def resized(images: Images, size: Size, progress: Progress = silent) -> Images:
    """Bring images to another height and width, smoothly.

    Parameters
    ----------
    images
        uint8 array of shape (n, height, width) or (n, height, width, 3).
    size
        Height and width wanted.
    progress
        Told of the work.
    """
    before = ImageShape.of(images)
    if (before.height, before.width) == size:
        return images
    shape = ImageShape(*size, before.channels)
    check_room(len(images) * prod(shape), f"{len(images):,} images of {shape}")
    result = np.empty((len(images), *size, *images.shape[3:]), dtype=np.uint8)
    for position, image in enumerate(images):
        result[position] = to_array(Image.fromarray(image), shape)
        if position % _ROWS == 0:
            progress("Resizing images", position, len(images))
    progress("Resizing images", len(images), len(images))
    return result


def with_channels(images: Images, channels: int) -> Images:
    """Make images grey (1 channel) or give them three equal colours (3), where they are not so already.

    Parameters
    ----------
    images
        uint8 array of shape (n, height, width) or (n, height, width, 3).
    channels
        1 or 3.
    """
    shape = ImageShape.of(images)
    if shape.channels == channels:
        return images
    wanted = shape._replace(channels=channels)
    return np.stack([to_array(Image.fromarray(image), wanted) for image in images])


def _shape_of(shape: tuple[int, ...], place: str, size: Size | None, faults: FaultList) -> ImageShape | None:
    """Tell the image shape of an array of images."""
    if len(shape) == 2 and (row := row_shape(shape[1], size)) is not None:
        return row
    if len(shape) == 3 and 0 not in shape:
        return ImageShape(shape[1], shape[2], 1)
    if len(shape) == 4 and shape[3] in (1, 3) and 0 not in shape:
        return ImageShape(*shape[1:])
    if len(shape) == 2:
        faults.add(place, *not_a_row(shape[1]))
    else:
        faults.add(
            place,
            f"it has shape {shape}; images are (n, height, width), (n, height, width, 3) or (n, pixels)",
            "Put the axes into this order",
        )
    return None


def not_a_row(n_values: int) -> tuple[str, str]:
    """Say that a row of values is no image, and what to do."""
    problem = f"{n_values:,} pixel values are neither a square (grey) nor three times one (colour)"
    return problem, "Give the images' height and width, or repair the data"


def _as_levels(array: NDArray[np.generic], place: str, faults: FaultList) -> NDArray[np.uint8] | None:
    """Bring numbers to uint8 if they are grey levels."""
    if array.dtype == np.uint8:
        return np.ascontiguousarray(array, dtype=np.uint8)
    if array.dtype.kind not in "uif":
        faults.add(
            place,
            f"the images are of type {array.dtype}; expected are numbers from 0 to 255",
            "Save them as uint8",
        )
        return None
    levels = np.empty(array.shape, dtype=np.uint8)
    for start in range(0, len(array), _ROWS):
        rows = array[start : start + _ROWS]
        with np.errstate(invalid="ignore"):
            levels[start : start + _ROWS] = rows.astype(np.uint8)
        unlike = levels[start : start + _ROWS] != rows
        if unlike.any():
            number = start + int(np.argwhere(unlike)[0][0]) + 1
            faults.add(place, *_unfit_level(array, number, rows[unlike][0]))
            return None
    return levels


def _unfit_level(array: NDArray[np.generic], number: int, value: np.generic) -> tuple[str, str]:
    """Say which value is no grey level, and what to do."""
    problem = f"image {number:,} of {len(array):,} holds {value}; grey levels are whole numbers from 0 to 255"
    if array.dtype.kind == "f" and array.min() >= 0 and array.max() <= 1:
        return problem, "Multiply by 255, round, and save as uint8"
    return problem, "Bring the values to 0 to 255 and save them as uint8"
