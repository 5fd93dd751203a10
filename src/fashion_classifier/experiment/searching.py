"""The search on its own, in a folder that further calls go on with."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fashion_classifier.data.collection import Collection
from fashion_classifier.errors import UsageError
from fashion_classifier.experiment.budget import MOST_EPOCHS, SAVING_S, TRIAL_EPOCHS_SHARE
from fashion_classifier.experiment.interruption import Interruption
from fashion_classifier.experiment.memory import check_memory
from fashion_classifier.experiment.preparation import Prepared
from fashion_classifier.experiment.record import check_can_be_made
from fashion_classifier.experiment.settings import RunConfig
from fashion_classifier.inference.bundle import save_model
from fashion_classifier.progress import Progress
from fashion_classifier.storage import write_json
from fashion_classifier.training.recipes.recipe import adapted
from fashion_classifier.training.train import TrainedModel
from fashion_classifier.tuning.config import TuneConfig
from fashion_classifier.tuning.plan import TrialPlan, plan_trials
from fashion_classifier.tuning.space import known_recipes
from fashion_classifier.tuning.study import Search
from fashion_classifier.tuning.trials import Trial

STUDY = "study.json"  # to what a study belongs, and around which recipes it searches


def search_only(
    config: RunConfig, prepared: Prepared, folder: Path, *, tell: Callable[[str], None], progress: Progress
) -> tuple[Search, Trial | None, bool]:
    """Search in a folder, going on with the study that is there; the best model so far lies in ``best``.

    Returns
    -------
    Search, Trial or None, bool
        The study, the trial that it chose, and whether it was interrupted.
    """
    searched = list(known_recipes(config.families, math.inf).values())
    check_memory(prepared.split, searched, prepared.workshop.device, evaluated=False)
    remembered = _check_study(folder, prepared.collection, config)
    names = ("families", "trials", "mirror", "class_weights", "seed")
    common: dict[str, Any] = {name: getattr(config, name) for name in names}
    if config.minutes is None:
        tuning = TuneConfig(**common, epochs=config.trial_epochs or TRIAL_EPOCHS_SHARE * (config.epochs or MOST_EPOCHS))
    else:
        limit = max(1.0, prepared.clock.left_s - SAVING_S)
        n_images = remembered.get("affordable_images")
        if n_images is None:
            n_images = min(prepared.workshop.images_per_second * limit, MOST_EPOCHS * len(prepared.split.training))
            write_json(folder / STUDY, {**remembered, "affordable_images": n_images})
        known = next(iter(known_recipes(config.families, n_images).values()))
        per_epoch = prepared.workshop.seconds_per_epoch(adapted(known, mirror=config.mirror))
        plan = plan_trials(per_epoch, limit) or TrialPlan(1.0, limit)
        tuning = TuneConfig(
            **common,
            epochs=config.trial_epochs or plan.epochs,
            trial_seconds=plan.seconds,
            seconds=limit,
            n_images=n_images,
        )
    search = Search(folder, prepared.workshop, tuning)
    with Interruption() as interruption:
        search.run(stop_asked=interruption.asked, on_trial=_keep_best(search, folder, tell), progress=progress)
    return search, search.chosen(), interruption.asked_for


def _keep_best(
    search: Search, folder: Path, tell: Callable[[str], None]
) -> Callable[[Trial, TrainedModel | None], None]:
    """Return what tells of each trial and keeps the best one's model."""

    def on_trial(trial: Trial, trained: TrainedModel | None) -> None:
        family = trial.params["family"]
        if trained is None:
            tell(f"{trial.purpose} {trial.index}: {family} {trial.state}, {trial.reason}")
            return
        tell(f"{trial.purpose} {trial.index}: {family} {trial.accuracy:.2%} after {trial.seconds:.0f} s")
        everything = [*search.trials(), *search.trials("confirmation")]
        if trial.accuracy == max(other.accuracy or 0.0 for other in everything):
            save_model(trained.model, folder / "best", replace=True, onnx=False)

    return on_trial


def _check_study(folder: Path, collection: Collection, config: RunConfig) -> dict[str, Any]:
    """Check that a study that is there belongs to this data and these settings; return what is remembered of it."""
    names = ("families", "mirror", "class_weights", "seed", "validation_fraction", "image_size", "group_by")
    settings = {"data": collection.identity, **{name: getattr(config, name) for name in names}}
    belongs: dict[str, Any] = json.loads(json.dumps(settings))
    record = folder / STUDY
    if record.is_file():
        there: dict[str, Any] = json.loads(record.read_bytes())
        differs = [name for name, value in belongs.items() if there.get(name) != value]
        if differs:
            raise UsageError(
                f"{folder}: the study there was made with other {', '.join(differs)}. Name another folder."
            )
        return there
    if folder.exists() and any(folder.iterdir()):
        raise UsageError(f"{folder} is no study, and not empty; nothing was overwritten. Name another folder.")
    if not folder.exists():
        check_can_be_made(folder)
    write_json(record, belongs)
    return belongs
