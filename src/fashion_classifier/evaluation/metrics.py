"""Labels and probabilities -> every number that is said of one model on one set of images."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fashion_classifier.display import html_table
from fashion_classifier.errors import UsageError
from fashion_classifier.evaluation.intervals import Estimate, bootstrap_macro_f1, f1_scores, mean_with_interval, wilson
from fashion_classifier.seeds import derive_seed

# How far a row of probabilities may sum from 1: a softmax in single precision over a thousand classes stays
# within 1e-5, one in half precision within 1e-3; logits or raw scores are far outside.
_ROW_SUM_TOLERANCE = 5e-3


@dataclass(frozen=True)
class ClassReport:
    """How one class, or an average over classes, was recognised; ratios are 0 where nothing can be divided.

    Parameters
    ----------
    precision
        Share of the images called so that are so.
    recall
        Share of the images that are so that were called so.
    f1
        Harmonic mean of the two.
    support
        Number of images of the class.
    recall_interval
        Wilson's 95 % interval for recall; None for an average, and for a class without images.
    """

    name: str
    precision: float
    recall: float
    f1: float
    support: int
    recall_interval: Estimate | None


@dataclass(frozen=True)
class Evaluation:
    """All that is measured of one model on one set of images.

    Parameters
    ----------
    n
        Number of images.
    accuracy
        With Wilson's 95 % interval.
    loss
        Mean cross-entropy in nats, with a 95 % bootstrap interval over images.
    macro_f1
        With a 95 % bootstrap interval over images.
    confusion
        Counts, rows true and columns predicted, both in the order of `classes`.
    macro_average
        Each class weighs the same.
    weighted_average
        Each class weighs as its support.
    """

    n: int
    classes: tuple[str, ...]
    accuracy: Estimate
    loss: Estimate
    macro_f1: Estimate
    confusion: tuple[tuple[int, ...], ...]
    per_class: tuple[ClassReport, ...]
    macro_average: ClassReport
    weighted_average: ClassReport
    n_misclassified: int

    def __repr__(self) -> str:
        return f"Evaluation({self.n:,} images, accuracy {self.accuracy:.1%})"

    def _repr_html_(self) -> str:
        return html_table(
            ("", "precision", "recall", "F1", "images"),
            [_row(report) for report in (*self.per_class, self.macro_average, self.weighted_average)],
            caption=f"{self.accuracy:.1%} of {self.n:,} images right",
            notes=(
                f"Loss {self.loss:.3f}; macro F1 {self.macro_f1:.3f}; {self.n_misclassified:,} misclassified.",
                "Intervals are of 95 %.",
            ),
        )


def evaluate(
    labels: ArrayLike,
    probabilities: ArrayLike,
    classes: tuple[str, ...],
    *,
    seed: int = 0,
) -> Evaluation:
    """Measure a model by its probabilities for images whose classes are known.

    Parameters
    ----------
    labels
        Whole numbers of shape (n,), indices into `classes`; n is at least 1.
    probabilities
        Floating numbers of shape (n, k), rows summing to 1; the prediction is the most probable class,
        the first of them where several are.
    classes
        Names of the k classes.
    seed
        Of the run; the bootstrap derives its own from it.

    Raises
    ------
    UsageError
        If the arrays don't fit each other or hold what cannot be.
    """
    labels, probabilities = np.asarray(labels), np.asarray(probabilities)
    _check(labels, probabilities, classes)
    confusion = count_confusions(labels, probabilities.argmax(axis=1), len(classes))
    per_class = _class_reports(confusion, classes)
    n_right = int(confusion.trace())
    return Evaluation(
        n=len(labels),
        classes=classes,
        accuracy=wilson(n_right, len(labels)),
        loss=mean_with_interval(cross_entropies(labels, probabilities), seed=derive_seed(seed, "bootstrap", "loss")),
        macro_f1=bootstrap_macro_f1(confusion, seed=derive_seed(seed, "bootstrap", "macro-f1")),
        confusion=tuple(tuple(row) for row in confusion.tolist()),
        per_class=per_class,
        macro_average=_average("macro average", per_class, np.ones(len(classes))),
        weighted_average=_average("weighted average", per_class, confusion.sum(axis=1).astype(np.float64)),
        n_misclassified=len(labels) - n_right,
    )


def count_confusions(labels: NDArray[np.int64], predicted: NDArray[np.int64], n_classes: int) -> NDArray[np.int64]:
    """Count how often each class was taken for each.

    Parameters
    ----------
    labels, predicted
        int64 arrays of shape (n,), from 0 to ``n_classes - 1``.

    Returns
    -------
    int64 array of shape (n_classes, n_classes), rows true, columns predicted
    """
    pairs = np.bincount(labels * n_classes + predicted, minlength=n_classes**2)
    return pairs.reshape(n_classes, n_classes)


def cross_entropy(labels: NDArray[np.int64], probabilities: NDArray[np.floating]) -> float:
    """Give the mean cross-entropy in nats: of `cross_entropies`."""
    return float(cross_entropies(labels, probabilities).mean())


def cross_entropies(labels: NDArray[np.int64], probabilities: NDArray[np.floating]) -> NDArray[np.float64]:
    """Give each image's cross-entropy in nats, a float64 array of shape (n,).

    A probability of 0 or 1 is moved inside by its type's epsilon, as scikit-learn does, so that one wrong
    certainty costs 16 nats in single precision (36 in double) and not infinity.

    Parameters
    ----------
    labels
        int64 array of shape (n,).
    probabilities
        Floating array of shape (n, k).
    """
    epsilon = float(np.finfo(probabilities.dtype).eps)
    of_truth = probabilities[np.arange(len(labels)), labels].astype(np.float64)
    found: NDArray[np.float64] = -np.log(np.clip(of_truth, epsilon, 1 - epsilon))
    return found


def _row(report: ClassReport) -> tuple[str, ...]:
    """Write a class's report as a row of a table."""
    recall = f"{report.recall:.3f}" if report.recall_interval is None else f"{report.recall_interval:.3f}"
    return report.name, f"{report.precision:.3f}", recall, f"{report.f1:.3f}", f"{report.support:,}"


