"""What files and screens do to an image: JPEG compression, large pixels."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fashion_classifier.evaluation.corruptions.chance import Chance
from fashion_classifier.evaluation.corruptions.frame import Images, rounded, scaled

_CELL = 8  # pixels, the side of the squares that JPEG compresses one by one


def jpeg(images: Images, quality: float, _chance: Chance) -> Images:
    """Compress with libjpeg at this quality, 1 to 95, and colour at full resolution.

    JPEG fills the last squares of 8 by 8 with the pixels at the edge and compresses each square for itself. Images that
    are filled so before can therefore be compressed in one tall stack, with the result of one by one and much faster.
    The stack stays below the 65,500 rows of libjpeg as long as there are no more than 290,000 values at once.
    """
    _, height, width, channels = images.shape
    down, right = -height % _CELL, -width % _CELL
    filled = np.pad(images, ((0, 0), (0, down), (0, right), (0, 0)), mode="edge")
    stack = filled.reshape(-1, *filled.shape[2:])
    file = io.BytesIO()
    Image.fromarray(stack[..., 0] if channels == 1 else stack).save(file, "JPEG", quality=round(quality), subsampling=0)
    with Image.open(file) as read:
        return np.asarray(read).reshape(filled.shape)[:, :height, :width]


def pixelate(images: Images, side: float, _chance: Chance) -> Images:
    """Give each square of this side, in pixels of an image of 28, its mean; below one true pixel it changes nothing."""
    height, width = images.shape[1:3]
    cell = scaled(side, images)
    row, column = (np.arange(height) / cell).astype(np.int64), (np.arange(width) / cell).astype(np.int64)
    rows, heights = _means_over(row, images.astype(np.float32), axis=1)
    means, widths = _means_over(column, rows, axis=2)
    return rounded(means).repeat(heights, axis=1).repeat(widths, axis=2)


def _means_over(
    groups: NDArray[np.int64], values: NDArray[np.float32], *, axis: int
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return the means of neighbours of one group along an axis, and how many neighbours each group has."""
    _, starts, sizes = np.unique(groups, return_index=True, return_counts=True)
    shape = [1] * values.ndim
    shape[axis] = -1
    sums: NDArray[np.float32] = np.add.reduceat(values, starts, axis=axis)
    return sums / sizes.astype(np.float32).reshape(shape), sizes
