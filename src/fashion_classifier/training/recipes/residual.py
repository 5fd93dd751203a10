"""A small residual network (arXiv:1512.03385) with the convolutional network's training.

Command: ``fashion train --recipe residual --minutes 1``. Measured on two cores of an AMD EPYC (AVX-512 bfloat16):
93.0 % of the cross-validation images (one seed, benchmarks/RESULTS.md). It learns more slowly in the same
time than the other convolutional networks, and is there for data on which that may be otherwise.
"""

from __future__ import annotations

from fashion_classifier.models.resnet import ResnetConfig
from fashion_classifier.training.config import Focus, TrainConfig
from fashion_classifier.training.recipes.recipe import Recipe

RESIDUAL = Recipe(ResnetConfig(), TrainConfig(validations=3, focus=Focus(after_passes=1, hardest=0.3, others=0.3)))
