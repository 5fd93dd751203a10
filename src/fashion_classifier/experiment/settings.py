"""What a run is asked to do: one frozen value, written into the run folder, from which it is continued or repeated."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from fashion_classifier.data.picture_ways import PictureWay
from fashion_classifier.data.sources import ReadOptions
from fashion_classifier.data.split import SplitConfig
from fashion_classifier.errors import UsageError
from fashion_classifier.reporting.serialisation import from_json
from fashion_classifier.seeds import DEFAULT_SEED
from fashion_classifier.training.config import ClassWeights
from fashion_classifier.training.recipes.ladder import LADDERS

SHORTEST_MINUTES = 0.2


@dataclass(frozen=True, kw_only=True)
class RunConfig:
    """The settings of a run.

    Parameters
    ----------
    data
        A source as for `fashion_classifier.data.load`.
    image_size
        (height, width) to which images are brought; None for their own, or a chosen size where they differ.
    channels
        1 or 3, to which images are brought; None for their own.
    group_by
        What tells images of one garment: a column, or a regular expression over paths.
    pictures
        How encoded pictures are brought to the image size: "resize" as they are, "garment" the garment alone, cut out.
    validation_fraction
        Share of the training images for cross-validation.
    minutes
        Time of the whole run; None for exact work in steps, for which `trials` and `epochs` are given.
    trials
        Trials of the search; with `minutes` an upper limit, 0 for no search.
    epochs
        Epochs of the chosen configuration's training; with `minutes` an upper limit.
    trial_epochs
        Epochs of a trial, for exact work; a quarter of `epochs` by default.
    families
        Families that the search chooses from.
    mirror
        Whether a mirrored image is an image of the same class (false for digits and letters).
    class_weights
        "balanced" weighs each class by the inverse of its frequency.
    seed
        From which all seeds are derived.
    threads
        Threads to compute with, never more than the cores that there are; 0 for as many.
    device
        "auto", "cpu", "cuda" or "mps".
    """

    data: str = "auto"
    image_size: tuple[int, int] | None = None
    channels: int | None = None
    group_by: str | None = None
    pictures: PictureWay = "resize"
    validation_fraction: float = 0.2
    minutes: float | None = 5.0
    trials: int | None = None
    epochs: float | None = None
    trial_epochs: float | None = None
    families: tuple[str, ...] = ("cnn", "mlp", "resnet")
    mirror: bool = True
    class_weights: ClassWeights = "none"
    seed: int = DEFAULT_SEED
    threads: int = 0
    device: str = "auto"

    def __post_init__(self) -> None:
        _ = self.split_config, self.read_options  # which check themselves
        unknown = [family for family in self.families if family not in LADDERS]
        rules = [
            (len(self.families) > 0, "at least one family must be given"),
            (
                not unknown,
                f"there is no family {', '.join(map(repr, unknown))} to choose from; there are {', '.join(LADDERS)}",
            ),
            (
                self.minutes is None or SHORTEST_MINUTES <= self.minutes < math.inf,
                f"minutes must be a number of at least {SHORTEST_MINUTES}, but got {self.minutes}",
            ),
            (
                self.minutes is not None or (self.trials is not None and self.epochs is not None),
                "exact work without a time needs both a number of trials and a number of epochs",
            ),
            (
                self.trials is None or self.trials >= 0,
                f"`trials >= 0` must hold, but got trials={self.trials}",
            ),
            (
                self.epochs is None or 0 < self.epochs < math.inf,
                f"`epochs > 0` must hold, but got epochs={self.epochs}",
            ),
            (
                self.trial_epochs is None or 0 < self.trial_epochs < math.inf,
                f"`trial_epochs > 0` must hold, but got trial_epochs={self.trial_epochs}",
            ),
            (self.threads >= 0, f"`threads >= 0` must hold, but got threads={self.threads}"),
            (
                self.class_weights in {"none", "balanced"},
                f"class_weights must be none or balanced, but got {self.class_weights!r}",
            ),
            (
                self.device in {"auto", "cpu", "cuda", "mps"},
                f"device must be auto, cpu, cuda or mps, but got {self.device!r}",
            ),
        ]
        broken = [message for holds, message in rules if not holds]
        if broken:
            raise UsageError(f"The run cannot be made: {'; '.join(broken)}.")

    @property
    def limit_s(self) -> float | None:
        """The run's time in seconds; None for exact work."""
        return None if self.minutes is None else 60.0 * self.minutes

    @property
    def read_options(self) -> ReadOptions:
        """How the data is read."""
        return ReadOptions(
            image_size=self.image_size, channels=self.channels, group_by=self.group_by, pictures=self.pictures
        )

    @property
    def split_config(self) -> SplitConfig:
        """How the data is split."""
        return SplitConfig(validation_fraction=self.validation_fraction, seed=self.seed)

    def to_dict(self) -> dict[str, Any]:
        """Return the settings as plain values that JSON can hold."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> RunConfig:
        """Make settings from plain values.

        Raises
        ------
        DataError
            If a name or the type of a value is not one that there can be.
        UsageError
            If a value is not.
        """
        return from_json(cls, dict(values), place="settings")
