"""Blur of the lens, of a moving camera, and of frosted glass; beyond its edges an image goes on as it ends there."""

from __future__ import annotations

from math import ceil, cos, pi, sin

import numpy as np
from numpy.typing import NDArray

from fashion_classifier.evaluation.corruptions.chance import Chance, quantile_points
from fashion_classifier.evaluation.corruptions.frame import Images, by_variant, rounded, scaled

Kernel = NDArray[np.float32]  # weights that sum to 1, of odd height and width

_DIRECTIONS = 16  # of movement, over half a turn: 11 degrees apart
_FINENESS = 16  # points a pixel, each way, by which the weights of a kernel are summed
_GLASS_SOFTNESS = 0.45  # standard deviation of the glass's own blur, as a share of its reach


def defocus_blur(images: Images, radius: float, _chance: Chance) -> Images:
    """Spread every point over a disc of this radius, in pixels of an image of 28."""
    return convolve(images, disc(scaled(radius, images)))


def motion_blur(images: Images, path: float, chance: Chance) -> Images:
    """Move the camera along a straight path of this length, in pixels of an image of 28, each image its own way."""
    length = scaled(path, images)
    directions = chance.choices("direction", _DIRECTIONS)
    return by_variant(images, directions, lambda some, way: convolve(some, line(length, pi * way / _DIRECTIONS)))


def glass_blur(images: Images, reach: float, chance: Chance) -> Images:
    """Look through frosted glass: each pixel shows another, up to `reach` pixels of an image of 28 away; then blur.

    ImageNet-C swaps neighbours, one pair after the other. Here every pixel looks for itself, which looks alike and can
    be done for all at once.
    """
    n, height, width, channels = images.shape
    reach = scaled(reach, images)
    astray = np.rint((2 * quantile_points() - 1) * reach).astype(np.int64)
    down, right = (astray[chance.words(way, height, width)] for way in ("down", "right"))
    rows = np.clip(np.arange(height)[:, None] + down, 0, height - 1)
    columns = np.clip(np.arange(width) + right, 0, width - 1)
    places = (np.arange(n)[:, None, None] * height + rows) * width + columns
    seen = images.reshape(-1, channels).take(places, axis=0)
    bell = gaussian(_GLASS_SOFTNESS * reach)
    return convolve(seen, bell[:, None], bell[None])


def convolve(images: Images, *kernels: Kernel) -> Images:
    """Blur images with kernels, one after the other.

    Products are added one place of the kernel after the other, so that an image's bits do not depend on how many there
    are, as they would with a fast Fourier transform or a matrix product.
    """
    height, width = images.shape[1:3]
    blurred = images.astype(np.float32)
    for kernel in kernels:
        up, left = kernel.shape[0] // 2, kernel.shape[1] // 2
        padded = np.pad(blurred, ((0, 0), (up, up), (left, left), (0, 0)), mode="edge")
        blurred = np.zeros_like(blurred)
        product = np.empty_like(blurred)
        for row, column in np.argwhere(kernel):
            part = padded[:, row : row + height, column : column + width]
            blurred += np.multiply(part, kernel[row, column], out=product)
    return rounded(blurred)


def disc(radius: float) -> Kernel:
    """Return a kernel in which a pixel weighs as much as lies within a disc about the middle."""
    x = _fine_points(max(0, ceil(radius - 0.5)))
    inside = (x[:, None] ** 2 + x**2 <= radius**2).reshape(len(x) // _FINENESS, _FINENESS, -1, _FINENESS)
    weights = inside.sum(axis=(1, 3), dtype=np.float64)
    return _summing_to_1(weights)


def line(length: float, angle: float) -> Kernel:
    """Return a kernel that sums an image along a line about the middle; bilinear between pixels, angle in radians."""
    half = ceil(length / 2)
    steps = np.linspace(-length / 2, length / 2, _FINENESS * (2 * half + 1))
    pixels = np.arange(-half, half + 1)[:, None]
    rows = np.maximum(0, 1 - np.abs(pixels - steps * sin(angle)))
    columns = np.maximum(0, 1 - np.abs(pixels - steps * cos(angle)))
    weights = (rows[:, None] * columns).sum(axis=2)
    return _summing_to_1(np.where(weights < 1e-6 * weights.max(), 0, weights))


def gaussian(deviation: float) -> Kernel:
    """Return the weights of a Gaussian along one axis, within three standard deviations: shape (2 r + 1,)."""
    x = _fine_points(ceil(3 * deviation))
    bell = np.exp(-0.5 * (x / deviation) ** 2).reshape(-1, _FINENESS)
    return _summing_to_1(bell.sum(axis=1))


def _fine_points(half: int) -> NDArray[np.float64]:
    """Return points along the pixels from ``-half`` to ``half``, 16 each, in pixels from the middle."""
    n = (2 * half + 1) * _FINENESS
    return (np.arange(n) + 0.5) / _FINENESS - n / _FINENESS / 2


def _summing_to_1(weights: NDArray[np.float64]) -> Kernel:
    """Return weights as shares of their sum."""
    kernel: Kernel = (weights / weights.sum()).astype(np.float32)
    return kernel
