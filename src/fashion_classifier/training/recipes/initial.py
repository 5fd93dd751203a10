"""The initial model: the notebook's network, trained as there, with Keras's defaults for Adam and the batch size.

Command: ``fashion train --recipe initial``. Measured: 85.9 % of the test images, as the first stage
of `fashion run --minutes 5` on two cores of an AMD EPYC (three seeds, benchmarks/RESULTS.md).
"""

from __future__ import annotations

from fashion_classifier.models.mlp import MlpConfig
from fashion_classifier.training.config import Augmentation, TrainConfig
from fashion_classifier.training.recipes.recipe import Recipe

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
