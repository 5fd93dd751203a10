"""Images of one set that are nearly images of another: what a model may have learned before it was asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fashion_classifier.data.dataset import Images
from fashion_classifier.errors import UsageError
from fashion_classifier.progress import Progress, silent

# Seen in Fashion-MNIST, where 15 of 12,000 cross-validation images have a training image within 8: one photograph, or
# one garment in another tint or print. From 10 on there are more and more trousers that only look alike, and the
# median image's nearest is 32 away.
THRESHOLD: Final = 8.0
LARGEST_SIDE: Final = 64  # pixels; larger images are averaged down to it before they are compared

_GREY = 128  # taken off, products of up to 1024 grey levels add up without rounding: 1024 * 128**2 is 2**24
_ROWS, _CELLS = 1000, 8_000_000  # of a block: images of the first set, and grey levels of the second


@dataclass(frozen=True)
class NearDuplicate:
    """An image of the first set and its nearest in the second, where the two are nearly the same.

    Parameters
    ----------
    index_a, index_b
        Positions in the first and in the second set.
    distance
        Root of the mean squared difference, in grey levels.
    mirrored
        Whether the first image is so near once it is mirrored, left to right, and farther as it is.
    exact
        Whether the two (one of them mirrored, if so) are equal in every pixel.
    """

    index_a: int
    index_b: int
    distance: float
    mirrored: bool
    exact: bool


def find_near_duplicates(
    first: Images,
    second: Images,
    *,
    threshold: float = THRESHOLD,
    mirrored: bool = True,
    progress: Progress = silent,
) -> tuple[NearDuplicate, ...]:
    """Find the images of one set that are nearly the same as one of another set.

    Every pair is looked at. An image of the first set is named once, with its nearest, though others be near as well.

    Parameters
    ----------
    first, second
        uint8 arrays of shape (n, height, width) or (n, height, width, 3), and (m, …) likewise. Images with a side of
        more than 64 pixels are averaged down to at most that, and their distances are between the averages.
    threshold
        Largest distance that is near, in grey levels, at least 0. The default was chosen on Fashion-MNIST; images of
        little contrast want a smaller one.
    mirrored
        Whether to look at mirror images too, which takes twice as long.

    Returns
    -------
    tuple of NearDuplicate
        The nearest first.

    Raises
    ------
    UsageError
        If the sets differ in the shape of their images, or there is no such threshold.
    """
    if first.shape[1:] != second.shape[1:]:
        raise UsageError(f"images of one shape can be compared, but got {first.shape[1:]} and {second.shape[1:]}")
    if not threshold >= 0:
        raise UsageError(f"`threshold >= 0` must hold, but got {threshold}")
    if len(first) == 0 or len(second) == 0:
        return ()
    others = _reduced(second)
    pairs: dict[int, NearDuplicate] = {}
    for flipped in (False, True) if mirrored else (False,):
        images = first[:, :, ::-1] if flipped else first
        forms = _reduced(images)
        task = "Looking for mirrored near-duplicates" if flipped else "Looking for near-duplicates"
        for a, b in enumerate(_nearest(forms, others, progress, task).tolist()):
            distance = _distance(forms[a], others[b])
            if distance <= threshold and (a not in pairs or distance < pairs[a].distance):
                pairs[a] = NearDuplicate(a, b, distance, flipped, np.array_equal(images[a], second[b]))
    return tuple(sorted(pairs.values(), key=lambda pair: (pair.distance, pair.index_a)))


def _nearest(first: Images, second: Images, progress: Progress, task: str) -> NDArray[np.int64]:
    """Return for each image of the first set the position of its nearest in the second, block by block.

    Of |a - b|² = |a|² - 2 (ab - |b|²/2) the bracket alone depends on b, and is largest for the nearest.
    """
    nearest, best = np.zeros(len(first), np.int64), np.full(len(first), -np.inf, np.float32)
    block = max(1, _CELLS // second[0].size)
    for start in range(0, len(second), block):
        others = _centred(second[start : start + block])
        halves = np.einsum("ij,ij->i", others, others) / 2
        for row in range(0, len(first), _ROWS):
            rows = slice(row, row + _ROWS)
            scores = _centred(first[rows]) @ others.T
            scores -= halves
            largest = scores.argmax(axis=1)
            found = scores[np.arange(len(scores)), largest]
            nearer = found > best[rows]
            nearest[rows][nearer], best[rows][nearer] = start + largest[nearer], found[nearer]
        progress(task, start + len(others), len(second))
    return nearest


def _centred(images: Images) -> NDArray[np.float32]:
    """Return images as rows of floats around 0, of shape (n, pixels)."""
    return images.reshape(len(images), -1).astype(np.float32) - np.float32(_GREY)


def _distance(image: Images, other: Images) -> float:
    """Return the root of the mean squared difference of two images, in grey levels."""
    return float(np.sqrt(np.mean((image.astype(np.float64) - other) ** 2)))


def _reduced(images: Images) -> Images:
    """Average large images down to sides of at most 64 pixels, in whole grey levels; return small ones as they are."""
    height, width = images.shape[1:3]
    down, across = -(-height // LARGEST_SIDE), -(-width // LARGEST_SIDE)
    if down == across == 1:
        return images
    tops, lefts = np.arange(0, height, down), np.arange(0, width, across)
    pixels = np.outer(np.diff(tops, append=height), np.diff(lefts, append=width))
    pixels = pixels.reshape(*pixels.shape, *[1] * (images.ndim - 3))
    reduced = np.empty((len(images), len(tops), len(lefts), *images.shape[3:]), np.uint8)
    block = max(1, _CELLS // images[0].size)
    for start in range(0, len(images), block):
        sums = np.add.reduceat(images[start : start + block].astype(np.uint32), tops, axis=1)
        reduced[start : start + block] = np.rint(np.add.reduceat(sums, lefts, axis=2) / pixels)
    return reduced
