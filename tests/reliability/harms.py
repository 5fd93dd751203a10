"""Ways to harm a model folder that `put_model` made, each with what is said of it then."""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import onnx
import torch
from onnx import TensorProto, helper
from safetensors.torch import load_file, save
from tests.inference.shelves import rewrite

from fashion_classifier.data.dataset import ImageShape
from fashion_classifier.models.catalogue import build
from fashion_classifier.models.mlp import MlpConfig

NOT_AS_WRITTEN = "its content is not what the manifest says"
NO_PLAIN_FILE = "there is no such plain file"

Harm = Callable[[Path], object]


def missing(name: str) -> Harm:
    return lambda folder: (folder / name).unlink()


def changed(name: str) -> Harm:
    def harm(folder: Path) -> None:
        content = bytearray((folder / name).read_bytes())
        content[len(content) // 2] ^= 1
        (folder / name).write_bytes(content)

    return harm


def truncated(name: str) -> Harm:
    return lambda folder: os.truncate(folder / name, (folder / name).stat().st_size // 2)


def grown(name: str) -> Harm:
    return lambda folder: os.truncate(folder / name, (folder / name).stat().st_size + 1)


def oversized(name: str) -> Harm:
    """A file of five terabytes that takes no room, of which the manifest knows."""

    def harm(folder: Path) -> None:
        os.truncate(folder / name, 5 << 40)
        listing(name, bytes=5 << 40)(folder)

    return harm


def linked(name: str) -> Harm:
    """The right content, but from elsewhere."""

    def harm(folder: Path) -> None:
        elsewhere = folder.parent / "elsewhere"
        (folder / name).rename(elsewhere)
        (folder / name).symlink_to(elsewhere.resolve())

    return harm


def put_there(name: str, put: Harm) -> Harm:
    def harm(folder: Path) -> None:
        (folder / name).unlink()
        put(folder / name)

    return harm


def listing(name: str, **facts: Any) -> Harm:
    """Have the manifest say something else of a file, or of one more."""

    def harm(folder: Path) -> None:
        content = json.loads((folder / "manifest.json").read_text())
        content["files"].setdefault(name, {"sha256": "0" * 64, "bytes": 0}).update(facts)
        (folder / "manifest.json").write_text(json.dumps(content))

    return harm


def saying(**changes: Any) -> Harm:
    """Have `model.json` say something else, and the manifest agree."""

    def harm(folder: Path) -> None:
        content = json.loads((folder / "model.json").read_text()) | changes
        rewrite(folder, "model.json", json.dumps(content).encode())

    return harm


def holding(name: str, content: bytes) -> Harm:
    return lambda folder: rewrite(folder, name, content)


def replaced(name: str, before: str, after: str) -> Harm:
    def harm(folder: Path) -> None:
        text = (folder / name).read_text()
        assert before in text
        rewrite(folder, name, text.replace(before, after, 1).encode())

    return harm


NAMES = ("manifest.json", "model.json", "weights.safetensors", "model.onnx", "record.json")
LISTED = NAMES[1:]
STRANGE_NAMES = ("../model.json", "/etc/passwd", "a/b", "..", "", "model.json\0", "MODEL.JSON", "ｍodel.json", "\ud800")

FOLDERS: dict[str, tuple[Harm, str]] = {
    **{f"changed {name}": (changed(name), NOT_AS_WRITTEN) for name in LISTED},
    **{f"truncated {name}": (truncated(name), NOT_AS_WRITTEN) for name in LISTED},
    **{f"grown {name}": (grown(name), NOT_AS_WRITTEN) for name in LISTED},
    **{f"oversized {name}": (oversized(name), "at most .* are read") for name in LISTED},
    "oversized manifest.json": (lambda folder: os.truncate(folder / "manifest.json", 5 << 40), "it is larger than"),
    **{f"missing {name}": (missing(name), NO_PLAIN_FILE) for name in NAMES},
    **{f"linked {name}": (linked(name), NO_PLAIN_FILE) for name in NAMES},
    **{f"a pipe for {name}": (put_there(name, os.mkfifo), NO_PLAIN_FILE) for name in NAMES},
    **{f"a folder for {name}": (put_there(name, Path.mkdir), NO_PLAIN_FILE) for name in NAMES},
    "a device": (put_there("model.onnx", lambda path: path.symlink_to("/dev/zero")), NO_PLAIN_FILE),
    "a circle": (put_there("model.onnx", lambda path: path.symlink_to(path.name)), NO_PLAIN_FILE),
    **{f"listing {name!r}": (listing(name), "which no model folder holds") for name in STRANGE_NAMES[:-1]},
    "listing half a character": (listing(STRANGE_NAMES[-1]), "this is not JSON .*surrogates not allowed"),
    "a name without end": (listing("x" * 1_000_000), "which no model folder holds"),
    "a size without end": (listing("model.onnx", bytes=10**4000), "at most .* are read"),
    "a negative size": (listing("model.onnx", bytes=-1), "at most .* are read"),
    "a size that is none": (listing("model.onnx", bytes=True), "it does not give `bytes` and `sha256`"),
    "a hash that is none": (listing("model.onnx", sha256=7), "it does not give `bytes` and `sha256`"),
    "facts that are none": (
        lambda folder: (folder / "manifest.json").write_text(
            '{"format_version": 1, "files": {"model.json": 1, "weights.safetensors": []}}'
        ),
        "it does not give `bytes` and `sha256`",
    ),
    "an empty list": (
        lambda folder: (folder / "manifest.json").write_text('{"format_version": 1, "files": {}}'),
        "it does not list model.json and weights.safetensors",
    ),
    "an unknown format of the manifest": (
        lambda folder: (folder / "manifest.json").write_text('{"format_version": 2, "files": {}}'),
        "format version 2 is not known here",
    ),
}

CLASSES = '"classes": ['
DESCRIPTIONS: dict[str, tuple[Harm, str]] = {
    "no text": (holding("model.json", b"\xff\xfe{\0}\0"), "this is not JSON"),
    "a list": (holding("model.json", b"[]"), "a JSON object was expected"),
    "nesting without end": (holding("model.json", b'{"a":' * 100_000), "this is not JSON"),
    "a name twice": (replaced("model.json", '"family"', '"views": "single", "family"'), "'views' is there twice"),
    "names twice without end": (
        holding("model.json", b"{" + b",".join(b'"%d": 0' % (k // 2) for k in range(300_000)) + b"}"),
        "'0' is there twice",
    ),
    "NaN": (replaced("model.json", '"temperature": 1.0', '"temperature": NaN'), "NaN is no number of JSON"),
    "infinity": (replaced("model.json", '"temperature": 1.0', '"temperature": 1e999'), "1e999 is too large a number"),
    "a number of 400 digits": (saying(temperature=10**400), "OverflowError"),
    "a number of 10,000 digits": (
        replaced("model.json", '"temperature": 1.0', '"temperature": ' + "9" * 10_000),
        "this is not JSON .*4300 digits",
    ),
    "half a character": (replaced("model.json", CLASSES, CLASSES + r'"\ud800", '), "surrogates not allowed"),
    "an unknown format": (saying(format_version=2), "format version 2 is not known here"),
    "a format without end": (saying(format_version="x" * 1_000_000), "is not known here"),
    "a way of pictures without end": (saying(pictures="x" * 1_000_000), "must be brought to it by"),
    "a format that is none": (saying(format_version=True), "format version True is not known here"),
    "classes that are no names": (saying(classes=[1, 2, 3]), "the classes must be a list of names"),
    "classes that are one name": (saying(classes="abc"), "the classes must be a list of names"),
    "a class twice": (saying(classes=["a", "a", "b"]), "at least two different names"),
    "an image without end": (saying(image={"height": 10**9, "width": 1, "channels": 1}), "an image cannot be"),
    "a mean that is none": (saying(preprocessing={"mean": ["nan"], "std": [1.0]}), "cannot have mean"),
    "a deviation of nothing": (saying(preprocessing={"mean": [1.0], "std": [0.0]}), "cannot have mean"),
    "a mean too many": (saying(preprocessing={"mean": [1.0, 2.0], "std": [1.0]}), "cannot have mean"),
    "views that there are not": (saying(views="__import__('os')"), "it cannot predict with"),
}


def from_other_data(folder: Path) -> None:
    """Weights of the same architecture, trained on brighter images."""
    tensors = load_file(folder / "weights.safetensors")
    tensors["standardise.mean"] += 1
    rewrite(folder, "weights.safetensors", save(tensors))


def from_another_model(folder: Path) -> None:
    statistics = (torch.zeros(1), torch.ones(1))
    other = build(MlpConfig(hidden=(32,)), ImageShape(12, 12, 1), 3, statistics, seed=0)
    rewrite(
        folder, "weights.safetensors", save({name: tensor.contiguous() for name, tensor in other.state_dict().items()})
    )


def weights(change: Callable[[dict[str, torch.Tensor]], object]) -> Harm:
    def harm(folder: Path) -> None:
        tensors = load_file(folder / "weights.safetensors")
        change(tensors)
        rewrite(folder, "weights.safetensors", save(tensors))

    return harm


def header(content: Any, *, length: int | None = None) -> bytes:
    """A safetensors file of a header alone."""
    text = content if isinstance(content, bytes) else json.dumps(content).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text


FIRST = "body.1.weight"
TENSOR = {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}
WEIGHTS: dict[str, tuple[Harm, str]] = {
    "NaN": (weights(lambda tensors: tensors[FIRST].fill_(float("nan"))), f"weights that are not numbers in {FIRST}"),
    "infinity": (weights(lambda tensors: tensors[FIRST][0].fill_(float("inf"))), "weights that are not numbers"),
    "complex numbers": (
        weights(lambda tensors: tensors.update({FIRST: tensors[FIRST].to(torch.complex64)})),
        "weights that are not numbers",
    ),
    "a tensor missing": (weights(lambda tensors: tensors.pop(FIRST)), f'Missing key.*"{FIRST}"'),
    "a tensor too many": (weights(lambda tensors: tensors.update(more=torch.ones(1))), 'Unexpected key.*"more"'),
    "another shape": (weights(lambda tensors: tensors.update({FIRST: torch.ones(1)})), "size mismatch"),
    "of another model": (from_another_model, "size mismatch|Missing key"),
    "of other data": (from_other_data, "the weights are another model's"),
    "no header": (holding("weights.safetensors", b""), "SafetensorError"),
    "a header of exabytes": (holding("weights.safetensors", header({}, length=1 << 62)), "more tensors than"),
    "a header of a megabyte that is not there": (
        holding("weights.safetensors", header({}, length=1 << 20)),
        "SafetensorError",
    ),
    "tensors without end": (
        holding("weights.safetensors", header({f"t{k}": {**TENSOR, "shape": [0]} for k in range(100_000)})),
        "more tensors than",
    ),
    "a header nested without end": (holding("weights.safetensors", header(b'{"a":' * 100_000)), "SafetensorError"),
    "a shape beyond all numbers": (
        holding("weights.safetensors", header({"a": {**TENSOR, "shape": [1 << 40, 1 << 40]}})),
        "SafetensorError",
    ),
    "a tensor beyond the end": (
        holding("weights.safetensors", header({"a": {**TENSOR, "shape": [1 << 30], "data_offsets": [0, 4 << 30]}})),
        "SafetensorError",
    ),
    "two tensors in one place": (
        holding("weights.safetensors", header({"a": TENSOR, "b": TENSOR}) + bytes(4)),
        "SafetensorError",
    ),
    "a pickle": (
        holding("weights.safetensors", b"\x80\x04\x8c\x05posix\x94\x8c\x06system\x94\x93."),
        "more tensors than",
    ),
    "an architecture of gigabytes": (saying(config={"hidden": [4096] * 64}), "Missing key"),
    "an architecture without end": (saying(config={"hidden": [1] * 100_000}), "must be 1 to 64 whole numbers"),
    "an ensemble in an ensemble": (
        saying(family="ensemble", config={"member": {"family": "ensemble"}}),
        "`member` must be one network, but got an ensemble",
    ),
    "a family that is a path": (saying(family="../../evil"), "There is no model family"),
}


CLAIMS = (
    *("a header of exabytes", "tensors without end", "a shape beyond all numbers", "a tensor beyond the end"),
    "an architecture of gigabytes",
)


def graph(change: Callable[[onnx.ModelProto], object]) -> Harm:
    def harm(folder: Path) -> None:
        model = onnx.load_model_from_string((folder / "model.onnx").read_bytes())
        change(model)
        rewrite(folder, "model.onnx", model.SerializeToString())

    return harm


def from_another_file(model: onnx.ModelProto) -> None:
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="../../../etc/passwd")


def gigabytes_from_nothing(model: onnx.ModelProto) -> None:
    shape = helper.make_tensor("shape", TensorProto.INT64, [2], [1 << 16, 1 << 16])
    model.graph.initializer.append(shape)
    model.graph.node.append(helper.make_node("ConstantOfShape", ["shape"], ["made"]))


GRAPHS: dict[str, tuple[Harm, str]] = {
    "external data": (graph(from_another_file), "lies in another file"),
    "gigabytes from nothing": (graph(gigabytes_from_nothing), "its steps give more than 536,870,912 numbers"),
    "an operator of its own": (
        graph(lambda model: model.opset_import.append(helper.make_opsetid("evil", 1))),
        "it needs operators of evil",
    ),
    "a function of its own": (
        graph(lambda model: model.functions.add(name="f", domain="")),
        "it has functions of its own",
    ),
    "weights that are not numbers": (
        graph(lambda model: model.graph.initializer.append(
            helper.make_tensor("more", TensorProto.FLOAT, [1], [float("nan")])
        )),
        "weights that are not numbers in more",
    ),
    "more classes": (
        graph(lambda model: setattr(model.graph.output[0].type.tensor_type.shape.dim[1], "dim_value", 10)),
        "it should give logits",
    ),
    "no graph": (holding("model.onnx", b"\x80\x04."), "this is no ONNX|it should take images"),
}  # fmt: skip
