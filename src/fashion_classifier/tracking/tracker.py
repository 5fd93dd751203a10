"""What an adapter to a tracker must do; the one protocol that everything tracked goes through."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from fashion_classifier.tracking.records import Begun, Concluded, Measured, State, TrialMade
from fashion_classifier.tracking.targets import Target


class Tracker(Protocol):
    """Takes records in the order in which they were made.

    It may be given records again that it was given before, in this process or an earlier one: it has each once. What
    goes wrong it raises; nobody else waits for it.
    """

    def begin(self, begun: Begun) -> None:
        """Begin, or go on with what is known by the same identity."""

    def measure(self, measured: Measured) -> None:
        """Take a validation."""

    def trial(self, made: TrialMade) -> None:
        """Take a trial."""

    def conclude(self, concluded: Concluded, folder: Path) -> None:
        """Take what came of it; files are named from `folder` on."""

    def end(self, state: State) -> str:
        """Make sure that everything has arrived, and say where it is to be found."""


def open_tracker(target: Target) -> Tracker:
    """Return the adapter to a tracker, importing what it needs."""
    if target.tracker == "mlflow":
        from fashion_classifier.tracking.to_mlflow import ToMlflow  # noqa: PLC0415 - each is an extra of its own

        return ToMlflow(target.where)
    if target.tracker == "tensorboard":
        from fashion_classifier.tracking.to_tensorboard import ToTensorboard  # noqa: PLC0415

        return ToTensorboard(Path(target.where))
    from fashion_classifier.tracking.to_wandb import ToWandb  # noqa: PLC0415

    return ToWandb(Path(target.where))
