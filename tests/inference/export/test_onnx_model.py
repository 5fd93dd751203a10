"""A network as ONNX computes what it computes in PyTorch, or there is no ONNX."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import pytest
import torch
from tests.conftest import blobs
from tests.inference.conftest import CLASSES, make_model
from torch import Tensor, nn

from fashion_classifier.errors import ModelError
from fashion_classifier.inference.agreement import compare_logits
from fashion_classifier.inference.bundle import Model
from fashion_classifier.inference.export.onnx_model import export, traced
from fashion_classifier.inference.runtimes.onnx_runtime import OnnxRuntime
from fashion_classifier.inference.runtimes.pytorch import TorchRuntime

SHAPES: dict[str, dict[str, Any]] = {
    "grey": {"size": 28},
    "colour": {"size": 28, "colour": True},
    "tiny": {"size": 3, "n_classes": 1},
    "large, colour": {"size": 100, "colour": True},
}


@pytest.mark.parametrize("shape", SHAPES)
def test_every_family_in_every_shape_agrees_with_pytorch(any_family, shape):
    data = blobs(40, **SHAPES[shape])
    model = make_model(any_family, data)
    runtime = OnnxRuntime(export(model.network, data.shape, 3), data.shape, 3)
    for images in (data.images, data.images[:1]):
        agreement = compare_logits(TorchRuntime(model.network).logits(images), runtime.logits(images))
        assert agreement.holds, str(agreement)


def test_the_graph_is_small_and_standard():
    model = make_model()
    graph = onnx.load_model_from_string(export(model.network, model.shape, 3))
    onnx.checker.check_model(graph, full_check=True)
    assert {opset.domain for opset in graph.opset_import} == {""}
    assert graph.graph.input[0].type.tensor_type.shape.dim[0].dim_param == "n"
    assert not {"Dropout", "Identity"} & {node.op_type for node in graph.graph.node[:-1]}


@pytest.mark.slow
def test_what_pytorch_s_own_exporter_makes_agrees_too(any_family):
    data = blobs(20, size=28)
    model = make_model(any_family, data)
    own, theirs = export(model.network, data.shape, 3), traced(model.network.eval(), data.shape)
    logits = [OnnxRuntime(content, data.shape, 3).logits(data.images) for content in (own, theirs)]
    assert compare_logits(*logits).holds


def layers_of(model: Model) -> nn.Sequential:
    assert isinstance(model.network.body, nn.Sequential)
    return model.network.body


class Shifted(nn.Module):
    """A layer that the writer does not know."""

    def forward(self, logits: Tensor) -> Tensor:
        """Roll the classes."""
        return torch.roll(logits, 1, dims=1)


class Liar(nn.ReLU):
    """A layer that computes something else in every call, so that no file can agree with it."""

    def forward(self, features: Tensor) -> Tensor:
        """Return noise."""
        return features + torch.randn_like(features)


def test_a_layer_that_is_not_known_goes_through_pytorch_s_exporter():
    model = make_model()
    layers_of(model).append(Shifted())
    images = blobs(30).images
    found = OnnxRuntime(export(model.network, model.shape, 3), model.shape, 3).logits(images)
    assert compare_logits(TorchRuntime(model.network).logits(images), found).holds


def test_an_export_that_disagrees_is_refused_with_the_figures():
    model = make_model()
    layers_of(model).insert(4, Liar())
    with pytest.raises(ModelError, match=r"on 32 images the largest difference of a logit is .* images get another"):
        export(model.network, model.shape, len(CLASSES))


def test_given_images_take_part_in_the_comparison():
    model = make_model()
    bias = layers_of(model)[-1].bias
    assert isinstance(bias, Tensor)
    bias.data[0] = float("nan")
    with pytest.raises(ModelError, match="weights that are not numbers"):
        export(model.network, model.shape, 3)
    bias.data[0] = 0.0
    assert export(model.network, model.shape, 3, images=np.zeros((2, 12, 12), np.uint8))
