"""The rules for a model's answers to photographs, fitted without any photograph."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fashion_classifier.errors import UsageError
from fashion_classifier.evaluation.conformal import fit_rule
from fashion_classifier.inference.photograph_rules import FLOOR, LARGEST_ODDS, PhotographRules, doubt, evened

# Of the changed images. They are changed more than photographs are: where 80 % of them are accepted, 89 % of the
# photographs of known garments are (90 of them, each in five variants: docs/experiments.md).
ACCEPTED = 0.8
ROUNDS = 200
RIDGE = 1e-3  # of the variances


def fit_photograph_rules(
    known: NDArray[np.float32],
    labels: NDArray[np.int64],
    parts: NDArray[np.float32],
    *,
    leaning: bool = True,
    accepted: float = ACCEPTED,
) -> PhotographRules:
    """Fit rules on images that were changed as if cut out of photographs, or were cut out of some.

    A network that knows clean images alone takes what is badly cut out, folded or askew for some classes rather than
    for others. The odds are those with which each class is, on average, as probable as it is frequent. The doubts tell
    whole garments from halves of them, which stand for all that is none of the classes. Sets are as large as 95 of 100
    changed images need them to be.

    Parameters
    ----------
    known
        float32 array of shape (n, k): what the model says of changed images that it has not learned from.
    labels
        int64 array of shape (n,): their classes.
    parts
        float32 array of shape (m, k): what it says of parts of them, changed alike.
    leaning
        Whether the model leans towards some classes in photographs, having learned from none.
    accepted
        Share of the images that is to be accepted.

    Raises
    ------
    UsageError
        If there are no images.

    References
    ----------
    Odds: as in Saerens, Latinne, Decaestecker, Neural Computation 14 (2002), 21-41, with the frequencies known and the
    model's own leaning sought. Doubts: Fisher's linear discriminant.
    """
    if len(labels) == 0 or len(parts) == 0:
        raise UsageError("rules need images to be fitted on, but got none")
    odds = _odds(known, labels) if leaning else (1.0,) * known.shape[1]
    known, parts = evened(known, odds), evened(parts, odds)
    doubts = _discriminant(np.log(known.astype(np.float64) + FLOOR), np.log(parts.astype(np.float64) + FLOOR))
    threshold = float(np.quantile(doubt(known, doubts), accepted))
    return PhotographRules(odds, doubts, accepted, threshold, fit_rule(labels, known, method="lac"))


def _odds(probabilities: NDArray[np.float32], labels: NDArray[np.int64]) -> tuple[float, ...]:
    """Find the odds by which the mean probabilities become the classes' frequencies."""
    k = probabilities.shape[1]
    wanted = np.bincount(labels, minlength=k) / len(labels)
    odds = np.ones(k)
    for _ in range(ROUNDS):
        weighted = probabilities * odds
        odds *= wanted / np.maximum((weighted / weighted.sum(axis=1, keepdims=True)).mean(axis=0), 1e-9)
        odds = np.clip(odds / odds.mean(), 1 / LARGEST_ODDS, LARGEST_ODDS)
    return tuple(round(float(value), 4) for value in odds)


def _discriminant(known: NDArray[np.float64], strange: NDArray[np.float64]) -> tuple[float, ...]:
    """Return the direction from the known to the strange in which they differ most for their spread."""
    within = np.cov(known, rowvar=False) + np.cov(strange, rowvar=False)
    ridge = RIDGE * float(np.trace(within)) / len(within) + 1e-9
    direction = np.linalg.solve(within + ridge * np.eye(len(within)), strange.mean(axis=0) - known.mean(axis=0))
    return tuple(round(float(value), 4) for value in direction)
