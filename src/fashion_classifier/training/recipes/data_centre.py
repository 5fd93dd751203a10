"""The best that is known for ten minutes on a data centre's GPU: several networks such as `wide`'s, which vote.

Command: ``fashion train --device cuda --minutes 10 --on all``. Measured on an NVIDIA H200, in float32 and with twenty
passes a network: 96.2 % of the test images after 355 s (one seed, benchmarks/RESULTS.md).
"""

from __future__ import annotations

from dataclasses import replace

from fashion_classifier.models.ensemble import EnsembleConfig
from fashion_classifier.training.recipes.recipe import Recipe
from fashion_classifier.training.recipes.wide import WIDE

DATA_CENTRE = Recipe(
    EnsembleConfig(member=WIDE.model, members=5),
    replace(WIDE.training, epochs=5 * WIDE.training.epochs),
)
