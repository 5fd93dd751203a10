"""What a stage leaves is read back as it was."""

from __future__ import annotations

import numpy as np
import pytest
from tests.conftest import blobs

from fashion_classifier.data.dataset import SealedTestSet
from fashion_classifier.data.split import Split
from fashion_classifier.errors import DataError, ModelError
from fashion_classifier.experiment.record import RunFolder
from fashion_classifier.experiment.settings import RunConfig
from fashion_classifier.experiment.stages import assess, keep, kept, losses_so_far
from fashion_classifier.models.mlp import MlpConfig
from fashion_classifier.training.config import TrainConfig
from fashion_classifier.training.recipes.recipe import Recipe
from fashion_classifier.training.train import Workshop

SPLIT = Split(blobs(300), blobs(90, seed=1), SealedTestSet(blobs(30, seed=2)))
RECIPE = Recipe(MlpConfig(hidden=(16,)), TrainConfig(epochs=2, batch_size=30, optimizer="adam", precision="float32"))


@pytest.fixture(scope="module")
def made():
    return assess("A model", Workshop(SPLIT, exact=True).train(RECIPE, seed=0), SPLIT)


def test_a_stage_is_read_back_as_it_was(made, tmp_path):
    folder = RunFolder.create(
        tmp_path / "run", RunConfig(minutes=None, trials=0, epochs=1.0), command="", fingerprint="f", identity="i"
    )
    assert kept(folder, "training") is None
    keep(folder, "training", made)
    again = kept(folder, "training")
    assert again.result == made.result
    assert set(again.probabilities) == {"training", "validation", "validation, one view"}
    np.testing.assert_array_equal(again.losses, made.losses)
    for name, probabilities in made.probabilities.items():
        np.testing.assert_array_equal(again.probabilities[name], probabilities)


@pytest.mark.parametrize("name", ["result.json", "probabilities.npz", "model/model.json"])
@pytest.mark.parametrize("content", [b"", b"[" * 5000, b"PK\3\4"])
def test_a_stage_that_was_damaged_is_told(made, tmp_path, name, content):
    folder = RunFolder.create(tmp_path / "run", RunConfig(minutes=None, trials=0, epochs=1.0))
    keep(folder, "training", made)
    (tmp_path / "run/stages/training" / name).write_bytes(content)
    with pytest.raises((DataError, ModelError), match=name):
        kept(folder, "training")


def test_how_hard_images_are_is_told_in_the_order_of_the_retraining(made):
    losses = losses_so_far(made.losses, made.probabilities["validation"], SPLIT)
    assert losses.shape == (len(SPLIT.everything_but_test),)
    assert np.isfinite(losses).all()
    np.testing.assert_array_equal(losses[:300], made.losses)
    assert losses[300:].mean() == pytest.approx(made.result.validation.loss.value, rel=1e-4)
