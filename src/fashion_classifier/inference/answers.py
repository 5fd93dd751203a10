"""What a model says of an image: its best guess, how sure it is, which classes it may be, and whether it is none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fashion_classifier.evaluation.prediction_sets import ConformalRule, prediction_sets
from fashion_classifier.evaluation.refusal import RefusalRule, refuse
from fashion_classifier.inference.predictor import Classifier, Probabilities


@dataclass(frozen=True)
class Answer:
    """What a model says of one image.

    Parameters
    ----------
    predicted, probability
        The most probable class, given even where it is refused, and its probability.
    classes
        Those that it may be, the most probable first, by the model's own rule: 95 % of such sets hold the true class of
        images like those that it was fitted on. None where the model has no such rule.
    refused
        Whether the image is unlike those that the model knows; None where the model has no rule for it.
    """

    predicted: str
    probability: float
    classes: tuple[str, ...] | None = None
    refused: bool | None = None


def answers(model: Classifier, probabilities: Probabilities) -> list[Answer]:
    """Say in words what a model's probabilities of shape (n, k) say."""
    sets = named_sets(model.classes, probabilities, model.sets)
    refused = _refused(probabilities, model.refusal)
    labels, surest = probabilities.argmax(1).tolist(), probabilities.max(1).tolist()
    return [
        Answer(model.classes[label], probability, names, strange)
        for label, probability, names, strange in zip(labels, surest, sets, refused, strict=True)
    ]


def named_sets(
    classes: tuple[str, ...], probabilities: Probabilities, rule: ConformalRule | None
) -> Sequence[tuple[str, ...] | None]:
    """Return each image's set, the most probable class first."""
    if rule is None:
        return [None] * len(probabilities)
    members = prediction_sets(probabilities, rule)
    ordered = np.argsort(-probabilities, axis=1, kind="stable")
    sizes = members.sum(axis=1)  # what is in a set is more probable than what is not
    return [tuple(classes[label] for label in row[:size]) for row, size in zip(ordered.tolist(), sizes, strict=True)]


def _refused(probabilities: Probabilities, rule: RefusalRule | None) -> Sequence[bool | None]:
    """Return which images are refused."""
    if rule is None:
        return [None] * len(probabilities)
    strange: list[bool] = refuse(probabilities, rule).tolist()
    return strange
