"""A model exported: written, run against the original, and given its name only if it agrees."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fashion_classifier.data.cache import cache_folder
from fashion_classifier.data.dataset import Dataset, Images, ImageShape, Labels
from fashion_classifier.data.download import OFFICIAL_FILES
from fashion_classifier.data.load import FASHION_MNIST_SOURCE, SAMPLE_SOURCE
from fashion_classifier.data.pixels import resized
from fashion_classifier.data.sample import draw_sample
from fashion_classifier.errors import ModelError, UsageError
from fashion_classifier.experiment.judging import Opened, check_fit, open_model, prepare_for
from fashion_classifier.inference.agreement import trial_images
from fashion_classifier.inference.description import read_description
from fashion_classifier.inference.export.checking import (
    LEAST_LABELLED,
    ExportAgreement,
    answer_in_batches,
    compare_answers,
)
from fashion_classifier.inference.export.completing import answers_of, view_positions
from fashion_classifier.inference.export.forms import (
    SUFFIXES,
    Form,
    Original,
    check_form,
    open_export,
    places_of,
    write_export,
)
from fashion_classifier.inference.export.metadata import describe
from fashion_classifier.inference.predictor import predict_probabilities
from fashion_classifier.inference.runtimes.base import Precision
from fashion_classifier.inference.runtimes.pytorch import TorchRuntime
from fashion_classifier.inference.shelf import model_facts
from fashion_classifier.progress import Progress, silent
from fashion_classifier.reporting.run_folder import RESULTS, read_results
from fashion_classifier.storage import atomic_files

N_RANDOM, N_DRAWN = 64, 200
MOST_IN_FLOAT32, MOST = 2_000, 12_000  # labelled images: rounding shows on few, a loss of accuracy on many
CHANCE = 0  # which of the labelled images take part, where there are more


@dataclass(frozen=True, eq=False, kw_only=True)
class Exported:
    """What an export has come to.

    Parameters
    ----------
    shown
        Which model it was, for people.
    path
        The model folder.
    files
        What was written, the one to open first.
    precision
        In which it was compared.
    shape
        Of the images that it takes.
    answers
        What it gives, by name.
    agreement
        How it compares with the original.
    compared_on
        The data whose labelled images took part; empty where none did.
    has_learned
        Whether the model has learned from those images.
    """

    shown: str
    path: Path
    files: tuple[Path, ...]
    precision: Precision
    shape: ImageShape
    answers: dict[str, str]
    agreement: ExportAgreement
    compared_on: str
    has_learned: bool

    @property
    def n_bytes(self) -> int:
        """Size of all files."""
        return sum(file.stat().st_size for file in self.files)


def export_model(
    named: Path | None,
    which: str = "optimized",
    *,
    form: Form = "onnx",
    precision: Precision = "float32",
    data: str | None = None,
    target: Path | None = None,
    progress: Progress = silent,
) -> Exported:
    """Export a model.

    Parameters
    ----------
    named, which
        As for `fashion_classifier.experiment.lookup.locate_model`.
    form
        "onnx", "openvino" or "torch-export".
    precision
        "float32"; "int8" where the model folder has the network in whole numbers; for OpenVINO also "bfloat16".
    data
        Labelled images of the model's classes, a source as for `fashion_classifier.data.load`; their cross-validation
        part takes part in the comparison. By default the model's own data, where it is at hand.
    target
        The file to write; by default it is called as the model, in the current folder.
    progress
        Told of the work.

    Raises
    ------
    UsageError
        If there is no such form, the file is already there, or a lower precision is to be judged without labels.
    UnavailableError
        If there is no such model, or what the form needs is not installed (`MissingExtraError`).
    ModelError
        If the file does not answer as the model does; the message has the figures, and nothing is left.
    """
    check_form(form, precision)
    opened = open_model(named, which, device="cpu")
    progress("Opening the model", 1, 1)
    places = places_of(target or Path(_file_name(opened, precision) + SUFFIXES[form][0]), form)
    description, files = read_description(opened.path)
    original = Original(folder=opened.path, model=opened.model, description=description, files=files)
    labelled, compared_on = _labelled(opened, data, precision, progress)
    images, labels = _trial(opened.model.shape, labelled)
    facts = model_facts(opened.path)
    metadata = describe(
        description,
        name=opened.name,
        precision=precision,
        accuracy=_accuracy(opened),
        licence=facts.licence,
    )
    reference = TorchRuntime(opened.model.network)
    said = predict_probabilities(reference, images, opened.model.how, progress=progress, task="Asking the model")
    try:
        with atomic_files(*places) as folder:
            progress("Writing the file", 0, 1)
            write_export(original, form, precision, metadata, folder / places[0].name)
            progress("Writing the file", 1, 1)
            answer = open_export(original, form, precision, folder / places[0].name)
            n_views = len(view_positions(description.how.views, description.shape))
            found = answer_in_batches(answer, images, n_views=n_views, progress=progress)
            agreement = compare_answers(opened.model, said, found, labels, precision=precision)
            if not agreement.holds:
                raise ModelError(
                    f"{opened.shown}: as {form} in {precision} it does not answer as it does itself: {agreement}. "
                    "Nothing was written."
                )
    except FileExistsError as error:
        raise UsageError(f"{error.filename} is there by now; nothing was overwritten. Name another file.") from error
    return Exported(
        shown=opened.shown,
        path=opened.path,
        files=places,
        precision=precision,
        shape=opened.model.shape,
        answers=answers_of(description),
        agreement=agreement,
        compared_on=compared_on,
        has_learned=bool(compared_on) and opened.model.provenance.get("learned_from") == "all",
    )


def _file_name(opened: Opened, precision: Precision) -> str:
    """Call a file as its model, a run's with which of its models."""
    name = opened.name.replace("/", "-").replace("\\", "-") or "model"
    return name if precision == "float32" else f"{name}-{precision}"


