"""How well a model tells images that are no garment: a rule fitted on known images, measured on strange ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fashion_classifier.errors import UsageError
from fashion_classifier.evaluation.intervals import Estimate, wilson
from fashion_classifier.evaluation.refusal import RefusalRule, Score, refuse, strangeness
from fashion_classifier.evaluation.selective import KEPT, Separation, acceptance_threshold, separation


@dataclass(frozen=True)
class KindNovelty:
    """How well one kind of strange images is told.

    Parameters
    ----------
    kind
        Its name.
    separation
        Of its scores from those of the known images, whatever the threshold that was fitted.
    refused
        Share that is refused at that threshold, with Wilson's 95 % interval.
    """

    kind: str
    separation: Separation
    refused: Estimate


@dataclass(frozen=True)
class Novelty:
    """How well strange images are told, measured on images that nothing was fitted on.

    Parameters
    ----------
    rule
        Fitted on cross-validation images.
    n
        Number of known images.
    accepted
        Share of these that the rule accepts, with Wilson's 95 % interval; what was asked for is the rule's own.
    kinds
        In the order given.
    """

    rule: RefusalRule
    n: int
    accepted: Estimate
    kinds: tuple[KindNovelty, ...]

    @property
    def hardest(self) -> KindNovelty:
        """The kind of which the smallest share is refused, the first of such."""
        return min(self.kinds, key=lambda kind: kind.refused.value)


def fit_refusal(
    probabilities: NDArray[np.floating], *, score: Score = "softened-entropy", accepted: float = KEPT
) -> RefusalRule:
    """Fit the threshold up to which a share of the known images is accepted.

    Parameters
    ----------
    probabilities
        Floating array of shape (n, k), n at least 1, of known images that the model has not learned from.
    score
        What tells strange images.
    accepted
        The share, above 0 and at most 1.

    Raises
    ------
    UsageError
        If there are no images, or no such share or score.
    """
    if len(probabilities) == 0:
        raise UsageError("a threshold needs images to be fitted on, but got none")
    threshold = acceptance_threshold(strangeness(probabilities, score=score), accepted)
    return RefusalRule(score, accepted, threshold)


def measure_novelty(
    rule: RefusalRule, known: NDArray[np.floating], strange: Mapping[str, NDArray[np.floating]]
) -> Novelty:
    """Measure a rule on known images that it was not fitted on, and on strange ones.

    Parameters
    ----------
    rule
        What is measured.
    known
        Floating array of shape (n, k), n at least 1: probabilities of known images.
    strange
        Names of kinds, one at least, with their probabilities of shapes (m, k), m at least 1.

    Raises
    ------
    UsageError
        If there are no images of a kind.
    """
    if len(known) == 0 or not strange:
        raise UsageError(
            f"there must be known images and kinds of strange ones, but got {len(known)} and {len(strange)}"
        )
    scores = strangeness(known, score=rule.score)
    return Novelty(
        rule=rule,
        n=len(known),
        accepted=_share(~refuse(known, rule)),
        kinds=tuple(_measure_kind(kind, rule, scores, probabilities) for kind, probabilities in strange.items()),
    )


def _measure_kind(
    kind: str, rule: RefusalRule, known: NDArray[np.float64], probabilities: NDArray[np.floating]
) -> KindNovelty:
    """Measure one kind of strange images against the scores of the known ones."""
    told = separation(known, strangeness(probabilities, score=rule.score))
    return KindNovelty(kind, told, _share(refuse(probabilities, rule)))


def _share(chosen: NDArray[np.bool_]) -> Estimate:
    """Return the share of the images that were chosen, with its interval."""
    return wilson(int(chosen.sum()), len(chosen))
