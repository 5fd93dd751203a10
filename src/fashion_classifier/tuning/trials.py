"""One trial of a search: what is known of it, how it is pruned while it trains, and how it is read from the study."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import optuna
from optuna.trial import TrialState

from fashion_classifier.reporting.results import Epoch
from fashion_classifier.training.early_stopping import StopReason
from fashion_classifier.training.train import TrainedModel


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One finished trial.

    Parameters
    ----------
    index
        0, 1, … in the order of the search; a trial that a crash cut off has none and is done again.
    state
        "complete", "pruned" or "failed".
    steps
        Optimizer steps that it made; None where it failed.
    """

    index: int
    state: str
    purpose: str
    params: dict[str, Any]
    accuracy: float | None
    loss: float | None
    n_parameters: int | None
    steps: int | None
    seconds: float
    started_after: float
    reason: str


def pruning(trial: optuna.Trial) -> Callable[[Epoch], StopReason | None]:
    """Return what reports each validation of a trial to the pruner, and stops it when it is behind."""
    count = iter(range(1, 10_000))

    def report(record: Epoch) -> StopReason | None:
        if record.validation_accuracy is None:
            return None
        trial.report(record.validation_accuracy, next(count))
        return StopReason.PRUNED if trial.should_prune() else None

    return report


def outcome_of(trained: TrainedModel) -> tuple[TrialState, str]:
    """Return how a trial ended, and why if it is not complete."""
    if trained.fit.stopped_because == StopReason.PRUNED:
        return TrialState.PRUNED, str(StopReason.PRUNED)
    return TrialState.COMPLETE, ""


def read_trial(frozen: optuna.trial.FrozenTrial, purpose: str) -> Trial:
    """Read a finished trial."""
    facts = frozen.user_attrs
    names = {TrialState.COMPLETE: "complete", TrialState.PRUNED: "pruned", TrialState.FAIL: "failed"}
    params = dict(frozen.params)
    if "confirms" in facts:
        params["confirms"] = facts["confirms"]
    return Trial(
        index=facts["index"],
        state=names[frozen.state],
        purpose=purpose,
        params=params,
        accuracy=frozen.value if frozen.state == TrialState.COMPLETE else None,
        loss=facts.get("loss") if frozen.state == TrialState.COMPLETE else None,
        n_parameters=facts.get("n_parameters"),
        steps=facts.get("steps"),
        seconds=facts["seconds"],
        started_after=facts["started_after"],
        reason=facts["reason"],
    )
