"""Small pictures as data URIs, which a page or a program can show at once."""

from __future__ import annotations

import base64
import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fashion_classifier.data.pictures import Pixels


def png(image: Pixels) -> bytes:
    """Write grey levels of shape (height, width), or colours of shape (height, width, 3), as PNG."""
    file = io.BytesIO()
    Image.fromarray(image).save(file, "PNG")
    return file.getvalue()


def data_uri(image: Pixels) -> str:
    """Write an image as a data URI."""
    return "data:image/png;base64," + base64.b64encode(png(image)).decode()


def heat(values: NDArray[np.float64]) -> Pixels:
    """Bring values of shape (height, width), at least 0, to grey levels: 0 for 0, 255 for the largest."""
    largest = values.max()
    levels: Pixels = (
        np.zeros(values.shape, np.uint8) if largest == 0 else (values / largest * 255).round().astype(np.uint8)
    )
    return levels
