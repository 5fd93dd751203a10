"""The search on its own, in a folder that further calls go on with."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from fashion_classifier.data.collection import Collection
from fashion_classifier.errors import DataError, Fault, UsageError
from fashion_classifier.experiment.budget import MOST_EPOCHS, SAVING_S, TRIAL_EPOCHS_SHARE
from fashion_classifier.experiment.interruption import Interruption
from fashion_classifier.experiment.machine import use_threads
from fashion_classifier.experiment.memory import check_memory
from fashion_classifier.experiment.preparation import Prepared
from fashion_classifier.experiment.record import check_can_be_made
from fashion_classifier.experiment.settings import RunConfig
from fashion_classifier.inference.bundle import save_model
from fashion_classifier.inference.cluster import has_gpus, joined, n_places
from fashion_classifier.inference.packing import packed, unpack
from fashion_classifier.locks import fellow_writer
from fashion_classifier.progress import Progress
from fashion_classifier.storage import clear_up, json_text, make_folder, parse_json, read_json, write_json
from fashion_classifier.training.recipes.recipe import adapted
from fashion_classifier.training.train import TrainedModel
from fashion_classifier.tuning.cluster import ClusterWorkshop, run_together
from fashion_classifier.tuning.config import TuneConfig
from fashion_classifier.tuning.plan import TrialPlan, plan_trials
from fashion_classifier.tuning.space import known_recipes
from fashion_classifier.tuning.storage import StudyFolder, StudyStorage
from fashion_classifier.tuning.study import Search
from fashion_classifier.tuning.trials import Trial

STUDY = "study.json"  # to what a study belongs, and around which recipes it searches
BEST, LARGEST_MODEL = "best", 8 << 30  # bytes
_WHAT, _REMEDY = "record of a study", "Remove the folder to search anew"


@dataclass(frozen=True)
class Cluster:
    """A Ray cluster.

    Parameters
    ----------
    address
        As `fashion_classifier.inference.cluster.joined` takes it.
    workers
        Trials that are made at a time; 0 for as many as fit.
    """

    address: str
    workers: int = 0

    def __post_init__(self) -> None:
        if self.workers < 0:
            raise UsageError(f"`workers >= 0` must hold, but got workers={self.workers}.")


def search_only(
    config: RunConfig,
    prepared: Prepared,
    folder: Path,
    *,
    storage: StudyStorage | None = None,
    cluster: Cluster | None = None,
    tell: Callable[[str], None],
    on_begin: Callable[[], None] = lambda: None,
    on_trial: Callable[[Trial], None] = lambda _: None,
    progress: Progress,
) -> tuple[Search, Trial | None, bool]:
    """Search in a folder, going on with the study that is there; the best model so far lies in ``best``.

    Other processes that are at work on the study share it. `on_begin` is called when the study is open, `on_trial` with
    each trial that was made here.

    Parameters
    ----------
    storage
        Where the study lies, if not in the folder.
    cluster
        Where trials are trained, if not here.

    Returns
    -------
    Search, Trial or None, bool
        The study, the trial that it chose, and whether it was interrupted.
    """
    if cluster is None:
        searched = list(known_recipes(config.families, math.inf).values())
        check_memory(prepared.split, searched, prepared.workshop.device, evaluated=False)
    check_place(folder)
    make_folder(folder)
    place = storage or StudyFolder(folder)
    with ExitStack() as stack:
        n_searches = 1
        if cluster is not None:
            stack.enter_context(joined(cluster.address))
            prepared, n_searches = _on_cluster(cluster, prepared, config)
            tell(f"On the cluster {n_searches} trial{'' if n_searches == 1 else 's'} are made at a time.")

        def opened(alone: bool) -> list[Search]:
            if alone:
                clear_up(folder)
            elif not place.shared:
                tell("Another process is at work on this study: the trials are shared.")
            with place.setting_up():
                _check_folder(folder, place)
                tuning = _search_settings(place, prepared, config)
                searches = [
                    Search(place, prepared.workshop, tuning, alone=alone and not place.shared and number == 0)
                    for number in range(n_searches)
                ]
            if place.shared:
                write_json(folder / STUDY, {"storage": place.shown})
            return searches

        searches = stack.enter_context(fellow_writer(folder, opened))
        interruption, search = stack.enter_context(Interruption()), searches[0]
        on_begin()
        keep = keep_best(search, folder)
        told = _told(keep, tell, on_trial)
        try:
            run_together(searches, stop_asked=interruption.asked, on_trained=keep, on_trial=told, progress=progress)
        finally:
            _fetch_best(place, folder)
    return search, search.chosen(), interruption.asked_for


def _on_cluster(cluster: Cluster, prepared: Prepared, config: RunConfig) -> tuple[Prepared, int]:
    """Return what was prepared with a workshop on the cluster that was joined, and how many trials fit into it."""
    cpus, uses_gpu = config.threads or 1, config.device == "cuda" or (config.device == "auto" and has_gpus())
    workshop = ClusterWorkshop(
        prepared.split,
        "cuda" if uses_gpu else "cpu",
        {},
        prepared.workshop.provenance,
        prepared.workshop.exact,
        cpus=cpus,
        gpus=int(uses_gpu),
        prepare=partial(use_threads, cpus),
    )
    return replace(prepared, workshop=workshop), cluster.workers or n_places(cpus, int(uses_gpu))


def _search_settings(place: StudyStorage, prepared: Prepared, config: RunConfig) -> TuneConfig:
    """Say what is searched, going on with the study that is there or beginning one."""
    remembered = _check_study(place, prepared.collection, config)
    names = ("families", "trials", "mirror", "class_weights", "seed")
    common: dict[str, Any] = {name: getattr(config, name) for name in names}
    if config.minutes is None:
        epochs = config.trial_epochs or TRIAL_EPOCHS_SHARE * (config.epochs or MOST_EPOCHS)
        return TuneConfig(**common, epochs=epochs)
    limit = max(1.0, prepared.clock.left_s - SAVING_S)
    n_images = remembered.get("affordable_images")
    if n_images is None:
        n_images = min(prepared.workshop.images_per_second * limit, MOST_EPOCHS * len(prepared.split.training))
        remembered = {**remembered, "affordable_images": n_images}
        place.keep(STUDY, json_text(remembered).encode())
    known = next(iter(known_recipes(config.families, n_images).values()))
    per_epoch = prepared.workshop.seconds_per_epoch(adapted(known, mirror=config.mirror))
    plan = plan_trials(per_epoch, limit) or TrialPlan(1.0, limit)
    epochs = config.trial_epochs or plan.epochs
    if place.shared:  # else a machine's trials would be as long as it is fast, and could not be compared
        epochs = remembered.get("planned_epochs", epochs)
        place.keep(STUDY, json_text({**remembered, "planned_epochs": epochs}).encode())
    return TuneConfig(**common, epochs=epochs, trial_seconds=plan.seconds, seconds=limit, n_images=n_images)


def keep_best(search: Search, folder: Path) -> Callable[[float, TrainedModel], None]:
    """Return what keeps a trial's model if no finished trial was better, where other machines find it too."""

    def keep(accuracy: float, trained: TrainedModel) -> None:
        with search.storage.turn():
            others = [*search.trials(), *search.trials("confirmation")]
            if accuracy >= max((other.accuracy or 0.0 for other in others), default=0.0):
                save_model(trained.model, folder / BEST, replace=True, onnx=False)
                if search.storage.shared:
                    search.storage.keep(BEST, packed(folder / BEST))

    return keep


