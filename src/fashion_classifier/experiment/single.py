"""The stages on their own: train one recipe, search, evaluate, compare."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from fashion_classifier.data.collection import Collection
from fashion_classifier.data.dataset import Opening, SealedTestSet
from fashion_classifier.data.load import AUTO, load, locate
from fashion_classifier.data.split import Split, split
from fashion_classifier.errors import DataError, Fault, UsageError
from fashion_classifier.evaluation.comparison import Comparison, compare
from fashion_classifier.evaluation.metrics import Evaluation, evaluate
from fashion_classifier.experiment.budget import Clock
from fashion_classifier.experiment.facts import provenance_of
from fashion_classifier.experiment.interruption import Interruption
from fashion_classifier.experiment.lookup import model_folder
from fashion_classifier.experiment.machine import choose_device, use_threads
from fashion_classifier.experiment.record import RunFolder, check_can_be_made
from fashion_classifier.experiment.run import MOST_EPOCHS, TRIAL_EPOCHS_SHARE
from fashion_classifier.experiment.settings import RunConfig
from fashion_classifier.inference.bundle import Model, load_model, save_model
from fashion_classifier.progress import Progress, silent
from fashion_classifier.seeds import derive_seed
from fashion_classifier.storage import write_json
from fashion_classifier.training.recipes import RECIPES, Recipe, adapted
from fashion_classifier.training.train import TrainedModel, Workshop
from fashion_classifier.tuning.plan import TrialPlan, plan_trials
from fashion_classifier.tuning.space import known_families
from fashion_classifier.tuning.study import Search, Trial, TuneConfig

SAVING_S = 1.0  # kept back for the last validation and the model folder
TRIAL_IMAGES = 64  # on which the ONNX that is written is compared with the network


@dataclass(frozen=True, eq=False)
class Prepared:
    """Data loaded and split, and the workshop in which models are made of it."""

    collection: Collection
    split: Split
    workshop: Workshop
    clock: Clock


def prepare(config: RunConfig, *, used_s: float = 0.0, progress: Progress = silent) -> Prepared:
    """Load and split the data as a run does."""
    clock = Clock(config.limit_s, used_s)
    with clock.paused():
        place = locate(config.data, progress=progress)
    collection = load(place, options=config.read_options, progress=progress)
    parts = split(collection, config.split_config)
    use_threads(config.threads)
    exact = config.minutes is None
    workshop = Workshop(parts, choose_device(config.device), {}, provenance_of(collection, config), exact)
    return Prepared(collection, parts, workshop, clock)


def train_one(
    recipe: Recipe,
    config: RunConfig,
    prepared: Prepared,
    folder: Path,
    *,
    on_everything: bool,
    progress: Progress,
) -> TrainedModel:
    """Train one recipe and save the model.

    Parameters
    ----------
    recipe
        Model and training; `config.epochs` and `config.minutes` limit it.
    on_everything
        Whether to learn from training and cross-validation data together.
    folder
        The model's folder, which must not be there yet.

    Raises
    ------
    UsageError
        If the folder is already there.
    """
    check_can_be_made(folder)
    limited = config.minutes is not None
    with Interruption() as interruption:
        trained = prepared.workshop.train(
            recipe,
            seed=derive_seed(config.seed, "training"),
            epochs=config.epochs or (MOST_EPOCHS if limited else None),
            seconds=max(1.0, prepared.clock.left_s - SAVING_S) if limited else None,
            on_everything=on_everything,
            stop_asked=interruption.asked,
            progress=progress,
            task="Training",
        )
    save_model(trained.model, folder, images=prepared.split.training.images[:TRIAL_IMAGES])
    return trained


def search_only(
    config: RunConfig, prepared: Prepared, folder: Path, *, tell: Callable[[str], None], progress: Progress
) -> tuple[Search, Trial | None]:
    """Search in a folder, going on with the study that is there; the best model so far lies in ``best``."""
    _check_study(folder, prepared.collection, config)
    names = ("families", "trials", "mirror", "class_weights", "seed")
    common: dict[str, Any] = {name: getattr(config, name) for name in names}
    if config.minutes is None:
        tuning = TuneConfig(**common, epochs=config.trial_epochs or TRIAL_EPOCHS_SHARE * (config.epochs or MOST_EPOCHS))
    else:
        recipe = adapted(RECIPES[known_families(config.families)[0]], mirror=config.mirror)
        per_epoch = prepared.workshop.seconds_per_epoch(recipe)
        limit = max(1.0, prepared.clock.left_s - SAVING_S)
        plan = plan_trials(per_epoch, limit) or TrialPlan(1.0, limit)
        tuning = TuneConfig(
            **common, epochs=config.trial_epochs or plan.epochs, trial_seconds=plan.seconds, seconds=limit
        )
    search = Search(folder, prepared.workshop, tuning)
    with Interruption() as interruption:
        search.run(stop_asked=interruption.asked, on_trial=_keep_best(search, folder, tell), progress=progress)
    return search, search.chosen()


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


@dataclass(frozen=True, eq=False)
class Opened:
    """A model, or a run's optimized model, with the run folder if there is one."""

    name: str
    path: Path
    model: Model
    run: RunFolder | None


