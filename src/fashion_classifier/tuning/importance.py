"""Which hyperparameters mattered in a search (PED-ANOVA, arXiv 2304.10255)."""

from __future__ import annotations

from collections.abc import Collection

import optuna
from optuna.trial import FrozenTrial, TrialState

LEAST_TRIALS, LEAST_VALUES = 6, 3  # of a family, below which nothing is said


def importance_of(trials: Collection[FrozenTrial], families: Collection[str]) -> dict[str, dict[str, float]]:
    """Return for each family with enough complete trials the importance of its hyperparameters."""
    found = {}
    for family in families:
        complete = [
            trial for trial in trials if trial.state == TrialState.COMPLETE and trial.params.get("family") == family
        ]
        if len(complete) < LEAST_TRIALS or len({trial.value for trial in complete}) < LEAST_VALUES:
            continue
        common = set.intersection(*(set(trial.params) for trial in complete)) - {"family"}
        varied = [name for name in sorted(common) if len({trial.params[name] for trial in complete}) > 1]
        study = optuna.create_study(direction="maximize")
        study.add_trials(complete)
        shares = optuna.importance.get_param_importances(study, params=varied)
        found[family] = {name.removeprefix(f"{family}_"): float(share) for name, share in shares.items()}
    return found