def _class_reports(confusion: NDArray[np.int64], classes: tuple[str, ...]) -> tuple[ClassReport, ...]:
    """Read precision, recall and F1 of each class off the confusion matrix."""
    hits, support, predicted = confusion.diagonal(), confusion.sum(axis=1), confusion.sum(axis=0)
    precision = np.divide(hits, predicted, out=np.zeros(len(classes)), where=predicted > 0)
    recall = np.divide(hits, support, out=np.zeros(len(classes)), where=support > 0)
    f1 = f1_scores(hits, support, predicted)
    intervals = [wilson(int(hit), int(n)) if n else None for hit, n in zip(hits, support, strict=True)]
    columns = (classes, precision.tolist(), recall.tolist(), f1.tolist(), support.tolist(), intervals)
    return tuple(ClassReport(*row) for row in zip(*columns, strict=True))


def _average(name: str, reports: tuple[ClassReport, ...], weights: NDArray[np.float64]) -> ClassReport:
    """Average the classes' reports."""
    ratios = np.array([(report.precision, report.recall, report.f1) for report in reports])
    precision, recall, f1 = np.average(ratios, axis=0, weights=weights).tolist()
    return ClassReport(name, precision, recall, f1, sum(report.support for report in reports), None)


def _check(labels: NDArray[np.int64], probabilities: NDArray[np.floating], classes: tuple[str, ...]) -> None:
    """Refuse what is not n labels and n rows of k probabilities."""
    n, k = len(labels), len(classes)
    if labels.ndim != 1 or n == 0 or not np.issubdtype(labels.dtype, np.integer):
        raise UsageError(f"labels are integers of shape (n,), n >= 1, but got {labels.dtype} of {labels.shape}")
    if probabilities.shape != (n, k) or not np.issubdtype(probabilities.dtype, np.floating):
        raise UsageError(
            f"probabilities for {n} images and {k} classes are floating numbers of shape ({n}, {k}), "
            f"but got {probabilities.dtype} of {probabilities.shape}"
        )
    if labels.min() < 0 or labels.max() >= k:
        raise UsageError(f"labels are 0 to {k - 1}, but got {labels.min()} to {labels.max()}")
    if not np.isfinite(probabilities).all():
        row = int(np.flatnonzero(~np.isfinite(probabilities).all(axis=1))[0])
        raise UsageError(f"probabilities are finite numbers, but row {row} holds {probabilities[row].tolist()}")
    if probabilities.min() < 0 or probabilities.max() > 1 + _ROW_SUM_TOLERANCE:
        raise UsageError(f"probabilities are 0 to 1, but got {probabilities.min():.6g} to {probabilities.max():.6g}")
    sums = probabilities.sum(axis=1, dtype=np.float64)
    row = int(np.abs(sums - 1).argmax())
    if abs(sums[row] - 1) > _ROW_SUM_TOLERANCE:
        raise UsageError(f"each row of probabilities sums to 1, but row {row} sums to {sums[row]:.6g}")
