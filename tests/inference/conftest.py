"""Small models, untrained but with statistics of their own in every norm, and their folders."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.conftest import blobs
from torch import nn

from fashion_classifier.data.dataset import Dataset
from fashion_classifier.inference.bundle import Model, save_model
from fashion_classifier.inference.predictor import PredictConfig
from fashion_classifier.models.catalogue import FAMILIES, build
from fashion_classifier.models.cnn import CnnConfig
from fashion_classifier.models.layers import channel_statistics
from fashion_classifier.models.settings import ModelConfig

MakeModel = Callable[..., Model]
CLASSES = ("T-shirt/top", "<b>", "名前")


def make_model(config: ModelConfig | None = None, data: Dataset | None = None, **how: Any) -> Model:
    """Make a model whose norms do something, as they do after training."""
    data = data or blobs(40)
    config = config or CnnConfig(stem=8, widths=(16, 16))
    network = build(config, data.shape, len(CLASSES), channel_statistics(data.images), seed=0)
    generator = torch.Generator().manual_seed(1)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            for values, low, high in ((module.weight, 0.5, 1.5), (module.running_var, 0.5, 2.0)):
                values.data = torch.rand(values.shape, generator=generator) * (high - low) + low
            for values in (module.bias, module.running_mean):
                values.data = torch.randn(values.shape, generator=generator) * 0.3
    return Model(
        network=network,
        config=config,
        classes=CLASSES,
        shape=data.shape,
        how=PredictConfig(**how),
        provenance={"seed": 0},
    )


@pytest.fixture(params=list(FAMILIES))
def any_family(request: pytest.FixtureRequest) -> ModelConfig:
    """The default config of each family."""
    config: ModelConfig = FAMILIES[request.param].config()
    return config


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    """A model folder that predicts from mirrored views."""
    place = tmp_path / "model"
    save_model(make_model(views="mirrored", temperature=1.5), place)
    return place
