"""What a model says of pictures that were looked at: the views of each are averaged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from fashion_classifier.inference.answers import Answer, answers, named_sets
from fashion_classifier.inference.photograph_rules import evened, refused
from fashion_classifier.inference.photographs.seen import Seen
from fashion_classifier.inference.predictor import Classifier, Probabilities


def probabilities_of(model: Classifier, seen: Sequence[Seen]) -> Probabilities:
    """Return each picture's probabilities, averaged over its views; of photographs without the model's leaning.

    Returns
    -------
    float32 array of shape (n, k)
    """
    if not seen:
        return np.empty((0, len(model.classes)), np.float32)
    of_views = model.predict(np.concatenate([one.images for one in seen]))
    if (rules := model.photographs) is not None:
        photographs = np.concatenate([np.full(len(one.images), one.photograph) for one in seen])
        of_views = np.where(photographs[:, None], evened(of_views, rules.odds), of_views)
    weighted = of_views * np.concatenate([one.weights for one in seen])[:, None]
    starts = np.cumsum([0, *(len(one.images) for one in seen[:-1])])
    averages: Probabilities = np.add.reduceat(weighted, starts, axis=0)
    return averages


def answer_photographs(model: Classifier, seen: Sequence[Seen]) -> list[Answer]:
    """Say what pictures show, as `answers_with_probabilities` does."""
    return [answer for answer, _ in answers_with_probabilities(model, seen)]


def answers_with_probabilities(model: Classifier, seen: Sequence[Seen]) -> list[tuple[Answer, Probabilities]]:
    """Say what pictures show, and how probable each class is.

    A photograph has a set and is refused by the model's rules for photographs; where it has none, nothing is said of
    that. A picture that was taken as it is, is answered by the model's own rules.

    Parameters
    ----------
    model
        What classifies.
    seen
        What was seen of each picture, as `fashion_classifier.inference.photographs.seen.look` gives it for its shape.

    Returns
    -------
    list of (Answer, float32 array of shape (k,))
    """
    probabilities = probabilities_of(model, seen)
    rules = model.photographs
    strange_ones = [None] * len(seen) if rules is None else refused(probabilities, rules).tolist()
    sets = named_sets(model.classes, probabilities, None if rules is None else rules.sets)
    said = [
        replace(answer, classes=classes, refused=strange) if one.photograph else answer
        for answer, one, classes, strange in zip(answers(model, probabilities), seen, sets, strange_ones, strict=True)
    ]
    return list(zip(said, probabilities, strict=True))
