"""Two models on the same images beyond their accuracy: class by class, and how far other measures lie apart."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from fashion_classifier.evaluation.calibration import BINS, equal_width_bins
from fashion_classifier.evaluation.comparison import Comparison, compare
from fashion_classifier.evaluation.intervals import Estimate, bootstrap, f1_scores, mean_with_interval
from fashion_classifier.evaluation.metrics import cross_entropies
from fashion_classifier.seeds import derive_seed

_Statistic = Callable[[NDArray[np.float64]], NDArray[np.float64]]


@dataclass(frozen=True)
class ClassDifference:
    """Model b against model a on the images of one class.

    Parameters
    ----------
    name
        Of the class.
    comparison
        On its images, so that the difference is one of recall; None where it has none.
    adjusted_p
        Its p-value after Holm's adjustment for all classes; None where it has no image.
    """

    name: str
    comparison: Comparison | None
    adjusted_p: float | None


@dataclass(frozen=True)
class MeasureDifferences:
    """By how much model b's measures exceed model a's, each with its paired 95 % bootstrap interval over images.

    Parameters
    ----------
    macro_f1
        From -1 to 1.
    loss
        Mean cross-entropy in nats.
    calibration_error
        Expected calibration error, a share from -1 to 1.
    """

    macro_f1: Estimate
    loss: Estimate
    calibration_error: Estimate


def compare_classes(
    labels: NDArray[np.int64],
    predicted_a: NDArray[np.int64],
    predicted_b: NDArray[np.int64],
    classes: tuple[str, ...],
) -> tuple[ClassDifference, ...]:
    """Compare two models on the images of each class.

    Parameters
    ----------
    labels, predicted_a, predicted_b
        int64 arrays of shape (n,), indices into `classes`, in one order of images.
    """
    comparisons = [
        compare(labels[inside], predicted_a[inside], predicted_b[inside]) if inside.any() else None
        for inside in (labels == number for number in range(len(classes)))
    ]
    adjusted = iter(holm([each.p_value for each in comparisons if each is not None]))
    return tuple(
        ClassDifference(name, each, None if each is None else next(adjusted))
        for name, each in zip(classes, comparisons, strict=True)
    )


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjust p-values so that, of all tests together, one errs with at most the probability that each is held to.

    References
    ----------
    S. Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6 (1979),
    65-70.

    Examples
    --------
    >>> [round(p, 2) for p in holm([0.01, 0.02, 0.03, 0.04, 0.05])]
    [0.05, 0.08, 0.09, 0.09, 0.09]
    """
    found = np.array(p_values, dtype=np.float64)
    order = np.argsort(found, kind="stable")
    steps = found[order] * np.arange(len(found), 0, -1)
    adjusted = np.empty(len(found))
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return [float(p) for p in adjusted]


def compare_measures(
    labels: NDArray[np.int64],
    probabilities_a: NDArray[np.floating],
    probabilities_b: NDArray[np.floating],
    *,
    seed: int = 0,
) -> MeasureDifferences:
    """Measure how far two models' macro-F1, loss and calibration error lie apart, by resampling images.

    Parameters
    ----------
    labels
        int64 array of shape (n,), n at least 1.
    probabilities_a, probabilities_b
        Floating arrays of shape (n, k), rows summing to 1, in one order of images.
    seed
        The bootstrap derives its own from it.
    """
    both = (probabilities_a, probabilities_b)
    losses_a, losses_b = (cross_entropies(labels, said) for said in both)

    def resampled(name: str, statistics: list[_Statistic]) -> Estimate:
        of_a, of_b = statistics
        own = derive_seed(seed, "bootstrap", "difference", name)
        return bootstrap(lambda weights: of_b(weights) - of_a(weights), len(labels), seed=own)

    return MeasureDifferences(
        macro_f1=resampled("macro-f1", [_macro_f1(labels, said) for said in both]),
        loss=mean_with_interval(losses_b - losses_a, seed=derive_seed(seed, "bootstrap", "difference", "loss")),
        calibration_error=resampled("ece", [_calibration_error(labels, said) for said in both]),
    )


def _macro_f1(labels: NDArray[np.int64], probabilities: NDArray[np.floating]) -> _Statistic:
    """Return what gives the macro-F1 of resamples, from counts of shape (resamples, n)."""
    k, predicted = probabilities.shape[1], probabilities.argmax(axis=1)
    truth, said = _members(labels, k), _members(predicted, k)
    hits = _members(labels, k, (predicted == labels).astype(np.float64))

    def statistic(weights: NDArray[np.float64]) -> NDArray[np.float64]:
        counts = ((weights @ each).astype(np.int64) for each in (hits, truth, said))
        means: NDArray[np.float64] = f1_scores(*counts).mean(axis=1)
        return means

    return statistic


def _calibration_error(labels: NDArray[np.int64], probabilities: NDArray[np.floating]) -> _Statistic:
    """Return what gives the expected calibration error of resamples, from counts of shape (resamples, n)."""
    confidence = probabilities.max(axis=1).astype(np.float64)
    gaps = confidence - (probabilities.argmax(axis=1) == labels)
    in_bins = _members(equal_width_bins(confidence), BINS, gaps)

    def statistic(weights: NDArray[np.float64]) -> NDArray[np.float64]:
        errors: NDArray[np.float64] = np.abs(weights @ in_bins).sum(axis=1) / weights.sum(axis=1)
        return errors

    return statistic


def _members(groups: NDArray[np.int64], n_groups: int, values: NDArray[np.float64] | None = None) -> csr_array:
    """Return a sparse array of shape (n, n_groups) that holds each image's value, or 1, in its group's column."""
    n = len(groups)
    return csr_array((np.ones(n) if values is None else values, (np.arange(n), groups)), shape=(n, n_groups))
