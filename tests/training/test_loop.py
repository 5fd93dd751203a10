"""Training learns, stops when it should, repeats itself to the bit, and goes on from a checkpoint."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import count
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from tests.conftest import blobs

from fashion_classifier.errors import ModelError
from fashion_classifier.models.catalogue import build
from fashion_classifier.models.cnn import CnnConfig
from fashion_classifier.models.layers import channel_statistics
from fashion_classifier.models.mlp import MlpConfig
from fashion_classifier.training.checkpoint import CheckpointPlan
from fashion_classifier.training.config import Augmentation, Focus, TrainConfig
from fashion_classifier.training.early_stopping import StopReason
from fashion_classifier.training.loop import FitConfig, fit
from fashion_classifier.training.outcome import DivergedError

PLAIN = TrainConfig(
    epochs=4,
    batch_size=32,
    optimizer="adam",
    learning_rate=3e-3,
    momentum=0.9,
    schedule="constant",
    warmup_fraction=0,
)
FOCUSED = replace(PLAIN, focus=Focus(hardest=0.3, others=0.2))
FULL = TrainConfig(
    epochs=4,
    batch_size=32,
    ema_decay=0.9,
    augmentation=Augmentation(erase_fraction=0.3),
    focus=Focus(hardest=0.3, others=0.2),
)
CNN = CnnConfig(stem=16, widths=(16, 16), dropout=0.2)


def network(data, config=CNN, seed=0):
    return build(config, data.shape, len(data.classes), channel_statistics(data.images), seed=seed)


def weights(module):
    return [tensor.clone() for tensor in module.state_dict().values()]


def same(first, second):
    return all(torch.equal(a, b) for a, b in zip(first, second, strict=True))


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "adamw", "muon"])
def test_every_optimizer_learns(optimizer):
    rate = {"sgd": 0.05, "adam": 3e-3, "adamw": 3e-3, "muon": 0.1}[optimizer]
    training, validation = blobs(600), blobs(200, seed=1)
    config = replace(PLAIN, optimizer=optimizer, learning_rate=rate, momentum=0.8)
    result = fit(network(training), training, validation, config, FitConfig(seed=0))
    assert result.history[-1].validation_accuracy > 0.9
    assert result.stopped_because is StopReason.FINISHED
    assert result.steps == 4 * (600 // 32)


def test_same_seed_same_bits_and_another_seed_others(small):
    first, again, other = network(small), network(small), network(small)
    fit(first, small, small, FULL, FitConfig(seed=5))
    torch.rand(7)  # whatever else draws from the global generator must not matter
    np.random.default_rng().random()
    fit(again, small, small, FULL, FitConfig(seed=5))
    fit(other, small, small, FULL, FitConfig(seed=6))
    assert same(weights(first), weights(again))
    assert not same(weights(first), weights(other))


@pytest.mark.parametrize("config", [PLAIN, FULL, FOCUSED, replace(PLAIN, optimizer="muon", patience_epochs=5)])
@pytest.mark.parametrize("stop_at", [1, 9, 13])
def test_a_stopped_training_goes_on_to_the_same_bits(small, tmp_path, config, stop_at):
    whole, parted = network(small), network(small)
    expected = fit(whole, small, small, config, FitConfig(seed=0))
    plan = CheckpointPlan(tmp_path / "state.safetensors")
    asked = iter(range(1000))
    stopped = fit(
        parted,
        small,
        small,
        config,
        FitConfig(seed=0),
        checkpoint=plan,
        stop_asked=lambda: StopReason.INTERRUPTED if next(asked) == stop_at else None,
    )
    assert stopped.stopped_because is StopReason.INTERRUPTED
    assert stopped.steps == stop_at
    fresh = network(small, seed=99)
    result = fit(fresh, small, small, config, FitConfig(seed=0), checkpoint=plan)
    assert same(weights(fresh), weights(whole))
    assert result.best_step == expected.best_step
    kept = [record for record in result.history if record.step % 9 == 0]
    assert [r.validation_loss for r in kept] == [r.validation_loss for r in expected.history]


def test_a_finished_checkpoint_is_not_trained_further(small, tmp_path):
    plan = CheckpointPlan(tmp_path / "state.safetensors")
    first, again = network(small), network(small, seed=3)
    fit(first, small, small, PLAIN, FitConfig(seed=0), checkpoint=plan)
    result = fit(
        again,
        small,
        small,
        PLAIN,
        FitConfig(seed=0),
        checkpoint=plan,
        stop_asked=lambda: pytest.fail("it trained"),
    )
    assert result.stopped_because is StopReason.FINISHED
    assert same(weights(first), weights(again))


def test_a_damaged_checkpoint_is_refused(small, tmp_path):
    plan = CheckpointPlan(tmp_path / "state.safetensors")
    plan.path.write_bytes(b"\x10\0\0\0\0\0\0\0{nonsense")
    with pytest.raises(ModelError, match="this checkpoint cannot be continued"):
        fit(network(small), small, small, PLAIN, FitConfig(seed=0), checkpoint=plan)


@pytest.mark.parametrize("lost", ["order", "history", "done"])
def test_a_checkpoint_that_lacks_something_is_refused(small, tmp_path, lost):
    plan = CheckpointPlan(tmp_path / "state.safetensors")
    fit(network(small), small, small, PLAIN, FitConfig(seed=0, steps=2), checkpoint=plan)
    with safe_open(plan.path, framework="pt") as file:
        facts = json.loads(file.metadata()["facts"])
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no mapping
    del facts[lost]
    save_file(tensors, plan.path, metadata={"facts": json.dumps(facts)})
    with pytest.raises(ModelError, match="this checkpoint cannot be continued"):
        fit(network(small), small, small, PLAIN, FitConfig(seed=0), checkpoint=plan)


def test_a_checkpoint_of_other_images_is_refused(small, tmp_path):
    plan = CheckpointPlan(tmp_path / "state.safetensors")
    fit(network(small), small, small, PLAIN, FitConfig(seed=0, steps=2), checkpoint=plan)
    with pytest.raises(ModelError, match="it is of 300 images, not of 200"):
        fit(network(small), blobs(200), small, PLAIN, FitConfig(seed=0), checkpoint=plan)


def test_patience_stops_and_the_best_weights_are_restored():
    training, validation = blobs(60, seed=3), blobs(300, seed=4)
    config = replace(
        PLAIN,
        epochs=200,
        learning_rate=0.02,
        patience_epochs=3,
        augmentation=Augmentation(mirror=False, shift_pixels=0),
    )
    module = network(training, MlpConfig(dropout=0.0))
    result = fit(module, training, validation, config, FitConfig(seed=0))
    losses = [record.validation_loss for record in result.history]
    assert result.stopped_because is StopReason.PATIENCE
    assert len(losses) - 1 - int(np.argmin(losses)) == 3
    assert result.best_step == result.history[int(np.argmin(losses))].step
    logits = module(torch.from_numpy(validation.images)).detach()
    loss = torch.nn.functional.cross_entropy(logits, torch.from_numpy(validation.labels))
    assert float(loss) == pytest.approx(min(losses), rel=1e-4)


def test_time_ends_a_training_with_its_schedule_run_out(small, monkeypatch):
    looks = count()
    clock = SimpleNamespace(perf_counter=lambda: 0.002 * next(looks))  # however busy the machine is
    monkeypatch.setattr("fashion_classifier.training.loop.time", clock)
    result = fit(network(small), small, small, replace(FULL, epochs=1e6), FitConfig(seed=0, seconds=0.5))
    assert result.stopped_because is StopReason.TIME
    assert result.history[-1].learning_rate < 0.2 * FULL.learning_rate


def test_a_listener_can_prune(small):
    result = fit(network(small), small, small, PLAIN, FitConfig(seed=0), on_validation=lambda _: StopReason.PRUNED)
    assert result.stopped_because is StopReason.PRUNED
    assert len(result.history) == 1


def test_a_diverging_training_says_so(small):
    with pytest.raises(DivergedError, match="Lower the learning rate"):
        fit(
            network(small, MlpConfig()),
            small,
            small,
            replace(PLAIN, optimizer="sgd", learning_rate=1e6),
            FitConfig(seed=0),
        )


def test_without_validation_data_the_last_weights_are_kept(small):
    result = fit(network(small), small, None, FULL, FitConfig(seed=0, steps=7))
    assert result.steps == result.best_step == 7
    assert result.history[-1].validation_loss is None


def test_fewer_images_than_a_batch_train_all_the_same():
    tiny = blobs(5)
    result = fit(network(tiny), tiny, tiny, replace(FULL, batch_size=256), FitConfig(seed=0))
    assert result.steps == 4


def test_balanced_weights_help_a_rare_class():
    training = blobs(600, n_classes=2, seed=7)
    kept = np.flatnonzero((training.labels == 0) | (np.arange(600) % 25 == 0))
    rare = training.take(kept)
    validation = blobs(400, n_classes=2, seed=8)
    given = []
    for how in ("none", "balanced"):
        module = network(rare, MlpConfig(hidden=(16,), dropout=0.0))
        config = replace(PLAIN, epochs=1, class_weights=how, augmentation=Augmentation(mirror=False, shift_pixels=0))
        fit(module, rare, None, config, FitConfig(seed=0))
        probabilities = module(torch.from_numpy(validation.images)).softmax(1).detach().numpy()
        given.append(probabilities[validation.labels == 1, 1].mean())
    assert given[1] > given[0] + 0.05


@pytest.mark.parametrize("carried", [False, True])
def test_a_training_stopped_again_at_once_goes_on_to_the_same_bits(small, tmp_path, monkeypatch, carried):
    monkeypatch.setattr("fashion_classifier.training.loop.LARGEST_LOSS", 20.0)  # a sum over batches is beyond it
    losses = np.linspace(0, 2, len(small), dtype=np.float32) if carried else None
    whole, parted = network(small), network(small)
    fit(whole, small, small, FULL, FitConfig(seed=0), losses=losses)
    plan = CheckpointPlan(tmp_path / "state.safetensors")

    def go_on(n_steps: int):
        left = iter(range(n_steps))
        return fit(
            parted,
            small,
            small,
            FULL,
            FitConfig(seed=0),
            losses=losses,
            checkpoint=plan,
            stop_asked=lambda: None if next(left, None) is not None else StopReason.INTERRUPTED,
        )

    per_epoch = len(small) // FULL.batch_size
    assert go_on(2 * per_epoch - 1).stopped_because is StopReason.INTERRUPTED
    assert go_on(0).stopped_because is StopReason.INTERRUPTED
    assert go_on(1000).stopped_because is StopReason.FINISHED
    assert same(weights(whole), weights(parted))
