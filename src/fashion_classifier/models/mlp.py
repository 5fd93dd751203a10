"""The multilayer perceptron; with its default settings the *initial model*."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from torch import nn

from fashion_classifier.data.dataset import ImageShape
from fashion_classifier.models.settings import check_counts, check_fraction, report


@dataclass(frozen=True, kw_only=True)
class MlpConfig:
    """A multilayer perceptron with ReLU, and dropout after each hidden layer.

    Parameters
    ----------
    hidden
        Units of each hidden layer; the default is the notebook's network that this project grew out of.
    dropout
        Probability, from 0 to below 1, that a hidden unit is dropped in training.
    """

    family: ClassVar[str] = "mlp"
    hidden: tuple[int, ...] = (128, 64)
    dropout: float = 0.5

    def __post_init__(self) -> None:
        report(self, check_counts("hidden", self.hidden), check_fraction("dropout", self.dropout))


def build_mlp(config: MlpConfig, shape: ImageShape, n_classes: int) -> nn.Module:
    """Build the network: standardised images of shape (B, C, H, W) to logits of shape (B, k)."""
    layers: list[nn.Module] = [nn.Flatten()]
    n_inputs = shape.height * shape.width * shape.channels
    for n_units in config.hidden:
        layers += [nn.Linear(n_inputs, n_units), nn.ReLU(), nn.Dropout(config.dropout)]
        n_inputs = n_units
    return nn.Sequential(*layers, nn.Linear(n_inputs, n_classes))


def mlp_activations(config: MlpConfig, shape: ImageShape) -> int:
    """Return how many numbers an image's way through the network makes, at most."""
    return shape.height * shape.width * shape.channels + 3 * sum(config.hidden)
