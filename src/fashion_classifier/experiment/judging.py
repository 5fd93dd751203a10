"""Models on a test set: one evaluated, or two compared; each opening of the test set is written down."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fashion_classifier.data.collection import Collection
from fashion_classifier.data.dataset import Dataset, Opening, SealedTestSet
from fashion_classifier.data.fingerprint import image_sha256
from fashion_classifier.data.load import AUTO
from fashion_classifier.data.split import Split
from fashion_classifier.errors import DataError, Fault, ModelError, UsageError
from fashion_classifier.evaluation.calibration import calibrate
from fashion_classifier.evaluation.comparison import compare
from fashion_classifier.evaluation.metrics import Evaluation, evaluate
from fashion_classifier.evaluation.paired import compare_classes, compare_measures
from fashion_classifier.experiment.lookup import locate_model
from fashion_classifier.experiment.machine import choose_device, processor, versions
from fashion_classifier.experiment.memory import check_judging
from fashion_classifier.experiment.preparation import WITHOUT_TEST, Prepared, prepare
from fashion_classifier.experiment.record import RunFolder
from fashion_classifier.experiment.settings import RunConfig
from fashion_classifier.inference.bundle import Model, load_model
from fashion_classifier.inference.description import usable
from fashion_classifier.inference.manifest import MANIFEST, WEIGHTS, shown
from fashion_classifier.inference.predictor import Probabilities
from fashion_classifier.inference.shelf import model_facts
from fashion_classifier.models.catalogue import count_parameters, settings_of
from fashion_classifier.progress import Progress
from fashion_classifier.reporting.comparison_results import ComparedModel, JudgedImages, ModelComparison
from fashion_classifier.reporting.gallery import Gallery, choose_gallery
from fashion_classifier.reporting.predictions import PAIR, predictions_table

_SPLIT: dict[str, Any] = {"seed": int, "validation_fraction": int | float, "group_by": str | None}


@dataclass(frozen=True, eq=False)
class Opened:
    """A model, or a run's optimized model, with the run folder if there is one."""

    name: str
    path: Path
    shown: str
    model: Model
    run: RunFolder | None


@dataclass(frozen=True, eq=False)
class Compared:
    """Two models compared: all numbers, both models' answers as "a" and "b", and the images that a page may show."""

    results: ModelComparison
    predictions: pl.DataFrame
    gallery: Gallery


def open_model(named: Path | None, which: str = "optimized", *, device: str = "auto") -> Opened:
    """Load a model folder, a run's initial or optimized model, or a model that comes with the package.

    Parameters
    ----------
    named, which
        As for `fashion_classifier.experiment.lookup.locate_model`.
    device
        On which it is to predict; "auto" as in `fashion_classifier.experiment.machine.choose_device`.

    Raises
    ------
    UnavailableError
        If there is none, or no such device.
    ModelError
        If it is damaged.
    """
    place = locate_model(named, which)
    run = None if place.run is None else RunFolder(place.run)
    model = load_model(place.path)
    model.network.to(choose_device(device))
    return Opened(place.name, place.path, place.shown, model, run)


def evaluate_on_test(
    opened: Opened, collection: Collection, parts: Split, *, progress: Progress
) -> tuple[Evaluation, SealedTestSet]:
    """Open the test set for one model; the opening is written into its run folder, if it belongs to one.

    Raises
    ------
    DataError
        If the model does not fit the data.
    NotEnoughMemoryError
        If memory would not suffice.
    UnavailableError
        If another process is at work on its run.
    """
    check_fit(opened, collection)
    check_judging([opened.model], len(parts.test))
    with _holding_runs([opened]) as (_, note):
        test = parts.test.recorded_by(note)
        dataset = test.open(f"evaluation of {opened.name}")
        probabilities = opened.model.predict(dataset.images, progress=progress, task=f"Evaluating {opened.name}")
    return evaluate(dataset.labels, probabilities, opened.model.classes), test


