"""`fashion track`, and what `--track` does in other commands."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fashion_classifier.cli.options import TRACKERS, Json
from fashion_classifier.cli.output import Output, output
from fashion_classifier.errors import UnavailableError, UsageError

if TYPE_CHECKING:
    from fashion_classifier.tracking.following import Tracking
    from fashion_classifier.tracking.targets import Target


def track(
    folder: Annotated[
        Path,
        typer.Argument(metavar="FOLDER", help="A finished run; or a model or a study whose making was tracked."),
    ],
    trackers: Annotated[
        list[str],
        typer.Argument(metavar="TRACKER[=WHERE]...", help=TRACKERS),
    ],
    as_json: Json = False,
) -> None:
    """Tell MLflow, TensorBoard or Weights & Biases of a finished run; what they have already is not doubled.

    Examples:

      fashion track runs/2026-01-31-101500-auto mlflow=http://127.0.0.1:5000

      fashion track runs/2026-01-31-101500-auto tensorboard=curves wandb
    """
    targets = parse_targets(trackers)
    from fashion_classifier.experiment.tracked import records_of
    from fashion_classifier.tracking.following import send_all

    with output(as_json=as_json) as out_to:
        outcomes = send_all(targets, records_of(folder), folder, progress=out_to.progress)
        told = [vars(outcome) for outcome in outcomes]
        for target, outcome in zip(targets, outcomes, strict=True):
            if outcome.reason:
                out_to.warn(f"{target.title} did not take everything: {outcome.reason}.")
            else:
                out_to.tell(f"{target.title}: {outcome.place}")
        out_to.result("track", {"folder": str(folder), "tracked": told})
    if any(outcome.reason for outcome in outcomes):
        raise typer.Exit(UnavailableError.exit_code)


def parse_targets(texts: Sequence[str] | None) -> list[Target]:
    """Read what trackers were asked for; without any nothing is imported.

    Raises
    ------
    UsageError
        If one cannot be, or is there twice.
    MissingExtraError
        If one is not installed.
    """
    if not texts:
        return []
    from fashion_classifier.tracking.targets import parse_target

    targets = [parse_target(text, dict(os.environ)) for text in texts]
    names = [target.tracker for target in targets]
    if len(set(names)) < len(names):
        raise UsageError("A tracker can be told once: name each once.")
    return targets


def tracking_of(targets: Sequence[Target], out_to: Output) -> Tracking:
    """Return what tells trackers, and tells the person of what they do not get."""
    from fashion_classifier.tracking.following import Tracking

    def lost(target: Target, reason: str) -> None:
        again = shlex.join(["fashion", "track", str(tracking.folder), str(target)])
        out_to.warn(f"{target.title} does not get everything: {reason}. Nothing else is changed by that; later {again}")

    tracking = Tracking(targets, lost)
    return tracking


def finish_tracking(tracking: Tracking, out_to: Output) -> list[dict[str, Any]]:
    """Wait for the trackers, say where they have everything, and return what programs are told of it."""
    titles = {target.tracker: target.title for target in tracking.targets}
    outcomes = tracking.finish(progress=out_to.progress)
    for outcome in outcomes:
        if not outcome.reason:
            out_to.tell(f"{titles[outcome.tracker]}: {outcome.place}")
    return [vars(outcome) for outcome in outcomes]
