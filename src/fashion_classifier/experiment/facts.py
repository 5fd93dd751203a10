"""What the stages did, as the values that a report tells."""

from __future__ import annotations

import platform
from typing import Any

import numpy as np

from fashion_classifier.data.collection import Collection
from fashion_classifier.data.split import Split
from fashion_classifier.evaluation.choosing import Optimism, measure_optimism
from fashion_classifier.evaluation.comparison import compare
from fashion_classifier.evaluation.intervals import wilson
from fashion_classifier.evaluation.metrics import Evaluation
from fashion_classifier.experiment.machine import processor, versions
from fashion_classifier.experiment.settings import RunConfig
from fashion_classifier.models.catalogue import count_parameters, settings_of
from fashion_classifier.reporting.results import DataFacts, FamilyBest, ModelResult, SearchFacts, TrialFacts
from fashion_classifier.training.train import TrainedModel, Workshop
from fashion_classifier.tuning.config import TuneConfig
from fashion_classifier.tuning.study import CONFIRMATION, SEARCH, Search
from fashion_classifier.tuning.trials import Trial


def data_facts(collection: Collection, split: Split) -> DataFacts:
    """Describe the data and how it was split."""
    shape, duplicates = collection.shape, collection.duplicates
    return DataFacts(
        name=collection.name,
        container=collection.container,
        location=collection.location,
        fingerprint=collection.fingerprint,
        classes=collection.classes,
        height=shape.height,
        width=shape.width,
        channels=shape.channels,
        counts=split.counts,
        duplicates={**duplicates.within, "across": sum(duplicates.shared.values())},
        notes=(*collection.notes, *split.notes),
        is_sample=collection.is_sample,
    )


def model_result(
    title: str,
    trained: TrainedModel,
    training: Evaluation,
    validation: Evaluation,
    *,
    stopped: str | None = None,
) -> ModelResult:
    """Describe a model before retraining; its test figures are not known yet."""
    fit = trained.fit
    return ModelResult(
        title=title,
        family=trained.recipe.model.family,
        config=settings_of(trained.recipe.model),
        recipe=trained.recipe.training.to_dict(),
        n_parameters=count_parameters(trained.model.network),
        history=fit.history,
        retraining=(),
        stopped_because=stopped or str(fit.stopped_because),
        steps=fit.best_step,
        retraining_steps=0,
        seconds=fit.seconds,
        training=training,
        validation=validation,
        test=None,
    )


def search_facts(search: Search, chosen: Trial, seconds: float, epochs_per_trial: str, *, seed: int) -> SearchFacts:
    """Describe the search."""
    trials, confirmations = search.trials(SEARCH), search.trials(CONFIRMATION)
    labels = search.workshop.split.validation.labels
    pair = search.paired_predictions(chosen)
    return SearchFacts(
        trials=tuple(_trial_facts(number, trial) for number, trial in enumerate([*trials, *confirmations])),
        leaderboard=_leaderboard(trials, len(labels)),
        chosen=chosen.index,
        gain=None if pair is None else compare(labels, *pair),
        importance=search.importance(),
        epochs_per_trial=epochs_per_trial,
        seconds=seconds,
        optimism=_optimism(search, seed),
    )


def made_with(config: RunConfig, workshop: Workshop, threads: int, command: str) -> dict[str, str]:
    """Say with what the run was made: enough to do it again."""
    return {
        "command": command,
        "seed": str(config.seed),
        "threads": str(threads),
        "device": workshop.device,
        "processor": processor(),
        "system": platform.platform(),
        **{
            f"precision of {family}": f"{choice.precision}: {choice.reason}"
            for family, choice in workshop.precisions.items()
        },
        **versions(),
    }


def plain_settings(trial: Trial) -> dict[str, object]:
    """Return a trial's settings without the family's prefix."""
    prefix = f"{trial.params['family']}_"
    return {
        name.removeprefix(prefix): value for name, value in trial.params.items() if name not in {"family", "confirms"}
    }


def length_of(config: TuneConfig) -> str:
    """Say how long a trial trains."""
    return f"{config.epochs:.3g} epoch{'' if config.epochs == 1 else 's'}"


def short(value: Any) -> str:
    """Write a setting's value briefly."""
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _trial_facts(number: int, trial: Trial) -> TrialFacts:
    """Describe one trial; confirmations are numbered on after the trials of the search."""
    return TrialFacts(
        number=number,
        state=trial.state,
        purpose=trial.purpose,
        family=trial.params["family"],
        settings=plain_settings(trial),
        accuracy=trial.accuracy,
        loss=trial.loss,
        n_parameters=trial.n_parameters,
        seconds=trial.seconds,
        started_after=trial.started_after,
        reason=trial.reason,
    )


def _leaderboard(trials: list[Trial], n_images: int) -> tuple[FamilyBest, ...]:
    """Return the best complete trial of each family, best family first."""
    best: dict[str, Trial] = {}
    for trial in trials:
        family = trial.params["family"]
        if trial.accuracy is not None and trial.accuracy > (best[family].accuracy or 0 if family in best else -1.0):
            best[family] = trial
    rows = [
        FamilyBest(
            family=family,
            trial=trial.index,
            accuracy=wilson(int(np.rint((trial.accuracy or 0.0) * n_images)), n_images),
            loss=trial.loss or 0.0,
            n_parameters=trial.n_parameters or 0,
            seconds=trial.seconds,
            n_trials=sum(other.params["family"] == family for other in trials),
            settings=plain_settings(trial),
        )
        for family, trial in best.items()
    ]
    return tuple(sorted(rows, key=lambda row: -row.accuracy.value))


def _optimism(search: Search, seed: int) -> Optimism | None:
    """Return how much the best trial of a search flatters itself; None where fewer than two were judged."""
    labels = search.workshop.split.validation.labels
    answers = [search.predicted(trial) for trial in search.trials() if trial.state == "complete"]
    right = [predicted == labels for predicted in answers if predicted is not None]
    return measure_optimism(np.stack(right), seed=seed) if len(right) > 1 else None
