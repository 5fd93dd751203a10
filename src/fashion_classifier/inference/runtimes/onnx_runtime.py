"""ONNX Runtime on the CPU: what predicts by default."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import onnxruntime
from numpy.typing import NDArray

from fashion_classifier.data.dataset import Images, ImageShape
from fashion_classifier.errors import ModelError
from fashion_classifier.inference.runtimes.base import Logits, RuntimeName
from fashion_classifier.inference.runtimes.onnx_file import check_onnx


class OnnxRuntime:
    """Predicts with ONNX Runtime.

    Parameters
    ----------
    content
        The bytes of an ONNX file.
    shape, n_classes
        What the model takes and gives.
    threads
        Threads to compute with; 0 for one a core.
    precision
        What the file computes in: "float32", or "int8" for one that was quantised.
    place
        What to call the file in a message.
    spinning
        Whether threads spin while they wait: quicker for a single image, but they take the cores from whatever decodes
        pictures beside them (docs/decisions/0008).

    Raises
    ------
    ModelError
        If the file is not one that a model of this shape can have.
    """

    name: ClassVar[RuntimeName] = "onnx"
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
        spinning: bool = True,
    ) -> None:
        check_onnx(content, shape, n_classes, place)
        self.precision, self._place = precision, place
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        options.add_session_config_entry("session.intra_op.allow_spinning", "1" if spinning else "0")
        try:
            self._session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        except Exception as error:
            raise ModelError(f"{place}: ONNX Runtime cannot use it ({error}). Get the model again.") from error

    def logits(self, images: Images) -> Logits:
        """Return a float32 array of shape (n, k)."""
        try:
            found: Logits = self._session.run(["logits"], {"images": images})[0]
        except Exception as error:
            raise ModelError(f"{self._place}: ONNX Runtime fails in it ({error}). Get the model again.") from error
        return found


def plain_session(place: Path) -> Callable[[Images], dict[str, NDArray[Any]]]:
    """Open an exported file as anybody would, with nothing but its path.

    Returns
    -------
    Callable
        From images to answers, by name.

    Raises
    ------
    ModelError
        If ONNX Runtime cannot use it.
    """
    try:
        session = onnxruntime.InferenceSession(str(place), providers=["CPUExecutionProvider"])
    except Exception as error:
        raise ModelError(f"{place.name}: ONNX Runtime cannot use it ({error}). Export the model otherwise.") from error
    names = [output.name for output in session.get_outputs()]

    def answer(images: Images) -> dict[str, NDArray[Any]]:
        return dict(zip(names, session.run(names, {"images": images}), strict=True))

    return answer
