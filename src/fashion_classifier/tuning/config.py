"""The settings of a search."""

from __future__ import annotations

from dataclasses import dataclass

from fashion_classifier.errors import UsageError
from fashion_classifier.seeds import DEFAULT_SEED
from fashion_classifier.training.config import ClassWeights
from fashion_classifier.tuning.space import known_recipes


@dataclass(frozen=True, kw_only=True)
class TuneConfig:
    """What is searched, and for how long.

    Parameters
    ----------
    families
        Model families to choose from.
    trials
        Number of trials of the search; None for as many as the time allows.
    epochs
        Epochs of a trial; with `trial_seconds` their upper limit.
    trial_seconds
        Time of a trial, its last validation not included; None for exact work in epochs.
    seconds
        Time of the whole search with its confirmation; None for no limit.
    finalists
        How many of the best are trained again with another seed before one is chosen; trial 0 is always among them.
        Where time limits the search they share what the trials have left of it, so that they are judged by longer
        trainings; elsewhere they train as long as a trial.
    n_images
        Images that the chosen recipe will be able to learn from: tells around which known recipes is searched.
    mirror
        Whether mirror images may count as images of the same class.
    class_weights
        "balanced" weighs each class by the inverse of its frequency.
    seed
        Seed of the run.
    """

    families: tuple[str, ...] = ("cnn", "mlp", "resnet")
    trials: int | None = None
    epochs: float = 1.0
    trial_seconds: float | None = None
    seconds: float | None = None
    finalists: int = 3
    n_images: float = 0.0
    mirror: bool = True
    class_weights: ClassWeights = "none"
    seed: int = DEFAULT_SEED

    def __post_init__(self) -> None:
        known_recipes(self.families)
        if self.trials is None and self.seconds is None:
            raise UsageError("A search needs an end: a number of trials or a time.")
        if self.trials is not None and self.trials < 1:
            raise UsageError(f"`trials >= 1` must hold, but got trials={self.trials}.")
        if self.finalists < 1:
            raise UsageError(f"`finalists >= 1` must hold, but got finalists={self.finalists}.")