def open_model(path: Path, which: str = "optimized") -> Opened:
    """Load a model folder, or a run's initial or optimized model.

    Raises
    ------
    UnavailableError
        If there is neither.
    ModelError
        If it is damaged.
    """
    place = model_folder(path, which)
    if place != path:
        return Opened(f"{path.name}/{which}", place, load_model(place), RunFolder(path))
    return Opened(path.name, path, load_model(path), None)


def evaluate_on_test(
    opened: Opened, collection: Collection, parts: Split, *, progress: Progress
) -> tuple[Evaluation, SealedTestSet]:
    """Open the test set for one model; the opening is written into its run folder, if it belongs to one."""
    test = parts.test if opened.run is None else parts.test.recorded_by(opened.run.note_opening)
    _check_fit(opened, collection)
    dataset = test.open(f"evaluation of {opened.name}")
    labels = dataset.labels
    probabilities = opened.model.predict(dataset.images, progress=progress, task=f"Evaluating {opened.name}")
    return evaluate(labels, probabilities, opened.model.classes), test


def compare_on_test(
    first: Opened, second: Opened, collection: Collection, parts: Split, *, progress: Progress
) -> tuple[Evaluation, Evaluation, Comparison]:
    """Compare two models on the test set, paired."""
    test = parts.test
    runs = [opened.run for opened in (first, second) if opened.run is not None]
    for opened in (first, second):
        _check_fit(opened, collection)
    if collection.test is None and _split_of(first, collection) != _split_of(second, collection):
        raise UsageError(
            f"{first.name} and {second.name} were made with different splits of data that has no test set of its own: "
            "no image is sure to be new to both. Name other data."
        )

    def note(opening: Opening) -> None:
        for run in runs:
            run.note_opening(opening)

    test = test.recorded_by(note)
    dataset = test.open(f"comparison of {first.name} and {second.name}")
    probabilities = [
        opened.model.predict(dataset.images, progress=progress, task=f"Evaluating {opened.name}")
        for opened in (first, second)
    ]
    evaluations = [evaluate(dataset.labels, found, collection.classes) for found in probabilities]
    predicted = [found.argmax(1) for found in probabilities]
    return evaluations[0], evaluations[1], compare(dataset.labels, *predicted)


def _check_fit(opened: Opened, collection: Collection) -> None:
    """Check that a model knows the data's classes and form."""
    if opened.model.classes != collection.classes:
        raise DataError(
            Fault(
                collection.location,
                f"its classes are {', '.join(collection.classes)}; the model knows {', '.join(opened.model.classes)}",
                "Give data with the model's classes",
            )
        )
    if opened.model.shape != collection.shape:
        raise DataError(
            Fault(
                collection.location,
                f"its images are {collection.shape}; the model takes {opened.model.shape}",
                "Have the images brought to the model's size",
            )
        )


def prepare_for(
    opened: Opened, data: str, *, group_by: str | None, seed: int, used_s: float, progress: Progress
) -> Prepared:
    """Load and split data for a model: a run's own data and settings unless other data is given.

    Data that the model was made from is split as it was then, so that its test set holds no image that it has learned.
    """
    size = opened.model.shape[:2]
    own = opened.run is not None and data == AUTO
    if opened.run is not None and own:
        config = replace(opened.run.config, image_size=size, device="auto")
    else:
        config = RunConfig(data=data, image_size=size, group_by=group_by, seed=seed)
    prepared = prepare(config, used_s=used_s, progress=progress)
    split_then = _split_of(opened, prepared.collection)
    if split_then and not own:
        prepared = prepare(replace(config, **split_then), used_s=used_s, progress=progress)
    if own and opened.run is not None and prepared.collection.identity != opened.run.facts["identity"]:
        raise DataError(
            Fault(
                prepared.collection.location,
                f"its content is not the data that {opened.run.path} was made with",
                "Name the data on which the model is to be judged",
            )
        )
    return prepared


def _split_of(opened: Opened, collection: Collection) -> dict[str, Any]:
    """Return how this data was split when the model was made; nothing if it was made from other data."""
    provenance = opened.model.provenance
    return dict(provenance.get("split", {})) if provenance.get("fingerprint") == collection.fingerprint else {}


def _check_study(folder: Path, collection: Collection, config: RunConfig) -> None:
    """Check that a study that is there belongs to this data and these settings, and that nothing else is there."""
    names = ("families", "mirror", "class_weights", "seed", "validation_fraction", "image_size", "group_by")
    belongs = {"data": collection.identity, **{name: getattr(config, name) for name in names}}
    belongs = json.loads(json.dumps(belongs))
    record = folder / "study.json"
    if record.is_file():
        there = json.loads(record.read_bytes())
        differs = [name for name, value in belongs.items() if there.get(name) != value]
        if differs:
            raise UsageError(
                f"{folder}: the study there was made with other {', '.join(differs)}. Name another folder."
            )
    elif folder.exists() and any(folder.iterdir()):
        raise UsageError(f"{folder} is no study, and not empty; nothing was overwritten. Name another folder.")
    else:
        if not folder.exists():
            check_can_be_made(folder)
        write_json(record, belongs)
