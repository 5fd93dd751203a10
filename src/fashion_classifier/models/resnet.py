"""A small residual network (arXiv:1512.03385, with pre-activation after arXiv:1603.05027)."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

from torch import Tensor, nn

from fashion_classifier.data.dataset import ImageShape
from fashion_classifier.models.cnn import make_stem, stem_area, stem_stride
from fashion_classifier.models.settings import check_counts, check_fraction, report


@dataclass(frozen=True, kw_only=True)
class ResnetConfig:
    """A residual network with dropout before the last layer.

    Parameters
    ----------
    widths
        Channels of each stage; every stage after the first halves height and width.
    blocks
        Residual blocks of each stage.
    dropout
        Probability, from 0 to below 1, that a feature is dropped in training.
    early_pooling
        Whether height and width are halved before the first block: a quarter of the work, where that counts.
    """

    family: ClassVar[str] = "resnet"
    widths: tuple[int, ...] = (24, 48, 96)
    blocks: int = 1
    dropout: float = 0.1
    early_pooling: bool = True

    def __post_init__(self) -> None:
        report(
            self,
            check_counts("widths", self.widths),
            check_counts("blocks", [self.blocks], largest=64),
            check_fraction("dropout", self.dropout),
        )


class ResidualBlock(nn.Module):
    """Norm - ReLU - convolution twice, added to what came in.

    Parameters
    ----------
    n_inputs, n_outputs
        Channels; where they differ, what came in goes through a 1x1 convolution.
    stride
        1, or 2 to halve height and width.
    """

    def __init__(self, n_inputs: int, n_outputs: int, stride: int) -> None:
        super().__init__()
        self.first_norm = nn.BatchNorm2d(n_inputs)
        self.first = nn.Conv2d(n_inputs, n_outputs, 3, stride, padding=1, bias=False)
        self.second_norm = nn.BatchNorm2d(n_outputs)
        self.second = nn.Conv2d(n_outputs, n_outputs, 3, padding=1, bias=False)
        changes = stride != 1 or n_inputs != n_outputs
        self.shortcut = nn.Conv2d(n_inputs, n_outputs, 1, stride, bias=False) if changes else None

    def forward(self, features: Tensor) -> Tensor:  # (B, n_inputs, H, W)
        """Return features of shape (B, n_outputs, H / stride, W / stride)."""
        active = nn.functional.relu(self.first_norm(features))
        kept = features if self.shortcut is None else self.shortcut(active)
        inner = nn.functional.relu(self.second_norm(self.first(active)))
        added: Tensor = kept + self.second(inner)
        return added


def build_resnet(config: ResnetConfig, shape: ImageShape, n_classes: int) -> nn.Module:
    """Build the network: standardised images of shape (B, C, H, W) to logits of shape (B, k)."""
    first = config.widths[0]
    layers: list[nn.Module] = [
        make_stem(shape, first),
        nn.BatchNorm2d(first),
        nn.ReLU(inplace=True),
    ]
    if _pools_early(config, shape):
        layers.append(nn.MaxPool2d(2))
    for stage, (n_inputs, n_outputs) in enumerate(pairwise((first, *config.widths))):
        layers.append(ResidualBlock(n_inputs, n_outputs, 1 if stage == 0 else 2))
        layers += [ResidualBlock(n_outputs, n_outputs, 1) for _ in range(config.blocks - 1)]
    last = config.widths[-1]
    layers += [nn.BatchNorm2d(last), nn.ReLU(inplace=True), nn.AdaptiveAvgPool2d(1), nn.Flatten()]
    return nn.Sequential(*layers, nn.Dropout(config.dropout), nn.Linear(last, n_classes))


def resnet_activations(config: ResnetConfig, shape: ImageShape) -> int:
    """Return how many numbers an image's way through the network makes, at most; a maximum's place counts as two."""
    side, area = stem_area(shape)
    n_inputs = config.widths[0]
    total = 2 * n_inputs * area
    if _pools_early(config, shape):
        side, area = side // 2, area // 4
        total += 3 * n_inputs * area
    for stage, n_outputs in enumerate(config.widths):
        total += 2 * n_inputs * area
        if stage:
            side = (side + 1) // 2
            area = max(area // 4 + 2 * side, 1)  # odd sides are halved upwards
        total += (6 + 8 * (config.blocks - 1)) * n_outputs * area
        n_inputs = n_outputs
    return total


def _pools_early(config: ResnetConfig, shape: ImageShape) -> bool:
    """Tell whether height and width are halved before the first block."""
    return config.early_pooling and min(shape.height, shape.width) >= 4 * stem_stride(shape)
