"""Photographs that are drawn, so that it is known where the garment is."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

SIZE = (96, 72)  # height, width
FLOOR, CLOTH = (200, 185, 160), (60, 80, 150)


def jumper_mask() -> NDArray[np.bool_]:
    """Draw where a jumper lies, its sleeves apart from its body: bool of shape SIZE."""
    mask = Image.new("1", SIZE[::-1])
    draw = ImageDraw.Draw(mask)
    draw.rectangle((24, 20, 48, 78), fill=1)
    draw.polygon([(24, 20), (10, 66), (17, 68), (25, 40)], fill=1)
    draw.polygon([(48, 20), (62, 66), (55, 68), (47, 40)], fill=1)
    return np.asarray(mask)


def photograph(mask: NDArray[np.bool_], *, floor=FLOOR, cloth=CLOTH, noise=6.0, light=25.0, seed=0) -> Image.Image:
    """Photograph something of one cloth on a floor, lit from the left, with noise."""
    rng = np.random.default_rng(seed)
    pixels = np.where(mask[..., None], cloth, floor).astype(np.float64)
    pixels += light * np.linspace(1, -1, mask.shape[1])[None, :, None] + rng.normal(0, noise, pixels.shape)
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def overlap(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> float:
    """Return the intersection over the union of two masks."""
    return float((one & other).sum() / (one | other).sum())
