"""The protocol behind which every runtime stands, and what they share."""

from __future__ import annotations

from typing import Literal, Protocol, get_args

import numpy as np
from numpy.typing import NDArray

from fashion_classifier.data.dataset import Images

Logits = NDArray[np.float32]  # (n, k)
RuntimeName = Literal["torch", "onnx", "openvino"]
Precision = Literal["float32", "bfloat16", "int8"]

RUNTIMES: tuple[RuntimeName, ...] = get_args(RuntimeName)
PRECISIONS: dict[RuntimeName, tuple[Precision, ...]] = {
    "torch": ("float32", "bfloat16"),
    "onnx": ("float32", "int8"),
    "openvino": ("float32", "bfloat16", "int8"),
}


class Runtime(Protocol):
    """Grey levels in, logits out; softmax, views and all that comes after them are the predictor's."""

    @property
    def name(self) -> RuntimeName:
        """Which runtime it is."""

    @property
    def precision(self) -> str:
        """What it computes in: "float32", "bfloat16" or "int8"."""

    @property
    def batch_size(self) -> int:
        """Number of images that it is best given at once."""

    def logits(self, images: Images) -> Logits:
        """Return a float32 array of shape (n, k).

        Parameters
        ----------
        images
            uint8 array of shape (n, height, width) or (n, height, width, 3), n at least 1.
        """
