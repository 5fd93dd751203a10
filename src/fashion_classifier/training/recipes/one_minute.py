"""The best that is known for up to a few passes over 50,000 small images: a minute on two cores.

The network of airbench (arXiv:2404.00498) made small, trained with Muon (https://kellerjordan.github.io/posts/muon);
after the first pass mostly on the images that are still hard (`Focus`), which is worth about half a point. Shifted
images cost more in so short a training than they give.

Command: ``fashion train --minutes 1 --on all``. Expected on two cores of an AMD EPYC (AVX-512 bfloat16): 94.0 % of the
test images after 60 s, 90.6 % after 15 s (ten trainings each, benchmarks/RESULTS.md).
"""

from __future__ import annotations

from fashion_classifier.models.cnn import CnnConfig
from fashion_classifier.training.config import Augmentation, Focus, TrainConfig
from fashion_classifier.training.recipes.recipe import Recipe

ONE_MINUTE = Recipe(
    CnnConfig(stem=16, widths=(32, 64, 64), dropout=0.1),
    TrainConfig(
        learning_rate=0.1,
        validations=3,
        augmentation=Augmentation(shift_pixels=0),
        focus=Focus(after_passes=1, hardest=0.3, others=0.3),
    ),
)
