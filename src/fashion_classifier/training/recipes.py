"""The recipes that we know: each a model's config and how it is trained."""

from __future__ import annotations

from dataclasses import dataclass, replace

from fashion_classifier.models.catalogue import ModelConfig
from fashion_classifier.models.cnn import CnnConfig
from fashion_classifier.models.mlp import MlpConfig
from fashion_classifier.models.resnet import ResnetConfig
from fashion_classifier.training.config import Augmentation, ClassWeights, TrainConfig


@dataclass(frozen=True)
class Recipe:
    """A model and its training."""

    model: ModelConfig
    training: TrainConfig


INITIAL = Recipe(
    MlpConfig(hidden=(128, 64), dropout=0.5),
    TrainConfig(
        epochs=10,
        batch_size=32,
        optimizer="adam",
        learning_rate=1e-3,
        momentum=0.9,
        weight_decay=0.0,
        schedule="constant",
        warmup_fraction=0.0,
        label_smoothing=0.0,
        patience_epochs=3,
        precision="float32",
        views="single",
        augmentation=Augmentation(mirror=False, shift_pixels=0),
    ),
)
"""The initial model: the notebook's network, trained as there (Keras's defaults for Adam and the batch size)."""

CNN = Recipe(CnnConfig(), TrainConfig())
"""What is known to work (docs/experiments.md): trial 0 of every search."""

RESNET = Recipe(ResnetConfig(), TrainConfig())
"""The residual network with the convolutional network's training."""

RECIPES = {"mlp": INITIAL, "cnn": CNN, "resnet": RESNET}


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
