"""The catalogue of families. A new one is a file with its config and builder, and a line here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Protocol

import torch
from torch import Tensor, nn

from fashion_classifier.data.dataset import ImageShape
from fashion_classifier.errors import UsageError
from fashion_classifier.models.cnn import CnnConfig, build_cnn
from fashion_classifier.models.layers import ImageClassifier, Standardise
from fashion_classifier.models.mlp import MlpConfig, build_mlp
from fashion_classifier.models.resnet import ResnetConfig, build_resnet


class ModelConfig(Protocol):
    """What every family's config has: its family's name, and fields that JSON can hold."""

    family: ClassVar[str]
    __dataclass_fields__: ClassVar[dict[str, Any]]


@dataclass(frozen=True)
class Family:
    """One kind of network.

    Parameters
    ----------
    config
        Its config dataclass.
    build
        From config, image shape and number of classes to a module: standardised (B, C, H, W) to logits (B, k).
    description
        A line for people.
    """

    config: type[Any]
    build: Callable[[Any, ImageShape, int], nn.Module]
    description: str


FAMILIES: Mapping[str, Family] = {
    MlpConfig.family: Family(MlpConfig, build_mlp, "multilayer perceptron; by default the initial model"),
    CnnConfig.family: Family(CnnConfig, build_cnn, "small fast convolutional network"),
    ResnetConfig.family: Family(ResnetConfig, build_resnet, "residual convolutional network"),
}


def family_named(name: str) -> Family:
    """Look up a family.

    Raises
    ------
    UsageError
        If there is none of that name.
    """
    if name not in FAMILIES:
        raise UsageError(f"There is no model family {name!r}; there are {', '.join(FAMILIES)}.")
    return FAMILIES[name]


def config_from(family: str, settings: Mapping[str, Any]) -> ModelConfig:
    """Make a family's config from plain values, such as JSON holds.

    Raises
    ------
    UsageError
        If the family, a setting's name or a value is not one that there can be.
    """
    kind = family_named(family).config
    known = {field.name for field in fields(kind)}
    unknown = sorted(set(settings) - known)
    if unknown:
        raise UsageError(f"The family {family} has no setting {', '.join(unknown)}; it has {', '.join(sorted(known))}.")
    values = {name: tuple(value) if isinstance(value, list) else value for name, value in settings.items()}
    try:
        config: ModelConfig = kind(**values)
    except TypeError as error:
        raise UsageError(f"The settings of a {family} do not fit: {error}.") from error
    return config


def settings_of(config: ModelConfig) -> dict[str, Any]:
    """Return a config's fields as plain values that JSON can hold."""
    values = {field.name: getattr(config, field.name) for field in fields(config)}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}


def build(
    config: ModelConfig, shape: ImageShape, n_classes: int, statistics: tuple[Tensor, Tensor], *, seed: int
) -> ImageClassifier:
    """Build a network with freshly drawn weights.

    Parameters
    ----------
    config
        One of the catalogue's configs.
    shape
        Of the images.
    n_classes
        Number of logits.
    statistics
        Mean and standard deviation of each channel (`channel_statistics`).
    seed
        Seed of the weights.
    """
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        body = family_named(config.family).build(config, shape, n_classes)
    network = ImageClassifier(Standardise(*statistics), body)
    return network.to(memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]


def count_parameters(network: nn.Module) -> int:
    """Return the number of trained weights."""
    return sum(parameter.numel() for parameter in network.parameters())
