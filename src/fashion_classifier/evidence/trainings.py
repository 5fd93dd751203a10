"""Trainings that evidence rests on: each made once, its answers kept, so that a long evaluation can be continued."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fashion_classifier.data.kept_arrays import read_kept
from fashion_classifier.data.split import Split
from fashion_classifier.errors import DataError, Fault, UsageError
from fashion_classifier.inference.bundle import Model
from fashion_classifier.progress import Progress, silent
from fashion_classifier.reporting.serialisation import from_json
from fashion_classifier.seeds import derive_seed
from fashion_classifier.storage import atomic_folder, read_json, write_json
from fashion_classifier.training.early_stopping import StopReason
from fashion_classifier.training.recipes.recipe import Recipe
from fashion_classifier.training.train import TrainedModel, Workshop

FACTS, ANSWERS = "training.json", "answers.npz"
PROGRESS_IMAGES = 2000  # validated now and then in a training whose time is limited; at its end all are
JUDGED_TRAINING_IMAGES = 10_000  # on which a model is evaluated, to be compared with other images
LEAST_STEPS, LEAST_SECONDS = 20, 0.5
UNLIMITED_EPOCHS = 1000.0  # where steps or time end a training

Probabilities = NDArray[np.float32]


@dataclass(frozen=True)
class Length:
    """How long a training on the whole training part is.

    Parameters
    ----------
    steps
        Optimizer steps, so that trainings are alike however busy the machine is meanwhile.
    seconds
        After which a training ends even so; None for as long as the steps take.
    """

    steps: int
    seconds: float | None = None

    def __post_init__(self) -> None:
        if self.steps < 1 or not 0 < (1 if self.seconds is None else self.seconds) < math.inf:
            raise UsageError(f"`steps >= 1` and `seconds > 0`, or None, must hold, but got {self}.")

    def scaled(self, share: float) -> Length:
        """Return a length that is so many times as long."""
        seconds = None if self.seconds is None else max(LEAST_SECONDS, share * self.seconds)
        return Length(max(LEAST_STEPS, round(share * self.steps)), seconds)


@dataclass(frozen=True, eq=False)
class Answered:
    """What is kept of a training.

    Parameters
    ----------
    answers
        By name, probabilities of shape (n, k), at temperature 1.
    steps, seconds
        What it took.
    """

    answers: dict[str, Probabilities]
    steps: int
    seconds: float


@dataclass(frozen=True)
class _Facts:
    """What is written beside the answers."""

    steps: int
    seconds: float


class Trainings:
    """Makes trainings that are not there yet, and reads those that are.

    Parameters
    ----------
    folder
        Where they are kept, each in a folder of its own.
    workshop
        Its device, precisions and way of working are used for all.
    length
        Of a training of the chosen configuration on the whole training part.
    stop_asked
        Asked at every step; once there is a reason, nothing more is begun, and what is under way is not kept.
    """

    def __init__(
        self,
        folder: Path,
        workshop: Workshop,
        length: Length,
        *,
        stop_asked: Callable[[], StopReason | None] = lambda: None,
        progress: Progress = silent,
    ) -> None:
        self.folder, self.workshop, self.length = folder, workshop, length
        self.stop_asked, self.progress = stop_asked, progress

    def kept(self, name: str, n_images: Mapping[str, int]) -> Answered | None:
        """Read a finished training back; None if there is none of that name.

        Parameters
        ----------
        n_images
            Its answers, each with how many images are answered.

        Raises
        ------
        DataError
            If what was kept is damaged.
        """
        place = self.folder / name
        if not place.is_dir():
            return None
        remedy = f"Remove {place}: the training is then made again"
        content = read_json(place / FACTS, "record of a training", remedy)
        facts = from_json(_Facts, content, place=str(place / FACTS))
        answers = read_kept(place / ANSWERS, "the answers", remedy)
        n_classes = len(self.workshop.split.training.classes)
        expected = {kind: (n, n_classes) for kind, n in n_images.items()}
        found = {kind: said.shape for kind, said in answers.items()}
        if found != expected or not all(_are_probabilities(said) for said in answers.values()):
            problem = f"the answers are not probabilities of the shapes {expected}, but have {found}"
            raise DataError(Fault(str(place / ANSWERS), problem, remedy))
        return Answered(answers, facts.steps, facts.seconds)

    def keep(self, name: str, answered: Answered) -> Answered:
        """Write a finished training down, in one step."""
        with atomic_folder(self.folder / name) as place:
            with (place / ANSWERS).open("wb") as file:
                np.savez(file, **answered.answers)  # type: ignore[arg-type]
            write_json(place / FACTS, {"steps": answered.steps, "seconds": answered.seconds})
        return answered

    def made(self, name: str, n_images: Mapping[str, int], make: Callable[[], Answered | None]) -> Answered | None:
        """Return a training that is there, or make and keep it; None once a stop was asked for.

        Parameters and errors as for `kept`.
        """
        if (there := self.kept(name, n_images)) is not None:
            return there
        if self.stop_asked() is not None:
            return None
        answered = make()
        return None if answered is None or self.stop_asked() is not None else self.keep(name, answered)

    def train(
        self,
        recipe: Recipe,
        split: Split,
        *,
        seed: int,
        purpose: str,
        task: str,
        length: Length | None = None,
        share: float = 1.0,
        on_everything: bool = False,
        start: Model | None = None,
        losses: NDArray[np.float32] | None = None,
    ) -> TrainedModel:
        """Train a recipe on any split, so many times as long as a length says.

        Parameters
        ----------
        length
            The chosen configuration's by default.
        seed
            Of the run, or of a repetition.
        purpose
            What the training's own seed is derived for.
        on_everything, start, losses
            See `Workshop.train`.
        """
        length = (length or self.length).scaled(share)
        timed = length.seconds is not None
        own = split is self.workshop.split
        workshop = self.workshop if own else replace(self.workshop, split=split)
        return workshop.train(
            recipe,
            seed=derive_seed(seed, purpose),
            epochs=UNLIMITED_EPOCHS,
            steps=length.steps,
            seconds=length.seconds,
            validation_images=PROGRESS_IMAGES if timed else None,
            on_everything=on_everything,
            start=start,
            losses=losses,
            stop_asked=self.stop_asked,
            progress=self.progress,
            task=task,
        )


def _are_probabilities(said: NDArray[Any]) -> bool:
    """Tell whether numbers may be what a network said."""
    return said.dtype == np.float32 and bool(np.isfinite(said).all())
