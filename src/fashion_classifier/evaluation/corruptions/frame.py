"""What the corruptions share: images as (n, height, width, channels), the length of a pixel, the border's colour."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Images = NDArray[np.uint8]  # of shape (n, height, width, channels), grey levels from 0 to 255

SIDE = 28  # the shorter side, in pixels, of the images for which lengths are given


def scaled(length: float, images: Images) -> float:
    """Turn a length in pixels of an image whose shorter side is 28 into pixels of these images."""
    return length * float(min(images.shape[1:3])) / SIDE


def rounded(values: NDArray[np.floating]) -> Images:
    """Return numbers as the nearest grey levels; changes `values`, which spares a large copy."""
    np.rint(values, out=values)
    np.clip(values, 0, 255, out=values)
    return values.astype(np.uint8)


def border_colour(images: Images) -> Images:
    """Return the median of each image's outermost pixels, channel by channel: (n, channels).

    What comes into the frame from outside is given this colour, as if the backdrop went on.
    """
    sides = (images[:, 0], images[:, -1], images[:, 1:-1, 0], images[:, 1:-1, -1])
    return rounded(np.median(np.concatenate(sides, axis=1), axis=1))


def by_variant(images: Images, variants: NDArray[np.int64], change: Callable[[Images, int], Images]) -> Images:
    """Change images that share a variant together.

    Parameters
    ----------
    images
        uint8 array of shape (n, height, width, channels).
    variants
        int64 array of shape (n,), which variant each image gets.
    change
        From images and their variant to changed images.
    """
    changed = np.empty_like(images)
    for variant in np.unique(variants):
        chosen = variants == variant
        changed[chosen] = change(images[chosen], int(variant))
    return changed
