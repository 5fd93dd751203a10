"""A quantised network is small, nearly as accurate, and runs wherever ONNX runs; or there is none."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from tests.conftest import blobs
from tests.inference.conftest import make_model
from torch import nn

from fashion_classifier.errors import ModelError, UsageError
from fashion_classifier.inference.agreement import ACCURACY_TOLERANCE, accuracy_lost
from fashion_classifier.inference.bundle import save_model
from fashion_classifier.inference.opening import open_model
from fashion_classifier.inference.predictor import softmax
from fashion_classifier.inference.runtimes.opening import open_runtime
from fashion_classifier.models.catalogue import FAMILIES
from fashion_classifier.models.mlp import MlpConfig

IMAGES = blobs(300, size=28).images


@pytest.fixture(scope="module", params=list(FAMILIES))
def quantised(request, tmp_path_factory):
    """A model folder of each family, with the network in whole numbers."""
    folder = tmp_path_factory.mktemp("quantised") / "model"
    model = make_model(FAMILIES[request.param].config(), blobs(300, size=28))
    save_model(model, folder, int8=True, images=IMAGES)
    return folder


@pytest.mark.parametrize("runtime", ["onnx", "openvino"])
def test_whole_numbers_cost_next_to_no_accuracy(quantised, runtime):
    exact = softmax(open_runtime(quantised, "onnx", threads=1).logits(IMAGES))
    found = softmax(open_runtime(quantised, runtime, "int8", threads=1).logits(IMAGES))
    assert not np.array_equal(exact, found)
    assert accuracy_lost(exact, found) <= ACCURACY_TOLERANCE


def test_the_file_is_small(quantised):
    assert (quantised / "model.int8.onnx").stat().st_size < 0.45 * (quantised / "model.onnx").stat().st_size


def test_a_network_that_does_not_bear_it_is_not_quantised(tmp_path):
    model = make_model(MlpConfig(hidden=(32,)), blobs(300, size=28))
    assert isinstance(model.network.body, nn.Sequential)
    first, last = model.network.body[1], model.network.body[4]
    assert isinstance(first, nn.Linear)
    assert isinstance(last, nn.Linear)
    with torch.no_grad():
        first.bias[0] = 1e4  # one unit so large that no steps are left for the others
        last.weight[:, 0] = 0
    save_model(model, tmp_path / "model", int8=True, images=IMAGES)
    assert not (tmp_path / "model" / "model.int8.onnx").exists()
    assert open_model(tmp_path / "model").runtime.precision == "float32"
    with pytest.raises(ModelError, match=r"no model\.int8\.onnx, which openvino in int8 needs"):
        open_runtime(tmp_path / "model", "openvino", "int8")


def test_images_are_needed(tmp_path):
    with pytest.raises(UsageError, match="images are needed that it is fitted to"):
        save_model(make_model(), tmp_path / "model", int8=True)
