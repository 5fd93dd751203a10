"""Answers that do not depend on what else is asked: every batch is of one size, filled up where values are missing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray


def in_whole_batches(
    answer: Callable[[NDArray[Any]], NDArray[Any]], values: NDArray[Any], size: int
) -> NDArray[np.float64]:
    """Return the answers to values, asked for in batches of exactly so many.

    A matrix product rounds otherwise for another number of rows. So one value alone and the same value among others
    would get answers that differ in their last digits.

    Parameters
    ----------
    answer
        From an array of shape (size, …) to probabilities of shape (size, k).
    values
        Array of shape (n, …), n at least 1.
    size
        Values a batch.

    Returns
    -------
    float64 array of shape (n, k)
        Probabilities; each row sums to 1.
    """
    answers = []
    for start in range(0, len(values), size):
        part = values[start : start + size]
        filling = np.repeat(part[:1], size - len(part), axis=0)
        answers.append(answer(np.concatenate([part, filling]))[: len(part)])
    found = np.concatenate(answers).astype(np.float64)
    probabilities: NDArray[np.float64] = found / found.sum(axis=1, keepdims=True)
    return probabilities
