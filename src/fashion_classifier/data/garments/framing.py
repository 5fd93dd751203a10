"""A garment cut out of a photograph and brought to Fashion-MNIST's form: light on black, filling the frame."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fashion_classifier.data.dataset import ImageShape

GREY = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601, as Pillow's "L"
DARKEST = 8.0  # level of the darkest garment: it stays apart from the background


class View(NamedTuple):
    """How a garment is looked at.

    Parameters
    ----------
    turn_degrees
        By how much it is turned, counter-clockwise.
    narrowing
        What its width is multiplied by, above 0: people spread sleeves out and lay garments wide; nobody did for
        Fashion-MNIST's images.
    """

    turn_degrees: float
    narrowing: float


def framed(rgb: NDArray[np.uint8], mask: NDArray[np.bool_], shape: ImageShape, view: View) -> NDArray[np.uint8]:
    """Bring a garment to the form of Fashion-MNIST's images.

    Cut out, grey, negated, trimmed, its longer side as long as the frame's, in the middle of black.

    Parameters
    ----------
    rgb
        uint8 array of shape (height, width, 3).
    mask
        bool array of shape (height, width), true for at least one pixel: where the garment is.
    shape
        Of the images wanted.
    view
        Turned and narrowed how.

    Returns
    -------
    uint8 array of shape (height, width) for one channel, (height, width, 3) for three

    References
    ----------
    Xiao, Rasul, Vollgraf: arXiv:1708.07747, section 2. Their images were on white, which negated is black.
    """
    negative = 255 - rgb @ GREY
    usual = float(negative[mask].mean())
    levels, cover = (
        Image.fromarray(layer.astype(np.float32)).rotate(
            view.turn_degrees, Image.Resampling.BILINEAR, expand=True, fillcolor=filling
        )
        for layer, filling in ((np.where(mask, negative, usual), usual), (mask, 0.0))
    )
    box = _extent(np.asarray(cover))
    width, height = (box[2] - box[0]) * view.narrowing, box[3] - box[1]
    scale = min(shape.width / width, shape.height / height)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    garment = np.asarray(levels.resize(size, Image.Resampling.LANCZOS, box=box)).clip(DARKEST, 255)
    share = np.asarray(cover.resize(size, Image.Resampling.BOX, box=box))
    share = np.where(share > 0.5, 1, share)  # where it is mostly garment, there is no edge
    top, left = (shape.height - size[1]) // 2, (shape.width - size[0]) // 2
    image = np.zeros(shape[:2], np.uint8)
    image[top : top + size[1], left : left + size[0]] = np.round(garment * share)
    return image if shape.channels == 1 else np.repeat(image[..., None], 3, axis=2)


def _extent(cover: NDArray[np.float32]) -> tuple[int, int, int, int]:
    """Return the box around what is mostly garment: left, top, right, bottom."""
    inside = cover >= min(0.5, float(cover.max()))
    rows, columns = np.flatnonzero(inside.any(1)), np.flatnonzero(inside.any(0))
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1
