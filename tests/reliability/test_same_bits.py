"""Same seed, data and threads: the same bits, twice in a row, whenever it is cut off and continued, in any process."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from tests.conftest import blobs

from fashion_classifier.data.dataset import SealedTestSet
from fashion_classifier.data.split import Split
from fashion_classifier.inference.agreement import compare_logits, trial_images
from fashion_classifier.inference.bundle import save_model
from fashion_classifier.inference.runtimes.base import RUNTIMES
from fashion_classifier.inference.runtimes.opening import open_runtime
from fashion_classifier.inference.runtimes.pytorch import TorchRuntime
from fashion_classifier.models.cnn import CnnConfig
from fashion_classifier.models.ensemble import EnsembleConfig
from fashion_classifier.models.mlp import MlpConfig
from fashion_classifier.training.checkpoint import CheckpointPlan
from fashion_classifier.training.config import Augmentation, Focus, TrainConfig
from fashion_classifier.training.early_stopping import StopReason
from fashion_classifier.training.recipes.recipe import Recipe
from fashion_classifier.training.train import TrainedModel, Workshop

SPLIT = Split(blobs(240), blobs(90, seed=1), SealedTestSet(blobs(30, seed=2)))
SMALL = CnnConfig(stem=8, widths=(8, 16), dropout=0.3)
LIVELY = TrainConfig(
    epochs=4,
    batch_size=32,
    learning_rate=0.05,
    ema_decay=0.9,
    patience_epochs=8,
    label_smoothing=0.1,
    precision="float32",
    augmentation=Augmentation(mirror=True, shift_pixels=1, erase_fraction=0.3),
    focus=Focus(after_passes=1, hardest=0.3, others=0.3),
)
RECIPES = {
    "averaged": Recipe(SMALL, LIVELY),
    "ensemble": Recipe(EnsembleConfig(member=SMALL, members=2), replace(LIVELY, epochs=8)),
    "adam": Recipe(MlpConfig(hidden=(32, 16), dropout=0.5), replace(LIVELY, optimizer="adam", learning_rate=1e-3)),
    "bfloat16": Recipe(SMALL, replace(LIVELY, precision="bfloat16", ema_decay=0.0)),
}
NAMES = [pytest.param(name, marks=pytest.mark.slow if name in {"ensemble", "bfloat16"} else ()) for name in RECIPES]
THREAD_TOLERANCE = 1e-4  # of logits after ten steps, as docs/reliability.md says; 1.3e-6 was seen
SEARCHING = """
import hashlib, sys, tempfile
from pathlib import Path
import torch
from tests.reliability.test_same_bits import SPLIT
from fashion_classifier.training.train import Workshop
from fashion_classifier.tuning.config import TuneConfig
from fashion_classifier.tuning.study import Search
torch.set_num_threads(1)
weights = hashlib.sha256()
with tempfile.TemporaryDirectory() as folder:
    search = Search(Path(folder), Workshop(SPLIT, exact=True), TuneConfig(trials=11, epochs=1, families=("cnn", "mlp")))
    search.run(on_trained=lambda _, trained: [
        weights.update(tensor.numpy().tobytes()) for tensor in trained.model.network.state_dict().values()])
    print([(trial.params, trial.state, trial.accuracy) for trial in search.trials()], search.chosen().index)
print(weights.hexdigest())
"""


class Dead(BaseException):
    """The process is no more: nothing handles it."""


def train(recipe: Recipe, **settings) -> TrainedModel:
    return Workshop(SPLIT, exact=True).train(recipe, seed=7, **settings)


def bits(trained: TrainedModel) -> dict[str, object]:
    """What a training ends with, but for how long it took."""
    return {
        **{name: tensor.numpy().tobytes() for name, tensor in trained.model.network.state_dict().items()},
        "history": [replace(epoch, seconds=0.0) for epoch in trained.fit.history],
        "losses": trained.fit.losses.tobytes(),
        "answers": trained.validation_probabilities.tobytes(),
        "steps": (trained.fit.steps, trained.fit.best_step),
    }


class Whole(dict[str, dict[str, object]]):
    """What each recipe's training ends with when nothing disturbs it, found out when it is asked for."""

    def __missing__(self, name: str) -> dict[str, object]:
        self[name] = bits(train(RECIPES[name]))
        return self[name]


@pytest.fixture(scope="module")
def whole() -> Whole:
    return Whole()


@pytest.mark.parametrize("name", NAMES)
def test_twice_in_a_row(whole, name):
    torch.rand(3)  # whatever was drawn meanwhile
    assert bits(train(RECIPES[name])) == whole[name]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("step", [8, *(pytest.param(step, marks=pytest.mark.slow) for step in (1, 20, 27))])
def test_killed_before_any_step_and_continued_from_the_last_checkpoint(whole, name, step, tmp_path):
    plan, asked = CheckpointPlan(tmp_path / "state.safetensors", every_s=0.0), list[int]()

    def die() -> StopReason | None:
        asked.append(1)
        if len(asked) > step:
            raise Dead
        return None

    with pytest.raises(Dead):
        train(RECIPES[name], checkpoint=plan, stop_asked=die)
    assert any(tmp_path.iterdir())
    assert bits(train(RECIPES[name], checkpoint=plan)) == whole[name]


@pytest.mark.parametrize("name", NAMES)
def test_a_training_that_was_at_its_end_is_not_trained_further(whole, name, tmp_path):
    plan = CheckpointPlan(tmp_path / "state.safetensors")
    train(RECIPES[name], checkpoint=plan)
    assert bits(train(RECIPES[name], checkpoint=plan)) == whole[name]


def test_another_seed_gives_other_bits(whole):
    other = Workshop(SPLIT, exact=True).train(RECIPES["averaged"], seed=8)
    assert bits(other) != whole["averaged"]


@pytest.mark.slow
def test_a_search_is_the_same_whatever_the_order_of_hashes():
    root = Path(__file__).parents[2]
    paths = os.pathsep.join([str(root), *filter(None, [os.environ.get("PYTHONPATH")])])
    said = [
        subprocess.run(
            [sys.executable, "-c", SEARCHING],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": paths},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for seed in ("1", "77")
    ]
    assert len(said[0]) > 1000
    assert said[0] == said[1]


@pytest.mark.parametrize("name", ["averaged", pytest.param("ensemble", marks=pytest.mark.slow), "adam"])
def test_runtimes_agree_within_their_tolerance(name, tmp_path):
    model = train(RECIPES[name]).model
    save_model(model, tmp_path / "model", images=SPLIT.training.images[:16])
    images = trial_images(model.shape)
    said = [open_runtime(tmp_path / "model", runtime, "float32").logits(images) for runtime in RUNTIMES]
    for other in said[1:]:
        agreement = compare_logits(said[0], other)
        assert agreement.holds, agreement


def test_other_thread_counts_differ_by_rounding_only():
    recipe = Recipe(SMALL, replace(LIVELY, ema_decay=0.0, patience_epochs=0, focus=Focus()))
    images, said = trial_images(SPLIT.training.shape), []
    before = torch.get_num_threads()
    try:
        for n_threads in (1, 2):
            torch.set_num_threads(n_threads)
            said.append(TorchRuntime(train(recipe, steps=10).model.network).logits(images))
    finally:
        torch.set_num_threads(before)
    assert np.abs(said[0] - said[1]).max() <= THREAD_TOLERANCE
