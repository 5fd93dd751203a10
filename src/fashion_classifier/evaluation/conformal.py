"""Sets of classes that hold the true one as often as was asked, whatever the model is like.

Two ways to make them: LAC (least ambiguous set-valued classifiers), the smallest sets on average, of one size for easy
and hard images alike; and APS (adaptive prediction sets), larger for hard images, with coverage more even over them.
Both rest on exchangeability alone: the images that a threshold is fitted on and those that it is used for must come
from the same source, and the model must have learned from neither.

References
----------
M. Sadinle, J. Lei, L. Wasserman, "Least Ambiguous Set-Valued Classifiers With Bounded Error Levels",
Journal of the American Statistical Association 114 (2019), 223-234.
Y. Romano, M. Sesia, E. Candes, "Classification with Valid and Adaptive Coverage", arXiv:2006.02544.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fashion_classifier.errors import UsageError
from fashion_classifier.evaluation.intervals import Estimate, wilson
from fashion_classifier.evaluation.prediction_sets import ConformalRule, Method, scores


@dataclass(frozen=True)
class Coverage:
    """What sets are worth on images whose classes are known.

    Parameters
    ----------
    coverage
        Share of the sets that hold the true class, with Wilson's 95 % interval.
    per_class
        The same for each class; None for those without images.
    mean_size
        Mean number of classes in a set.
    sizes
        How many sets have 0, 1, … k classes.
    """

    coverage: Estimate
    per_class: tuple[Estimate | None, ...]
    mean_size: float
    sizes: tuple[int, ...]


def fit_rule(
    labels: NDArray[np.int64],
    probabilities: NDArray[np.floating],
    *,
    method: Method,
    alpha: float = 0.05,
    draws: NDArray[np.float64] | None = None,
) -> ConformalRule:
    """Fit the threshold on images that the model has not learned from.

    Parameters
    ----------
    labels
        int64 array of shape (n,), n at least 1.
    probabilities
        Floating array of shape (n, k).
    method
        "lac" or "aps".
    alpha
        Share of the images whose set may lack the true class, above 0 and below 1.
    draws
        For "aps", a number from 0 to 1 for each image, independent of everything else, shape (n,): it is what makes
        the coverage exact rather than too high.

    Raises
    ------
    UsageError
        If these numbers cannot be, or draws are missing.
    """
    if not 0 < alpha < 1:
        raise UsageError(f"`0 < alpha < 1` must hold, but got {alpha}")
    if len(labels) == 0 or len(labels) != len(probabilities):
        raise UsageError(f"a rule needs images, but got {len(labels)} labels and {len(probabilities)} rows")
    of_truth = scores(probabilities, method=method, draws=draws)[np.arange(len(labels)), labels]
    rank = math.ceil((len(labels) + 1) * (1 - alpha))
    threshold = 1.0 if rank > len(labels) else float(np.sort(of_truth)[rank - 1])
    return ConformalRule(method, alpha, threshold)


def measure_coverage(labels: NDArray[np.int64], sets: NDArray[np.bool_]) -> Coverage:
    """Measure sets on images whose classes are known.

    Parameters
    ----------
    labels
        int64 array of shape (n,), n at least 1.
    sets
        bool array of shape (n, k).
    """
    n_classes = sets.shape[1]
    covered = sets[np.arange(len(labels)), labels]
    counts = np.bincount(labels, minlength=n_classes)
    hits = np.bincount(labels, weights=covered, minlength=n_classes).astype(np.int64)
    sizes = sets.sum(axis=1)
    return Coverage(
        coverage=wilson(int(covered.sum()), len(labels)),
        per_class=tuple(
            wilson(int(hit), int(n)) if n else None for hit, n in zip(hits.tolist(), counts.tolist(), strict=True)
        ),
        mean_size=float(sizes.mean()),
        sizes=tuple(np.bincount(sizes, minlength=n_classes + 1).tolist()),
    )
