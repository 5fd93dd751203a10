"""A network written as an ONNX graph, layer by layer.

PyTorch's own exporter traces any network, but its first export in a process takes seconds; the layers that the families
here are made of are known, and writing them down takes milliseconds (docs/decisions/0006). A network with any other
layer goes through PyTorch's exporter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from fashion_classifier.data.dataset import ImageShape
from fashion_classifier.models.ensemble import Ensemble
from fashion_classifier.models.layers import ImageClassifier, Standardise
from fashion_classifier.models.resnet import ResidualBlock

INPUT, OUTPUT, BATCH = "images", "logits", "n"
OPSET = 18
IR_VERSION = 8  # of January 2022: old runtimes read it too


def is_stored_in_half(value: Tensor) -> bool:
    """Tell matrices and kernels, which bear half precision, from means, deviations and norms, which are few."""
    return value.dtype == torch.float32 and value.ndim > 1 and value.shape[0] > 1


class UnknownLayerError(Exception):
    """A layer of which no ONNX is known here; the message is its class."""


class GraphWriter:
    """Collects nodes and constants.

    Parameters
    ----------
    half
        Whether matrices and kernels are stored in half precision; they are computed with in float32 all the same.
    """

    def __init__(self, *, half: bool) -> None:
        self.half = half
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def node(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """Add a node and return its output's name."""
        name = f"{operator.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, inputs, [name], name=name, **attributes))
        return name

    def constant(self, value: Tensor | NDArray[Any]) -> str:
        """Add a constant and return its name."""
        name = f"constant_{len(self.constants)}"
        halved = self.half and isinstance(value, Tensor) and is_stored_in_half(value)
        array = value.detach().cpu().contiguous().numpy() if isinstance(value, Tensor) else value
        self.constants.append(numpy_helper.from_array(array.astype(np.float16) if halved else array, name))
        return self.node("Cast", name, to=TensorProto.FLOAT) if halved else name

    def layer(self, module: nn.Module, inputs: str) -> str:
        """Write a layer and return its output's name.

        Raises
        ------
        UnknownLayerError
            If it, or a layer within it, is not one of those that are known here.
        """
        write = _LAYERS.get(type(module))  # not of a subclass, whose `forward` may be another
        if write is None:
            raise UnknownLayerError(type(module).__qualname__)
        return write(self, module, inputs)


def write_graph(network: ImageClassifier, shape: ImageShape, n_classes: int, *, half: bool) -> onnx.ModelProto:
    """Write a network in evaluation mode: `images` uint8 (n, height, width[, 3]) to `logits` float32 (n, k).

    Raises
    ------
    UnknownLayerError
        If a layer is not one of those that are known here.
    """
    writer = GraphWriter(half=half)
    writer.node("Identity", writer.layer(network, INPUT))
    writer.nodes[-1].output[0] = OUTPUT
    sides = [shape.height, shape.width, *([shape.channels] if shape.channels > 1 else [])]
    graph = helper.make_graph(
        writer.nodes,
        "fashion_classifier",
        [helper.make_tensor_value_info(INPUT, TensorProto.UINT8, [BATCH, *sides])],
        [helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, [BATCH, n_classes])],
        writer.constants,
    )
    return helper.make_model(
        graph,
        producer_name="fashion-images-classifier",
        ir_version=IR_VERSION,
        opset_imports=[helper.make_opsetid("", OPSET)],
    )


def _classifier(writer: GraphWriter, network: Any, inputs: str) -> str:
    return writer.layer(network.body, writer.layer(network.standardise, inputs))


def _standardise(writer: GraphWriter, layer: Any, inputs: str) -> str:
    """Bring the channels to the front while they are bytes, then make floats of them."""
    if layer.mean.shape[1] == 1:
        planes = writer.node("Unsqueeze", inputs, writer.constant(np.array([1])))
    else:
        planes = writer.node("Transpose", inputs, perm=[0, 3, 1, 2])
    levels = writer.node("Cast", planes, to=TensorProto.FLOAT)
    centred = writer.node("Sub", levels, writer.constant(layer.mean))
    return writer.node("Div", centred, writer.constant(layer.std))


def _sequence(writer: GraphWriter, layers: Any, inputs: str) -> str:
    for layer in layers if writer.half else folded(layers):
        inputs = writer.layer(layer, inputs)
    return inputs


def folded(layers: Iterable[nn.Module]) -> list[nn.Module]:
    """Put each norm into the convolution before it, even past a max pooling where no channel changes its sign.

    Runtimes do as much for norms that follow at once; a norm behind a pooling would stay, and could not be quantised.
    Not for half precision: the products of rounded numbers are no such numbers.
    """
    kept: list[nn.Module] = []
    for layer in layers:
        before = kept[-1] if kept else None
        passed = kept.pop() if type(before) is nn.MaxPool2d and _keeps_order(layer) else None
        if type(layer) is nn.BatchNorm2d and kept and type(kept[-1]) is nn.Conv2d and _is_plain(layer):
            kept[-1] = fuse_conv_bn_eval(kept[-1], layer)
            kept += [] if passed is None else [passed]
        else:
            kept += [layer] if passed is None else [passed, layer]
    return kept


