"""The images that join late: who they are, that nothing learns from them before, and that all do after."""

from __future__ import annotations

import numpy as np
import pytest
from tests.conftest import blobs, write_npz

from fashion_classifier import load, split
from fashion_classifier.data.dataset import SealedTestSet
from fashion_classifier.data.split import Split
from fashion_classifier.evaluation.confidence import Answers, fit_rules
from fashion_classifier.experiment import joining, retraining
from fashion_classifier.experiment.joining import held_back, joining_recipe, learned_first, losses_for_joining
from fashion_classifier.experiment.record import RunFolder
from fashion_classifier.experiment.run import resume, run
from fashion_classifier.experiment.settings import RunConfig
from fashion_classifier.experiment.stages import HELD_BACK, kept
from fashion_classifier.training.recipes.one_minute import ONE_MINUTE
from fashion_classifier.training.sampling import BatchOrder
from fashion_classifier.training.train import Workshop

PARTS = Split(blobs(300), blobs(120, seed=1), SealedTestSet(blobs(30, seed=2)))


@pytest.fixture(autouse=True)
def few(monkeypatch):
    monkeypatch.setattr(joining, "LEAST_IMAGES", 5)


def test_a_sixth_of_each_class_is_held_back_and_everything_else_is_learned_first():
    held = held_back(PARTS, 0)
    assert len(held) == pytest.approx(20, abs=2)
    assert np.bincount(PARTS.validation.labels[held], minlength=3).min() >= 5
    first = learned_first(PARTS, held)
    assert sorted([*first, *(300 + held)]) == list(range(420))
    assert (held_back(PARTS, 0) == held).all()
    assert set(held_back(PARTS, 1)) != set(held)


def test_too_few_are_not_held_back(monkeypatch):
    monkeypatch.setattr(joining, "LEAST_IMAGES", 500)
    assert len(held_back(PARTS, 0)) == 0
    assert (learned_first(PARTS, held_back(PARTS, 0)) == np.arange(420)).all()


def test_all_that_were_held_back_are_in_the_steps_in_which_they_join(monkeypatch):
    held = held_back(PARTS, 0)
    recipe, n_steps = joining_recipe(ONE_MINUTE, len(held), 420)
    seen: list[int] = []
    next_batch = BatchOrder.next_batch

    def noting(self):
        batch = next_batch(self)
        seen.extend(batch.tolist())
        return batch

    monkeypatch.setattr(BatchOrder, "next_batch", noting)
    Workshop(PARTS).train(recipe, seed=0, losses=losses_for_joining(PARTS, held), steps=n_steps, on_everything=True)
    assert set(300 + held) <= set(seen)
    assert len(seen) < 120


@pytest.fixture
def config(tmp_path) -> RunConfig:
    data = write_npz(tmp_path / "things.npz")
    return RunConfig(data=str(data), minutes=None, trials=0, epochs=2, threads=1)


@pytest.mark.slow
def test_a_runs_rules_are_of_what_the_retrained_model_says_before_they_join(config, tmp_path):
    outcome = run(config, tmp_path / "run")
    folder = RunFolder(tmp_path / "run")
    before, after = kept(folder, "retraining"), kept(folder, "joining")
    assert before is not None
    assert after is not None
    parts = parts_of(config)
    held = held_back(parts, config.seed)
    rules = fit_rules(Answers(parts.validation.labels[held], before.probabilities[HELD_BACK]), seed=config.seed)
    assert outcome.results.evidence.confidence["optimized"].rules == rules
    assert weights(before.model) != weights(after.model)
    assert after.result.retraining_steps > before.result.retraining_steps


@pytest.mark.slow
def test_a_run_that_ended_before_they_joined_goes_on_to_the_same_bits(config, tmp_path, monkeypatch):
    run(config, tmp_path / "whole")

    def stop(*_arguments):
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(retraining, "joined_late", stop)
        with pytest.raises(KeyboardInterrupt):
            run(config, tmp_path / "parted")
    resume(tmp_path / "parted")
    files = [tmp_path / name / "optimized/weights.safetensors" for name in ("whole", "parted")]
    assert files[0].read_bytes() == files[1].read_bytes()


def parts_of(config: RunConfig) -> Split:
    return split(load(config.data), config.split_config)


def weights(model) -> bytes:
    return b"".join(tensor.numpy().tobytes() for tensor in model.network.state_dict().values())
