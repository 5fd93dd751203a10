"""Inner folds of training + cross-validation data: what retraining gains, and what is said of images held out.

In each fold what a run does is done again without it: training on a training part, then going on with a
cross-validation part added. Both models answer for the fold, which neither has seen. Every image is held out once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fashion_classifier.data.dataset import Dataset, SealedTestSet
from fashion_classifier.data.split import Split, fold_numbers, hold_out
from fashion_classifier.evaluation.comparison import compare
from fashion_classifier.evidence.trainings import Answered, Probabilities, Trainings
from fashion_classifier.reporting.evidence import RetrainingGain
from fashion_classifier.seeds import derive_seed
from fashion_classifier.training.recipes.recipe import Recipe
from fashion_classifier.training.train import TrainedModel

N_FOLDS: Final = 5
FOLD_SHARE: Final = (N_FOLDS - 1) / N_FOLDS  # of all images, and so of the length, that a fold's training has
LEAST_PER_CLASS = 2 * N_FOLDS  # images, for folds that hold every class on every side
BEFORE, AFTER = "before", "after"

Retrain = Callable[[TrainedModel, Split], TrainedModel]


@dataclass(frozen=True, eq=False)
class HeldOut:
    """What models said of images that they had not learned from.

    Parameters
    ----------
    index
        int64 array of shape (m,): positions in training + cross-validation data, in this order.
    labels
        int64 array of shape (m,).
    before, after
        Probabilities of shape (m, k): before and after retraining.
    n_folds
        How many folds were finished.
    """

    index: NDArray[np.int64]
    labels: NDArray[np.int64]
    before: Probabilities
    after: Probabilities
    n_folds: int


def can_be_folded(everything: Dataset) -> bool:
    """Tell whether each class has enough images."""
    return min(everything.counts.values()) >= LEAST_PER_CLASS


def hold_each_out(
    trainings: Trainings,
    recipe: Recipe,
    retrain: Retrain,
    *,
    seed: int,
) -> HeldOut | None:
    """Train and retrain once for each fold; None if not even one was finished.

    Parameters
    ----------
    retrain
        Trains a model on with everything but the test set of the split that it is given.
    seed
        Of the run.
    """
    split = trainings.workshop.split
    everything = split.everything_but_test
    fraction = len(split.validation) / len(everything)
    fold = fold_numbers(everything, N_FOLDS, derive_seed(seed, "folds"))
    found: list[tuple[NDArray[np.int64], Answered]] = []
    for number in range(N_FOLDS):
        held, rest = np.flatnonzero(fold == number), np.flatnonzero(fold != number)

        def make(number: int = number, held: NDArray[np.int64] = held, rest: NDArray[np.int64] = rest) -> Answered:
            its_seed = derive_seed(seed, "folds", number)
            training, validation = hold_out(everything.take(rest), fraction, its_seed, "cross-validation")
            judged = everything.take(held)
            inner = replace(split, training=training, validation=validation, test=SealedTestSet(judged))
            task = f"Fold {number + 1} of {N_FOLDS}"
            first = trainings.train(recipe, inner, seed=its_seed, purpose="fold", task=task, share=FOLD_SHARE)
            answers = {BEFORE: first.model.predict(judged.images)}
            second = first if trainings.stop_asked() is not None else retrain(first, inner)
            answers[AFTER] = second.model.predict(judged.images)
            return Answered(answers, first.fit.steps + second.fit.steps, first.fit.seconds + second.fit.seconds)

        answered = trainings.made(f"fold-{number}", {BEFORE: len(held), AFTER: len(held)}, make)
        if answered is not None:
            found.append((held, answered))
    if not found:
        return None
    index = np.concatenate([held for held, _ in found])
    return HeldOut(
        index=index,
        labels=everything.labels[index],
        before=np.concatenate([answered.answers[BEFORE] for _, answered in found]),
        after=np.concatenate([answered.answers[AFTER] for _, answered in found]),
        n_folds=len(found),
    )


def retraining_gain(held_out: HeldOut, split: Split) -> RetrainingGain:
    """Say what going on with more images gained on images that were held out."""
    return RetrainingGain(
        n_folds=held_out.n_folds,
        growth=1 + len(split.validation) / len(split.training),
        step=compare(held_out.labels, held_out.before.argmax(1), held_out.after.argmax(1)),
    )