def _keeps_order(layer: nn.Module) -> bool:
    """Tell whether a layer is a norm before which the largest value is the largest after it, too."""
    return type(layer) is nn.BatchNorm2d and _is_plain(layer) and bool((layer.weight > 0).all())


def _is_plain(norm: nn.BatchNorm2d) -> bool:
    """Tell whether a norm scales and has statistics of its own."""
    return norm.affine and norm.track_running_stats


def _convolution(writer: GraphWriter, layer: Any, inputs: str) -> str:
    if isinstance(layer.padding, str) or layer.padding_mode != "zeros":
        raise UnknownLayerError(f"Conv2d with padding {layer.padding}, {layer.padding_mode}")
    return writer.node(
        "Conv",
        inputs,
        writer.constant(layer.weight),
        *([] if layer.bias is None else [writer.constant(layer.bias)]),
        kernel_shape=layer.kernel_size,
        strides=layer.stride,
        pads=(*layer.padding, *layer.padding),
        dilations=layer.dilation,
        group=layer.groups,
    )


def _norm(writer: GraphWriter, layer: Any, inputs: str) -> str:
    if not _is_plain(layer):
        raise UnknownLayerError("BatchNorm2d without scale or running statistics")
    values = (layer.weight, layer.bias, layer.running_mean, layer.running_var)
    return writer.node("BatchNormalization", inputs, *map(writer.constant, values), epsilon=layer.eps)


def _max_pool(writer: GraphWriter, layer: Any, inputs: str) -> str:
    kernel, stride, padding = (_pair(value) for value in (layer.kernel_size, layer.stride, layer.padding))
    if _pair(layer.dilation) != (1, 1) or layer.ceil_mode:
        raise UnknownLayerError("MaxPool2d with dilation or rounding up")
    return writer.node("MaxPool", inputs, kernel_shape=kernel, strides=stride, pads=padding * 2)


def _global_pool(operator: str) -> Callable[[GraphWriter, Any, str], str]:
    def write(writer: GraphWriter, layer: Any, inputs: str) -> str:
        if _pair(layer.output_size) != (1, 1):
            raise UnknownLayerError(f"{type(layer).__name__} to more than one value")
        return writer.node(operator, inputs)

    return write


def _flatten(writer: GraphWriter, layer: Any, inputs: str) -> str:
    if (layer.start_dim, layer.end_dim) != (1, -1):
        raise UnknownLayerError("Flatten of some dimensions only")
    return writer.node("Flatten", inputs)


def _linear(writer: GraphWriter, layer: Any, inputs: str) -> str:
    bias = torch.zeros(layer.out_features) if layer.bias is None else layer.bias
    return writer.node("Gemm", inputs, writer.constant(layer.weight), writer.constant(bias), transB=1)


def _residual(writer: GraphWriter, block: Any, inputs: str) -> str:
    active = writer.node("Relu", writer.layer(block.first_norm, inputs))
    kept = inputs if block.shortcut is None else writer.layer(block.shortcut, active)
    first = writer.layer(block.first, active)
    inner = writer.node("Relu", writer.layer(block.second_norm, first))
    return writer.node("Add", kept, writer.layer(block.second, inner))


def _ensemble(writer: GraphWriter, ensemble: Any, inputs: str) -> str:
    first = writer.constant(np.array([0]))
    logarithms = [writer.node("LogSoftmax", writer.layer(member, inputs), axis=1) for member in ensemble.members]
    votes = writer.node("Concat", *[writer.node("Unsqueeze", vote, first) for vote in logarithms], axis=0)
    total = writer.node("ReduceLogSumExp", votes, first, keepdims=0)
    return writer.node("Sub", total, writer.constant(np.array(np.log(len(ensemble.members)), np.float32)))


def _pair(value: int | tuple[int, int]) -> tuple[int, int]:
    return value if isinstance(value, tuple) else (value, value)


_LAYERS: dict[type[nn.Module], Callable[[GraphWriter, Any, str], str]] = {
    ImageClassifier: _classifier,
    Standardise: _standardise,
    ResidualBlock: _residual,
    Ensemble: _ensemble,
    nn.Sequential: _sequence,
    nn.Conv2d: _convolution,
    nn.BatchNorm2d: _norm,
    nn.ReLU: lambda writer, _, inputs: writer.node("Relu", inputs),
    nn.MaxPool2d: _max_pool,
    nn.AdaptiveMaxPool2d: _global_pool("GlobalMaxPool"),
    nn.AdaptiveAvgPool2d: _global_pool("GlobalAveragePool"),
    nn.Flatten: _flatten,
    nn.Linear: _linear,
    nn.Dropout: lambda _writer, _layer, inputs: inputs,
    nn.Identity: lambda _writer, _layer, inputs: inputs,
}
