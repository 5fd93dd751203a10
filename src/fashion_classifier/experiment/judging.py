"""Models on a test set: one evaluated, or two compared; each opening of the test set is written down."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from fashion_classifier.data.collection import Collection
from fashion_classifier.data.dataset import Opening, SealedTestSet
from fashion_classifier.data.load import AUTO
from fashion_classifier.data.split import Split
from fashion_classifier.errors import DataError, Fault, UsageError
from fashion_classifier.evaluation.comparison import Comparison, compare
from fashion_classifier.evaluation.metrics import Evaluation, evaluate
from fashion_classifier.experiment.lookup import locate_model
from fashion_classifier.experiment.machine import choose_device
from fashion_classifier.experiment.preparation import Prepared, prepare
from fashion_classifier.experiment.record import RunFolder
from fashion_classifier.experiment.settings import RunConfig
from fashion_classifier.inference.bundle import Model, load_model
from fashion_classifier.progress import Progress


@dataclass(frozen=True, eq=False)
class Opened:
    """A model, or a run's optimized model, with the run folder if there is one."""

    name: str
    path: Path
    model: Model
    run: RunFolder | None


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
    return Opened(place.name, place.path, model, run)


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
