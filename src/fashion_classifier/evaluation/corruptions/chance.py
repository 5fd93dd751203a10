"""Random numbers of which each image has its own, whatever images stand beside it."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.typing import NDArray

from fashion_classifier.seeds import derive_seed

WORDS = 1 << 16  # different values of a word, the 16 random bits that a pixel is given


@dataclass(frozen=True)
class Chance:
    """The chance that shapes the corruption of some consecutive images.

    Every image uses up as many bits as any other, so that an image's numbers depend on its place in the whole alone.
    They are raw bits of PCG64, whose stream NumPy keeps from release to release, as it does not that of distributions.

    Parameters
    ----------
    seed
        Of the corruption and its severity.
    first
        Place of the first of the images in the whole, from 0.
    n
        Number of images.

    Examples
    --------
    >>> bool((Chance(3, 0, 9).words("noise", 5)[4:] == Chance(3, 4, 5).words("noise", 5)).all())
    True
    """

    seed: int
    first: int
    n: int

    def words(self, purpose: str, *shape: int) -> NDArray[np.uint16]:
        """Draw uint16 array of shape (n, *shape), each of the 65,536 values as likely as any other.

        They are meant to pick from a table of as many quantiles, which costs a tenth of drawing from a distribution.
        """
        size = prod(shape)
        bits = self._bits(purpose, -(-size // 4)).astype("<u8", copy=False).view("<u2")
        return bits[:, :size].astype(np.uint16, copy=False).reshape(self.n, *shape)

    def shares(self, purpose: str, *shape: int) -> NDArray[np.float64]:
        """Draw float64 array of shape (n, *shape) of numbers from 0 (inside) to 1 (outside)."""
        drawn = (self._bits(purpose, prod(shape)) >> np.uint64(11)).astype(np.float64) * 2.0**-53
        return drawn.reshape(self.n, *shape)

    def choices(self, purpose: str, n_options: int) -> NDArray[np.int64]:
        """Draw int64 array of shape (n,) of numbers from 0 to ``n_options - 1``."""
        return (self.shares(purpose) * n_options).astype(np.int64)

    def _bits(self, purpose: str, per_image: int) -> NDArray[np.uint64]:
        """Draw 64 bits `per_image` times for each image: (n, per_image)."""
        generator = np.random.PCG64(derive_seed(self.seed, purpose))
        generator.advance(self.first * per_image)
        drawn: NDArray[np.uint64] = generator.random_raw((self.n, per_image))
        return drawn


def quantile_points() -> NDArray[np.float64]:
    """Return for each word the probability at whose quantile it stands: float64 array of shape (65536,)."""
    return (np.arange(WORDS) + 0.5) / WORDS
