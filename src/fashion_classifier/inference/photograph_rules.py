"""What goes with a model's answers to photographs: which classes it leans towards there, its sets, what it refuses."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fashion_classifier.evaluation.prediction_sets import ConformalRule, checked_sets

LARGEST_ODDS = 100.0
FLOOR = 1e-4  # what is added to a probability before its logarithm is taken: below, one is as good as another


@dataclass(frozen=True)
class PhotographRules:
    """How a model answers to photographs.

    Parameters
    ----------
    odds
        What each class's probability is multiplied by before they are made to sum to 1 again; their mean is 1.
    doubts
        By how much the logarithm of each class's probability speaks for something that is none of the classes.
    accepted
        Share of the known images that the threshold was fitted to accept, above 0 and at most 1.
    threshold
        Photographs whose doubt is above it are refused.
    sets
        How sets of classes are made for photographs; None where that was not fitted.
    """

    odds: tuple[float, ...]
    doubts: tuple[float, ...]
    accepted: float
    threshold: float
    sets: ConformalRule | None = None


def evened(probabilities: NDArray[np.float32], odds: tuple[float, ...]) -> NDArray[np.float32]:
    """Take from probabilities of shape (n, k) what a model leans towards."""
    weighted = probabilities * np.array(odds, np.float32)
    found: NDArray[np.float32] = weighted / weighted.sum(axis=1, keepdims=True)
    return found


def doubt(probabilities: NDArray[np.float32], doubts: tuple[float, ...]) -> NDArray[np.float64]:
    """Tell how much rather than one of the classes something else is seen: float64 of shape (n,)."""
    found: NDArray[np.float64] = np.log(probabilities.astype(np.float64) + FLOOR) @ np.array(doubts)
    return found


def refused(probabilities: NDArray[np.float32], rules: PhotographRules) -> NDArray[np.bool_]:
    """Return which photographs are refused, by evened probabilities of shape (n, k)."""
    strange: NDArray[np.bool_] = doubt(probabilities, rules.doubts) > rules.threshold
    return strange


def checked_rules(content: Mapping[str, Any] | None, n_classes: int) -> PhotographRules | None:
    """Check the rules that a description holds, if it holds some.

    Raises
    ------
    KeyError, TypeError, ValueError
        If they cannot be.
    """
    if content is None:
        return None
    odds, doubts = (tuple(float(value) for value in content[name]) for name in ("odds", "doubts"))
    sets = checked_sets(content.get("sets"))
    rules = PhotographRules(odds, doubts, float(content["accepted"]), float(content["threshold"]), sets)
    fit = len(odds) == len(doubts) == n_classes and all(0 < value <= n_classes * LARGEST_ODDS for value in odds)
    if not fit or not 0 < rules.accepted <= 1 or not all(map(math.isfinite, (*doubts, rules.threshold))):
        raise ValueError(f"of {n_classes} classes photographs cannot be answered by {rules}")
    return rules
