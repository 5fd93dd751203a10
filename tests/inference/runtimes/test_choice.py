"""For a few images ONNX Runtime at once, for more a faster one that agrees."""

from __future__ import annotations

import time

import numpy as np
import pytest
from tests.conftest import blobs
from tests.inference.conftest import make_model

from fashion_classifier.inference.bundle import save_model
from fashion_classifier.inference.opening import open_model
from fashion_classifier.inference.runtimes.choice import ALL_FROM, PROBE_FROM, FastestRuntime, agree, candidates

IMAGES = blobs(400).images


class Toy:
    """A runtime whose time and error are given."""

    batch_size = 100

    def __init__(self, name, precision, seconds, *, error=0.0):
        self.name, self.precision, self.seconds, self.error = name, precision, seconds, error

    def logits(self, images):
        time.sleep(self.seconds)
        sums = images.reshape(len(images), 3, -1).mean(2, dtype=np.float32) / 10
        return np.roll(sums, 1, axis=1) if self.error is None else sums + np.float32(self.error)


def chosen(*others, n_images=PROBE_FROM, sample=IMAGES):
    offers = {(toy.name, toy.precision): toy for toy in others}
    runtime = FastestRuntime(
        Toy("onnx", "float32", 0.04), tuple(offers), lambda name, precision: offers[name, precision], n_images
    )
    runtime.logits(sample)
    return runtime


def test_the_fastest_is_taken():
    runtime = chosen(Toy("openvino", "float32", 0.12), Toy("openvino", "bfloat16", 0.001))
    assert (runtime.name, runtime.precision) == ("openvino", "bfloat16")
    assert [tried.agrees for tried in runtime.tried] == [True, True, True]


@pytest.mark.parametrize(("n_images", "taken", "n_tried"), [(ALL_FROM - 1, "float32", 2), (ALL_FROM, "bfloat16", 3)])
def test_all_are_tried_for_very_many_images_only(n_images, taken, n_tried):
    faster, fastest = Toy("openvino", "float32", 0.004), Toy("openvino", "bfloat16", 0.0)
    runtime = chosen(faster, fastest, n_images=n_images)
    assert runtime.precision == taken
    assert len(runtime.tried) == n_tried


def test_one_that_disagrees_does_not_end_the_search_for_a_faster_one():
    runtime = chosen(Toy("openvino", "int8", 0.0, error=None), Toy("openvino", "bfloat16", 0.001))
    assert (runtime.precision, len(runtime.tried)) == ("bfloat16", 3)


def test_the_first_is_kept_if_nothing_is_faster():
    assert chosen(Toy("openvino", "float32", 0.12)).name == "onnx"


def test_one_that_disagrees_is_never_taken():
    wrong = Toy("openvino", "float32", 0.0, error=0.01), Toy("openvino", "int8", 0.0, error=None)
    runtime = chosen(*wrong)
    assert runtime.name == "onnx"
    assert [tried.agrees for tried in runtime.tried] == [True, False, False]


@pytest.mark.parametrize("few", [{"n_images": 10}, {"sample": IMAGES[:20]}])
def test_for_few_images_no_time_is_lost(few):
    runtime = chosen(Toy("openvino", "float32", 0.0), **few)
    assert runtime.name == "onnx"
    assert runtime.tried == ()


def test_numbers_that_are_none_do_not_agree():
    logits = Toy("onnx", "float32", 0.0).logits(IMAGES)
    assert agree(logits, logits, "int8")
    for precision in ("float32", "bfloat16", "int8"):
        assert not agree(logits, np.full_like(logits, np.nan), precision)


def test_what_is_not_there_is_no_candidate():
    found = list(candidates(quantised=False, openvino=False, n_images=10))
    assert all(name == "torch" for name, _ in found)
    assert ("openvino", "int8") not in candidates(quantised=False, openvino=True, n_images=10)
    assert ("openvino", "int8") in candidates(quantised=True, openvino=True, n_images=10)


def test_a_model_folder_chooses_among_all_that_there_is(tmp_path):
    data = blobs(1200, size=28)
    model = make_model(data=data)
    save_model(model, tmp_path / "model", int8=True, images=data.images)
    opened = open_model(tmp_path / "model", threads=1, n_images=ALL_FROM)
    probabilities = opened.predict(data.images)
    assert isinstance(opened.runtime, FastestRuntime)
    assert len(opened.runtime.tried) >= 4
    assert opened.computed_by["tried"][0]["agrees"]
    assert probabilities == pytest.approx(model.predict(data.images), abs=0.05)
