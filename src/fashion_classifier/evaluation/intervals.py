"""How sure a number is: the intervals that stand beside every headline figure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from fashion_classifier.errors import UsageError

# A block of resamples holds at most this many counts (32 MiB), however many classes there are.
_BLOCK_CELLS = 4_000_000


@dataclass(frozen=True)
class Estimate:
    """A measured value with its interval, `low <= value <= high`."""

    value: float
    low: float
    high: float

    def __format__(self, spec: str) -> str:
        """Write all three in one form: ``f"{accuracy:.1%}"`` gives "94.1 % (93.6 % to 94.5 %)"."""
        if not spec:
            return str(self)
        value, low, high = (format(number, spec).replace("%", "\u202f%") for number in (self.value, *self.as_list))
        return f"{value} ({low} to {high})"

    @property
    def as_list(self) -> list[float]:
        """The interval's two ends, as programs want it."""
        return [self.low, self.high]


def wilson(successes: int, n: int, confidence: float = 0.95) -> Estimate:
    """Give Wilson's score interval for a proportion.

    Parameters
    ----------
    successes, n
        `successes` of `n` independent trials went well; ``0 <= successes <= n`` and ``n >= 1``.
    confidence
        Share of such intervals that hold the true proportion, above 0 and below 1.

    Raises
    ------
    UsageError
        If these numbers cannot be.

    References
    ----------
    E. B. Wilson, "Probable inference, the law of succession, and statistical inference", Journal of the
    American Statistical Association 22 (1927), 209-212.

    Examples
    --------
    >>> [round(end, 4) for end in wilson(81, 263).as_list]
    [0.2553, 0.3662]
    """
    if not 0 <= successes <= n or n == 0:
        raise UsageError(f"`0 <= successes <= n` and `n >= 1` must hold, but got (successes={successes}, n={n})")
    z = normal_quantile(confidence)
    share = successes / n
    centre = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half_width = z / (1 + z**2 / n) * (share * (1 - share) / n + z**2 / (4 * n**2)) ** 0.5
    # At 0 and n successes the formula's end is the share itself, which rounding may miss by 1e-17.
    return Estimate(share, max(min(centre - half_width, share), 0.0), min(max(centre + half_width, share), 1.0))


def bootstrap_macro_f1(
    confusion: NDArray[np.int64], *, confidence: float = 0.95, n_resamples: int = 2000, seed: int
) -> Estimate:
    """Give the percentile bootstrap interval for macro-F1, resampling images.

    Macro-F1 depends on the images through the confusion matrix alone, and drawing n images with replacement
    makes its cells multinomial: drawing the cells is the same bootstrap, in milliseconds. With few images
    of a class the percentile interval leans to the low side.

    Parameters
    ----------
    confusion
        int64 array of shape (k, k), rows true, columns predicted; at least one image.
    confidence
        Nominal coverage, above 0 and below 1.
    n_resamples
        Number of resamples, at least 1.
    seed
        Of the resampling.

    Raises
    ------
    UsageError
        If these numbers cannot be.

    References
    ----------
    B. Efron, R. J. Tibshirani, "An Introduction to the Bootstrap" (1993), chapter 13.
    """
    if n_resamples < 1:
        raise UsageError(f"`n_resamples >= 1` must hold, but got {n_resamples}")
    tail = (1 - _checked_confidence(confidence)) / 2
    if confusion.ndim != 2 or confusion.shape[0] != confusion.shape[1] or (confusion < 0).any():
        raise UsageError(f"a confusion matrix is square and holds counts, but got one of shape {confusion.shape}")
    if not confusion.any():
        raise UsageError("a confusion matrix without images has no macro-F1")
    rng = np.random.default_rng(seed)
    resampled = np.concatenate(list(_resampled_macro_f1(confusion, n_resamples, rng)))
    low, high = np.quantile(resampled, (tail, 1 - tail)).tolist()
    value = float(f1_scores(confusion.diagonal(), confusion.sum(axis=1), confusion.sum(axis=0)).mean())
    return Estimate(value, min(low, value), max(high, value))


