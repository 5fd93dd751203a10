"""`fashion import`: a model in Hugging Face's form as a model folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fashion_classifier.cli.options import Json
from fashion_classifier.cli.output import output


def import_(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="What `fashion export --to huggingface` wrote, here or elsewhere.")
    ],
    model: Annotated[
        Path | None,
        typer.Argument(
            metavar="MODEL",
            help="The model folder to make; by default one of the same name in ./models.",
            show_default=False,
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Make a model folder of a model in Hugging Face's form, checking it; nothing is fetched.

    Its weights must be those that config.json tells the hash of. The ONNX file beside them is not read: the model
    folder gets one of its own, compared with PyTorch.

    Examples:

      fashion import repository

      fashion import repository models/theirs
    """
    with output(as_json=as_json) as out_to:
        out_to.progress("Reading the model", 0.0, 1.0)
        from fashion_classifier.experiment.exporting import import_model

        place = model or Path("models") / folder.resolve().name
        found = import_model(folder, place, progress=out_to.progress)
        out_to.close()
        out_to.tell(f"Model:  {place}  ({found.config.family}, {found.shape}, {len(found.classes)} classes)")
        out_to.result(
            "import",
            {
                "model": str(place),
                "from": str(folder),
                "family": found.config.family,
                "classes": list(found.classes),
                "image": found.shape._asdict(),
            },
        )
