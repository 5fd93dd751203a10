"""How a network is trained: one frozen value, checked on construction, written into every run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal, get_args

from fashion_classifier.errors import UsageError

OptimizerName = Literal["sgd", "adam", "adamw", "muon"]
ScheduleName = Literal["constant", "linear", "cosine"]
PrecisionName = Literal["auto", "float32", "bfloat16"]
ClassWeights = Literal["none", "balanced"]
ViewsName = Literal["single", "mirrored", "shifted"]


@dataclass(frozen=True, kw_only=True)
class Augmentation:
    """Random changes to the training images, drawn anew for each batch.

    Parameters
    ----------
    mirror
        Whether images are mirrored left to right half of the time.
    shift_pixels
        Largest shift in each direction, in pixels; the edge is mirrored to fill in.
    erase_fraction
        Side of the erased square as a share of the image's shorter side; 0 erases nothing.
    """

    mirror: bool = True
    shift_pixels: int = 1
    erase_fraction: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Focus:
    """Learn mostly from images that are still hard: after some whole passes over the data, shorter ones.

    How hard an image is, is told by its loss when it was last learned from, so that it costs nothing to know. After
    "selective backprop" (arXiv:1910.00762) and online batch selection (arXiv:1511.06343), without their extra forward
    passes; some of the easy images stay, so that they are neither forgotten nor missed once they become hard.

    Parameters
    ----------
    after_passes
        Whole passes over the data before; 1 or more.
    hardest
        Share of the images, those with the highest loss, that take part in each shorter pass; 0 to 1.
    others
        Share of the remaining images that take part, drawn anew for each pass; 0 to 1.
    """

    after_passes: int = 1
    hardest: float = 1.0
    others: float = 1.0

    @property
    def share(self) -> float:
        """The share of the images in a shorter pass."""
        return self.hardest + (1 - self.hardest) * self.others


@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """The settings of one training.

    Parameters
    ----------
    epochs
        Passes over the training images at most; may be a fraction.
    batch_size
        Images a step.
    optimizer
        "sgd" (Nesterov momentum), "adam", "adamw", or "muon" (orthogonalised updates for convolution filters and
        hidden layers, SGD for the rest).
    learning_rate
        At its peak.
    momentum
        Of "sgd" and "muon"; the first beta of "adam" and "adamw".
    weight_decay
        Decoupled for "adamw", in the gradient for "sgd" and for what "muon" leaves to it; never on norms and
        biases, nor on the matrices of "muon", whose norm is fixed.
    schedule
        Of the learning rate after warm-up: "constant", or "linear" or "cosine" down to nothing.
    warmup_fraction
        Share of the steps over which the learning rate rises from nothing; 0 to below 1.
    label_smoothing
        Share of the target spread over all classes; 0 to below 1.
    ema_decay
        Decay a step of a moving average of the weights, which is then what is validated and kept; 0 for none.
    patience_epochs
        Stop when the validation loss has not improved for so many validations; 0 never stops.
    validations
        How often to validate: after each epoch (0), or so many times over the whole training, evenly spaced.
    class_weights
        "balanced" weighs each class by the inverse of its frequency.
    precision
        "auto" lets a short probe on this machine decide.
    views
        What is averaged at prediction: the image alone ("single"), the image and its mirror image ("mirrored"), or
        these two and both shifted by a pixel in four directions ("shifted").
    augmentation
        Random changes to the training images.
    focus
        Which images are learned from more often than others; by default none.
    teacher_share
        Share of the loss that follows a teacher's probabilities instead of the labels, where there is a teacher;
        0 to 1 (distillation, arXiv:1503.02531).
    """

    epochs: float = 10.0
    batch_size: int = 256
    optimizer: OptimizerName = "muon"
    learning_rate: float = 0.1
    momentum: float = 0.6
    weight_decay: float = 1e-3
    schedule: ScheduleName = "linear"
    warmup_fraction: float = 0.2
    label_smoothing: float = 0.1
    ema_decay: float = 0.0
    patience_epochs: int = 0
    validations: int = 0
    class_weights: ClassWeights = "none"
    precision: PrecisionName = "auto"
    views: ViewsName = "mirrored"
    augmentation: Augmentation = field(default_factory=Augmentation)
    focus: Focus = field(default_factory=Focus)
    teacher_share: float = 0.0

    def __post_init__(self) -> None:
        rules = [
            (self.epochs > 0, f"`epochs > 0` must hold, but got epochs={self.epochs}"),
            (self.batch_size >= 1, f"`batch_size >= 1` must hold, but got batch_size={self.batch_size}"),
            (self.learning_rate > 0, f"`learning_rate > 0` must hold, but got {self.learning_rate}"),
            (self.weight_decay >= 0, f"`weight_decay >= 0` must hold, but got {self.weight_decay}"),
            *(
                (0 <= value < 1, f"`0 <= {name} < 1` must hold, but got {name}={value}")
                for name, value in (
                    ("momentum", self.momentum),
                    ("warmup_fraction", self.warmup_fraction),
                    ("label_smoothing", self.label_smoothing),
                    ("ema_decay", self.ema_decay),
                    ("erase_fraction", self.augmentation.erase_fraction),
                )
            ),
            (
                self.augmentation.shift_pixels >= 0,
                f"`shift_pixels >= 0` must hold, but got {self.augmentation.shift_pixels}",
            ),
            (
                self.focus.after_passes >= 1 and 0 <= self.focus.others <= 1 and 0 < self.focus.hardest <= 1,
                f"`after_passes >= 1`, `0 < hardest <= 1` and `0 <= others <= 1` must hold, but got {self.focus}",
            ),
            (0 <= self.teacher_share <= 1, f"`0 <= teacher_share <= 1` must hold, but got {self.teacher_share}"),
            (self.patience_epochs >= 0, f"`patience_epochs >= 0` must hold, but got {self.patience_epochs}"),
            (self.validations >= 0, f"`validations >= 0` must hold, but got {self.validations}"),
            *(
                (
                    value in get_args(kind),
                    f"{name} must be one of {', '.join(get_args(kind))}, but got {value!r}",
                )
                for name, value, kind in (
                    ("optimizer", self.optimizer, OptimizerName),
                    ("schedule", self.schedule, ScheduleName),
                    ("class_weights", self.class_weights, ClassWeights),
                    ("precision", self.precision, PrecisionName),
                    ("views", self.views, ViewsName),
                )
            ),
        ]
        broken = [message for holds, message in rules if not holds]
        if broken:
            raise UsageError(f"TrainConfig: {'; '.join(broken)}.")

    def to_dict(self) -> dict[str, Any]:
        """Return the settings as plain values that JSON can hold."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> TrainConfig:
        """Make a config from plain values.

        Raises
        ------
        UsageError
            If a name or a value is not one that there can be.
        """
        settings = dict(values)
        unknown = sorted(set(settings) - {entry.name for entry in fields(cls)})
        if unknown:
            raise UsageError(f"Training has no setting {', '.join(unknown)}.")
        try:
            for name, kind in (("augmentation", Augmentation), ("focus", Focus)):
                if isinstance(settings.get(name), Mapping):
                    settings[name] = kind(**settings[name])
            return cls(**settings)
        except TypeError as error:
            raise UsageError(f"The settings of the training do not fit: {error}.") from error
