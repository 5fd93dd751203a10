"""The mean of a few repetitions, with the interval that so few allow."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from fashion_classifier.errors import UsageError
from fashion_classifier.evaluation.intervals import Estimate


@dataclass(frozen=True)
class Repeated:
    """What repetitions gave that differ by chance alone.

    Parameters
    ----------
    values
        Of each of them.
    mean
        With Student's 95 % interval, which takes them for draws from a normal distribution.
    deviation
        Sample standard deviation.
    """

    values: tuple[float, ...]
    mean: Estimate
    deviation: float


def measure_repeats(values: NDArray[np.float64], confidence: float = 0.95) -> Repeated:
    """Measure the mean of repetitions.

    Parameters
    ----------
    values
        Floating array of shape (n,), n at least 2.
    confidence
        Of the interval, above 0 and below 1.

    Raises
    ------
    UsageError
        If there are fewer than two values.
    """
    if len(values) < 2:
        raise UsageError(f"repetitions are two at least, but got {len(values)}")
    mean, deviation = float(values.mean()), float(values.std(ddof=1))
    half = float(stdtrit(len(values) - 1, 0.5 + confidence / 2)) * deviation / sqrt(len(values))
    return Repeated(tuple(values.tolist()), Estimate(mean, mean - half, mean + half), deviation)
