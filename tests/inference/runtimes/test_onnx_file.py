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


def terabytes_for_some_number_of_images(model):
    """None for one image and none for two, but 2^40 x (n - 1) x (n - 2) for more."""
    model.graph.node.extend(
        [
            helper.make_node("Shape", ["images"], ["shape"], start=0, end=1),
            *(constant(numbers([k], f"{k}"), f"{k}") for k in (1, 2, 1 << 40)),
            helper.make_node("Sub", ["shape", "1"], ["less by 1"]),
            helper.make_node("Sub", ["shape", "2"], ["less by 2"]),
            helper.make_node("Mul", ["less by 1", "less by 2"], ["product"]),
            helper.make_node("Mul", ["product", f"{1 << 40}"], ["sides"]),
            helper.make_node("ConstantOfShape", ["sides"], ["made"]),
        ]
    )


def numbers_that_double(model):
    """Each of them 30 times with itself: 2^40 whole numbers, from which a size could follow."""
    model.graph.initializer.append(numbers([1] * 1024, "made 0"))
    model.graph.node.extend(helper.make_node("Concat", [f"made {k}"] * 2, [f"made {k + 1}"], axis=0) for k in range(30))


def axes_that_double(model):
    """A number looked up in itself: twice as many axes, less one, each time."""
    model.graph.initializer.append(numbers([[0]], "made 0"))
    model.graph.node.extend(helper.make_node("Gather", [f"made {k}"] * 2, [f"made {k + 1}"]) for k in range(40))


def axes_without_end(model):
    model.graph.initializer.append(numbers([1] * 100_000, "sides"))
    model.graph.node.append(helper.make_node("Reshape", ["sides", "sides"], ["made 0"]))
    model.graph.node.extend(helper.make_node("Relu", [f"made {k}"], [f"made {k + 1}"]) for k in range(9_000))


def axes_of_an_unknown_number(model):
    model.graph.node.extend(
        [
            constant(numbers([1 << 28]), "one side"),
            helper.make_node("ConstantOfShape", ["one side"], ["zeros"]),
            helper.make_node("Cast", ["zeros"], ["sides"], to=TensorProto.INT64),
            helper.make_node("Expand", ["zeros", "sides"], ["made"]),
        ]
    )


def steps_without_end(model):
    model.graph.node.extend(helper.make_node("Identity", ["images"], [f"made {k}"]) for k in range(20_000))


def settings_without_end(model):
    model.graph.node[0].attribute.extend(helper.make_attribute(f"a{k}", 1) for k in range(1_000))


def tensors_without_end(model):
    model.graph.initializer.extend(onnx.TensorProto() for _ in range(30_000))


def words_without_end(model):
    model.graph.doc_string = "x" * (5 << 20)


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
    terabytes_for_some_number_of_images: "its steps give more than 536,870,912 numbers",
    numbers_that_double: "how much its steps give cannot be known beforehand",
    axes_that_double: "how much its steps give cannot be known beforehand",
    axes_without_end: "how much its steps give cannot be known beforehand",
    axes_of_an_unknown_number: "how much its steps give cannot be known beforehand",
    steps_without_end: "it has 20,0.. steps, more than 10,000",
    settings_without_end: "it has 1,0.. settings of a step, more than 100",
    tensors_without_end: "it has 30,0.. tensors, more than 20,000",
    words_without_end: "beside weights it holds more than 4,194,304 bytes",
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


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"\x3a\x04" + b"\x0a\x00" * 2, "should take images"),
        (b"\x3a\x04\x0a", "it ends within a part"),
        (b"\x3a", "it ends within a number"),
        (b"\xff" * 20, "it has a number that is too long"),
        (b"\x3b\x00", "it ends within a part"),
        (b"\x08\x01" * 200_000, "it has more than 100,000 parts"),
    ],
)
def test_bytes_are_looked_at_before_they_are_unpacked(content, reason):
    with pytest.raises(ModelError, match=reason):
        check_onnx(content, MODEL.shape, 3)


@pytest.mark.parametrize("part", [b"\x0a\x00", b"\x0a\x02\x2a\x00", b"\x2a\x00"], ids=["steps", "settings", "tensors"])
def test_a_file_that_would_unpack_to_a_hundred_times_its_size_is_not_unpacked(part, monkeypatch):
    monkeypatch.setattr(onnx, "load_model_from_string", None)
    parts = part * ((5 << 20) // len(part))
    content = b"\x3a" + b"".join((len(parts) >> shift & 127 | (shift < 21) << 7).to_bytes() for shift in (0, 7, 14, 21))
    with pytest.raises(ModelError, match=r"more than 100,000 parts|beside weights it holds more than"):
        check_onnx(content + parts, MODEL.shape, 3)


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
