"""A network's ONNX graph completed to one that answers: images in, probabilities out, and all that lies between inside.

Before the network the views are made, all of them by one `Gather`; behind it they are averaged, the label smoothing is
undone and the temperature applied, as `fashion_classifier.inference.predictor` does it; then come the model's own rules
for refusing and for sets. All is computed in float32 by standard operators, so that any ONNX runtime can.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib.metadata import version

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, compose, helper

from fashion_classifier.data.dataset import ImageShape
from fashion_classifier.evaluation.prediction_sets import ConformalRule
from fashion_classifier.evaluation.refusal import SOFTENING, RefusalRule
from fashion_classifier.evaluation.temperature import NOISE
from fashion_classifier.inference.description import Description
from fashion_classifier.inference.export.graph import BATCH, INPUT, OUTPUT, GraphWriter
from fashion_classifier.inference.predictor import VIEWS
from fashion_classifier.inference.runtimes.onnx_file import check_onnx

DISTRIBUTION = "fashion-images-classifier"
PROBABILITIES, STRANGENESS, REFUSED, IN_SET = "probabilities", "strangeness", "refused", "in_set"
PREFIX = "network/"  # of all names of the network's own graph
LEAST = float(np.finfo(np.float32).tiny)  # below which a probability counts as this, so that it has a logarithm

Positions = NDArray[np.int64]  # (v, height, width)


def view_positions(views: str, shape: ImageShape) -> Positions:
    """Return for each view which pixel of the image stands at each place, counted row by row.

    Found by making the views of an image of numbers, so that there is one definition of them.

    Returns
    -------
    int64 array of shape (v, height, width)
    """
    numbers = np.arange(shape.height * shape.width, dtype=np.int64).reshape(1, shape.height, shape.width)
    return np.concatenate(VIEWS[views](numbers))  # type: ignore[arg-type]


def answers_of(model: Description) -> dict[str, str]:
    """Return what an export of a model gives, by name, and what each means."""
    found = {PROBABILITIES: "float32 (n, k): of each class, in the order of `classes`; each row sums to 1"}
    if model.refusal is not None:
        found[STRANGENESS] = f"float32 (n): {model.refusal.score}, how unlike an image is to those that the model knows"
        found[REFUSED] = "bool (n): whether its strangeness is above the threshold, so that it is none of the classes"
    if is_expressible(model.sets):
        found[IN_SET] = "bool (n, k): the classes that it may be; such sets hold the true one as often as was fitted"
    return found


def complete(content: bytes, model: Description, metadata: Mapping[str, str]) -> bytes:
    """Complete the ONNX file of a network.

    Parameters
    ----------
    content
        The whole file, `images` to `logits`, in float32 or quantised.
    model
        Whose network it is.
    metadata
        What the file is to say of itself.

    Returns
    -------
    bytes
        An ONNX file from `images`, uint8 (n, height, width) or (n, height, width, 3), n at least 1, to what
        `answers_of` names.

    Raises
    ------
    ModelError
        If it is no ONNX that a model of this shape can have.
    """
    network = check_onnx(content, model.shape, len(model.classes))
    compose.add_prefix(network, PREFIX, inplace=True)
    writer = GraphWriter(half=False)
    positions = view_positions(model.how.views, model.shape)
    _name(writer, _views(writer, positions, model.shape), PREFIX + INPUT)
    n_before = len(writer.nodes)
    _answers(writer, model, len(positions))
    sides = model.shape if model.shape.channels > 1 else model.shape[:2]
    graph = helper.make_graph(
        [*writer.nodes[:n_before], *network.graph.node, *writer.nodes[n_before:]],
        "fashion_classifier",
        [helper.make_tensor_value_info(INPUT, TensorProto.UINT8, (BATCH, *sides))],
        list(_outputs(model)),
        [*network.graph.initializer, *writer.constants],
        sparse_initializer=network.graph.sparse_initializer,
    )
    whole = helper.make_model(
        graph,
        producer_name=DISTRIBUTION,
        producer_version=version(DISTRIBUTION),
        ir_version=network.ir_version,
        opset_imports=network.opset_import,
    )
    helper.set_model_props(whole, dict(metadata))
    onnx.checker.check_model(whole, full_check=True)
    found: bytes = whole.SerializeToString(deterministic=True)
    return found


def _outputs(model: Description) -> Iterator[onnx.ValueInfoProto]:
    """Describe what the file gives."""
    for name in answers_of(model):
        kind = TensorProto.BOOL if name in {REFUSED, IN_SET} else TensorProto.FLOAT
        sides: list[str | int | None] = [BATCH, *([] if name in {STRANGENESS, REFUSED} else [len(model.classes)])]
        yield helper.make_tensor_value_info(name, kind, sides)


def _views(writer: GraphWriter, positions: Positions, shape: ImageShape) -> str:
    """Write all views of each image one after the other: (n, height, width[, 3]) to (n * v, height, width[, 3])."""
    if len(positions) == 1:
        return INPUT
    channels = [shape.channels] if shape.channels > 1 else []
    rows = writer.node("Reshape", INPUT, writer.constant(np.array([0, shape.height * shape.width, *channels])))
    views = writer.node("Gather", rows, writer.constant(positions), axis=1)
    return writer.node("Reshape", views, writer.constant(np.array([-1, shape.height, shape.width, *channels])))


def _answers(writer: GraphWriter, model: Description, n_views: int) -> None:
    """Write all that comes after the network."""
    n_classes = len(model.classes)
    found = writer.node("Softmax", PREFIX + OUTPUT, axis=-1)
    if n_views > 1:
        views = writer.node("Reshape", found, writer.constant(np.array([-1, n_views, n_classes])))
        found = writer.node("ReduceMean", views, writer.constant(np.array([1])), keepdims=0)
    if model.how.smoothing:
        found = _unsmoothed(writer, found, model.how.smoothing / n_classes)
    if model.how.temperature != 1:
        found = _tempered(writer, found, model.how.temperature)
    _name(writer, found, PROBABILITIES)
    if model.refusal is not None:
        _refusal(writer, model.refusal)
    if model.sets is not None and is_expressible(model.sets):
        _sets(writer, model.sets, n_classes)


def _unsmoothed(writer: GraphWriter, probabilities: str, share: float) -> str:
    """Undo label smoothing; what `evaluation.temperature.unsmoothed` divides by cancels when the rows are scaled."""
    own = writer.node("Sub", probabilities, _number(writer, share))
    square = _number(writer, (2 * share * NOISE) ** 2)
    root = writer.node("Sqrt", writer.node("Add", writer.node("Mul", own, own), square))
    larger = writer.node("Add", root, writer.node("Abs", own))
    is_positive = writer.node("Greater", own, _number(writer, 0.0))
    positive = writer.node("Where", is_positive, larger, writer.node("Div", square, larger))
    return writer.node("Div", positive, writer.node("ReduceSum", positive, writer.constant(np.array([1]))))


def _tempered(writer: GraphWriter, probabilities: str, temperature: float) -> str:
    """Bring probabilities to another temperature."""
    return writer.node("Softmax", _scaled(writer, probabilities, temperature), axis=-1)


def _scaled(writer: GraphWriter, probabilities: str, temperature: float) -> str:
    """Divide the logarithms of probabilities."""
    logarithms = writer.node("Log", writer.node("Max", probabilities, _number(writer, LEAST)))
    return writer.node("Div", logarithms, _number(writer, temperature))


def _refusal(writer: GraphWriter, rule: RefusalRule) -> None:
    """Say how strange each image is, and whether that is too much."""
    last = writer.constant(np.array([1]))
    if rule.score == "confidence":
        surest = writer.node("ReduceMax", PROBABILITIES, last, keepdims=0)
        score = writer.node("Max", writer.node("Sub", _number(writer, 1.0), surest), _number(writer, 0.0))
    else:
        scaled = _scaled(writer, PROBABILITIES, SOFTENING if rule.score == "softened-entropy" else 1.0)
        logarithms = writer.node("LogSoftmax", scaled, axis=-1)
        products = writer.node("Mul", writer.node("Exp", logarithms), logarithms)
        score = writer.node("Neg", writer.node("ReduceSum", products, last, keepdims=0))
    _name(writer, score, STRANGENESS)
    _name(writer, writer.node("Greater", STRANGENESS, _number(writer, rule.threshold)), REFUSED)


def _sets(writer: GraphWriter, rule: ConformalRule, n_classes: int) -> None:
    """Say which classes an image may be: the most probable one, and those whose score is low enough."""
    surest = writer.node("ArgMax", PROBABILITIES, axis=1, keepdims=1)
    is_surest = writer.node("Equal", writer.constant(np.arange(n_classes).reshape(1, -1)), surest)
    score = writer.node("Sub", _number(writer, 1.0), PROBABILITIES)
    is_likely = writer.node("LessOrEqual", score, _number(writer, rule.threshold))
    _name(writer, writer.node("Or", is_surest, is_likely), IN_SET)


def is_expressible(rule: ConformalRule | None) -> bool:
    """Tell whether sets can be had from an image alone; adaptive ones need a random draw for each."""
    return rule is not None and rule.method == "lac"


def _number(writer: GraphWriter, value: float) -> str:
    """Write a number in single precision."""
    return writer.constant(np.array(value, np.float32))


def _name(writer: GraphWriter, value: str, name: str) -> None:
    """Give a value a name by which it is found."""
    writer.node("Identity", value)
    writer.nodes[-1].output[0] = name
