"""An ensemble is trained like one network: it shares steps and epochs, stops, and goes on to the same bits."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from tests.conftest import blobs

from fashion_classifier.data.dataset import SealedTestSet
from fashion_classifier.data.split import Split
from fashion_classifier.models.ensemble import EnsembleConfig
from fashion_classifier.models.mlp import MlpConfig
from fashion_classifier.training.checkpoint import CheckpointPlan
from fashion_classifier.training.config import Augmentation, TrainConfig
from fashion_classifier.training.early_stopping import StopReason
from fashion_classifier.training.recipes.recipe import Recipe
from fashion_classifier.training.train import Workshop

TRAINING = TrainConfig(
    epochs=6,
    batch_size=15,
    optimizer="adam",
    learning_rate=3e-3,
    momentum=0.9,
    precision="float32",
    augmentation=Augmentation(shift_pixels=0),
)
RECIPE = Recipe(EnsembleConfig(member=MlpConfig(hidden=(16,)), members=3), TRAINING)
PER_EPOCH = 300 // 15


@pytest.fixture(scope="module")
def workshop() -> Workshop:
    return Workshop(Split(blobs(300), blobs(90, seed=1), SealedTestSet(blobs(30, seed=2))), exact=True)


def interrupted_at(step):
    asked = iter(range(10_000))
    return lambda: StopReason.INTERRUPTED if next(asked) == step else None


def tensors(trained):
    return list(trained.model.network.state_dict().values())


def same(first, second):
    return all(torch.equal(a, b) for a, b in zip(tensors(first), tensors(second), strict=True))


def test_the_networks_share_the_epochs_and_learn_different_things(workshop):
    trained = workshop.train(RECIPE, seed=0)
    assert trained.fit.steps == 6 * PER_EPOCH
    assert trained.fit.history[-1].step == 6 * PER_EPOCH
    assert trained.fit.history[-1].epoch == pytest.approx(6)
    assert trained.model.config.members == 3
    first, second, _ = trained.model.network.body.members
    assert not torch.equal(first[1].weight, second[1].weight)


def test_steps_are_shared_too(workshop):
    assert workshop.train(RECIPE, seed=0, steps=9, on_everything=True).fit.steps == 9


def test_the_same_seed_gives_the_same_bits(workshop):
    assert same(workshop.train(RECIPE, seed=4), workshop.train(RECIPE, seed=4))
    assert not same(workshop.train(RECIPE, seed=4), workshop.train(RECIPE, seed=5))


@pytest.mark.parametrize("stop_at", [3, 2 * PER_EPOCH + 7])
def test_a_stopped_ensemble_goes_on_to_the_same_bits(workshop, tmp_path, stop_at):
    plan = CheckpointPlan(tmp_path / "state.safetensors")
    stopped = workshop.train(RECIPE, seed=0, checkpoint=plan, stop_asked=interrupted_at(stop_at))
    assert stopped.fit.stopped_because is StopReason.INTERRUPTED
    assert same(workshop.train(RECIPE, seed=0, checkpoint=plan), workshop.train(RECIPE, seed=0))


@pytest.mark.parametrize(("finished", "members"), [(0, 1), (1, 1), (2, 2)])
def test_a_network_that_was_cut_short_does_not_vote(workshop, finished, members):
    whole = workshop.train(RECIPE, seed=0)
    asked = finished * (2 * PER_EPOCH) + 7
    stopped = workshop.train(RECIPE, seed=0, stop_asked=interrupted_at(asked))
    assert stopped.model.config.members == stopped.recipe.model.members == members
    kept = stopped.model.network.body.members
    assert len(kept) == members
    for ours, expected in zip(kept[:finished], whole.model.network.body.members, strict=False):
        assert torch.equal(ours[1].weight, expected[1].weight)


def test_retraining_goes_on_from_each_networks_weights(workshop):
    trained = workshop.train(RECIPE, seed=0)
    still = Recipe(RECIPE.model, replace(TRAINING, learning_rate=1e-12))
    again = workshop.train(still, seed=1, steps=3, start=trained.model, on_everything=True)
    for a, b in zip(tensors(trained), tensors(again), strict=True):
        torch.testing.assert_close(a, b)
