"""The colours of a garment, or of what is around it, as a mixture of normal distributions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

N_COLOURS = 5  # of GrabCut
ROUNDS = 4
LEAST_VARIANCE = 6.0  # CIELAB squared: JPEG alone spreads a colour by about 2.5


@dataclass(frozen=True, eq=False)
class Mixture:
    """Colours, how much each spreads, and the share of each: (k, 3), (k, 3, 3), (k,)."""

    means: NDArray[np.float64]
    spreads: NDArray[np.float64]
    shares: NDArray[np.float64]

    def log_density(self, colours: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the logarithm of the density at colours of shape (n, 3): (n,)."""
        _, volumes = np.linalg.slogdet(self.spreads)
        parts = np.log(self.shares) - (volumes + 3 * np.log(2 * np.pi)) / 2  # (k,)
        whitening = np.linalg.cholesky(np.linalg.inv(self.spreads))  # (k, 3, 3)
        logs = [
            part - np.square((colours - mean) @ whiten).sum(1) / 2
            for part, mean, whiten in zip(parts, self.means, whitening, strict=True)
        ]
        return np.asarray(np.logaddexp.reduce(logs, axis=0))


def fit_mixture(colours: NDArray[np.float64], weights: NDArray[np.float64]) -> Mixture:
    """Fit a mixture to weighted colours: k-means from colours far apart, then one normal distribution each.

    Parameters
    ----------
    colours
        float64 array of shape (n, 3).
    weights
        float64 array of shape (n,), 0 and more, not all 0.

    References
    ----------
    Rother, Kolmogorov, Blake: GrabCut, SIGGRAPH 2004, https://doi.org/10.1145/1015706.1015720.
    """
    means = _far_apart(colours, weights)
    for _ in range(ROUNDS):
        of = _nearest(colours, means)
        sums = np.stack([np.bincount(of, weights * colours[:, i], N_COLOURS) for i in range(3)], 1)
        totals = np.bincount(of, weights, N_COLOURS)
        means = np.where(totals[:, None] > 0, sums / np.maximum(totals, 1e-12)[:, None], means)
    of = _nearest(colours, means)
    spreads, shares = [], []
    for number, mean in enumerate(means):
        mine = weights * (of == number)
        total = float(mine.sum())
        off = colours - mean
        spreads.append((mine[:, None] * off).T @ off / max(total, 1e-12) + LEAST_VARIANCE * np.eye(3))
        shares.append(max(total, 1e-9))
    return Mixture(means, np.stack(spreads), np.array(shares) / sum(shares))


def _far_apart(colours: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Choose first colours: the weighted mean, then always a quantile of what is badly told by those there are."""
    chosen = [weights @ colours / weights.sum()]
    nearest = np.square(colours - chosen[0]).sum(1)
    for _ in range(N_COLOURS - 1):
        badly = np.cumsum(nearest * weights)
        chosen.append(colours[int(np.searchsorted(badly, badly[-1] / 2).clip(0, len(colours) - 1))])
        nearest = np.minimum(nearest, np.square(colours - chosen[-1]).sum(1))
    return np.stack(chosen)


def _nearest(colours: NDArray[np.float64], means: NDArray[np.float64]) -> NDArray[np.intp]:
    """Return which mean each colour is nearest to."""
    return np.asarray((np.square(means).sum(1) - 2 * colours @ means.T).argmin(1))
