"""Attacks: on a linear network, where the worst image is known; within ball and range; and what they must not touch."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from tests.conftest import blobs
from tests.inference.conftest import make_model
from torch import nn
from torch.nn import functional

from fashion_classifier.errors import DataError, UsageError
from fashion_classifier.evaluation.intervals import wilson
from fashion_classifier.evidence.attacks import attack_suite, fgsm, pgd
from fashion_classifier.models.layers import ImageClassifier, Standardise
from fashion_classifier.models.mlp import MlpConfig

SIZE = 12


def linear(n_classes=2, scale=0.1, channels=1):
    """A network of one layer, with weights drawn."""
    layer = nn.Linear(SIZE * SIZE * channels, n_classes)
    generator = torch.Generator().manual_seed(3)
    layer.weight.data = scale * torch.randn(layer.weight.shape, generator=generator)
    layer.bias.data.zero_()
    standardise = Standardise(torch.full((channels,), 70.0), torch.full((channels,), 40.0))
    return ImageClassifier(standardise, nn.Sequential(nn.Flatten(), layer))


def some(n=40, *, colour=False):
    data = blobs(n, n_classes=2, size=SIZE, colour=colour)
    images = data.images.copy()
    images[0], images[1] = 0, 255  # at the range's ends
    return images, data.labels


def losses(network, images, labels):
    with torch.inference_mode():
        logits = network(torch.from_numpy(images))
        return functional.cross_entropy(logits, torch.from_numpy(labels), reduction="none").numpy()


def worst_of_linear(network, images, labels, strength):
    """With two classes the loss rises with the difference of the logits, pixel by pixel."""
    weights = network.body[1].weight.detach().numpy().reshape(2, SIZE, SIZE)
    directions = np.sign(weights[1 - labels] - weights[labels])
    return np.clip(images + strength * directions, 0, 255).astype(np.uint8)


def test_fgsm_finds_the_worst_image_of_a_linear_network():
    images, labels = some()
    network = linear()
    assert np.array_equal(fgsm(network, images, labels, strength=5), worst_of_linear(network, images, labels, 5))


def test_pgd_finds_the_worst_image_of_a_linear_network():
    images, labels = some()
    network = linear()
    assert np.array_equal(pgd(network, images, labels, strength=5), worst_of_linear(network, images, labels, 5))


@pytest.mark.parametrize("attack", [fgsm, pgd])
@pytest.mark.parametrize("scale", [0.4, 1, 10])
def test_a_network_that_is_all_too_sure_still_shows_where_its_loss_rises(attack, scale):
    images, labels = some()
    network = linear(scale=scale)
    surest = (losses(network, images, 1 - labels) - losses(network, images, labels)).max()
    assert surest > 20  # nats: its probability is 1 in single precision
    assert np.array_equal(attack(network, images, labels, strength=5), worst_of_linear(network, images, labels, 5))


@pytest.mark.parametrize("attack", [fgsm, pgd])
@pytest.mark.parametrize("colour", [False, True])
@pytest.mark.parametrize("strength", [1, 7, 300])
def test_ball_and_range_are_kept(attack, colour, strength):
    images, labels = some(colour=colour)
    attacked = attack(linear(channels=3 if colour else 1), images, labels, strength=strength)
    assert attacked.dtype == np.uint8
    assert attacked.shape == images.shape
    assert np.abs(attacked.astype(int) - images).max() == min(strength, 255)


@pytest.mark.parametrize("attack", [fgsm, pgd])
def test_no_strength_changes_nothing(attack):
    images, labels = some()
    assert np.array_equal(attack(linear(), images, labels, strength=0), images)


def test_pgd_is_as_strong_as_fgsm_where_the_network_bends():
    data = blobs(60, size=SIZE)
    network = make_model(data=data).network
    clean = losses(network.eval(), data.images, data.labels)
    by_fgsm = losses(network, fgsm(network, data.images, data.labels, strength=12), data.labels)
    by_pgd = losses(network, pgd(network, data.images, data.labels, strength=12), data.labels)
    assert clean.mean() < by_fgsm.mean() < by_pgd.mean()
    assert (by_pgd >= clean - 1e-5).all()


def test_pgd_repeats_with_its_seed():
    data = blobs(10, size=SIZE)
    network = make_model(data=data).network
    first, again, other = (
        pgd(network, data.images, data.labels, strength=4, steps=2, step=1.0, seed=seed) for seed in (0, 0, 1)
    )
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("attack", [fgsm, pgd])
@pytest.mark.parametrize("training", [False, True])
def test_the_network_stays_as_it_was(attack, training):
    data = blobs(10, size=SIZE)
    network = make_model(data=data).network.train(training)
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    first = next(network.parameters())
    first.grad = torch.full_like(first, 7.0)
    attack(network, data.images, data.labels, strength=3)
    assert network.training is training
    assert (first.grad == 7).all()
    assert all(parameter.grad is None for parameter in list(network.parameters())[1:])
    assert all(parameter.requires_grad for parameter in network.parameters())
    assert all(torch.equal(before[name], tensor) for name, tensor in network.state_dict().items())


def test_the_suite_judges_with_one_view_and_tells_the_clean_accuracy():
    data = blobs(30, size=SIZE)
    model = make_model(MlpConfig(hidden=(8,)), data, views="mirrored")
    single = replace(model, how=replace(model.how, views="single"))
    told = []
    results = attack_suite(
        model,
        data.images,
        data.labels,
        strengths=(4, 16),
        seed=2,
        progress=lambda *what: told.append(what),
    )
    assert [(result.attack, result.strength) for result in results] == [
        ("none", 0),
        ("FGSM", 4),
        ("FGSM", 16),
        ("PGD", 4),
        ("PGD", 16),
    ]
    by_hand = [
        data.images,
        *(fgsm(model.network, data.images, data.labels, strength=strength) for strength in (4, 16)),
        *(pgd(model.network, data.images, data.labels, strength=strength, seed=2) for strength in (4, 16)),
    ]
    for result, images in zip(results, by_hand, strict=True):
        n_right = int((single.predict(images).argmax(axis=1) == data.labels).sum())
        assert result.n == 30
        assert result.accuracy == wilson(n_right, 30)
    assert told == [(f"{attack}, strength {strength}", 30, 30) for attack in ("FGSM", "PGD") for strength in (4, 16)]


def test_what_cannot_be_attacked_is_refused():
    data = blobs(6, size=SIZE)
    model = make_model(MlpConfig(hidden=(4,)), data)
    with pytest.raises(UsageError, match="strength"):
        attack_suite(model, data.images, data.labels, strengths=(2, -1))
    with pytest.raises(UsageError, match="strength"):
        fgsm(model.network, data.images, data.labels, strength=1.5)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="steps"):
        pgd(model.network, data.images, data.labels, strength=1, steps=0)
    with pytest.raises(UsageError, match="label"):
        attack_suite(model, data.images, data.labels[:-1])
    with pytest.raises(UsageError, match="label"):
        attack_suite(model, data.images[:0], data.labels[:0])
    with pytest.raises(DataError, match="the model takes"):
        attack_suite(model, data.images[:, 1:], data.labels)
