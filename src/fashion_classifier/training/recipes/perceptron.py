"""A wider multilayer perceptron than the initial one, trained better: where a search begins in that family.

Command: ``fashion train --recipe perceptron --minutes 1``. Measured on two cores of an AMD EPYC (AVX-512 bfloat16):
90.3 % of the cross-validation images (one seed, benchmarks/RESULTS.md).
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
