"""A model's weights are trained on for other classes, and that is compared with training from nothing."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from tests.conftest import blobs
from tests.inference.conftest import make_model

from fashion_classifier.data.dataset import SealedTestSet
from fashion_classifier.data.split import Split
from fashion_classifier.errors import UsageError
from fashion_classifier.experiment.budget import Clock
from fashion_classifier.experiment.preparation import Prepared
from fashion_classifier.experiment.settings import RunConfig
from fashion_classifier.experiment.transfer import take_over, transfer
from fashion_classifier.inference.bundle import load_model
from fashion_classifier.models.layers import channel_statistics
from fashion_classifier.progress import silent
from fashion_classifier.training.train import Workshop

STATISTICS = channel_statistics(blobs(20).images)


def prepared(n: int = 80, n_classes: int = 4) -> Prepared:
    split = Split(
        blobs(n, n_classes=n_classes), blobs(20, n_classes=n_classes, seed=1), SealedTestSet(blobs(20, seed=2))
    )
    return Prepared(None, split, Workshop(split, exact=True), Clock(None, 0.0))


def test_all_weights_but_the_last_layers_are_taken_over():
    source = make_model()
    made = take_over(source, ("a", "b", "c", "d", "e"), STATISTICS, seed=0)
    before, after = source.network.state_dict(), made.network.state_dict()
    other = {name for name in before if before[name].shape != after[name].shape}
    assert {tuple(after[name].shape) for name in other} == {(5, 16), (5,)}
    assert all(torch.equal(before[name], after[name]) for name in before if name not in other)
    assert made.classes == ("a", "b", "c", "d", "e")
    assert made.predict(blobs(3).images).shape == (3, 5)


def test_as_many_classes_of_other_names_have_a_last_layer_of_their_own():
    source = make_model()
    others, same = (take_over(source, classes, STATISTICS, seed=1) for classes in (("a", "b", "c"), source.classes))
    last = list(source.network.state_dict())[-2:]
    known = source.network.state_dict()
    assert not any(torch.equal(known[name], others.network.state_dict()[name]) for name in last)
    assert all(torch.equal(known[name], same.network.state_dict()[name]) for name in known)


def test_both_are_judged_on_the_same_images_and_kept(tmp_path):
    config = RunConfig(minutes=None, trials=0, epochs=2, seed=3)
    found = transfer(make_model(), "blobs", config, prepared(), tmp_path / "m", progress=silent)
    assert found.judged.n == found.gain.n == found.judged_from_nothing.n == 100
    difference = found.judged.accuracy.value - found.judged_from_nothing.accuracy.value
    assert found.gain.difference.value == pytest.approx(difference)
    model, beside = load_model(found.model), load_model(found.from_nothing)
    assert found.from_nothing == tmp_path / "m-from-nothing"
    assert model.provenance["taken_over_from"] == "blobs"
    assert model.provenance["learned_from"] == "all"
    assert model.provenance["held_out_accuracy"] == pytest.approx(found.judged.accuracy.value)
    assert "taken_over_from" not in beside.provenance
    assert model.sets is not None
    assert model.how.temperature > 0
    again = transfer(make_model(), "blobs", config, prepared(), tmp_path / "n", comparing=False, progress=silent)
    assert (again.gain, again.from_nothing, again.judged_from_nothing) == (None, None, None)
    images = blobs(10, seed=9).images
    np.testing.assert_array_equal(load_model(again.model).predict(images), model.predict(images))
    assert json.loads((tmp_path / "n" / "model.json").read_text())["classes"] == [f"class {k}" for k in range(4)]


def test_classes_of_too_few_images_and_folders_that_are_there_are_refused(tmp_path):
    config = RunConfig(minutes=None, trials=0, epochs=1)
    with pytest.raises(UsageError, match=r"The class class \d has \d images .* at least 10 are needed"):
        transfer(make_model(), "blobs", config, prepared(10), tmp_path / "m", progress=silent)
    (tmp_path / "m-from-nothing").mkdir()
    with pytest.raises(UsageError, match="already there"):
        transfer(make_model(), "blobs", config, prepared(), tmp_path / "m", progress=silent)
