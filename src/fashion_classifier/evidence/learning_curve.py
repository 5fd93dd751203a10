"""The chosen configuration on parts of the training images, to see whether more of them would help."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from fashion_classifier.data.dataset import Dataset
from fashion_classifier.data.split import Split, hold_out
from fashion_classifier.evaluation.intervals import Estimate, wilson
from fashion_classifier.evidence.trainings import JUDGED_TRAINING_IMAGES, Answered, Probabilities, Trainings
from fashion_classifier.reporting.evidence import LearningPoint
from fashion_classifier.seeds import derive_seed
from fashion_classifier.training.recipes.recipe import Recipe

SHARES: Final = (0.01, 0.05, 0.2, 1.0)
LEAST_LENGTH = 0.15  # of a full training's, for a part of however few images
LEAST_PER_CLASS = 2
LEARNED, JUDGED = "learned", "judged"


def affordable_shares(split: Split) -> tuple[float, ...]:
    """Return the shares of the training part that leave every class some images."""
    fewest = min(split.training.counts.values())
    return tuple(share for share in SHARES if share * fewest >= LEAST_PER_CLASS or share == 1)


def length_of(share: float) -> float:
    """Return how long a training on a part lasts, as a share of one on all: as many epochs, but not too few steps."""
    return max(share, LEAST_LENGTH)


def learning_curve(
    trainings: Trainings, recipe: Recipe, shares: Sequence[float], *, seed: int
) -> tuple[LearningPoint, ...]:
    """Train on ever larger parts of the training images, stratified by class, the smaller ones inside the larger.

    Parameters
    ----------
    shares
        Of the training part, ascending.
    seed
        Of the run.

    Returns
    -------
    tuple of LearningPoint
        Smallest part first; fewer once a stop is asked for.
    """
    split = trainings.workshop.split
    points = []
    for share, part in zip(shares, _nested(split.training, shares, seed), strict=True):

        def make(share: float = share, part: Dataset = part) -> Answered:
            trained = trainings.train(
                recipe,
                split if share == 1 else replace(split, training=part),
                seed=seed,
                purpose="learning curve",
                task=f"Learning curve, {len(part):,} images",
                share=length_of(share),
            )
            learned = trained.model.predict(part.images[:JUDGED_TRAINING_IMAGES])
            answers = {JUDGED: trained.validation_probabilities, LEARNED: learned}
            return Answered(answers, trained.fit.steps, trained.fit.seconds)

        n_images = {JUDGED: len(split.validation), LEARNED: min(len(part), JUDGED_TRAINING_IMAGES)}
        answered = trainings.made(f"curve-{share:g}", n_images, make)
        if answered is not None:
            points.append(
                LearningPoint(
                    n_images=len(part),
                    share=share,
                    training=_accuracy(part, answered.answers[LEARNED]),
                    validation=_accuracy(split.validation, answered.answers[JUDGED]),
                )
            )
    return tuple(points)


def _nested(dataset: Dataset, shares: Sequence[float], seed: int) -> list[Dataset]:
    """Return parts of a dataset, each cut from the next larger one."""
    parts: list[Dataset] = []
    larger, size = dataset, 1.0
    for share in reversed(shares):
        if share < size:
            _, larger = hold_out(larger, share / size, derive_seed(seed, "learning curve", f"{share:g}"), "training")
            size = share
        parts.append(larger)
    return parts[::-1]


def _accuracy(dataset: Dataset, answers: Probabilities) -> Estimate:
    """Return the accuracy of the answers for a dataset's first images."""
    right = answers.argmax(1) == dataset.labels[: len(answers)]
    return wilson(int(np.count_nonzero(right)), len(right))