def compare_on_test(
    first: Opened,
    second: Opened,
    collection: Collection,
    parts: Split,
    *,
    command: str = "",
    seed: int = 0,
    progress: Progress,
) -> Compared:
    """Compare two models on the test set, paired.

    Parameters
    ----------
    command
        By which it was asked for.
    seed
        From which the bootstraps' chance is derived.

    Raises
    ------
    DataError
        If a model does not fit the data.
    NotEnoughMemoryError
        If memory would not suffice.
    UsageError
        If the test images may not be new to both.
    UnavailableError
        If another process is at work on one of their runs.
    """
    with _holding_runs([first, second]) as (held, note):
        return _compare(held[0], held[1], collection, parts, note, command=command, seed=seed, progress=progress)


def _compare(
    first: Opened,
    second: Opened,
    collection: Collection,
    parts: Split,
    note: Callable[[Opening], None],
    *,
    command: str,
    seed: int,
    progress: Progress,
) -> Compared:
    """Compare two models whose runs this process alone writes into."""
    for opened in (first, second):
        _origin(opened)  # before the test set is opened: what is damaged is found here
    for opened in (first, second):
        check_fit(opened, collection)
    check_judging([first.model, second.model], len(parts.test))
    if collection.test is None and _split_of(first, collection) != _split_of(second, collection):
        raise UsageError(
            f"{first.name} and {second.name} were made with different splits of data that has no test set of its own: "
            "no image is sure to be new to both. Name other data."
        )
    dataset = parts.test.recorded_by(note).open(f"comparison of {first.name} and {second.name}")
    said_a, said_b = (
        opened.model.predict(dataset.images, progress=progress, task=f"Evaluating {letter}, {opened.name}")
        for letter, opened in zip("AB", (first, second), strict=True)
    )
    judged = judged_images(collection, parts.test.counts, (*collection.notes, *parts.notes))
    return compared_by((first, second), judged, dataset, (said_a, said_b), command=command, seed=seed)


def compared_by(
    models: tuple[Opened, Opened],
    judged: JudgedImages,
    dataset: Dataset,
    said: tuple[Probabilities, Probabilities],
    *,
    command: str,
    seed: int,
) -> Compared:
    """Compare two models by what was said of images.

    Parameters
    ----------
    judged, dataset
        The images, in words and as they are.
    said
        What the two say of them.
    """
    (first, second), (said_a, said_b) = models, said
    labels, classes = dataset.labels, dataset.classes
    predicted = said_a.argmax(1), said_b.argmax(1)
    results = ModelComparison(
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        data=judged,
        a=_compared_model(first, _origin(first), labels, said_a, seed=seed),
        b=_compared_model(second, _origin(second), labels, said_b, seed=seed),
        comparison=compare(labels, *predicted),
        differences=compare_measures(labels, said_a, said_b, seed=seed),
        classes=compare_classes(labels, *predicted, classes),
        made_with={
            "command": command,
            "device": str(next(first.model.network.parameters()).device),
            "processor": processor(),
            "system": platform.platform(),
            **versions(),
        },
    )
    hashes = [image_sha256(image) for image in dataset.images]
    predictions = pl.concat(
        predictions_table(name, "validation" if judged.folds else "test", hashes, labels, answers, classes=classes)
        for name, answers in zip(PAIR, said, strict=True)
    )
    return Compared(results, predictions, choose_gallery(predictions, dataset.images, hashes, PAIR))


@contextmanager
def _holding_runs(models: Sequence[Opened]) -> Iterator[tuple[list[Opened], Callable[[Opening], None]]]:
    """Hold the runs that models belong to, so that no other process writes into them; give what notes an opening."""
    with ExitStack() as stack:
        held: dict[Path, RunFolder] = {}
        for run in (model.run for model in models if model.run is not None):
            if run.path.resolve() not in held:
                held[run.path.resolve()] = stack.enter_context(RunFolder.writing(run.path))

        def note(opening: Opening) -> None:
            for run in held.values():
                run.note_opening(opening)

        yield [replace(model, run=model.run and held[model.run.path.resolve()]) for model in models], note


def judged_images(
    collection: Collection, counts: dict[str, int], notes: tuple[str, ...], *, folds: int = 0
) -> JudgedImages:
    """Describe the images that judge, so many of each class, and the data that they belong to."""
    return JudgedImages(
        name=collection.name,
        container=collection.container,
        location=collection.location,
        fingerprint=collection.fingerprint,
        height=collection.shape.height,
        width=collection.shape.width,
        channels=collection.shape.channels,
        counts=counts,
        notes=notes,
        is_sample=collection.is_sample,
        folds=folds,
    )


