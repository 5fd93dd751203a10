"""Sets of classes made of probabilities by a rule that was fitted (`fashion_classifier.evaluation.conformal`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from fashion_classifier.errors import UsageError

Method = Literal["lac", "aps"]
METHODS: tuple[Method, ...] = ("lac", "aps")


@dataclass(frozen=True)
class ConformalRule:
    """How sets are made.

    Parameters
    ----------
    method
        "lac" or "aps".
    alpha
        Share of the images whose set may lack the true class, above 0 and below 1.
    threshold
        Classes with a score up to it are in the set, 0 to 1; 1, which is every class, where there were too few images
        to fit it.
    """

    method: Method
    alpha: float
    threshold: float


def checked_sets(content: Mapping[str, Any] | None) -> ConformalRule | None:
    """Check the rule that a description holds, if it holds one.

    Raises
    ------
    KeyError, TypeError, ValueError
        If there are no such sets.
    """
    if content is None:
        return None
    rule = ConformalRule(str(content["method"]), float(content["alpha"]), float(content["threshold"]))  # type: ignore[arg-type]
    if rule.method not in METHODS or not 0 < rule.alpha < 1 or not 0 <= rule.threshold <= 1:
        raise ValueError(f"there are no sets by {rule}")
    return rule


def scores(
    probabilities: NDArray[np.floating], *, method: Method, draws: NDArray[np.float64] | None = None
) -> NDArray[np.float64]:
    """Return how strange each class would be for each image, 0 to 1: float64 of shape (n, k).

    The most probable class is never strange: an empty set says less than a wrong one. As its score is 0 when a
    threshold is fitted, too, coverage stays what is asked for, instead of growing by the sets that would be empty.

    Parameters
    ----------
    probabilities
        Floating array of shape (n, k).
    method
        "lac": 1 less the class's probability. "aps": the probability of all classes that are more probable, and a part
        of its own, as much as the draw says.
    draws
        Of shape (n,), for "aps".

    Raises
    ------
    UsageError
        If draws are missing, or there is no such method.
    """
    exact = probabilities.astype(np.float64)
    most_probable = np.arange(len(exact)), exact.argmax(axis=1)
    if method == "lac":
        strange = 1 - exact
        strange[most_probable] = 0.0
        return strange
    if method != "aps":
        raise UsageError(f"the method must be lac or aps, but got {method!r}")
    if draws is None or draws.shape != exact.shape[:1]:
        raise UsageError("adaptive prediction sets need a draw for each image")
    order = np.argsort(-exact, axis=1, kind="stable")
    ordered = np.take_along_axis(exact, order, axis=1)
    before = np.cumsum(ordered, axis=1) - ordered
    found = np.empty_like(exact)
    np.put_along_axis(found, order, np.minimum(before + draws[:, None] * ordered, 1.0), axis=1)
    found[most_probable] = 0.0
    return found


def prediction_sets(
    probabilities: NDArray[np.floating], rule: ConformalRule, *, draws: NDArray[np.float64] | None = None
) -> NDArray[np.bool_]:
    """Return which classes are in each image's set, the most probable one always: bool of shape (n, k)."""
    sets: NDArray[np.bool_] = scores(probabilities, method=rule.method, draws=draws) <= rule.threshold
    return sets