def _accuracy(opened: Opened) -> dict[str, Any] | None:
    """Return what is recorded of a model's accuracy on its test set: beside it, or by its run."""
    recorded = model_facts(opened.path).accuracy
    if recorded is not None:
        return {"accuracy": recorded.value, "accuracy_interval": [recorded.low, recorded.high], "n": recorded.n}
    if opened.run is None or not (opened.run.path / RESULTS).is_file():
        return None
    test = getattr(read_results(opened.run.path), opened.path.name).test
    if test is None:
        return None
    return {
        "accuracy": test.accuracy.value,
        "accuracy_interval": [test.accuracy.low, test.accuracy.high],
        "n": test.n,
    }


def _labelled(opened: Opened, data: str | None, precision: Precision, progress: Progress) -> tuple[Dataset | None, str]:
    """Return labelled images and what data they are from: what was named, or the model's own where it is at hand."""
    found = _own(opened, progress) if data is None else _named(opened, data, precision, progress)
    if found is None and precision != "float32":
        raise UsageError(
            f"What {precision} costs is measured on labelled images, and {opened.shown}'s own are not at hand. Name "
            "data with the model's classes."
        )
    if found is None:
        return None, ""
    dataset, name = found
    if precision != "float32" and len(dataset) < LEAST_LABELLED:
        raise UsageError(
            f"{name}: it has {len(dataset):,} labelled images besides the test set; on fewer than {LEAST_LABELLED} a "
            f"loss of 0.2 points of accuracy cannot be measured. Name more data, or export in float32."
        )
    most = MOST_IN_FLOAT32 if precision == "float32" else MOST
    if len(dataset) > most:
        dataset = dataset.take(np.random.default_rng(CHANCE).permutation(len(dataset))[:most])
    return dataset, name


def _named(opened: Opened, data: str, precision: Precision, progress: Progress) -> tuple[Dataset, str]:
    """Return the cross-validation images of data; of little data for a lower precision those of training as well."""
    prepared = prepare_for(opened, data, group_by=None, seed=CHANCE, used_s=0.0, progress=progress)
    check_fit(opened, prepared.collection)
    parts = prepared.split
    few = precision != "float32" and len(parts.validation) < LEAST_LABELLED
    return parts.everything_but_test if few else parts.validation, prepared.collection.name


def _own(opened: Opened, progress: Progress) -> tuple[Dataset, str] | None:
    """Return the cross-validation images of the data that a model was made from, if it is on this machine."""
    fingerprint = opened.model.provenance.get("fingerprint")
    for source in _places_at_hand(opened):
        prepared = prepare_for(opened, source, group_by=None, seed=CHANCE, used_s=0.0, progress=progress)
        if prepared.collection.fingerprint == fingerprint:
            return prepared.split.validation, prepared.collection.name
    return None


def _places_at_hand(opened: Opened) -> list[str]:
    """Return where a model's own data may lie: where its run had it, in $FASHION_DATA, in the cache."""
    told = [] if opened.run is None else [opened.run.config.data]
    named = [place for place in (*told, os.environ.get("FASHION_DATA", "")) if place]
    found = [place for place in named if place == SAMPLE_SOURCE or Path(place).exists()]
    official = cache_folder() / "fashion-mnist"
    if all((official / file.name).is_file() for file in OFFICIAL_FILES):
        found.append(FASHION_MNIST_SOURCE)
    return found


def _trial(shape: ImageShape, labelled: Dataset | None) -> tuple[Images, Labels]:
    """Return what to compare on: noise and smooth shapes, drawn garments, and last the labelled images."""
    drawn = draw_sample(n_training=N_DRAWN, n_test=10).training.images
    garments = resized(drawn, (shape.height, shape.width))
    if shape.channels > 1:
        garments = np.repeat(garments[..., None], shape.channels, axis=3)
    images = [trial_images(shape, N_RANDOM), garments]
    if labelled is None:
        return np.concatenate(images), np.empty(0, np.int64)
    return np.concatenate([*images, labelled.images]), labelled.labels
