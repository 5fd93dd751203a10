"""A small fast convolutional network.

After the network of Keller Jordan's airbench (arXiv:2404.00498): a 2x2 stem, then groups of
convolution - pooling - norm - activation - convolution - norm - activation, and global max pooling.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

from torch import nn

from fashion_classifier.data.dataset import ImageShape
from fashion_classifier.models.settings import check_counts, check_fraction, report

LARGE_SIDE = 40  # images whose longest side exceeds this are halved by the stem, until it does not


@dataclass(frozen=True, kw_only=True)
class CnnConfig:
    """A convolutional network with dropout before the last layer.

    Parameters
    ----------
    stem
        Channels of the first, 2x2 convolution.
    widths
        Channels of each group of two 3x3 convolutions; every group halves height and width.
    dropout
        Probability, from 0 to below 1, that a feature is dropped in training.
    """

    family: ClassVar[str] = "cnn"
    stem: int = 16
    widths: tuple[int, ...] = (32, 96, 96)
    dropout: float = 0.1

    def __post_init__(self) -> None:
        report(
            self,
            check_counts("stem", [self.stem]),
            check_counts("widths", self.widths),
            check_fraction("dropout", self.dropout),
        )


def build_cnn(config: CnnConfig, shape: ImageShape, n_classes: int) -> nn.Module:
    """Build the network: standardised images of shape (B, C, H, W) to logits of shape (B, k)."""
    stride = stem_stride(shape)
    side = min(shape.height, shape.width) // stride
    layers: list[nn.Module] = [make_stem(shape, config.stem), nn.ReLU(inplace=True)]
    for n_inputs, n_outputs in pairwise((config.stem, *config.widths)):
        layers.append(_convolution(n_inputs, n_outputs))
        if side >= 4:
            layers.append(nn.MaxPool2d(2))
            side //= 2
        layers += [nn.BatchNorm2d(n_outputs), nn.ReLU(inplace=True)]
        layers += [_convolution(n_outputs, n_outputs), nn.BatchNorm2d(n_outputs), nn.ReLU(inplace=True)]
    layers += [nn.AdaptiveMaxPool2d(1), nn.Flatten(), nn.Dropout(config.dropout)]
    return nn.Sequential(*layers, nn.Linear(config.widths[-1], n_classes))


def cnn_activations(config: CnnConfig, shape: ImageShape) -> int:
    """Return how many numbers an image's way through the network makes, at most; a maximum's place counts as two."""
    side, area = stem_area(shape)
    total = config.stem * area
    for n_outputs in config.widths:
        total += n_outputs * area
        if side >= 4:
            side, area = side // 2, area // 4
        total += 6 * n_outputs * area
    return total


def make_stem(shape: ImageShape, n_outputs: int) -> nn.Conv2d:
    """Make the first, 2x2 convolution, with a larger kernel and stride for large images.

    What it computes in bfloat16 is checked before that is chosen: such convolutions of one channel have returned wrong
    values in some builds of PyTorch (pytorch issue 163347).
    """
    stride = stem_stride(shape)
    padding = 1 if min(shape.height, shape.width) < 2 * stride else 0
    return nn.Conv2d(shape.channels, n_outputs, max(2, stride), stride, padding)


def stem_stride(shape: ImageShape) -> int:
    """Return the stem's stride: 1 for small images, a power of two for larger ones."""
    stride = 1
    while max(shape.height, shape.width) / stride > LARGE_SIDE:
        stride *= 2
    return stride


def stem_area(shape: ImageShape) -> tuple[int, int]:
    """Return the shorter side of what comes out of the stem, and at most how many places it has."""
    stride = stem_stride(shape)
    return min(shape.height, shape.width) // stride, (shape.height // stride + 1) * (shape.width // stride + 1)


def _convolution(n_inputs: int, n_outputs: int) -> nn.Conv2d:
    """Return a 3x3 convolution that keeps height and width; the norm after it has the bias."""
    return nn.Conv2d(n_inputs, n_outputs, 3, padding=1, bias=False)
