"""What an ONNX file may hold: checked before any runtime sees it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain

import numpy as np
import onnx
from google.protobuf.message import DecodeError
from onnx import TensorProto, numpy_helper

from fashion_classifier.data.dataset import ImageShape
from fashion_classifier.errors import ModelError

LARGEST_ONNX = 1 << 30  # bytes
STANDARD = {"", "ai.onnx"}  # the operators that every runtime has; anything else could be somebody's code
REMEDY = "Get the model again, or train anew."


def check_onnx(content: bytes, shape: ImageShape, n_classes: int, place: str = "model.onnx") -> onnx.ModelProto:
    """Check the bytes of an ONNX file.

    Parameters
    ----------
    content
        The whole file.
    shape, n_classes
        What the model takes and gives.
    place
        What to call it in a message.

    Raises
    ------
    ModelError
        If it is too large, no ONNX, refers to other files, has operators of its own, holds weights that are not
        numbers, or takes or gives something else than the model.
    """
    if len(content) > LARGEST_ONNX:
        raise ModelError(f"{place}: {len(content):,} bytes are more than the {LARGEST_ONNX:,} that are read. {REMEDY}")
    try:
        model = onnx.load_model_from_string(content)
    except DecodeError as error:
        raise ModelError(f"{place}: this is no ONNX ({error}). {REMEDY}") from error
    faults = [*_foreign_parts(model), *_interface_faults(model, shape, n_classes)]
    if faults:
        raise ModelError(f"{place}: {'; '.join(faults[:3])}. {REMEDY}")
    return model


def _foreign_parts(model: onnx.ModelProto) -> Iterator[str]:
    """Say what a model of ours would not hold."""
    if model.functions or model.training_info:
        yield "it has functions of its own"
    domains = {opset.domain for opset in model.opset_import}
    nodes = list(_all_nodes(model.graph))
    domains |= {node.domain for node in nodes}
    if domains - STANDARD:
        yield f"it needs operators of {', '.join(sorted(domains - STANDARD))}"
    for tensor in _all_tensors(model.graph, nodes):
        if tensor.data_location == TensorProto.EXTERNAL or tensor.external_data:
            yield f"{tensor.name or 'a tensor'} lies in another file"
        elif tensor.data_type in {TensorProto.FLOAT, TensorProto.FLOAT16}:
            try:
                finite = np.isfinite(numpy_helper.to_array(tensor)).all()
            except ValueError as error:
                yield f"{tensor.name or 'a tensor'} is damaged ({error})"
                continue
            if not finite:
                yield f"weights that are not numbers in {tensor.name}"


def _all_nodes(graph: onnx.GraphProto) -> Iterator[onnx.NodeProto]:
    """Go through the nodes of a graph and of the graphs within them."""
    for node in graph.node:
        yield node
        for attribute in node.attribute:
            for inner in chain([attribute.g], attribute.graphs):
                yield from _all_nodes(inner)


def _all_tensors(graph: onnx.GraphProto, nodes: list[onnx.NodeProto]) -> Iterator[onnx.TensorProto]:
    """Go through every tensor that a model holds."""
    yield from graph.initializer
    for sparse in graph.sparse_initializer:
        yield from (sparse.values, sparse.indices)
    for attribute in chain.from_iterable(node.attribute for node in nodes):
        for inner in chain([attribute.g], attribute.graphs):
            yield from inner.initializer
        yield from chain([attribute.t], attribute.tensors)
        for sparse in chain([attribute.sparse_tensor], attribute.sparse_tensors):
            yield from (sparse.values, sparse.indices)


def _interface_faults(model: onnx.ModelProto, shape: ImageShape, n_classes: int) -> Iterator[str]:
    """Say where inputs and outputs are not those that the model must have."""
    constants = {tensor.name for tensor in model.graph.initializer}
    inputs = [value for value in model.graph.input if value.name not in constants]
    sides = [shape.height, shape.width, *([shape.channels] if shape.channels > 1 else [])]
    wanted = [("images", TensorProto.UINT8, [0, *sides])], [("logits", TensorProto.FLOAT, [0, n_classes])]
    for kind, values, expected in zip(("take", "give"), (inputs, model.graph.output), wanted, strict=True):
        found = [_facts(value) for value in values]
        if found != expected:
            yield f"it should {kind} {_worded(expected)}, but has {_worded(found)}"


def _facts(value: onnx.ValueInfoProto) -> tuple[str, int, list[int]]:
    """Return name, element type and sides of an input or output; a free side is 0."""
    tensor = value.type.tensor_type
    return value.name, tensor.elem_type, [side.dim_value for side in tensor.shape.dim]


def _worded(values: Sequence[tuple[str, int, list[int]]]) -> str:
    """Write inputs or outputs for people."""
    return ", ".join(
        f"{name} {TensorProto.DataType.Name(kind).lower()} ({', '.join(str(side or 'n') for side in sides)})"
        for name, kind, sides in values
    )
