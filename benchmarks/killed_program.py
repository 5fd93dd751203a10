"""`fashion` with what no option asks for, so that it can be killed as well: a recipe of its own, frequent checkpoints.

python benchmarks/killed_program.py average|ensemble|known run --data …
"""

from __future__ import annotations

import sys
from dataclasses import replace
from functools import partial

from fashion_classifier.cli import main
from fashion_classifier.experiment import session
from fashion_classifier.experiment.planning import Plan
from fashion_classifier.models.cnn import CnnConfig
from fashion_classifier.models.ensemble import EnsembleConfig
from fashion_classifier.training.checkpoint import CheckpointPlan
from fashion_classifier.training.recipes.one_minute import ONE_MINUTE
from fashion_classifier.training.recipes.recipe import Recipe

SMALL = CnnConfig(stem=8, widths=(16, 16, 32), dropout=0.2)
AVERAGED = replace(ONE_MINUTE.training, ema_decay=0.95)
OWN = {"average": Recipe(SMALL, AVERAGED), "ensemble": Recipe(EnsembleConfig(member=SMALL, members=3), AVERAGED)}
CHECKPOINT_EVERY_S = 0.1

if __name__ == "__main__":
    recipe = OWN.get(sys.argv.pop(1))
    if recipe is not None:
        # What is trained where there is no search.
        setattr(Plan, "known_recipe", lambda _plan, _shares: recipe)  # noqa: B010 - mypy allows no other way
    vars(session)["CheckpointPlan"] = partial(CheckpointPlan, every_s=CHECKPOINT_EVERY_S)
    main()
