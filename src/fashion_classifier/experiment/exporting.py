"""A model exported: written, run against the original, and given its name only if it agrees."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fashion_classifier.data.dataset import Images, ImageShape, Labels
from fashion_classifier.errors import ModelError, UsageError
from fashion_classifier.experiment.judging import Opened, open_model
from fashion_classifier.experiment.record import check_can_be_made
from fashion_classifier.experiment.trying import labelled_images, trial
from fashion_classifier.inference.bundle import Model, save_model
from fashion_classifier.inference.description import Description, read_description
from fashion_classifier.inference.export.checking import (
    Answering,
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
from fashion_classifier.inference.export.repository import CARD, read_repository
from fashion_classifier.inference.manifest import steadily
from fashion_classifier.inference.predictor import predict_probabilities
from fashion_classifier.inference.runtimes.base import Precision
from fashion_classifier.inference.runtimes.pytorch import TorchRuntime
from fashion_classifier.inference.shelf import model_facts
from fashion_classifier.progress import Progress, silent
from fashion_classifier.reporting.model_card import render_card
from fashion_classifier.reporting.repository_card import repository_card
from fashion_classifier.reporting.run_folder import RESULTS, read_results
from fashion_classifier.storage import atomic_files


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
        "onnx", "openvino", "torch-export" or "huggingface".
    precision
        "float32"; "int8" where the model folder has the network in whole numbers; for OpenVINO also "bfloat16".
    data
        Labelled images of the model's classes, a source as for `fashion_classifier.data.load`; their cross-validation
        part takes part in the comparison. By default the model's own data, where it is at hand.
    target
        The file to write, of "huggingface" the folder; by default it is called as the model, in the current folder.
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
    places = places_of(target or Path(_file_name(opened, precision) + next(iter(SUFFIXES[form]), "")), form)
    description, manifest = steadily(opened.path, lambda: read_description(opened.path))
    original = Original(manifest=manifest, model=opened.model, description=description)
    labelled, compared_on = labelled_images(opened, data, precision, progress)
    images, labels = trial(opened.model.shape, labelled)
    try:
        with atomic_files(*places) as folder:
            answer = _written(original, opened, form, precision, folder / places[0].name, progress)
            agreement = _compared(opened, answer, images, labels, precision, progress)
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


def _written(
    original: Original, opened: Opened, form: Form, precision: Precision, place: Path, progress: Progress
) -> Answering:
    """Write the file, and open it as those will who use it."""
    progress("Writing the file", 0, 1)
    metadata = describe(
        original.description,
        name=opened.name,
        precision=precision,
        accuracy=_accuracy(opened),
        licence=model_facts(opened.path).licence,
    )
    write_export(original, form, precision, metadata, place)
    if form == "huggingface":
        (place.parent / CARD).write_text(_card(opened, original.description), encoding="utf-8")
    progress("Writing the file", 1, 1)
    return open_export(original, form, precision, place)


def _compared(
    opened: Opened, answer: Answering, images: Images, labels: Labels, precision: Precision, progress: Progress
) -> ExportAgreement:
    """Ask the model and the file the same."""
    model = opened.model
    reference = TorchRuntime(model.network)
    said = predict_probabilities(reference, images, model.how, progress=progress, task="Asking the model")
    n_views = len(view_positions(model.how.views, model.shape))
    found = answer_in_batches(answer, images, n_views=n_views, progress=progress)
    return compare_answers(model, said, found, labels, precision=precision)


def _card(opened: Opened, description: Description) -> str:
    """Return the card of a repository: all that a run found out of its optimized model, or what is recorded."""
    facts = model_facts(opened.path)
    run = opened.run
    if run is not None and opened.path.name == "optimized" and (run.path / RESULTS).is_file():
        return render_card(read_results(run.path), licence=facts.licence, in_repository=True)
    return repository_card(description, opened.name, accuracy=_accuracy(opened), licence=facts.licence)


def import_model(folder: Path, target: Path, *, progress: Progress = silent) -> Model:
    """Make a model folder of a model in Hugging Face's form, its ONNX written anew and compared with PyTorch.

    Parameters
    ----------
    folder
        What an export as "huggingface" wrote, wherever it has been since.
    target
        The model folder, which must not be there yet.

    Raises
    ------
    UsageError
        If the model folder is already there.
    UnavailableError
        If there is no such model.
    ModelError
        If it is another program's, or was changed or damaged.
    """
    check_can_be_made(target)
    progress("Reading the model", 0, 1)
    model = read_repository(folder)
    save_model(model, target)
    progress("Reading the model", 1, 1)
    return model


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
