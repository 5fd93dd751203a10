"""Nothing but a plain ONNX of the model's own form reaches a runtime."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from tests.inference.conftest import make_model

from fashion_classifier.data.dataset import ImageShape
from fashion_classifier.errors import ModelError
from fashion_classifier.inference.export.onnx_model import export
from fashion_classifier.inference.runtimes import onnx_file
from fashion_classifier.inference.runtimes.onnx_file import check_onnx
from fashion_classifier.inference.runtimes.onnx_runtime import OnnxRuntime

MODEL = make_model()
CONTENT = export(MODEL.network, MODEL.shape, 3)


def external(model):
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="../../secret")


def external_in_a_branch(model):
    inner = helper.make_tensor("hidden", TensorProto.FLOAT, [1], [0.0])
    inner.data_location = TensorProto.EXTERNAL
    graph = helper.make_graph([helper.make_node("Constant", [], ["c"], value=inner)], "g", [], [])
    model.graph.node.append(helper.make_node("If", ["x"], ["y"], then_branch=graph, else_branch=graph))


def custom_operator(model):
    model.graph.node[0].domain = "evil.ops"


def custom_opset(model):
    model.opset_import.append(helper.make_opsetid("com.example", 1))


def own_function(model):
    model.functions.add(name="f", domain="")


def not_a_number(model):
    weights = onnx.numpy_helper.to_array(model.graph.initializer[-1]).copy()
    weights[0] = np.inf
    model.graph.initializer[-1].raw_data = weights.tobytes()


def torn_tensor(model):
    model.graph.initializer[-1].raw_data = model.graph.initializer[-1].raw_data[:-2]


def another_size(model):
    model.graph.input[0].type.tensor_type.shape.dim[1].dim_value = 14


def another_type(model):
    model.graph.input[0].type.tensor_type.elem_type = TensorProto.FLOAT


def more_classes(model):
    model.graph.output[0].type.tensor_type.shape.dim[1].dim_value = 1000


def two_outputs(model):
    model.graph.output.append(model.graph.output[0])


HARM = {
    external: "lies in another file",
    external_in_a_branch: "hidden lies in another file",
    custom_operator: "needs operators of evil.ops",
    custom_opset: "needs operators of com.example",
    own_function: "functions of its own",
    not_a_number: "weights that are not numbers",
    torn_tensor: "is damaged",
    another_size: r"should take images uint8 \(n, 12, 12\), but has images uint8 \(n, 14, 12\)",
    another_type: r"but has images float \(n, 12, 12\)",
    more_classes: r"should give logits float \(n, 3\), but has logits float \(n, 1000\)",
    two_outputs: r"should give logits float \(n, 3\), but has logits",
}


def test_our_own_is_let_through():
    check_onnx(CONTENT, MODEL.shape, 3)


@pytest.mark.parametrize("harm", HARM, ids=lambda harm: harm.__name__)
def test_what_is_not_ours_is_refused_before_a_session_is_made(harm):
    model = onnx.load_model_from_string(CONTENT)
    harm(model)
    with pytest.raises(ModelError, match=HARM[harm]) as caught:
        OnnxRuntime(model.SerializeToString(), MODEL.shape, 3)
    assert caught.value.exit_code == 5


def test_bytes_that_are_no_onnx_are_refused():
    with pytest.raises(ModelError, match="this is no ONNX"):
        check_onnx(b"PK\x03\x04 not a model", MODEL.shape, 3)
    with pytest.raises(ModelError, match="should take images"):
        check_onnx(b"", MODEL.shape, 3)


def test_a_file_beyond_all_size_is_refused(monkeypatch):
    monkeypatch.setattr(onnx_file, "LARGEST_ONNX", 100)
    with pytest.raises(ModelError, match="more than the 100 that are read"):
        check_onnx(CONTENT, MODEL.shape, 3)


def test_a_graph_that_no_runtime_understands_is_refused():
    model = onnx.load_model_from_string(CONTENT)
    model.graph.node[0].op_type = "Unheard"
    with pytest.raises(ModelError, match="ONNX Runtime cannot use it"):
        OnnxRuntime(model.SerializeToString(), ImageShape(12, 12, 1), 3)
