"""The list of commands."""

from __future__ import annotations

from typing import Annotated

import typer

from fashion_classifier import __version__
from fashion_classifier.cli.deferred import deferred_group

# What `fashion --help` lists without importing it; a test holds each sentence to the command's own help.
COMMANDS = {
    "run": "Load, train, tune, retrain, evaluate and report, within a time (5 minutes by default).",
    "data": "Look at data, convert it, fetch it.",
    "train": "Train one recipe and save the model; the test set stays sealed.",
    "tune": "Search for the best recipe; the same command goes on where it stopped.",
    "evaluate": "Evaluate a model on the data's test set; a run's record notes that the test set was opened.",
    "compare": "Compare two models on the same test images, paired: what B mends and breaks, and whether it is better.",
    "report": "Make a run's figures, model card and report.html again, from the run folder alone.",
    "export": "Write a model as one file that answers by itself: as ONNX, for OpenVINO, or as PyTorch's program.",
    "import": "Make a model folder of a model in Hugging Face's form, checking it; nothing is fetched.",
    "serve": "Serve a model: an API for programs, and a page for people.",
    "predict": "Classify photographs of garments, or pictures like the model's training images.",
    "models": "List the models that there are: those that come with the program, those in ./models, and those of runs.",
    "track": "Tell MLflow, TensorBoard or Weights & Biases of a finished run; what they have already is not doubled.",
    "runs": "List the runs in a folder with what came out of them, or remove some.",
    "cache": "Show what the cache holds, data that was read and the official files, and clear it.",
    "doctor": "Tell what this machine offers, and what is wrong with the installation and how to mend it.",
}

app = typer.Typer(
    name="fashion",
    cls=deferred_group(COMMANDS),
    help="From labelled images of garments to a classifier, and to conclusions that can be defended.",
    epilog="Example: fashion run --minutes 5",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    """Print the version and end."""
    if wanted:
        typer.echo(f"fashion-images-classifier {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and end.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show where an error arose; may stand anywhere.")] = False,
) -> None:
    """Take labelled images of garments through the whole life of a classifier."""
