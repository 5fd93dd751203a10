"""A recipe: a model and how it is trained."""

from __future__ import annotations

from dataclasses import dataclass, replace

from fashion_classifier.models.settings import ModelConfig
from fashion_classifier.training.config import ClassWeights, TrainConfig


@dataclass(frozen=True)
class Recipe:
    """A model and its training."""

    model: ModelConfig
    training: TrainConfig


def adapted(recipe: Recipe, *, mirror: bool = True, class_weights: ClassWeights = "none") -> Recipe:
    """Adapt a recipe to what is known of the data.

    Parameters
    ----------
    recipe
        The recipe.
    mirror
        Whether a mirrored image is of the same class; if not, nothing is mirrored, in training or at prediction.
    class_weights
        "balanced" weighs each class by the inverse of its frequency.
    """
    training = replace(recipe.training, class_weights=class_weights)
    if not mirror:
        training = replace(training, augmentation=replace(training.augmentation, mirror=False), views="single")
    return Recipe(recipe.model, training)
