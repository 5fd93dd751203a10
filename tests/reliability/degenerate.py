"""Data that is hardly data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Arrays = tuple[NDArray[np.uint8], NDArray[np.int64]]  # images (n, height, width), labels (n,)


def noise(n: int, side: int = 6, *, n_classes: int = 2, seed: int = 0) -> Arrays:
    """Images that are all different, of classes that take turns."""
    images = np.random.default_rng(seed).integers(0, 256, (n, side, side), dtype=np.uint8)
    return images, np.arange(n) % n_classes


def one_class() -> Arrays:
    """All images are of one class."""
    return noise(20, n_classes=1)


def two_images() -> Arrays:
    """One image of each of two classes is all that there is."""
    return noise(2)


def one_image_a_class() -> Arrays:
    """Each class has one image, so that none is left for cross-validation."""
    return noise(12, n_classes=12)


def constant_images() -> Arrays:
    """Each image is of one level, which tells the class."""
    images, labels = noise(40)
    images[:] = (100 + 50 * labels + np.arange(40) // 20)[:, None, None]
    return images, labels


def equal_images() -> Arrays:
    """All images are one and the same, under two labels."""
    images, labels = noise(40)
    images[:] = images[0]
    return images, labels


def duplicates_only() -> Arrays:
    """Each class has one image, twenty times."""
    images, labels = noise(40)
    return images[labels], labels


def all_black() -> Arrays:
    """There is nothing to be seen."""
    images, labels = noise(40)
    return np.zeros_like(images), labels


def one_pixel() -> Arrays:
    """Images of 1x1 pixels, whose level tells the class."""
    images, labels = noise(60, 1)
    images[:, 0, 0] = 60 * labels + np.arange(60)
    return images, labels


DEGENERATE: Mapping[str, Callable[[], Arrays]] = {
    draw.__name__.replace("_", " "): draw
    for draw in (
        one_class,
        two_images,
        one_image_a_class,
        constant_images,
        equal_images,
        duplicates_only,
        all_black,
        one_pixel,
    )
}


def write(path: Path, images: NDArray[np.uint8], labels: NDArray[np.int64]) -> Path:
    """Write a data set whose test part has two images of each class, the first of them."""
    first = [position for label in np.unique(labels) for position in np.flatnonzero(labels == label)[:2]]
    np.savez(path, x_train=images, y_train=labels, x_test=images[first], y_test=labels[first])
    return path
