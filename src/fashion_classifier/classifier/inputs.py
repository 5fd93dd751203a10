"""What an X is: images, as arrays or as rows of pixels, or rows of other numbers."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fashion_classifier.data.dataset import Images, ImageShape
from fashion_classifier.data.pixels import as_images, row_shape
from fashion_classifier.errors import DataError, Fault, FaultList, UsageError

AUTO_SHAPE = "auto"
LEAST_SIDE = 8  # of rows that are taken for images without being called so
_ROWS = 4096  # looked at together


def find_shape(values: NDArray[Any], wanted: Any) -> ImageShape | None:
    """Tell whether values are images, and of which shape.

    Parameters
    ----------
    values
        Numeric array of shape (n, …).
    wanted
        (height, width) or (height, width, channels), None for rows of numbers, or "auto": what has three or four axes
        are images, and rows are if they are grey levels, whole numbers from 0 to 255, and as many as a square has
        pixels, or three times as many, from 8x8 on.

    Raises
    ------
    UsageError
        If there is no such shape.
    DataError
        If values with three or more axes are no images.
    """
    if wanted is None:
        return None
    if not (isinstance(wanted, str) and wanted == AUTO_SHAPE):
        return _given_shape(wanted)
    if values.ndim > 2:
        return ImageShape.of(_checked(values))
    shape = row_shape(values.shape[1])
    large = shape is not None and min(shape.height, shape.width) >= LEAST_SIDE
    return shape if large and _are_grey_levels(values) else None


def to_images(values: NDArray[Any], shape: ImageShape) -> Images:
    """Bring values to images of a shape: uint8 array of shape (n, height, width) or (n, height, width, 3).

    Raises
    ------
    DataError
        If they are no grey levels, or of another shape.
    """
    height, width, channels = shape
    plain = (height, width) if channels == 1 else shape
    if values.shape[1:] not in {tuple(plain), tuple(shape), (prod(shape),)}:
        problem = (
            f"its rows have shape {values.shape[1:]}; expected are images that are {shape}, or rows of their pixels"
        )
        raise DataError(Fault("X", problem, "Bring it to one of these forms"))
    return _checked(values.reshape(len(values), *plain))


def to_rows(values: NDArray[Any]) -> NDArray[np.float64]:
    """Bring values to rows of numbers: float64 array of shape (n, d)."""
    return values.reshape(len(values), -1).astype(np.float64)


def _given_shape(wanted: Any) -> ImageShape:
    """Check a shape that was given."""
    sides = tuple(wanted) if isinstance(wanted, tuple | list) else ()
    sides = (*sides, 1) if len(sides) == 2 else sides
    whole = all(isinstance(side, int | np.integer) and side >= 1 for side in sides)
    if len(sides) != 3 or not whole or sides[2] not in (1, 3):
        raise UsageError(
            f"image_shape must be (height, width), (height, width, 1 or 3), None or {AUTO_SHAPE!r}, but got {wanted!r}."
        )
    return ImageShape(*map(int, sides))


def _checked(values: NDArray[Any]) -> Images:
    """Read images off values with three or four axes."""
    faults = FaultList()
    images = as_images(values, "X", None, faults)
    faults.raise_if_any()
    assert images is not None
    return images


def _are_grey_levels(values: NDArray[Any]) -> bool:
    """Tell whether all values are whole numbers from 0 to 255, and not mere yes or no."""
    if values.dtype == np.uint8:
        return True
    if values.dtype.kind not in "uif":
        return False
    brightest = 0.0
    for start in range(0, len(values), _ROWS):
        rows = values[start : start + _ROWS]
        if rows.min() < 0 or rows.max() > 255 or (rows != np.floor(rows)).any():
            return False
        brightest = max(brightest, float(rows.max()))
    return brightest > 1
