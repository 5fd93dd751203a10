"""The best that is known for ten passes and more over 50,000 small images: five minutes on two cores.

`one_minute`'s network with twice the channels, shifted images, a lower learning rate; at prediction the average over
shifted and mirrored images.

Command: ``fashion train --minutes 5 --on all``. Expected on two cores of an AMD EPYC (AVX-512 bfloat16): 95.1 % of the
test images after 300 s (five seeds, benchmarks/RESULTS.md). How it was found: docs/experiments.md.
"""

from __future__ import annotations

from fashion_classifier.models.cnn import CnnConfig
from fashion_classifier.training.config import Augmentation, Focus, TrainConfig
from fashion_classifier.training.recipes.recipe import Recipe

FIVE_MINUTES = Recipe(
    CnnConfig(stem=24, widths=(32, 128, 128), dropout=0.2),
    TrainConfig(
        epochs=20,
        learning_rate=0.06,
        validations=10,
        views="shifted",
        augmentation=Augmentation(shift_pixels=1),
        focus=Focus(after_passes=1, hardest=0.3, others=0.3),
    ),
)
