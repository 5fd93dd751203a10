"""The images that join a retraining last: until then they tell how sure the retrained network may be.

A network that has learned from an image answers too surely for it: what goes with its answers cannot be fitted on it.
And the rules of the network before its retraining are not quite those of the one after (docs/experiments.md). So a part
of the cross-validation images is kept back from the retraining, and the rules are fitted on what is said of them. Then
they are learned from as well, with some others, in a few steps that are too small to change much.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from fashion_classifier.data.split import Split, fold_numbers
from fashion_classifier.seeds import derive_seed
from fashion_classifier.training.config import Focus
from fashion_classifier.training.recipes.recipe import Recipe
from fashion_classifier.training.sampling import UNSEEN
from fashion_classifier.training.train import batch_size_for

ONE_IN = 6  # cross-validation images is kept back
LEAST_IMAGES = 1000  # that are enough to fit on; with fewer, the rules of the network before its retraining serve
RATE = 0.05  # of the retraining's learning rate, for the steps in which the images join
OTHERS = 0.1  # of the other images, which take part in them


def held_back(split: Split, seed: int) -> NDArray[np.int64]:
    """Return which cross-validation images join last: sorted positions; none where they would be too few.

    They are drawn by class, and groups and exact duplicates stay together.
    """
    chosen = np.flatnonzero(fold_numbers(split.validation, ONE_IN, derive_seed(seed, "held back")) == 0)
    return chosen if len(chosen) >= LEAST_IMAGES else chosen[:0]


def learned_first(split: Split, held: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the positions, in training + cross-validation data, of all images but those that are held back."""
    n_training = len(split.training)
    return np.delete(np.arange(n_training + len(split.validation)), n_training + held)


def losses_for_joining(split: Split, held: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return losses by which the images that were held back are the hardest of training + cross-validation data."""
    n_training = len(split.training)
    losses = np.zeros(n_training + len(split.validation), np.float32)
    losses[n_training + held] = UNSEEN
    return losses


def joining_recipe(retraining: Recipe, n_held: int, n_images: int) -> tuple[Recipe, int]:
    """Return how the held images join, and in how many steps: one pass over all of them and some others.

    The pass holds whole batches, as what is left over would not take part.
    """
    batch = batch_size_for(n_images, retraining.training.batch_size)
    n_steps = math.ceil((n_held + OTHERS * (n_images - n_held)) / batch)
    others = min(1.0, (n_steps * batch - n_held) / (n_images - n_held))
    settings = replace(
        retraining.training,
        learning_rate=RATE * retraining.training.learning_rate,
        warmup_fraction=0.0,
        focus=Focus(after_passes=1, hardest=n_held / n_images, others=others),
    )
    return Recipe(retraining.model, settings), n_steps
