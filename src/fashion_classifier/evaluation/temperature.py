"""One number that makes probabilities surer or less sure without changing which class is the most probable."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def tempered(probabilities: NDArray[np.floating], temperature: float) -> NDArray[np.float32]:
    """Return what probabilities of shape (n, k) become at another temperature: below 1 surer, above 1 less sure.

    Their logarithms are divided by it, and scaled to sum to 1 again. So averages over views or networks can be
    tempered as the answers of one network can.
    """
    scaled = logarithms(probabilities) / temperature
    result: NDArray[np.float32] = np.exp(scaled - log_sum_exp(scaled)[:, None]).astype(np.float32)
    return result


def logarithms(probabilities: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return logarithms, those of nothing as of the smallest positive number of the type."""
    least = np.finfo(probabilities.dtype).tiny
    found: NDArray[np.float64] = np.log(np.maximum(probabilities, least).astype(np.float64))
    return found


def log_sum_exp(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the logarithm of each row's sum of powers."""
    largest = values.max(axis=1)
    result: NDArray[np.float64] = largest + np.log(np.exp(values - largest[:, None]).sum(axis=1))
    return result