def _fetch_best(place: StudyStorage, folder: Path) -> None:
    """Put the best model that any machine has kept into the folder."""
    if place.shared and (content := place.kept(BEST, most=LARGEST_MODEL)) is not None:
        with place.turn():
            unpack(content, folder / BEST)


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


def _check_study(place: StudyStorage, collection: Collection, config: RunConfig) -> dict[str, Any]:
    """Check that a study that is there belongs to this data and these settings; return what is remembered of it."""
    names = ("families", "mirror", "class_weights", "seed", "validation_fraction", "image_size", "group_by")
    settings = {"data": collection.identity, **{name: getattr(config, name) for name in names}}
    if place.shared:
        settings |= {"trial_epochs": config.trial_epochs, "limit": "epochs" if config.minutes is None else "minutes"}
    belongs: dict[str, Any] = json.loads(json.dumps(settings))
    content = place.kept(STUDY)
    if content is None:
        place.keep(STUDY, json_text(belongs).encode())
        return belongs
    there = _checked(parse_json(content, place.shown, _WHAT, _REMEDY), place.shown)
    differs = [name for name, value in belongs.items() if there.get(name) != value]
    if differs:
        another = "study" if place.shared else "folder"
        raise UsageError(
            f"{place.shown}: the study there was made with other {', '.join(differs)}. Name another {another}."
        )
    return there


def _check_folder(folder: Path, place: StudyStorage) -> None:
    """Check that a folder is free, or belongs to the study."""
    there, elsewhere = read_study(folder), place.shown if place.shared else None
    if there is not None and there.get("storage") != elsewhere:
        raise UsageError(
            f"{folder}: it belongs to the study in {there.get('storage', 'this folder')}. Name another folder."
        )


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
    return _checked(read_json(record, _WHAT, _REMEDY), str(record)) if record.is_file() else None


def _checked(there: Any, place: str) -> dict[str, Any]:
    """Check what is in the record of a study; errors as for `read_study`."""
    known = there.get("affordable_images", 0) if isinstance(there, dict) else None
    if not isinstance(known, int | float) or not 0 <= known < math.inf:
        raise DataError(Fault(place, "it is no record of a study", _REMEDY))
    return dict(there)
