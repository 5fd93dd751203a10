"""How much is kept while the sizes of an ONNX graph's values are worked out, bounded before that is done.

ONNX keeps of each value its axes, and of whole numbers from which sizes follow the numbers themselves, some 75 bytes
each. A step that joins a value to itself doubles them: thirty steps, in a kilobyte, would take all memory there is.
"""

from __future__ import annotations

from math import prod
from typing import NamedTuple

import onnx
from onnx import TensorProto

MOST_KEPT = 1 << 18  # axes and numbers; a network of 10,000 steps on images keeps a sixth
WHOLE = {TensorProto.INT32, TensorProto.INT64}  # of which the numbers are kept
# What gives no more axes than the largest of its inputs has, or two.
AS_MANY_AXES = {
    *("Abs", "Add", "And", "AveragePool", "BatchNormalization", "Cast", "Ceil", "Clip", "Concat", "Conv", "Div"),
    *("ConvTranspose", "DequantizeLinear", "Dropout", "Elu", "Equal", "Erf", "Exp", "Flatten", "Floor", "Gelu", "Gemm"),
    *("GlobalAveragePool", "GlobalMaxPool", "Greater", "GroupNormalization", "HardSigmoid", "HardSwish", "Identity"),
    *("InstanceNormalization", "LayerNormalization", "LeakyRelu", "Less", "Log", "LogSoftmax", "MatMul", "Max"),
    *("MaxPool", "Mean", "Min", "Mul", "Neg", "Not", "Or", "PRelu", "Pad", "Pow", "QLinearConv", "QLinearMatMul"),
    *("QuantizeLinear", "ReduceL2", "ReduceMax", "ReduceMean", "ReduceMin", "ReduceSum", "Relu", "Resize", "Round"),
    *("Selu", "Shape", "Sigmoid", "Sign", "Size", "Slice", "Softmax", "Softplus", "Split", "Sqrt", "Squeeze", "Sub"),
    *("Sum", "Tanh", "Tile", "Transpose", "Where"),
}
AXES_GIVEN = {"AffineGrid": 1, "CenterCropPad": 1, "Col2Im": 1, "ConstantOfShape": 0, "Expand": 1, "Reshape": 1}
FOLLOWED = {"Add", "Cast", "Gather", "Mul", "Slice", "Squeeze", "Sub", "Unsqueeze"}  # numbers, as many as came in


class _Kept(NamedTuple):
    """What is kept of a value at most."""

    n_axes: int = 0
    n_numbers: int = 0


def is_bounded(graph: onnx.GraphProto) -> bool:
    """Tell whether the sizes of a graph's values can be worked out within bounds, and at all."""
    kept = {value.name: _Kept(len(value.type.tensor_type.shape.dim)) for value in graph.input}
    kept |= {tensor.name: _of_tensor(tensor) for tensor in graph.initializer}
    left = MOST_KEPT
    for node in graph.node:
        inputs = [kept.get(name, _Kept()) for name in node.input]
        given = AXES_GIVEN.get(node.op_type)
        if given is not None and not any(one.n_numbers for one in inputs[given : given + 1]):
            return False
        made = _made(node, inputs)
        left -= sum(made) * len(node.output)
        if left < 0:
            return False
        kept |= dict.fromkeys(node.output, made)
    return True


def _made(node: onnx.NodeProto, inputs: list[_Kept]) -> _Kept:
    """Say what is kept of each value that a step gives, at most."""
    kind = node.op_type
    settings = [_of_setting(attribute) for attribute in node.attribute]
    axes = [one.n_axes for one in inputs]
    numbers = [one.n_numbers for one in inputs]
    if kind == "Constant":
        return _Kept(max((one.n_axes for one in settings), default=0), sum(one.n_numbers for one in settings))
    if kind in AS_MANY_AXES:
        n_axes = max(2, *axes) if axes else 2
    else:
        n_axes = sum(axes) + sum(numbers) + sum(map(sum, settings))
    if kind == "Shape":
        return _Kept(1, sum(axes))
    if kind in {"Concat", "Size"}:
        return _Kept(n_axes, max(1, sum(numbers)))
    return _Kept(n_axes, max(numbers, default=0) if kind in FOLLOWED else 0)


def _of_tensor(tensor: onnx.TensorProto) -> _Kept:
    """Say what is kept of a tensor."""
    return _Kept(len(tensor.dims), prod(tensor.dims) if tensor.data_type in WHOLE else 0)


def _of_setting(attribute: onnx.AttributeProto) -> _Kept:
    """Say how many axes and numbers can come from a step's setting."""
    tensor = _of_tensor(attribute.t)
    n_axes = max(1, tensor.n_axes, len(attribute.sparse_tensor.dims))
    return _Kept(n_axes, max(1, tensor.n_numbers, len(attribute.ints), len(attribute.s)))
