"""A loss that is no number, a probe that fails, data that is hardly data: noticed, told, and where it can be survived.

Each goes through the command line, as a person would meet it.
"""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
import torch
from tests.cli import conftest as command_line
from tests.conftest import blobs
from tests.reliability.degenerate import DEGENERATE, noise, write
from torch import nn

from fashion_classifier.models.catalogue import build
from fashion_classifier.models.layers import channel_statistics
from fashion_classifier.models.mlp import MlpConfig
from fashion_classifier.training.augmentation import augment as sound_augment
from fashion_classifier.training.config import Augmentation, TrainConfig
from fashion_classifier.training.loop import FitConfig, fit
from fashion_classifier.training.outcome import DivergedError

fashion, npz = command_line.fashion, command_line.npz
EXACT = ("--epochs", 2, "--threads", 1)
PLAIN = TrainConfig(
    epochs=2, batch_size=32, optimizer="sgd", learning_rate=0.05, augmentation=Augmentation(), views="single"
)


class WrongWhenAsked(nn.Module):
    """A network that learns, and answers with nothing."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.network(images)
        return logits if self.training else logits * math.nan


def small_network() -> nn.Module:
    """A perceptron for `blobs`."""
    data = blobs(100)
    return build(MlpConfig(hidden=(8,)), data.shape, 3, channel_statistics(data.images), seed=0)


def test_answers_that_are_no_numbers_end_a_training_at_the_first_validation():
    data = blobs(100)
    with pytest.raises(DivergedError, match="The validation loss is nan at step 3"):
        fit(WrongWhenAsked(small_network()), data, data, PLAIN, FitConfig(seed=0))


def test_weights_that_are_no_numbers_are_never_handed_over():
    """No loss shows what the last step does where there is no validation."""
    network = small_network()
    next(network.parameters()).register_hook(lambda gradient: gradient * math.nan)
    with pytest.raises(DivergedError, match="weights that are no numbers at step 1"):
        fit(network, blobs(100), None, PLAIN, FitConfig(seed=0, steps=1))


def events(folder: Path) -> list[dict[str, object]]:
    """What a run has written down, in order."""
    return [json.loads(line) for line in (folder / "events.jsonl").read_text().splitlines()]


@pytest.mark.parametrize("factor", [math.nan, pytest.param(1e30, marks=pytest.mark.slow)])
def test_a_trial_that_diverges_is_recorded_at_once_and_the_search_goes_on(fashion, npz, monkeypatch, factor):

    def augment(images, how, generator, *part):
        """Spoil the images of those trials whose settings are not the known recipe's: they alone erase squares."""
        images = sound_augment(images, how, generator, *part)
        return images * factor if how.erase_fraction else images

    monkeypatch.setattr("fashion_classifier.training.loop.augment", augment)
    result = fashion("run", "--data", npz, "--trials", 3, *EXACT, "--family", "mlp", "--out", "run")
    assert result.code == 0, result.err
    trials = [event for event in events(Path("run")) if event["event"] == "trial" and event["purpose"] == "search"]
    assert [trial["state"] for trial in trials] == ["complete", "failed", "failed"]
    assert all("at step 1: the training has diverged" in str(trial.get("reason")) for trial in trials[1:])
    assert "failed, DivergedError: The loss is" in result.out
    assert "failed" in Path("run/report.html").read_text()
    assert json.loads(Path("run/run.json").read_text())["finished"]


def test_where_each_trial_fails_the_known_recipe_is_trained(fashion, npz, monkeypatch):
    from fashion_classifier.training.train import Workshop

    train = Workshop.train

    def failing(self, recipe, **settings):
        if str(settings["task"]).startswith("Trial"):
            raise RuntimeError("[enforce fail at alloc_cpu.cpp:127] DefaultCPUAllocator: can't allocate memory")
        return train(self, recipe, **settings)

    monkeypatch.setattr(Workshop, "train", failing)
    result = fashion("run", "--data", npz, "--trials", 2, *EXACT, "--family", "mlp", "--out", "run")
    assert result.code == 0, result.err
    reasons = [str(event["reason"]) for event in events(Path("run")) if event["event"] == "trial"]
    assert len(reasons) == 2
    assert all("can't allocate memory" in reason for reason in reasons)
    assert Path("run/report.html").is_file()


