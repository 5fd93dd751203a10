"""The kinds of strange images, and the one function that makes them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from fashion_classifier.data.dataset import Images
from fashion_classifier.errors import UsageError
from fashion_classifier.evaluation.strangers.characters import digit, letter
from fashion_classifier.evaluation.strangers.known import Known, Picture
from fashion_classifier.evaluation.strangers.noise import gaussian_noise, smooth_noise, uniform_noise
from fashion_classifier.evaluation.strangers.rearranged import patchwork, shuffled_pixels, shuffled_tiles
from fashion_classifier.evaluation.strangers.silhouettes import silhouette
from fashion_classifier.seeds import derive_seed


@dataclass(frozen=True)
class Kind:
    """One kind of strange images.

    Parameters
    ----------
    name
        For people, and as a key.
    meaning
        What is seen on them.
    draw
        Makes one of them.
    """

    name: str
    meaning: str
    draw: Callable[[Known, np.random.Generator], Picture]


KINDS: tuple[Kind, ...] = (
    Kind("uniform noise", "each pixel any level, each level as likely", uniform_noise),
    Kind("Gaussian noise", "each pixel by chance, with the known images' mean and standard deviation", gaussian_noise),
    Kind("smooth noise", "clouds from black to white", smooth_noise),
    Kind("patches", "sixteen pieces of known images, put together", patchwork),
    Kind("shuffled tiles", "a known image cut in sixteen, no piece in its place", shuffled_tiles),
    Kind("shuffled pixels", "a known image's pixels in any order", shuffled_pixels),
    Kind("digits", "one digit, in one of several typefaces", digit),
    Kind("letters", "one letter, in one of several typefaces", letter),
    Kind("silhouettes", "a star, a cup, a tree, a fish and other things that nobody wears", silhouette),
)


def strange_images(kind: Kind, known: Images, n: int, *, seed: int) -> Images:
    """Make images that are no garment.

    An image depends on the seed, its kind, its position and the known images alone, so that fewer images are the
    beginning of more.

    Parameters
    ----------
    kind
        One of `KINDS`.
    known
        uint8 array of shape (m, height, width) or (m, height, width, 3), m at least 1, sides of 8 pixels at least.
    n
        How many to make, at least 1.
    seed
        Of the run; other seeds give other images.

    Returns
    -------
    uint8 array of shape (n, height, width) or (n, height, width, 3)

    Raises
    ------
    UsageError
        If images can't be made like these.

    Examples
    --------
    >>> known = np.zeros((1, 28, 28), np.uint8)
    >>> strange_images(KINDS[0], known, 5, seed=0).shape
    (5, 28, 28)
    """
    if n < 1:
        raise UsageError(f"`n >= 1` must hold, but got {n}")
    measured = Known.of(known)
    own = derive_seed(seed, "strangers", kind.name)
    made = np.empty((n, *measured.shape), np.uint8)
    for position in range(n):
        made[position] = kind.draw(measured, np.random.default_rng((own, position)))
    return made.reshape(n, *known.shape[1:])
