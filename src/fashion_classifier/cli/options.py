"""The options that commands share, each with its one description."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fashion_classifier.cli.completion import (
    complete_devices,
    complete_families,
    complete_models,
    complete_sources,
)
from fashion_classifier.errors import UsageError

Data = Annotated[
    str,
    typer.Option(
        "--data",
        "-d",
        metavar="SOURCE",
        help="A file or folder, 'fashion-mnist', 'sample', or 'auto': $FASHION_DATA, ./data, cache, download, sample.",
        autocompletion=complete_sources,
    ),
]
_MODEL_OR_RUN = (
    "A model folder, a run folder, or a shipped model's name; by default the latest finished run in ./runs, "
    "or else the best shipped model."
)
ModelOrRun = Annotated[
    Path | None,
    typer.Argument(metavar="MODEL_OR_RUN", help=_MODEL_OR_RUN, show_default=False, autocompletion=complete_models),
]
ModelOption = Annotated[
    Path | None, typer.Option("--model", metavar="MODEL_OR_RUN", help=_MODEL_OR_RUN, autocompletion=complete_models)
]
ImageSize = Annotated[
    str | None, typer.Option("--image-size", metavar="HxW", help="Bring all images to this size, e.g. 28x28.")
]
GroupBy = Annotated[
    str | None,
    typer.Option(
        "--group-by",
        metavar="COLUMN|REGEX",
        help="What tells images of one garment, which then stay in one set: a column, or a pattern over file paths.",
    ),
]
Minutes = Annotated[
    float | None,
    typer.Option("--minutes", "-m", help="Time for the whole command, at least 0.2 (a run: 0.5); it is kept."),
]
Epochs = Annotated[float | None, typer.Option("--epochs", help="Passes over the training images, at most.")]
Seed = Annotated[int, typer.Option("--seed", help="From which all chance is derived.")]
Threads = Annotated[int, typer.Option("--threads", help="Threads to compute with, at most all cores, as with 0.")]
Device = Annotated[str, typer.Option("--device", help="auto, cpu, cuda or mps.", autocompletion=complete_devices)]
Families = Annotated[
    list[str] | None,
    typer.Option(
        "--family", help="Model family to choose from; may be given several times.", autocompletion=complete_families
    ),
]
Mirror = Annotated[
    bool,
    typer.Option("--mirror/--no-mirror", help="Whether a mirrored image is of the same class (not so for digits)."),
]
Balanced = Annotated[bool, typer.Option("--balanced", help="Weigh classes by the inverse of their frequency.")]
ClusterOption = Annotated[
    str | None,
    typer.Option(
        "--cluster",
        metavar="ADDRESS",
        help="Work on a Ray cluster: auto for the one to which this machine belongs, or ray://host:port.",
    ),
]
Out = Annotated[
    Path | None,
    typer.Option("--out", "-o", metavar="FOLDER", help="The folder to make; it must not be there yet."),
]
TRACKERS = "mlflow=ADDRESS, tensorboard[=FOLDER] or wandb[=FOLDER] (offline)."
Track = Annotated[
    list[str] | None,
    typer.Option(
        "--track", metavar="TRACKER[=WHERE]", help=f"Tell a tracker of it: {TRACKERS} May be given several times."
    ),
]
Json = Annotated[
    bool,
    typer.Option("--json", help="Print one JSON object as the last line; words for people go to standard error."),
]


def absolute(source: str) -> str:
    """Return a source so that it can be found again from any folder."""
    return source if source in {"auto", "sample", "fashion-mnist"} else str(Path(source).absolute())


def parse_size(text: str | None) -> tuple[int, int] | None:
    """Read a size such as 28x28.

    Raises
    ------
    UsageError
        If it is none.
    """
    if text is None:
        return None
    sides = text.lower().split("x")
    if len(sides) != 2 or not all(side.isdigit() and 1 <= int(side) <= 1024 for side in sides):
        raise UsageError(f"An image size is height x width in pixels from 1 to 1024, such as 28x28, but got {text!r}.")
    return int(sides[0]), int(sides[1])
