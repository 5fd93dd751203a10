"""OpenVINO on the CPU: an extra that gains most where the processor multiplies bfloat16 in hardware."""

from __future__ import annotations

from typing import ClassVar

import openvino

from fashion_classifier.data.dataset import Images, ImageShape
from fashion_classifier.errors import ModelError
from fashion_classifier.inference.runtimes.base import Logits, RuntimeName
from fashion_classifier.inference.runtimes.onnx_file import check_onnx

_TYPES = {"float32": "f32", "bfloat16": "bf16"}


class OpenVinoRuntime:
    """Predicts with OpenVINO.

    Parameters
    ----------
    content
        The bytes of an ONNX file.
    shape, n_classes
        What the model takes and gives.
    threads
        Threads to compute with; 0 for one a core.
    precision
        "float32" or "bfloat16".
    place
        What to call the file in a message.

    Raises
    ------
    ModelError
        If the file is not one that a model of this shape can have.
    """

    name: ClassVar[RuntimeName] = "openvino"
    batch_size: ClassVar[int] = 256

    def __init__(
        self,
        content: bytes,
        shape: ImageShape,
        n_classes: int,
        *,
        threads: int = 0,
        precision: str = "float32",
        place: str = "model.onnx",
    ) -> None:
        check_onnx(content, shape, n_classes, place)
        self.precision = precision
        settings = {
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_PRECISION_HINT": _TYPES[precision],
            "INFERENCE_NUM_THREADS": str(threads),
        }
        core = openvino.Core()
        try:
            compiled = core.compile_model(core.read_model(content), "CPU", settings)
        except RuntimeError as error:
            raise ModelError(f"{place}: OpenVINO cannot use it ({error}). Get the model again.") from error
        self._request = compiled.create_infer_request()

    def logits(self, images: Images) -> Logits:
        """Return a float32 array of shape (n, k)."""
        return self._request.infer([images], share_inputs=False)[0].copy()  # type: ignore[no-any-return]
