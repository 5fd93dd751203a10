"""Labels that a model contradicts with good reason: confident learning (arXiv:1911.00068)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fashion_classifier.errors import UsageError

_SLACK = 1e-6  # a probability that misses its class's mean by rounding alone is not below it


@dataclass(frozen=True)
class Suspect:
    """An image whose label looks wrong.

    Parameters
    ----------
    index
        Position of the image.
    given, suggested
        The class of its label, and the one that the model is confident of.
    probability_given, probability_suggested
        What the model says of the two.
    """

    index: int
    given: int
    suggested: int
    probability_given: float
    probability_suggested: float


@dataclass(frozen=True)
class LabelAudit:
    """What is wrong with labels, as far as a model can tell.

    Parameters
    ----------
    n
        Number of images.
    n_suspects
        How many labels look wrong.
    estimated_share
        Share of the labels that are wrong, 0 to 1: the part of the estimated joint distribution of given and true
        classes that is off its diagonal. Where classes overlap in truth it runs high.
    suspects
        The clearest first; where not all were asked for, the clearest of them.
    """

    n: int
    n_suspects: int
    estimated_share: float
    suspects: tuple[Suspect, ...]


def audit_labels(
    labels: NDArray[np.int64], probabilities: NDArray[np.floating], *, n_listed: int | None = None
) -> LabelAudit:
    """Look for wrong labels.

    A label is suspected if the model is confident of another class (`confident_classes`) and finds it more probable
    than the given one: cleanlab's filter "confident_learning". Unlike "prune_by_noise_rate", which takes as many from
    each pair of classes as its share of the estimate demands, it needs no counts: each suspect stands for itself.
    They are ordered by the margin, the probability of the given class less that of the suggested one, which puts first
    what the model is sure of; the least probable given class alone would put what it cannot place among them.

    Parameters
    ----------
    labels
        int64 array of shape (n,), as given; n at least 1.
    probabilities
        Floating array of shape (n, k), of a model that has not learned from these images; from one that has, its
        errors look like truth.
    n_listed
        How many suspects to list at most; None for all.

    Raises
    ------
    UsageError
        If the arrays don't fit each other, or a label is none.

    References
    ----------
    C. G. Northcutt, L. Jiang, I. L. Chuang, "Confident Learning: Estimating Uncertainty in Dataset Labels",
    arXiv:1911.00068.
    """
    if labels.ndim != 1 or len(labels) == 0 or len(labels) != len(probabilities):
        raise UsageError(f"an audit needs images, but got {len(labels)} labels and {len(probabilities)} rows")
    n_classes = probabilities.shape[1]
    if labels.min() < 0 or labels.max() >= n_classes:
        raise UsageError(f"labels are 0 to {n_classes - 1}, but got {labels.min()} to {labels.max()}")
    confident = confident_classes(labels, probabilities)
    each = np.arange(len(labels))
    margins = probabilities[each, labels].astype(np.float64) - probabilities[each, confident]
    suspected = np.flatnonzero((confident >= 0) & (confident != labels) & (margins < 0))
    clearest = suspected[np.argsort(margins[suspected], kind="stable")][:n_listed]
    joint = estimated_joint(labels, confident, n_classes)
    return LabelAudit(
        n=len(labels),
        n_suspects=len(suspected),
        estimated_share=max(0.0, 1 - float(joint.trace())),
        suspects=tuple(_suspect(index, labels, confident, probabilities) for index in clearest.tolist()),
    )


def confident_classes(labels: NDArray[np.int64], probabilities: NDArray[np.floating]) -> NDArray[np.int64]:
    """Return the class that the model is confident of for each image, -1 for none: int64 of shape (n,).

    It is so of a class that it gives at least the mean probability of the images that are labelled so, and of several
    of the most probable. A model that is timid about a class needs less to be confident of it.
    """
    each = np.arange(len(labels))
    exact = probabilities.astype(np.float64)
    counts = np.bincount(labels, minlength=exact.shape[1])
    sums = np.bincount(labels, weights=exact[each, labels], minlength=exact.shape[1])
    thresholds = np.divide(sums, counts, out=np.full(len(counts), np.inf), where=counts > 0)
    candidates = np.where(exact >= thresholds - _SLACK, exact, -1)
    found = candidates.argmax(axis=1)
    return np.where(candidates[each, found] >= 0, found, -1)


def estimated_joint(labels: NDArray[np.int64], confident: NDArray[np.int64], n_classes: int) -> NDArray[np.float64]:
    """Estimate the joint distribution of given classes (rows) and true ones (columns): (n_classes, n_classes).

    Images with a confident class are counted by it, and each row is scaled to the share of the images labelled so.
    """
    sure = confident >= 0
    counts = np.zeros((n_classes, n_classes))
    np.add.at(counts, (labels[sure], confident[sure]), 1)
    given = np.bincount(labels, minlength=n_classes) / len(labels)
    scaled: NDArray[np.float64] = counts * (given / np.maximum(counts.sum(axis=1), 1))[:, None]
    return scaled


def _suspect(
    index: int, labels: NDArray[np.int64], confident: NDArray[np.int64], probabilities: NDArray[np.floating]
) -> Suspect:
    """Describe the image at this position."""
    given, suggested = int(labels[index]), int(confident[index])
    of_given, of_suggested = probabilities[index, [given, suggested]].tolist()
    return Suspect(index, given, suggested, of_given, of_suggested)
