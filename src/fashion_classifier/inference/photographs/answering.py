"""What a model says of pictures that were looked at: the views of each are averaged."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fashion_classifier.inference.answers import Answer, answers
from fashion_classifier.inference.photographs.seen import Seen
from fashion_classifier.inference.predictor import Classifier, Probabilities


def probabilities_of(model: Classifier, seen: Sequence[Seen]) -> Probabilities:
    """Return each picture's probabilities, averaged over its views: float32 of shape (n, k)."""
    if not seen:
        return np.empty((0, len(model.classes)), np.float32)
    of_views = model.predict(np.concatenate([one.images for one in seen]))
    weighted = of_views * np.concatenate([one.weights for one in seen])[:, None]
    starts = np.cumsum([0, *(len(one.images) for one in seen[:-1])])
    averages: Probabilities = np.add.reduceat(weighted, starts, axis=0)
    return averages


def answer_photographs(model: Classifier, seen: Sequence[Seen]) -> list[Answer]:
    """Say what pictures show."""
    return answers(model, probabilities_of(model, seen))