@pytest.mark.parametrize(
    "error",
    [RuntimeError("could not create a primitive"), pytest.param(MemoryError("no more"), marks=pytest.mark.slow)],
)
def test_a_probe_that_fails_is_recorded_and_the_run_goes_on(fashion, npz, monkeypatch, error):
    def probe(*_: object) -> None:
        raise error

    monkeypatch.setattr("fashion_classifier.training.train.precision_by_instructions", probe)
    result = fashion("run", "--data", npz, "--trials", 1, *EXACT, "--family", "cnn", "--out", "run")
    assert result.code == 0, result.err
    found = json.loads(Path("run/run.json").read_text())["precisions"]["cnn"]
    assert found["precision"] == "float32"
    assert found["reason"] == f"the probe failed ({type(error).__name__}: {error})"


@pytest.mark.slow
def test_a_timed_probe_that_fails_leaves_a_model(fashion, npz, monkeypatch):
    """Where the time is limited, it is measured how fast this machine learns, and nothing is known if that fails."""

    def probe(*_: object) -> None:
        raise RuntimeError("could not create a primitive")

    monkeypatch.setattr("fashion_classifier.training.train.probe_precision", probe)
    result = fashion("train", "--data", npz, "--minutes", 0.2, "--threads", 1, "--out", "model", "--json")
    assert result.code == 0, result.err
    assert Path("model/model.json").is_file()


# What is said of those that are refused; the others go to their end.
TOO_FEW = "class 1: it has {}, of which {} count, equal ones and those of a group once"
REFUSED = {
    "one class": "all images are of one class (0); a classifier needs at least two",
    "two images": TOO_FEW.format("1 image", 1),
    "one image a class": TOO_FEW.format("1 image", 1),
    "equal images": TOO_FEW.format("20 images", 0),
    "duplicates only": TOO_FEW.format("20 images", 1),
    "all black": TOO_FEW.format("20 images", 0),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_data_that_nothing_can_be_learned_from_is_refused_with_the_reason(fashion, kind):
    write(Path("data.npz"), *DEGENERATE[kind]())
    epochs = {"run": EXACT, "train": EXACT, "tune": ("--trial-epochs", 1)}
    for command, length in epochs.items():
        trials = () if command == "train" else ("--trials", 1)
        result = fashion(command, "--data", "data.npz", *length, *trials, "--out", "out", "--json")
        assert result.code == 3, result
        assert REFUSED[kind] in result.json["error"]
        assert "Traceback" not in result.err
        assert not Path("out").exists()


@pytest.mark.parametrize("kind", REFUSED)
def test_a_model_is_judged_on_such_data_or_it_is_said_why_not(fashion, npz, kind):
    images, labels = DEGENERATE[kind]()
    write(Path("sound.npz"), *noise(60, n_classes=max(2, int(labels.max()) + 1)))
    fashion("train", "--data", "sound.npz", *EXACT, "--recipe", "perceptron", "--out", "model")
    write(Path("data.npz"), images, labels)
    result = fashion("evaluate", "model", "--data", "data.npz", "--json")
    assert "Traceback" not in result.err
    assert result.code == 3, result
    assert REFUSED[kind] in result.json["error"]


@pytest.mark.parametrize("kind", [kind for kind in DEGENERATE if kind not in REFUSED])
def test_data_that_is_hardly_data_gives_an_honest_report(fashion, kind):
    images, labels = DEGENERATE[kind]()
    write(Path("data.npz"), images, labels)
    result = fashion("run", "--data", "data.npz", "--trials", 1, *EXACT, "--family", "mlp", "--out", "run", "--json")
    assert result.code == 0, result.err
    results = json.loads(Path("run/evaluation.json").read_text())
    test = results["optimized"]["test"]
    assert results["data"]["duplicates"]["across"] > 0  # `write` takes the test images from the training images
    assert test["n"] == 4
    assert test["accuracy"]["high"] - test["accuracy"]["low"] > 0.4
    assert "Across the splits" in Path("run/report.html").read_text()
    judged = fashion("evaluate", "run", "--data", "data.npz", "--json")
    assert judged.code == 0, judged.err
    assert judged.json["test"]["n"] == 4
