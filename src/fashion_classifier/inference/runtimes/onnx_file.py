"""What an ONNX file may hold: checked before any runtime sees it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import chain

import numpy as np
import onnx
from google.protobuf.message import DecodeError
from onnx import TensorProto, numpy_helper

from fashion_classifier.data.dataset import ImageShape
from fashion_classifier.errors import ModelError
from fashion_classifier.inference.manifest import shown
from fashion_classifier.inference.runtimes.onnx_parts import MalformedError, n_bytes_beside_weights
from fashion_classifier.inference.runtimes.onnx_sizes import is_bounded

LARGEST_ONNX = 1 << 30  # bytes
MOST_BESIDE_WEIGHTS = 4 << 20  # bytes; an ensemble of 64 networks has 0.3 MB
MOST_STEPS = 10_000
MOST_PARTS = {"steps": MOST_STEPS, "settings of a step": 100, "tensors": 2 * MOST_STEPS}
LARGEST_BATCH = 256  # images that a runtime for ONNX is given at once
MOST_NUMBERS = 1 << 29  # that all steps together may give for one image: those of a file in half precision, unpacked
STANDARD = {"", "ai.onnx"}  # the operators that every runtime has; anything else could be somebody's code
FRACTIONS = {TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.DOUBLE}
WHOLE = {TensorProto.INT8, TensorProto.UINT8, TensorProto.INT32, TensorProto.INT64, TensorProto.BOOL}
REMEDY = "Get the model again, or train anew."
UNKNOWN = "how much its steps give cannot be known beforehand"


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
        If it is too large, no ONNX, refers to other files, has operators of its own, branches or loops, holds weights
        that are not numbers, takes or gives something else than the model, or could need memory without bounds.
    """
    if len(content) > LARGEST_ONNX:
        raise ModelError(f"{place}: {len(content):,} bytes are more than the {LARGEST_ONNX:,} that are read. {REMEDY}")
    try:
        if n_bytes_beside_weights(content) > MOST_BESIDE_WEIGHTS:
            raise ModelError(f"{place}: beside weights it holds more than {MOST_BESIDE_WEIGHTS:,} bytes. {REMEDY}")
        model = onnx.load_model_from_string(content)
    except (DecodeError, MalformedError) as error:
        raise ModelError(f"{place}: this is no ONNX ({error}). {REMEDY}") from error
    faults = (
        list(_too_many_parts(model))
        or [*_foreign_parts(model), *_interface_faults(model, shape, n_classes)]
        or list(_boundless_steps(model))
    )
    if faults:
        raise ModelError(f"{place}: {'; '.join(map(shown, faults[:3]))}. {REMEDY}")
    return model


def _too_many_parts(model: onnx.ModelProto) -> Iterator[str]:
    """Say whether there is more to look at than a model of ours could have."""
    counts = {
        "steps": len(model.graph.node),
        "settings of a step": max((len(node.attribute) for node in model.graph.node[:MOST_STEPS]), default=0),
        "tensors": len(model.graph.initializer) + len(model.graph.sparse_initializer),
    }
    for what, n in counts.items():
        if n > MOST_PARTS[what]:
            yield f"it has {n:,} {what}, more than {MOST_PARTS[what]:,}"


def _foreign_parts(model: onnx.ModelProto) -> Iterator[str]:
    """Say what a model of ours would not hold."""
    nodes = model.graph.node
    attributes = [attribute for node in nodes for attribute in node.attribute]
    if model.functions or model.training_info:
        yield "it has functions of its own"
    if any(attribute.HasField("g") or attribute.graphs for attribute in attributes):
        yield "it has branches or loops"
    foreign = {part.domain for part in chain(model.opset_import, nodes)} - STANDARD
    if foreign:
        yield f"it needs operators of {', '.join(sorted(foreign))}"
    if not all(map(math.isfinite, chain.from_iterable([attribute.f, *attribute.floats] for attribute in attributes))):
        yield "it has settings that are not numbers"
    for tensor in _all_tensors(model.graph, attributes):
        yield from _tensor_faults(tensor)


def _all_tensors(graph: onnx.GraphProto, attributes: Sequence[onnx.AttributeProto]) -> Iterator[onnx.TensorProto]:
    """Go through every tensor that a model holds."""
    yield from graph.initializer
    sparse = list(graph.sparse_initializer)
    for attribute in attributes:
        yield from attribute.tensors
        sparse += attribute.sparse_tensors
        if attribute.HasField("t"):
            yield attribute.t
        if attribute.HasField("sparse_tensor"):
            sparse.append(attribute.sparse_tensor)
    for tensor in sparse:
        yield from (tensor.values, tensor.indices)


def _tensor_faults(tensor: onnx.TensorProto) -> Iterator[str]:
    """Say what is wrong with a tensor."""
    if tensor.data_location == TensorProto.EXTERNAL or tensor.external_data:
        yield f"{tensor.name or 'a tensor'} lies in another file"
    elif tensor.data_type not in FRACTIONS | WHOLE:
        yield f"{tensor.name or 'a tensor'} is of a kind that no weights have"
    else:
        try:
            values = numpy_helper.to_array(tensor)
        except (ValueError, TypeError) as error:
            yield f"{tensor.name or 'a tensor'} is damaged ({error})"
        else:
            if tensor.data_type in FRACTIONS and not np.isfinite(values).all():
                yield f"weights that are not numbers in {tensor.name}"


def _boundless_steps(model: onnx.ModelProto) -> Iterator[str]:
    """Say whether computing could take memory without bounds: a few bytes of a graph can ask for terabytes."""
    if not is_bounded(model.graph):
        yield UNKNOWN
        return
    sketch = onnx.ModelProto()
    sketch.CopyFrom(model)
    del sketch.graph.value_info[:]  # what it says of itself proves nothing
    for tensor in sketch.graph.initializer:
        if tensor.data_type in FRACTIONS:  # no size follows from their values
            tensor.ClearField("raw_data")
    asks = any(node.op_type in {"Shape", "Size"} for node in model.graph.node)  # then every batch is one of its own
    for n_images in range(1, LARGEST_BATCH + 1) if asks else [1]:
        if fault := _fault_for(sketch, n_images):
            yield fault
            return


def _fault_for(sketch: onnx.ModelProto, n_images: int) -> str | None:
    """Say what is wrong with the sizes of what a model's steps give for so many images."""
    images = next(value for value in sketch.graph.input if value.name == "images")
    images.type.tensor_type.shape.dim[0].dim_value = n_images
    try:
        known = onnx.shape_inference.infer_shapes(sketch, strict_mode=True, data_prop=True).graph
    except Exception as error:  # noqa: BLE001 - what a library raises of hostile bytes is not listed anywhere
        return f"its steps do not fit together ({error})"
    sizes = {value.name: _n_numbers(value) for value in chain(known.value_info, known.output)}
    sizes |= {tensor.name: math.prod(tensor.dims) for tensor in known.initializer}
    n_numbers = [sizes.get(name) for node in known.node for name in node.output if name]
    if None in n_numbers:
        return UNKNOWN
    if sum(filter(None, n_numbers)) > MOST_NUMBERS * n_images:
        return f"for one image its steps give more than {MOST_NUMBERS:,} numbers"
    return None


def _n_numbers(value: onnx.ValueInfoProto) -> int | None:
    """Count the numbers of a value; None where a side is not known."""
    tensor = value.type.tensor_type
    sides = [side.dim_value for side in tensor.shape.dim if side.HasField("dim_value")]
    known = tensor.HasField("shape") and len(sides) == len(tensor.shape.dim)
    return math.prod(sides) if known else None


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
