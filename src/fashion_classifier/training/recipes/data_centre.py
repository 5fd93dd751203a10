"""The best that is known for ten minutes on a data centre's GPU: several networks such as `wide`'s, which vote.

Command: ``fashion train --device cuda --minutes 10 --on all``. Measured with 9.1 minutes on an NVIDIA
H100: 96.25 % of the test images after 552 s, 38 passes a network; with twenty on an H200, in float32: 96.22 % after
355 s (one seed each, benchmarks/RESULTS.md).
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
