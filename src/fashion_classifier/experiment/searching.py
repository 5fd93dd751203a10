"""The search on its own, in a folder that further calls go on with."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fashion_classifier.data.collection import Collection
from fashion_classifier.errors import DataError, Fault, UsageError
from fashion_classifier.experiment.budget import MOST_EPOCHS, SAVING_S, TRIAL_EPOCHS_SHARE
from fashion_classifier.experiment.interruption import Interruption
from fashion_classifier.experiment.memory import check_memory
from fashion_classifier.experiment.preparation import Prepared
from fashion_classifier.experiment.record import check_can_be_made
from fashion_classifier.experiment.settings import RunConfig
from fashion_classifier.inference.bundle import save_model
from fashion_classifier.locks import fellow_writer, in_turn
from fashion_classifier.progress import Progress
from fashion_classifier.storage import clear_up, make_folder, read_json, write_json
from fashion_classifier.training.recipes.recipe import adapted
from fashion_classifier.training.train import TrainedModel
from fashion_classifier.tuning.config import TuneConfig
from fashion_classifier.tuning.plan import TrialPlan, plan_trials
from fashion_classifier.tuning.space import known_recipes
from fashion_classifier.tuning.study import Search
from fashion_classifier.tuning.trials import Trial

STUDY = "study.json"  # to what a study belongs, and around which recipes it searches
_REMEDY = "Remove the folder to search anew"


def search_only(
    config: RunConfig,
    prepared: Prepared,
    folder: Path,
    *,
    tell: Callable[[str], None],
    on_begin: Callable[[], None] = lambda: None,
    on_trial: Callable[[Trial], None] = lambda _: None,
    progress: Progress,
) -> tuple[Search, Trial | None, bool]:
    """Search in a folder, going on with the study that is there; the best model so far lies in ``best``.

    Other processes that are at work on the study share it. `on_begin` is called when the study is open, `on_trial` with
    each trial that was made here.

    Returns
    -------
    Search, Trial or None, bool
        The study, the trial that it chose, and whether it was interrupted.
    """
    searched = list(known_recipes(config.families, math.inf).values())
    check_memory(prepared.split, searched, prepared.workshop.device, evaluated=False)
    check_place(folder)
    make_folder(folder)

    def opened(alone: bool) -> Search:
        if alone:
            clear_up(folder)
        else:
            tell("Another process is at work on this study: the trials are shared.")
        return _open_search(folder, prepared, config, alone=alone)

    with fellow_writer(folder, opened) as search, Interruption() as interruption:
        on_begin()
        keep = _keep_best(search, folder)
        told = _told(keep, tell, on_trial)
        search.run(stop_asked=interruption.asked, on_trained=keep, on_trial=told, progress=progress)
    return search, search.chosen(), interruption.asked_for


def _open_search(folder: Path, prepared: Prepared, config: RunConfig, *, alone: bool) -> Search:
    """Open or begin the study in a folder."""
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
    return Search(folder, prepared.workshop, tuning, alone=alone)


def _keep_best(search: Search, folder: Path) -> Callable[[float, TrainedModel], None]:
    """Return what keeps a trial's model if no finished trial was better."""

    def keep(accuracy: float, trained: TrainedModel) -> None:
        with in_turn(folder):
            others = [*search.trials(), *search.trials("confirmation")]
            if accuracy >= max((other.accuracy or 0.0 for other in others), default=0.0):
                save_model(trained.model, folder / "best", replace=True, onnx=False)

    return keep


def _told(
    keep: Callable[[float, TrainedModel], None], tell: Callable[[str], None], also: Callable[[Trial], None]
) -> Callable[[Trial, TrainedModel | None], None]:
    """Return what tells of each trial, and keeps its model again: a worse one may be in its place meanwhile."""

    def on_trial(trial: Trial, trained: TrainedModel | None) -> None:
        also(trial)
        family = trial.params["family"]
        if trained is None or trial.accuracy is None:
            tell(f"{trial.purpose} {trial.index}: {family} {trial.state}, {trial.reason}")
            return
        tell(f"{trial.purpose} {trial.index}: {family} {trial.accuracy:.2%} after {trial.seconds:.0f} s")
        keep(trial.accuracy, trained)

    return on_trial


def _check_study(folder: Path, collection: Collection, config: RunConfig) -> dict[str, Any]:
    """Check that a study that is there belongs to this data and these settings; return what is remembered of it."""
    names = ("families", "mirror", "class_weights", "seed", "validation_fraction", "image_size", "group_by")
    settings = {"data": collection.identity, **{name: getattr(config, name) for name in names}}
    belongs: dict[str, Any] = json.loads(json.dumps(settings))
    if (there := read_study(folder)) is not None:
        differs = [name for name, value in belongs.items() if there.get(name) != value]
        if differs:
            raise UsageError(
                f"{folder}: the study there was made with other {', '.join(differs)}. Name another folder."
            )
        return there
    write_json(folder / STUDY, belongs)
    return belongs


def check_place(folder: Path) -> None:
    """Check, before data is read, that a study is in a folder, or that one can be begun there.

    Raises
    ------
    UsageError
        If something else is there.
    UnavailableError
        If it cannot be made.
    DataError
        If what is written of the study is damaged.
    """
    if not folder.is_dir():
        check_can_be_made(folder)
    elif read_study(folder) is None and any(not path.name.startswith(".") for path in folder.iterdir()):
        raise UsageError(f"{folder} is no study, and not empty; nothing was overwritten. Name another folder.")


def read_study(folder: Path) -> dict[str, Any] | None:
    """Read to what the study in a folder belongs; None if there is none.

    Raises
    ------
    DataError
        If what is written there is damaged.
    """
    record = folder / STUDY
    if not record.is_file():
        return None
    there = read_json(record, "record of a study", _REMEDY)
    known = there.get("affordable_images", 0) if isinstance(there, dict) else None
    if not isinstance(known, int | float) or not 0 <= known < math.inf:
        raise DataError(Fault(str(record), "it is no record of a study", _REMEDY))
    return dict(there)