def _compared_model(
    opened: Opened,
    origin: dict[str, Any],
    labels: NDArray[np.int64],
    probabilities: NDArray[np.float32],
    *,
    seed: int,
) -> ComparedModel:
    """Describe one of two models, and how it did."""
    model, run = opened.model, opened.run
    recipe = model.provenance.get("recipe")
    return ComparedModel(
        name=opened.name,
        path=str(opened.path.absolute()),
        run="" if run is None else str(run.path.absolute()),
        family=model.config.family,
        config=settings_of(model.config),
        recipe=dict(recipe) if isinstance(recipe, dict) else {},
        prediction={"precision": model.how.precision, "views": model.how.views, "temperature": model.how.temperature},
        n_parameters=count_parameters(model.network),
        n_bytes=(opened.path / WEIGHTS).stat().st_size,
        origin=origin,
        manifest_sha256=hashlib.sha256((opened.path / MANIFEST).read_bytes()).hexdigest(),
        openings=() if run is None else tuple(run.facts["openings"]),
        test=evaluate(labels, probabilities, model.classes, seed=seed),
        calibration=calibrate(labels, probabilities, seed=seed),
    )


def _origin(opened: Opened) -> dict[str, Any]:
    """Gather what is recorded of a model's making: by its run, beside it if it comes with the package, and in it."""
    provenance, record, run = opened.model.provenance, model_facts(opened.path), opened.run
    split = _recorded_split(opened)
    recorded = {
        "seed": split.get("seed", record.seed) if run is None else run.config.seed,
        "training_seed": provenance.get("seed"),
        "steps": provenance.get("steps"),
        "learned_from": provenance.get("learned_from"),
        "data": record.data.get("name"),
        "fingerprint": record.data.get("fingerprint"),
        "split": split,
        "command": record.command if run is None else run.facts.get("command"),
        "made": record.made if run is None else run.facts.get("created"),
        "commit": record.commit,
    }
    return {name: value for name, value in recorded.items() if value not in (None, "", {})}


def check_fit(opened: Opened, collection: Collection) -> None:
    """Check that a model knows the data's classes and form, and that there are images that it has not learned from.

    Raises
    ------
    DataError
        If it does not, or there are none.
    """
    provenance = opened.model.provenance
    its_own = provenance.get("fingerprint") == collection.fingerprint
    if collection.test is None and its_own and provenance.get(WITHOUT_TEST):
        problem = "the model has learned from all of its images, and there is no test set"
        raise DataError(Fault(collection.location, problem, "Give images that are new to the model"))
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

    Raises
    ------
    ModelError, DataError
        If what the model tells of that split cannot be; if a run's own data has changed.
    """
    *sides, channels = opened.model.shape
    size = (sides[0], sides[1])
    own = opened.run is not None and data == AUTO
    if opened.run is not None and own:
        config = replace(opened.run.config, image_size=size, channels=channels, device="auto")
    else:
        config = RunConfig(
            data=data,
            image_size=size,
            channels=channels,
            group_by=group_by,
            pictures=opened.model.pictures,
            seed=seed,
        )
    prepared = prepare(config, used_s=used_s, progress=progress)
    with usable(opened.path, UsageError):  # what was given has served already: it is the model's if something cannot be
        then = config if own else replace(config, **_split_of(opened, prepared.collection))
        if then != config:
            prepared = prepare(then, used_s=used_s, progress=progress)
    if own and opened.run is not None and prepared.collection.identity != opened.run.facts.get("identity"):
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
    return _recorded_split(opened) if opened.model.provenance.get("fingerprint") == collection.fingerprint else {}


def _recorded_split(opened: Opened) -> dict[str, Any]:
    """Return what a model says of the split of its data, which is all that it may say of how data is prepared.

    Raises
    ------
    ModelError
        If it says something else.
    """
    told = opened.model.provenance.get("split", {})
    if not isinstance(told, dict) or not all(isinstance(value, _SPLIT.get(name, ())) for name, value in told.items()):
        raise ModelError(
            f"{opened.path}: how its data was split is told as {shown(repr(told))}; {', '.join(_SPLIT)} are expected. "
            "Get the model again, or train anew."
        )
    return told
