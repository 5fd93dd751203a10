"""Refusing images that are no garment, by a rule that was fitted (`fashion_classifier.evaluation.novelty`)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from fashion_classifier.errors import UsageError
from fashion_classifier.evaluation.temperature import log_sum_exp, logarithms

Score = Literal["confidence", "entropy", "softened-entropy"]
SCORES: tuple[Score, ...] = get_args(Score)

# Chosen on nine kinds of strange images and five models that had not learned from the known ones (a perceptron, three
# convolutional networks, six that vote): the share of strange images accepted where 95 % of the known ones are was 38 %
# by confidence, 22 % by entropy, 16 % by the generalised entropy of Liu et al. (CVPR 2023, gamma 0.1), and 13.4, 12.3
# and 12.0 % by entropy at 3, 5 and 10 times the temperature. Energy (arXiv:2010.03759) needs logits: over the four
# models that are single networks it left 17.5 %, entropy at 5 times the temperature 15.3 %.
SOFTENING = 5.0


@dataclass(frozen=True)
class RefusalRule:
    """Which images are refused.

    Parameters
    ----------
    score
        How strange an image is, by the model's probabilities: see `strangeness`.
    accepted
        Share of the known images that the threshold was fitted to accept, above 0 and at most 1.
    threshold
        Images with a score up to it are accepted.
    """

    score: Score
    accepted: float
    threshold: float


def strangeness(probabilities: NDArray[np.floating], *, score: Score = "softened-entropy") -> NDArray[np.float64]:
    """Return how strange each image is by its probabilities alone, high for strange ones: float64 of shape (n,).

    Parameters
    ----------
    probabilities
        Floating array of shape (n, k), rows summing to 1. The temperature that they have been brought to matters: a
        threshold holds for probabilities at the one that it was fitted at.
    score
        "confidence": the probability of all classes but the most probable one (arXiv:1610.02136), 0 to 1.
        "entropy": in nats, 0 to log k.
        "softened-entropy": the same at five times the temperature, at which also the improbable classes have a say. A
        garment is unlike most other classes in ways that a network has learned; a strange image is a little like
        several of them. High temperatures serve this end in arXiv:1706.02690.

    Raises
    ------
    UsageError
        If these are no probabilities, or there is no such score.

    Examples
    --------
    >>> strangeness(np.array([[0.5, 0.5], [1.0, 0.0]]), score="confidence").tolist()
    [0.5, 0.0]
    """
    if probabilities.ndim != 2 or not np.isfinite(probabilities).all():
        raise UsageError(f"probabilities are finite numbers of shape (n, k), but got some of {probabilities.shape}")
    if score == "confidence":
        exact = probabilities.astype(np.float64)
        rest: NDArray[np.float64] = exact.sum(axis=1) - exact.max(axis=1)  # what 1 - max would lose to rounding
        return np.maximum(rest, 0.0)
    if score == "entropy":
        return _entropy(probabilities)
    if score == "softened-entropy":
        return _entropy(probabilities, SOFTENING)
    raise UsageError(f"the score must be one of {', '.join(SCORES)}, but got {score!r}")


def refuse(probabilities: NDArray[np.floating], rule: RefusalRule) -> NDArray[np.bool_]:
    """Return which images are refused: bool of shape (n,).

    Parameters
    ----------
    probabilities
        Floating array of shape (n, k), at the temperature at which the rule was fitted.
    """
    return strangeness(probabilities, score=rule.score) > rule.threshold


def _entropy(probabilities: NDArray[np.floating], temperature: float = 1.0) -> NDArray[np.float64]:
    """Return each row's entropy in nats, in double precision throughout: single precision loses the sure images'."""
    scaled = logarithms(probabilities) / temperature
    scaled -= log_sum_exp(scaled)[:, None]
    entropies: NDArray[np.float64] = -(np.exp(scaled) * scaled).sum(axis=1)
    return entropies
