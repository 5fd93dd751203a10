"""The garment elsewhere in the frame: shifted, turned, smaller, slanted, mirrored.

Between pixels we interpolate linearly; what comes into the frame has the colour of the image's border.
"""

from __future__ import annotations

from math import cos, radians, sin

import numpy as np
from numpy.typing import NDArray

from fashion_classifier.evaluation.corruptions.chance import Chance
from fashion_classifier.evaluation.corruptions.frame import Images, border_colour, by_variant, rounded, scaled

# To the neighbours, (down, right).
_WAYS = ((-1, -1), (-1, 0), (-1, 1), (0, -1), (0, 1), (1, -1), (1, 0), (1, 1))
_SIGNS = (1, -1)
_UNTURNED = ((1.0, 0.0), (0.0, 1.0))

Matrix = tuple[tuple[float, float], tuple[float, float]]


def shift(images: Images, pixels: float, chance: Chance) -> Images:
    """Shift by so many pixels of an image of 28, up, down, left, right or two of these, each image its own way."""
    distance = scaled(pixels, images)

    def shifted(some: Images, way: int) -> Images:
        down, right = _WAYS[way]
        return warp(some, _UNTURNED, (-distance * down, -distance * right))

    return by_variant(images, chance.choices("way", len(_WAYS)), shifted)


def rotation(images: Images, degrees: float, chance: Chance) -> Images:
    """Turn about the middle, each image to its own side."""

    def turned(some: Images, side: int) -> Images:
        angle = _SIGNS[side] * radians(degrees)
        return warp(some, ((cos(angle), sin(angle)), (-sin(angle), cos(angle))))

    return by_variant(images, chance.choices("side", 2), turned)


def scale(images: Images, factor: float, _chance: Chance) -> Images:
    """Show the image this many times as large, about the middle."""
    return warp(images, ((1 / factor, 0), (0, 1 / factor)))


def shear(images: Images, slant: float, chance: Chance) -> Images:
    """Slant to the left or right, each image its own way: a row moves by `slant` times its distance from the middle."""
    return by_variant(
        images, chance.choices("side", 2), lambda some, side: warp(some, ((1, 0), (_SIGNS[side] * slant, 1)))
    )


def mirrored(images: Images, share: float, chance: Chance) -> Images:
    """Mirror this share of the images, left to right; a flip itself has no degrees."""
    chosen = chance.shares("chosen", 1, 1, 1) < share
    return np.where(chosen, images[:, :, ::-1], images)


def warp(images: Images, matrix: Matrix, offset: tuple[float, float] = (0.0, 0.0)) -> Images:
    """Move the points of images.

    Parameters
    ----------
    images
        uint8 array of shape (n, height, width, channels).
    matrix, offset
        The pixel at p, (down, right) from the middle, shows what was at ``matrix @ p + offset``.
    """
    n, height, width, channels = images.shape
    padded = np.empty((n, height + 2, width + 2, channels), np.uint8)
    padded[:] = border_colour(images)[:, None, None]
    padded[:, 1:-1, 1:-1] = images
    pixels = padded.reshape(n, -1, channels)

    down = np.arange(height)[:, None] - (height - 1) / 2
    right = np.arange(width) - (width - 1) / 2
    row, below = _split(matrix[0][0] * down + matrix[0][1] * right + offset[0], height)
    column, beyond = _split(matrix[1][0] * down + matrix[1][1] * right + offset[1], width)
    corner = row * (width + 2) + column

    warped = np.zeros((n, height * width, channels), np.float32)
    for step, weight in (
        (0, (1 - below) * (1 - beyond)),
        (1, (1 - below) * beyond),
        (width + 2, below * (1 - beyond)),
        (width + 3, below * beyond),
    ):
        # Clipped where a point lies on the last row or column: what is then out of reach weighs nothing.
        warped += pixels.take((corner + step).ravel(), axis=1, mode="clip") * weight.astype(np.float32).reshape(-1, 1)
    return rounded(warped).reshape(images.shape)


def _split(places: NDArray[np.float64], size: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Split places along an axis into the pixel at or before them, counted with one of padding, and the rest.

    Rounded to a millionth of a pixel, so that a whole shift stays whole.
    """
    padded = np.clip(np.round(places + (size - 1) / 2, 6) + 1, 0, size + 1)
    pixel = np.floor(padded)
    return pixel.astype(np.int64), padded - pixel
