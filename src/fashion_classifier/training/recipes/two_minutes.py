"""The best that is known for about ten passes over 50,000 small images: one and a half to four minutes on two cores.

`one_minute`'s network with more channels in its later groups; images shifted by a pixel, for which there is time now.

Command: ``fashion train --recipe two-minutes --minutes 2``. Measured on two cores of an AMD EPYC (AVX-512 bfloat16):
94.9 % of the cross-validation images (one seed, benchmarks/RESULTS.md). How it was found: docs/experiments.md.
"""

from __future__ import annotations

from fashion_classifier.models.cnn import CnnConfig
from fashion_classifier.training.config import Augmentation, Focus, TrainConfig
from fashion_classifier.training.recipes.recipe import Recipe

TWO_MINUTES = Recipe(
    CnnConfig(stem=16, widths=(32, 96, 96), dropout=0.1),
    TrainConfig(
        learning_rate=0.08,
        validations=5,
        views="shifted",
        augmentation=Augmentation(shift_pixels=1),
        focus=Focus(after_passes=1, hardest=0.3, others=0.3),
    ),
)
