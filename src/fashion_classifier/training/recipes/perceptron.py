"""A wider multilayer perceptron than the initial one, trained better: where a search begins in that family.

Command: ``fashion train --recipe perceptron``. Expected: 88 to 89 % of the cross-validation images.
"""

from __future__ import annotations

from fashion_classifier.models.mlp import MlpConfig
from fashion_classifier.training.config import Augmentation, TrainConfig
from fashion_classifier.training.recipes.recipe import Recipe

PERCEPTRON = Recipe(
    MlpConfig(hidden=(256, 128), dropout=0.3),
    TrainConfig(
        optimizer="adamw",
        learning_rate=2e-3,
        momentum=0.9,
        label_smoothing=0.0,
        augmentation=Augmentation(shift_pixels=0),
    ),
)
