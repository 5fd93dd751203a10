"""One session of a run: what all its stages share, and what a continued run must know of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from fashion_classifier.data.collection import Collection
from fashion_classifier.data.split import Split
from fashion_classifier.experiment.budget import Clock
from fashion_classifier.experiment.interruption import Interruption
from fashion_classifier.experiment.listener import Listener
from fashion_classifier.experiment.machine import use_threads
from fashion_classifier.experiment.preparation import workshop_of
from fashion_classifier.experiment.record import RunFolder
from fashion_classifier.experiment.stages import MadeModel, kept
from fashion_classifier.training.checkpoint import CheckpointPlan
from fashion_classifier.training.early_stopping import StopReason

NOTE_EVERY_S = 10.0

_Result = TypeVar("_Result")


class Session:
    """What the stages of a run share: folder, data, machine, clock, and whether a stop was asked for.

    Parameters
    ----------
    folder
        Of the run.
    collection, parts
        The data; openings of its test set are written into the folder.
    clock
        Of the run, earlier sessions included.
    listener
        Told how it goes on.
    """

    def __init__(
        self, folder: RunFolder, collection: Collection, parts: Split, clock: Clock, listener: Listener
    ) -> None:
        self.folder, self.collection, self.config, self.clock = folder, collection, folder.config, clock
        self.split = replace(parts, test=parts.test.recorded_by(folder.note_opening))
        self.listener, self.tell = listener, listener.tell
        self.threads = use_threads(self.config.threads)
        self.workshop = workshop_of(folder, collection, self.split)
        self.interruption = Interruption()
        self.timings: dict[str, float] = dict(folder.facts.get("timings", {}))
        self.timings.setdefault("start and data", clock.used_s)
        self.ended_early = ""
        self._noted_s = clock.used_s

    def timed(self, stage: str, work: Callable[[], _Result]) -> _Result:
        """Do a stage's work and add its time to the record."""
        begin = self.clock.used_s
        result = work()
        self.timings[stage] = self.timings.get(stage, 0.0) + self.clock.used_s - begin
        self.remember()
        return result

    def remember(self) -> None:
        """Write down what a continued run must know."""
        precisions = {name: vars(choice) for name, choice in self.workshop.precisions.items()}
        self.folder.update(used_s=self.clock.used_s, timings=self.timings, precisions=precisions)

    def asked(self) -> StopReason | None:
        """Tell whether a stop was asked for; now and then write down the time that has been used."""
        if self.clock.used_s - self._noted_s > NOTE_EVERY_S:
            self._noted_s = self.clock.used_s
            self.folder.update(used_s=self._noted_s)
        return self.interruption.asked()

    def stopped(self, stage: str) -> bool:
        """Tell whether a stop was asked for, and note where."""
        if self.interruption.asked_for and not self.ended_early:
            self.ended_early = f"interrupted during the {stage}"
        return bool(self.ended_early)

    def checkpoint(self, stage: str) -> CheckpointPlan:
        """Return where a stage's training saves its state."""
        return CheckpointPlan(self.folder.path / "checkpoints" / f"{stage}.safetensors")

    def kept(self, stage: str) -> MadeModel | None:
        """Return what a finished stage left, on the run's device; None if it is not finished."""
        return kept(self.folder, stage, device=self.workshop.device)

    def failed(self, stage: str, error: Exception) -> None:
        """Note why a stage failed."""
        self.folder.event(f"{stage} failed", reason=f"{type(error).__name__}: {error}")
