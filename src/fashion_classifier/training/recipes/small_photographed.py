"""`small` for photographs: half of its training images are changed as if they were cut out of photographs.

Command: ``fashion train --recipe small-photographed --epochs 20``. Measured: docs/experiments.md, "From a photograph to
a garment".
"""

from __future__ import annotations

from dataclasses import replace

from fashion_classifier.training.config import Augmentation
from fashion_classifier.training.recipes.recipe import Recipe
from fashion_classifier.training.recipes.small import SMALL

SMALL_PHOTOGRAPHED = Recipe(
    SMALL.model, replace(SMALL.training, augmentation=Augmentation(shift_pixels=1, photographed=0.5, parts=0.1))
)
