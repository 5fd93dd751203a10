"""The list of commands."""

from __future__ import annotations

from typing import Annotated

import typer

from fashion_classifier import __version__
from fashion_classifier.cli import compare, data, evaluate, predict, report, run, runs, train, tune

app = typer.Typer(
    name="fashion",
    help="From labelled images of garments to a classifier, and to conclusions that can be defended.",
    epilog="Example: fashion run --minutes 5",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(run.run)
app.add_typer(data.app, name="data")
app.command()(train.train)
app.command()(tune.tune)
app.command()(evaluate.evaluate)
app.command()(compare.compare)
app.command()(report.report)
app.command()(predict.predict)
app.command()(runs.runs)


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
