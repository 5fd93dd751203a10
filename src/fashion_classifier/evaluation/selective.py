"""Knowing when not to know: what is gained by answering only when sure, and by refusing what is strange."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit
from scipy.stats import rankdata

from fashion_classifier.errors import UsageError
from fashion_classifier.evaluation.intervals import Estimate, wilson

Z_95 = 1.959963984540054  # of the standard normal distribution: 95 % lie within so many deviations
KEPT = 0.95  # share of the known images that are accepted where a rate at a fixed acceptance is given


@dataclass(frozen=True)
class RiskCoverage:
    """Error among the answers that are given, over the share of images that are answered, surest first.

    Parameters
    ----------
    coverage
        Shares of the images that are answered, rising to 1.
    risk
        Share of the wrong answers among these.
    area
        Mean risk over all coverages (AURC): 0 at best, the error rate where confidence tells nothing.
    least_area
        That of the same answers if every right one were surer than every wrong one.
    """

    coverage: tuple[float, ...]
    risk: tuple[float, ...]
    area: float
    least_area: float

    def at(self, coverage: float) -> float:
        """Return the risk where at least so large a share of the images, above 0 and at most 1, is answered."""
        return next(risk for share, risk in zip(self.coverage, self.risk, strict=True) if share >= coverage - 1e-9)


@dataclass(frozen=True)
class Separation:
    """How well a score tells strange images from known ones.

    Parameters
    ----------
    n
        Number of the strange images.
    auroc
        Probability that a strange image has a higher score than a known one, ties counted half; 0.5 is chance. With
        DeLong's 95 % interval.
    false_positive_rate
        Share of the strange images that are accepted where 95 % of the known ones are, with Wilson's interval.
    """

    n: int
    auroc: Estimate
    false_positive_rate: Estimate


def risk_coverage(
    labels: NDArray[np.int64], probabilities: NDArray[np.floating], *, n_points: int = 100
) -> RiskCoverage:
    """Measure what is gained by answering only when sure.

    Images of one confidence are answered together, so that their order does not matter: within such a group the wrong
    answers are spread evenly.

    Parameters
    ----------
    labels
        int64 array of shape (n,), n at least 1.
    probabilities
        Floating array of shape (n, k); the confidence is the largest of a row.
    n_points
        Points of the curve that are kept.

    Raises
    ------
    UsageError
        If there are no images, or not as many rows as labels.

    References
    ----------
    Y. Geifman, G. Uziel, R. El-Yaniv, "Bias-Reduced Uncertainty Estimation for Deep Neural Classifiers",
    arXiv:1805.08206.
    """
    if len(labels) == 0 or len(labels) != len(probabilities):
        raise UsageError(f"a curve needs images, but got {len(labels)} labels and {len(probabilities)} rows")
    confidence = probabilities.max(axis=1)
    wrong = (probabilities.argmax(axis=1) != labels).astype(np.float64)
    _, groups, sizes = np.unique(-confidence, return_inverse=True, return_counts=True)
    spread = np.bincount(groups, weights=wrong) / sizes  # mean error of each confidence
    risks = np.cumsum(np.repeat(spread, sizes)) / np.arange(1, len(labels) + 1)
    best = np.cumsum(np.sort(wrong)) / np.arange(1, len(labels) + 1)
    shown = np.unique(np.ceil(np.linspace(0, len(labels), n_points + 1)[1:]).astype(np.int64)) - 1
    return RiskCoverage(
        coverage=tuple(((shown + 1) / len(labels)).tolist()),
        risk=tuple(risks[shown].tolist()),
        area=float(risks.mean()),
        least_area=float(best.mean()),
    )


def separation(known: NDArray[np.floating], strange: NDArray[np.floating]) -> Separation:
    """Measure how well a score, high for what is strange, tells two kinds of images apart.

    Parameters
    ----------
    known, strange
        Scores, of shapes (n,) and (m,), one at least each.

    Raises
    ------
    UsageError
        If there is no score of one kind.
    """
    if len(known) == 0 or len(strange) == 0:
        raise UsageError("there must be images of both kinds")
    accepted = int((strange <= acceptance_threshold(known)).sum())
    return Separation(n=len(strange), auroc=_auroc(known, strange), false_positive_rate=wilson(accepted, len(strange)))


def _auroc(known: NDArray[np.floating], strange: NDArray[np.floating]) -> Estimate:
    """Return the area under the ROC curve with DeLong's interval, made on the scale of log-odds.

    Where every strange score lies above every known one, or below, the interval is Wilson's of as many images as there
    are of the rarer kind.

    References
    ----------
    E. DeLong, D. DeLong, D. Clarke-Pearson, "Comparing the Areas under Two or More Correlated Receiver Operating
    Characteristic Curves: A Nonparametric Approach", Biometrics 44 (1988), 837-845.
    """
    m, n = len(known), len(strange)
    ranks = rankdata(np.concatenate([known, strange]))
    above_known = (ranks[m:] - rankdata(strange)) / m  # for each strange image, the share of known ones below it
    below_strange = 1 - (ranks[:m] - rankdata(known)) / n
    area = float(above_known.mean())
    if min(m, n) < 2 or not 0 < area < 1:
        few = wilson(round(area * min(m, n)), min(m, n))
        return Estimate(area, min(few.low, area), max(few.high, area))
    variance = above_known.var(ddof=1) / n + below_strange.var(ddof=1) / m
    half = Z_95 * np.sqrt(variance) / (area * (1 - area))
    return Estimate(area, float(expit(logit(area) - half)), float(expit(logit(area) + half)))


def acceptance_threshold(known: NDArray[np.floating], kept: float = KEPT) -> float:
    """Return the least score up to which a share of the known images is accepted.

    Parameters
    ----------
    known
        Scores of shape (n,), n at least 1, high for what is strange.
    kept
        The share, above 0 and at most 1.

    Raises
    ------
    UsageError
        If there is no such share.
    """
    if not 0 < kept <= 1:
        raise UsageError(f"`0 < kept <= 1` must hold, but got {kept}")
    return float(np.quantile(known, kept, method="inverted_cdf"))
