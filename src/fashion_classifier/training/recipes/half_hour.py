"""The best that is known for half an hour on two cores: several networks such as `five_minutes`'s, which vote.

Four times the steps make one network hardly better (docs/experiments.md); networks of different seeds err on different
images, so the same time makes better answers when it is shared among several.

Command: ``fashion train --minutes 30 --on all``. Measured on two cores of an AMD EPYC (AVX-512 bfloat16): 95.2 % of the
test images (three seeds, benchmarks/RESULTS.md).
"""

from __future__ import annotations

from dataclasses import replace

from fashion_classifier.models.cnn import CnnConfig
from fashion_classifier.models.ensemble import EnsembleConfig
from fashion_classifier.training.recipes.five_minutes import FIVE_MINUTES
from fashion_classifier.training.recipes.recipe import Recipe

HALF_HOUR = Recipe(
    EnsembleConfig(member=CnnConfig(stem=24, widths=(48, 128, 192), dropout=0.2), members=6),
    replace(FIVE_MINUTES.training, epochs=6 * FIVE_MINUTES.training.epochs, views="mirrored"),
)
