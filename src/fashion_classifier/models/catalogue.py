"""The catalogue of families. A new one is a file with its config and builder, and a line here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, cast

import torch
from torch import Tensor, nn

from fashion_classifier.data.dataset import ImageShape
from fashion_classifier.errors import UsageError
from fashion_classifier.models.cnn import CnnConfig, build_cnn, cnn_activations
from fashion_classifier.models.ensemble import Ensemble, EnsembleConfig
from fashion_classifier.models.layers import ImageClassifier, Standardise
from fashion_classifier.models.mlp import MlpConfig, build_mlp, mlp_activations
from fashion_classifier.models.resnet import ResnetConfig, build_resnet, resnet_activations
from fashion_classifier.models.settings import ModelConfig


@dataclass(frozen=True)
class Family:
    """One kind of network.

    Parameters
    ----------
    config
        Its config dataclass.
    build
        From config, image shape and number of classes to a module: standardised (B, C, H, W) to logits (B, k).
    activations
        From config and image shape to how many numbers an image's way through the network makes, at most.
    description
        A line for people.
    """

    config: type[Any]
    build: Callable[[Any, ImageShape, int], nn.Module]
    activations: Callable[[Any, ImageShape], int]
    description: str


def _build_ensemble(config: EnsembleConfig, shape: ImageShape, n_classes: int) -> nn.Module:
    """Build an ensemble's members, each with weights of its own."""
    member = family_named(config.member.family)
    return Ensemble([member.build(config.member, shape, n_classes) for _ in range(config.members)])


def _ensemble_activations(config: EnsembleConfig, shape: ImageShape) -> int:
    """Return a member's: they are trained, and asked, one after the other."""
    return family_named(config.member.family).activations(config.member, shape)


FAMILIES: Mapping[str, Family] = {
    MlpConfig.family: Family(
        MlpConfig, build_mlp, mlp_activations, "multilayer perceptron; by default the initial model"
    ),
    CnnConfig.family: Family(CnnConfig, build_cnn, cnn_activations, "small fast convolutional network"),
    ResnetConfig.family: Family(ResnetConfig, build_resnet, resnet_activations, "residual convolutional network"),
    EnsembleConfig.family: Family(EnsembleConfig, _build_ensemble, _ensemble_activations, "several networks that vote"),
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
    values = {name: _value(value) for name, value in settings.items()}
    try:
        config: ModelConfig = kind(**values)
    except TypeError as error:
        raise UsageError(f"The settings of a {family} do not fit: {error}.") from error
    return config


def _value(value: Any) -> Any:
    """Turn a setting as JSON holds it into what a config holds."""
    if isinstance(value, Mapping):
        settings = dict(value)
        return config_from(str(settings.pop("family", "")), settings)
    return tuple(value) if isinstance(value, list) else value


def settings_of(config: ModelConfig) -> dict[str, Any]:
    """Return a config's fields as plain values that JSON can hold."""
    return {field.name: _plain(getattr(config, field.name)) for field in fields(config)}


def _plain(value: Any) -> Any:
    """Turn what a config holds into what JSON can hold."""
    if is_dataclass(value):
        config = cast("ModelConfig", value)
        return {"family": config.family, **settings_of(config)}
    return list(value) if isinstance(value, tuple) else value


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


def count_weights(config: ModelConfig, shape: ImageShape, n_classes: int) -> int:
    """Return the number of trained weights that a network would have, without room for them."""
    with torch.device("meta"):
        return count_parameters(family_named(config.family).build(config, shape, n_classes))


def count_parameters(network: nn.Module) -> int:
    """Return the number of trained weights."""
    return sum(parameter.numel() for parameter in network.parameters())
