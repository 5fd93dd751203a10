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
from fashion_classifier.inference.runtimes.open_vino import OpenVinoRuntime

MODEL = make_model()
CONTENT = export(MODEL.network, MODEL.shape, 3)


def constant(tensor, name="made"):
    return helper.make_node("Constant", [], [name], value=tensor)


def numbers(values, name="numbers", kind=TensorProto.INT64):
    values = np.asarray(values)
    return helper.make_tensor(name, kind, values.shape, values.ravel())


def external_tensor():
    tensor = numbers([0.0], "hidden", TensorProto.FLOAT)
    tensor.data_location = TensorProto.EXTERNAL
    return tensor


def external(model):
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="../../secret")


def external_in_a_setting(model):
    model.graph.node.append(constant(external_tensor()))


def external_in_a_sparse_tensor(model):
    sparse = helper.make_sparse_tensor(external_tensor(), numbers([0]), [5])
    model.graph.node.append(helper.make_node("Constant", [], ["made"], sparse_value=sparse))


def branch(model):
    graph = helper.make_graph([constant(external_tensor())], "g", [], [])
    model.graph.node.append(helper.make_node("If", ["x"], ["y"], then_branch=graph, else_branch=graph))


def endless_loop(model):
    graph = helper.make_graph([], "g", [], [])
    model.graph.node.append(helper.make_node("Loop", ["", ""], ["y"], body=graph))


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


def not_a_number_in_double_precision(model):
    model.graph.initializer.append(numbers([np.nan], "double", TensorProto.DOUBLE))


def not_a_number_in_a_setting(model):
    model.graph.node.append(helper.make_node("LeakyRelu", ["images"], ["made"], alpha=float("nan")))


def text(model):
    model.graph.initializer.append(
        TensorProto(name="text", data_type=TensorProto.STRING, dims=[1], string_data=[b"rm"])
    )


def torn_tensor(model):
    model.graph.initializer[-1].raw_data = model.graph.initializer[-1].raw_data[:-2]


def tensor_of_a_great_claim(model):
    model.graph.initializer[-1].dims[:] = [10**6, 10**6]


def terabytes_from_nothing(model):
    shape = constant(numbers([10**6, 10**6]), "shape")
    model.graph.node.extend([shape, helper.make_node("ConstantOfShape", ["shape"], ["made"])])


def terabytes_from_a_sum(model):
    model.graph.initializer.append(numbers(np.zeros((10**6, 1), np.uint8), "column", TensorProto.UINT8))
    model.graph.initializer.append(numbers(np.zeros((1, 10**6), np.uint8), "row", TensorProto.UINT8))
    model.graph.node.append(helper.make_node("Add", ["column", "row"], ["made"]))


def terabytes_little_by_little(model):
    model.graph.node.append(constant(numbers([3000, 1000], "shape"), "shape"))
    model.graph.node.extend(helper.make_node("ConstantOfShape", ["shape"], [f"made {k}"]) for k in range(1000))


def terabytes_denied(model):
    terabytes_from_nothing(model)
    model.graph.value_info.append(helper.make_tensor_value_info("made", TensorProto.FLOAT, [1]))


def size_from_the_image(model):
    cast = helper.make_node("Cast", ["images"], ["levels"], to=TensorProto.INT64)
    model.graph.node.extend(
        [
            constant(numbers([-1]), "flat"),
            cast,
            helper.make_node("Reshape", ["levels", "flat"], ["sides"]),
            helper.make_node("ConstantOfShape", ["sides"], ["made"]),
        ]
    )


def size_from_the_number_of_images(model):
    model.graph.node.append(helper.make_node("Shape", ["images"], ["made"]))


def steps_without_end(model):
    model.graph.node.extend(helper.make_node("Identity", ["images"], [f"made {k}"]) for k in range(20_000))


def steps_that_do_not_fit(model):
    model.graph.node.append(helper.make_node("MatMul", ["images", model.graph.initializer[-1].name], ["made"]))


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
    external_in_a_setting: "hidden lies in another file",
    external_in_a_sparse_tensor: "hidden lies in another file",
    branch: "has branches or loops",
    endless_loop: "has branches or loops",
    custom_operator: "needs operators of evil.ops",
    custom_opset: "needs operators of com.example",
    own_function: "functions of its own",
    not_a_number: "weights that are not numbers",
    not_a_number_in_double_precision: "weights that are not numbers in double",
    not_a_number_in_a_setting: "settings that are not numbers",
    text: "text is of a kind that no weights have",
    torn_tensor: "is damaged",
    tensor_of_a_great_claim: "is damaged",
    terabytes_from_nothing: "its steps give more than 536,870,912 numbers",
    terabytes_from_a_sum: "its steps give more than 536,870,912 numbers",
    terabytes_little_by_little: "its steps give more than 536,870,912 numbers",
    terabytes_denied: "its steps give more than 536,870,912 numbers",
    size_from_the_image: "how much its steps give cannot be known beforehand",
    size_from_the_number_of_images: "depends on how many images there are",
    steps_without_end: "it has 20,0.. steps, more than 10,000",
    steps_that_do_not_fit: "its steps do not fit together",
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


def test_a_step_that_nobody_knows_is_refused():
    model = onnx.load_model_from_string(CONTENT)
    model.graph.node[0].op_type = "Unheard"
    with pytest.raises(ModelError, match="how much its steps give cannot be known beforehand"):
        OnnxRuntime(model.SerializeToString(), ImageShape(12, 12, 1), 3)


def test_a_graph_that_the_runtime_does_not_take_is_refused():
    model = onnx.load_model_from_string(CONTENT)
    model.graph.node[-1].name = model.graph.node[0].name = "twice"
    model.ir_version = 999
    with pytest.raises(ModelError, match="ONNX Runtime cannot use it"):
        OnnxRuntime(model.SerializeToString(), ImageShape(12, 12, 1), 3)


@pytest.mark.parametrize("runtime", [OnnxRuntime, OpenVinoRuntime])
def test_a_graph_that_fails_while_it_computes_is_refused(runtime):
    """It takes one image, as it is looked at, and no more."""
    nodes = [
        helper.make_node("Cast", ["images"], ["levels"], to=TensorProto.FLOAT),
        helper.make_node("Reshape", ["levels", "one"], ["row"]),
        helper.make_node("MatMul", ["row", "weights"], ["logits"]),
    ]
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("images", TensorProto.UINT8, ["n", 12, 12])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n", 3])],
        [numbers([1, 144], "one"), numbers(np.zeros((144, 3)), "weights", TensorProto.FLOAT)],
    )
    content = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10).SerializeToString()
    opened = runtime(content, MODEL.shape, 3)
    assert opened.logits(np.ones((1, 12, 12), np.uint8)).shape == (1, 3)
    with pytest.raises(ModelError, match="fails in it"):
        opened.logits(np.ones((2, 12, 12), np.uint8))
