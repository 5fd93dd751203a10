"""A runtime for a model folder, by name; what a runtime needs is imported when it is wanted."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TypedDict

from fashion_classifier.errors import MissingExtraError, ModelError, UnavailableError, UsageError
from fashion_classifier.inference.description import Description, read_description
from fashion_classifier.inference.manifest import INT8, ONNX, Manifest, steadily
from fashion_classifier.inference.runtimes.base import PRECISIONS, RUNTIMES, Runtime, RuntimeName
from fashion_classifier.limits import available_cores


class _How(TypedDict):
    """What both runtimes for ONNX are given besides the file."""

    threads: int
    precision: str
    place: str


def open_runtime(folder: Path, name: RuntimeName, precision: str | None = None, *, threads: int = 0) -> Runtime:
    """Open a model folder in a runtime.

    Parameters
    ----------
    folder
        A model folder.
    name
        "torch", "onnx" or "openvino".
    precision
        What to compute in; by default "float32", and with PyTorch what the model says.
    threads
        Threads to compute with; 0 for one a core.

    Raises
    ------
    UnavailableError
        If there is no model folder at that place, the runtime is not installed (`MissingExtraError`), or the processor
        has no bfloat16.
    ModelError
        If the folder is damaged, or has no ONNX for a runtime that needs one.
    UsageError
        If there is no such runtime, or it cannot compute in that precision.
    """

    def opened() -> Runtime:
        description, manifest = read_description(folder)
        return runtime_for(manifest, description, name, precision, threads=threads)

    return steadily(folder, opened)


def runtime_for(
    manifest: Manifest,
    description: Description,
    name: RuntimeName,
    precision: str | None = None,
    *,
    threads: int = 0,
    spinning: bool = True,
) -> Runtime:
    """Open a model folder that was read already; parameters and errors as for `open_runtime` and `OnnxRuntime`."""
    if name not in RUNTIMES:
        raise UsageError(f"There is no runtime {name!r}; there are {', '.join(RUNTIMES)}.")
    if precision is not None and precision not in PRECISIONS[name]:
        raise UsageError(f"{name} computes in {' or '.join(PRECISIONS[name])}, not in {precision}.")
    threads = threads or available_cores()
    if name == "torch":
        return _in_torch(manifest, description, precision, threads)
    precision = precision or "float32"
    file = INT8 if precision == "int8" else ONNX
    if file not in manifest.files:
        raise ModelError(
            f"{manifest.folder}: this model has no {file}, which {name} in {precision} needs; it was saved without, "
            "or by an older version. Predict with torch, or load the model and save it again."
        )
    content, shape, n_classes = manifest.read(file), description.shape, len(description.classes)
    how: _How = {"threads": threads, "precision": precision, "place": str(manifest.folder / file)}
    if name == "onnx":
        from fashion_classifier.inference.runtimes.onnx_runtime import OnnxRuntime

        return OnnxRuntime(content, shape, n_classes, spinning=spinning, **how)
    if not has_openvino():
        raise MissingExtraError(
            "OpenVINO is not installed: pip install 'fashion-images-classifier[openvino]', or take another runtime."
        )
    from fashion_classifier.inference.runtimes.open_vino import OpenVinoRuntime

    return OpenVinoRuntime(content, shape, n_classes, **how)


def has_openvino() -> bool:
    """Tell whether the extra is installed, without importing it."""
    return find_spec("openvino") is not None


def _in_torch(manifest: Manifest, description: Description, precision: str | None, threads: int) -> Runtime:
    """Load the network itself."""
    import torch

    from fashion_classifier.inference.bundle import assemble
    from fashion_classifier.inference.runtimes.pytorch import TorchRuntime, has_instructions, precision_here

    if precision == "bfloat16" and has_instructions("cpu") is False:
        raise UnavailableError("This processor has no instructions for bfloat16; predict in float32.")
    torch.set_num_threads(threads)
    model = assemble(description, manifest)
    return TorchRuntime(model.network, precision or precision_here(model.how.precision, "cpu"))
