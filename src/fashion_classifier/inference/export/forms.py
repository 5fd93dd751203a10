"""The forms in which a model is exported: what each is called, computes in and is written and opened by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from fashion_classifier.errors import MissingExtraError, ModelError, UsageError
from fashion_classifier.inference.bundle import Model
from fashion_classifier.inference.description import Description
from fashion_classifier.inference.export.checking import Answering
from fashion_classifier.inference.export.completing import answers_of, complete
from fashion_classifier.inference.export.onnx_model import export
from fashion_classifier.inference.export.repository import CARD, CONFIG, TENSORS, check_same, write_repository
from fashion_classifier.inference.export.torch_program import open_program, write_program
from fashion_classifier.inference.manifest import INT8, ONNX, Manifest
from fashion_classifier.inference.runtimes.base import Precision
from fashion_classifier.inference.runtimes.onnx_runtime import plain_session
from fashion_classifier.inference.runtimes.opening import has_openvino

Form = Literal["onnx", "openvino", "torch-export", "huggingface"]

FORMS: tuple[Form, ...] = get_args(Form)
SUFFIXES: dict[Form, tuple[str, ...]] = {
    "onnx": (".onnx",),
    "openvino": (".xml", ".bin"),
    "torch-export": (".pt2",),
    "huggingface": (),  # a folder
}
COMPUTED_IN: dict[Form, tuple[Precision, ...]] = {
    "onnx": ("float32", "int8"),
    "openvino": ("float32", "bfloat16", "int8"),
    "torch-export": ("float32",),
    "huggingface": ("float32",),
}


@dataclass(frozen=True, eq=False, kw_only=True)
class Original:
    """A model that is to be exported.

    Parameters
    ----------
    manifest
        The model folder's files.
    model
        With its network, on the CPU.
    description
        What `model.json` says.
    """

    manifest: Manifest
    model: Model
    description: Description


def check_form(form: Form, precision: Precision) -> None:
    """Check that there is such a form, that it computes in that precision, and that what it needs is installed.

    Raises
    ------
    UsageError
        If it is none, or does not compute so.
    MissingExtraError
        If OpenVINO is not installed.
    """
    if form not in FORMS:
        raise UsageError(f"There is no form {form!r}; a model can be exported as {', '.join(FORMS)}.")
    if precision not in COMPUTED_IN[form]:
        raise UsageError(f"An export as {form} computes in {' or '.join(COMPUTED_IN[form])}, not in {precision}.")
    if form == "openvino" and not has_openvino():
        raise MissingExtraError(
            "OpenVINO is not installed: pip install 'fashion-images-classifier[openvino]', or export as onnx."
        )


def places_of(place: Path, form: Form) -> tuple[Path, ...]:
    """Return the files that an export makes, the one that is named first.

    Raises
    ------
    UsageError
        If the name does not end as the form's files do, or one of the files is already there.
    """
    suffixes = SUFFIXES[form]
    if form == "huggingface":
        return _free(tuple(place / name for name in (ONNX, CONFIG, TENSORS, CARD)))
    if place.suffix != suffixes[0]:
        raise UsageError(f"{place}: a file for {form} ends in {suffixes[0]}; name it so.")
    return _free(tuple(place.with_suffix(suffix) for suffix in suffixes))


def _free(places: tuple[Path, ...]) -> tuple[Path, ...]:
    """Check that none of the files is there."""
    for taken in places:
        if taken.exists() or taken.is_symlink():
            raise UsageError(f"{taken} is already there; nothing was overwritten. Name another file.")
    return places


def write_export(
    original: Original, form: Form, precision: Precision, metadata: Mapping[str, str], place: Path
) -> None:
    """Write a model's export to a place that ends in the form's suffix.

    Raises
    ------
    ModelError
        If the model folder has no network quantised to whole numbers and that was asked for.
    """
    if form == "torch-export":
        write_program(original.model, metadata, place)
        return
    content = complete(_network(original, precision), original.description, metadata)
    if form in {"onnx", "huggingface"}:
        place.write_bytes(content)
        if form == "huggingface":
            write_repository(original.description, original.manifest, place.parent)
            check_same(original.model, place.parent)
        return
    from fashion_classifier.inference.export.open_vino_files import write_files

    write_files(content, metadata, place)


def open_export(original: Original, form: Form, precision: Precision, place: Path) -> Answering:
    """Open an exported file in the runtime that it is for."""
    if form == "torch-export":
        return open_program(place)
    if form in {"onnx", "huggingface"}:
        return plain_session(place)
    from fashion_classifier.inference.export.open_vino_files import open_files

    return open_files(place, answers_of(original.description), bfloat16=precision == "bfloat16")


def _network(original: Original, precision: Precision) -> bytes:
    """Return the network's ONNX file: the model folder's own, or where a folder keeps none, one made of the network."""
    if precision == "int8":
        if INT8 not in original.manifest.files:
            raise ModelError(
                f"{original.manifest.folder}: this model has no {INT8}, the network quantised to whole numbers, which "
                "is made when a model is saved with images to fit it to. Export it in float32."
            )
        return original.manifest.read(INT8)
    if ONNX in original.manifest.files:
        return original.manifest.read(ONNX)
    model = original.model
    return export(model.network, model.shape, len(model.classes))
