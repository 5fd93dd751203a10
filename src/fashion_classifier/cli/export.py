"""`fashion export`: a model as a file that answers by itself."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fashion_classifier.cli.completion import complete_sources
from fashion_classifier.cli.options import Json, ModelOrRun
from fashion_classifier.cli.output import output

if TYPE_CHECKING:
    from fashion_classifier.experiment.exporting import Exported


class Form(StrEnum):
    """What a model is exported as."""

    ONNX = "onnx"
    OPENVINO = "openvino"
    TORCH_EXPORT = "torch-export"
    HUGGINGFACE = "huggingface"


class Precision(StrEnum):
    """What an export computes in."""

    FLOAT32 = "float32"
    BFLOAT16 = "bfloat16"
    INT8 = "int8"


def export(
    model: ModelOrRun = None,
    to: Annotated[Form, typer.Option("--to", help="The form of the file.")] = Form.ONNX,
    precision: Annotated[
        Precision,
        typer.Option(
            "--precision",
            help="int8 where the model has it; bfloat16 for openvino. What they cost is measured on labelled images.",
        ),
    ] = Precision.FLOAT32,
    data: Annotated[
        str | None,
        typer.Option(
            "--data",
            "-d",
            metavar="SOURCE",
            help="Labelled images to compare on as well; by default the model's own, where they are at hand.",
            show_default=False,
            autocompletion=complete_sources,
        ),
    ] = None,
    initial: Annotated[bool, typer.Option("--initial", help="Of a run, the initial model.")] = False,
    output_file: Annotated[
        Path | None,
        typer.Option(
            "--output",
            metavar="FILE",
            help="The file to write (huggingface: the folder), not there yet; by default the model's name, here.",
            show_default=False,
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Write a model as one file that answers by itself: as ONNX, for OpenVINO, or as PyTorch's program.

    Or as a folder for Hugging Face: model card, config.json, model.safetensors, and the ONNX file.

    Images go in as they are, uint8 (n, height, width) or (n, height, width, 3); probabilities come out, with the views
    averaged, smoothing and temperature applied, and, where the model has rules for it, what it refuses and which
    classes an image may be. Classes and all other facts are inside as well. The file is run against the model, on
    noise, drawn garments and labelled images; it gets its name only if both answer the same.

    Examples:

      fashion export

      fashion export runs/2026-01-31-101500-auto --to openvino --output shop.xml

      fashion export fashion-mnist --precision int8 --data fashion-mnist

      fashion export models/mine --to torch-export

      fashion export fashion-mnist --to huggingface --output repository
    """
    with output(as_json=as_json) as out_to:
        out_to.progress("Opening the model", 0.0, 1.0)
        from fashion_classifier.experiment.exporting import export_model

        exported = export_model(
            model,
            "initial" if initial else "optimized",
            form=to.value,
            precision=precision.value,
            data=data,
            target=output_file,
            progress=out_to.progress,
        )
        out_to.close()
        if model is None:
            out_to.remark(f"Model: {exported.shown}")
        agreement = exported.agreement
        images = f", {exported.compared_on}" if exported.compared_on else ""
        out_to.tell(f"Agrees with the model (noise, drawn garments{images}): {agreement}.")
        if exported.has_learned and agreement.precision != "float32":
            out_to.warn("The model has learned from these images, too; on new ones a lower precision may cost more.")
        names = " and ".join(str(file) for file in exported.files)
        out_to.tell(f"Written: {names} ({exported.n_bytes / 1e6:.2f} MB)")
        out_to.remark("")
        for line in _example(exported, to):
            out_to.remark(f"  {line}")
        out_to.result(
            "export",
            {
                "model": str(exported.path),
                "to": to.value,
                "precision": exported.precision,
                "files": [str(file) for file in exported.files],
                "bytes": exported.n_bytes,
                "image": exported.shape._asdict(),
                "answers": list(exported.answers),
                "agreement": {
                    "n": agreement.n,
                    "largest_difference": agreement.largest_difference,
                    "changed": agreement.n_changed,
                    "ruled_otherwise": agreement.n_ruled_otherwise,
                    "data": exported.compared_on or None,
                    "labelled": agreement.n_labelled,
                    "accuracy": agreement.accuracy,
                    "exported_accuracy": agreement.exported_accuracy,
                    "learned_from_these": exported.has_learned,
                },
            },
        )


def _example(exported: Exported, to: Form) -> list[str]:
    """Return three lines of Python that use the file."""
    name = repr(str(exported.files[0]))
    sides = ", ".join(map(str, exported.shape if exported.shape.channels > 1 else exported.shape[:2]))
    images = f"images: uint8 (n, {sides})"
    if to in {Form.ONNX, Form.HUGGINGFACE}:
        return [
            "import onnxruntime",
            f"session = onnxruntime.InferenceSession({name})",
            f'probabilities = session.run(["probabilities"], {{"images": images}})[0]  # {images}',
        ]
    if to is Form.OPENVINO:
        hint = "bf16" if exported.precision == "bfloat16" else "f32"
        return [
            "import openvino",
            f'model = openvino.compile_model({name}, "CPU", {{"INFERENCE_PRECISION_HINT": "{hint}"}})',
            f'probabilities = model(images)["probabilities"]  # {images}',
        ]
    return [
        "import torch",
        f"model = torch.export.load({name}).module()",
        f'probabilities = model(torch.from_numpy(images))["probabilities"]  # {images}',
    ]
