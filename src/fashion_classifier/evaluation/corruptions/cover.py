"""Something in front of the garment: a square, or stripes; of a grey of its own for each image."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fashion_classifier.evaluation.corruptions.chance import Chance
from fashion_classifier.evaluation.corruptions.frame import Images, scaled

_PERIOD = 7.0  # pixels of an image of 28, from one stripe to the next
_DIAGONAL = 0.5**0.5
_ACROSS = np.array([(1, 0), (0, 1), (_DIAGONAL, _DIAGONAL), (_DIAGONAL, -_DIAGONAL)])  # the stripes: (down, right)


def occlusion(images: Images, side: float, chance: Chance) -> Images:
    """Cover a square whose side is this share of the image's shorter side, anywhere in the frame."""
    height, width = images.shape[1:3]
    size = max(1, round(side * min(height, width)))
    down = _inside(chance.choices("top", height - size + 1), size, height)
    right = _inside(chance.choices("left", width - size + 1), size, width)
    return _covered(images, down[:, :, None] & right[:, None], chance)


def stripes(images: Images, share: float, chance: Chance) -> Images:
    """Cover this share with parallel stripes, four over an image's side: upright, level or slanting, as they fall."""
    height, width = images.shape[1:3]
    period = scaled(_PERIOD, images)
    across = _ACROSS[chance.choices("direction", len(_ACROSS))][:, :, None, None] / period
    place = across[:, 0] * np.arange(height)[:, None] + across[:, 1] * np.arange(width)
    place += chance.shares("phase", 1, 1)
    return _covered(images, place - np.floor(place) < share, chance)


def _inside(start: NDArray[np.int64], size: int, length: int) -> NDArray[np.bool_]:
    """Tell which of `length` places lie within `size` from each start: (n, length)."""
    places = np.arange(length) - start[:, None]
    return (places >= 0) & (places < size)


def _covered(images: Images, cover: NDArray[np.bool_], chance: Chance) -> Images:
    """Return images with a grey where the cover of shape (n, height, width) is."""
    greys = chance.choices("grey", 256).astype(np.uint8)
    return np.where(cover[..., None], greys[:, None, None, None], images)
