"""From what a network answers to probabilities that can be believed; which class is the most probable stays as it is.

First the label smoothing is undone that the network was taught with, which is known; then a temperature, one number,
makes the probabilities surer or less sure, and that is fitted.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

NOISE = 0.1  # of what smoothing gives to each class: what an answer is uncertain by (docs/experiments.md)


def unsmoothed(probabilities: NDArray[np.floating], smoothing: float) -> NDArray[np.float32]:
    """Return what the answers of a network that was taught smoothed labels say of the true ones.

    With label smoothing e (arXiv:1512.00567) a label is taught as 1 - e of its own class and e / k of each of the k
    classes. A network that means p then answers (1 - e) p + e / k, and so does an average over views or networks. What
    would be 0 or less after solving for p becomes small and stays in its order.

    Parameters
    ----------
    probabilities
        Shape (n, k), rows summing to 1.
    smoothing
        e, at least 0 and below 1; 0 changes nothing.
    """
    if smoothing == 0:
        return probabilities.astype(np.float32, copy=False)
    share = smoothing / probabilities.shape[1]
    own = (probabilities.astype(np.float64) - share) / (2 * share)
    # From 0 up to own with the bend rounded off, so that the order stays; for negative numbers written as a quotient,
    # as the sum would lose all its digits.
    root = np.hypot(own, NOISE)
    positive = np.where(own > 0, own + root, NOISE**2 / np.where(own > 0, 1.0, root - own))
    result: NDArray[np.float32] = (positive / positive.sum(axis=1, keepdims=True)).astype(np.float32)
    return result


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
