"""Every family builds for any image shape and number of classes, from settings that survive JSON."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from fashion_classifier.data.dataset import ImageShape
from fashion_classifier.errors import UsageError
from fashion_classifier.models.catalogue import FAMILIES, build, config_from, count_parameters, settings_of
from fashion_classifier.models.layers import Standardise, channel_statistics
from fashion_classifier.models.mlp import MlpConfig

SHAPES = [
    ImageShape(28, 28, 1),
    ImageShape(5, 4, 1),
    ImageShape(1, 1, 1),
    ImageShape(33, 50, 3),
    ImageShape(96, 64, 3),
]


def images(shape, n=4, seed=0):
    generator = np.random.default_rng(seed)
    size = (n, *shape[:2]) if shape.channels == 1 else (n, *shape)
    return generator.integers(0, 256, size, dtype=np.uint8)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("family", FAMILIES)
def test_any_shape_and_number_of_classes(family, shape):
    batch = images(shape)
    network = build(FAMILIES[family].config(), shape, 7, channel_statistics(batch), seed=0)
    logits = network(torch.from_numpy(batch))
    assert logits.shape == (4, 7)
    assert logits.isfinite().all()
    logits.sum().backward()


@pytest.mark.parametrize("family", FAMILIES)
def test_the_seed_decides_the_weights_and_leaves_the_global_generator_alone(family):
    shape = SHAPES[0]
    statistics = channel_statistics(images(shape))
    state = torch.get_rng_state()
    first, again, other = (build(FAMILIES[family].config(), shape, 3, statistics, seed=seed) for seed in (1, 1, 2))
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), again.parameters(), strict=True))
    assert not all(torch.equal(a, b) for a, b in zip(first.parameters(), other.parameters(), strict=True))


@pytest.mark.parametrize("family", FAMILIES)
def test_settings_survive_json(family):
    config = FAMILIES[family].config()
    assert config_from(family, json.loads(json.dumps(settings_of(config)))) == config


def test_the_notebook_s_network_has_its_number_of_weights():
    network = build(MlpConfig(), SHAPES[0], 10, channel_statistics(images(SHAPES[0])), seed=0)
    assert count_parameters(network) == 784 * 128 + 128 + 128 * 64 + 64 + 64 * 10 + 10


@pytest.mark.parametrize(
    ("family", "settings", "message"),
    [
        ("tree", {}, "There is no model family 'tree'; there are mlp, cnn, resnet."),
        ("mlp", {"width": 3}, "The family mlp has no setting width; it has dropout, hidden."),
        ("mlp", {"hidden": []}, "`hidden` must be 1 to 64 whole numbers from 1 to 4096, but got \\[\\]"),
        ("mlp", {"hidden": [3], "dropout": 1.0}, "`0 <= dropout < 1` must hold, but got dropout=1.0"),
        ("cnn", {"stem": 0, "widths": [0]}, "`stem` must be .* `widths` must be"),
        ("resnet", {"blocks": 2.5}, "`blocks` must be"),
    ],
)
def test_impossible_settings_are_refused(family, settings, message):
    with pytest.raises(UsageError, match=message):
        config_from(family, settings)


@pytest.mark.parametrize("shape", [ImageShape(9, 7, 1), ImageShape(9, 7, 3)], ids=str)
def test_statistics_are_those_of_the_pixels(shape):
    batch = images(shape, n=50)
    mean, std = channel_statistics(batch)
    channels = batch.reshape(-1, shape.channels)
    assert mean.numpy() == pytest.approx(channels.mean(0), rel=1e-6)
    assert std.numpy() == pytest.approx(channels.std(0), rel=1e-6)
    standardised = Standardise(mean, std)(torch.from_numpy(batch))
    assert standardised.mean((0, 2, 3)).numpy() == pytest.approx(np.zeros(shape.channels), abs=1e-5)
    assert standardised.std((0, 2, 3)).numpy() == pytest.approx(np.ones(shape.channels), abs=1e-2)


def test_constant_images_are_standardised_to_nothing():
    constant = np.full((5, 4, 4), 7, dtype=np.uint8)
    assert Standardise(*channel_statistics(constant))(torch.from_numpy(constant)).abs().max() == 0