def bootstrap(
    statistic: Callable[[NDArray[np.float64]], NDArray[np.float64]],
    n_images: int,
    *,
    confidence: float = 0.95,
    n_resamples: int = 1000,
    basic: bool = False,
    seed: int,
) -> Estimate:
    """Give a bootstrap interval of a statistic, resampling images.

    Parameters
    ----------
    statistic
        From counts of shape (resamples, n_images), how often each image was drawn, to values of shape (resamples,).
    n_images
        Number of images, at least 1.
    confidence
        Nominal coverage, above 0 and below 1.
    n_resamples
        Number of resamples, at least 1.
    basic
        Whether the quantiles are taken on the other side of the value (the basic interval) instead of as they are (the
        percentile interval). For what noise can only make larger, such as a mean of distances: resampling adds the
        noise once more, and the true value lies as far below the measured one as the resampled ones lie above it. What
        would be below 0 is 0.
    seed
        Of the resampling.

    Raises
    ------
    UsageError
        If these numbers cannot be.

    References
    ----------
    B. Efron, R. J. Tibshirani, "An Introduction to the Bootstrap" (1993), chapter 13; for the basic interval
    A. C. Davison, D. V. Hinkley, "Bootstrap Methods and their Application" (1997), section 5.2.
    """
    if n_resamples < 1 or n_images < 1:
        raise UsageError(f"there must be resamples and images, but got {n_resamples} and {n_images}")
    tail = (1 - _checked_confidence(confidence)) / 2
    rng = np.random.default_rng(seed)
    block = max(1, _BLOCK_CELLS // n_images)
    drawn = [
        statistic(_counts_drawn(n_images, min(block, n_resamples - start), rng))
        for start in range(0, n_resamples, block)
    ]
    low, high = np.quantile(np.concatenate(drawn), (tail, 1 - tail)).tolist()
    value = float(statistic(np.ones((1, n_images)))[0])
    if basic:
        low, high = max(0.0, 2 * value - high), 2 * value - low
    return Estimate(value, min(low, value), max(high, value))


def mean_with_interval(values: NDArray[np.float64], *, seed: int) -> Estimate:
    """Give the mean of images' values, float64 of shape (n,), with its 95 % percentile bootstrap interval."""
    return bootstrap(lambda counts: counts @ values / counts.sum(axis=1), len(values), seed=seed)


def f1_scores(hits: NDArray[np.int64], support: NDArray[np.int64], predicted: NDArray[np.int64]) -> NDArray[np.float64]:
    """Give each class's F1; 0 where a class is neither there nor predicted.

    Parameters
    ----------
    hits, support, predicted
        int64 arrays of one shape (…, k): images of the class that were recognised, that are there, that were
        predicted to be of it.

    Returns
    -------
    float64 array of shape (…, k)
    """
    both = support + predicted
    scores: NDArray[np.float64] = np.divide(2.0 * hits, both, out=np.zeros(both.shape), where=both > 0)
    return scores


def normal_quantile(confidence: float) -> float:
    """Give the number of standard errors that a two-sided interval of this confidence spans to each side."""
    return float(ndtri((1 + _checked_confidence(confidence)) / 2))


def _checked_confidence(confidence: float) -> float:
    """Give `confidence` back if it is one."""
    if not 0 < confidence < 1:
        raise UsageError(f"`0 < confidence < 1` must hold, but got {confidence}")
    return confidence


def _resampled_macro_f1(
    confusion: NDArray[np.int64], n_resamples: int, rng: np.random.Generator
) -> Iterator[NDArray[np.float64]]:
    """Draw macro-F1 of resampled confusion matrices, block by block; cells that are empty stay so."""
    rows, columns = np.nonzero(confusion)
    counts = confusion[rows, columns]
    total = int(counts.sum())
    diagonal = np.flatnonzero(rows == columns)
    block = max(1, _BLOCK_CELLS // max(len(counts), len(confusion)))
    for start in range(0, n_resamples, block):
        cells = rng.multinomial(total, counts / total, size=min(block, n_resamples - start))
        support, predicted = _sums_by(rows, cells, len(confusion)), _sums_by(columns, cells, len(confusion))
        hits = _sums_by(rows[diagonal], cells[:, diagonal], len(confusion))
        yield f1_scores(hits, support, predicted).mean(axis=1)


def _counts_drawn(n_images: int, n_resamples: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Draw as many images as there are, with replacement; return how often each was drawn: (n_resamples, n_images)."""
    counts = np.empty((n_resamples, n_images))
    for row in counts:
        row[:] = np.bincount(rng.integers(0, n_images, n_images), minlength=n_images)
    return counts


def _sums_by(classes: NDArray[np.int64], cells: NDArray[np.int64], n_classes: int) -> NDArray[np.int64]:
    """Sum an array of shape (resamples, cells) to (resamples, classes); `classes` tells each cell's class."""
    sums = np.zeros((len(cells), n_classes), dtype=np.int64)
    if classes.size:
        order = np.argsort(classes, kind="stable")
        present, starts = np.unique(classes[order], return_index=True)
        sums[:, present] = np.add.reduceat(cells[:, order], starts, axis=1)
    return sums
