"""Silhouettes of other things, with light and surface of their own."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fashion_classifier.evaluation.strangers.known import Known, Picture
from fashion_classifier.evaluation.strangers.sketch import Sketch
from fashion_classifier.evaluation.strangers.things import THINGS

STRIPED = 0.2  # share of the things that have stripes
GRAIN = 0.12  # greatest standard deviation of the surface's tone


def silhouette(known: Known, rng: np.random.Generator) -> Picture:
    """Draw one of the things, in a colour of the known images."""
    height, width, _ = known.shape
    sketch = Sketch(height, width, rng)
    tuple(THINGS.values())[rng.integers(len(THINGS))](sketch, rng)
    return known.painted(np.clip(sketch.tones() * _surface(height, width, rng), 0, 1), rng)


def _surface(height: int, width: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return factors of shape (height, width): light from one side, grain, and now and then stripes."""
    down, across = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    angle = rng.uniform(0, 2 * np.pi)
    along = np.cos(angle) * across + np.sin(angle) * down
    light: NDArray[np.float64] = (
        1 + rng.uniform(0, 0.3) * along + rng.uniform(0, GRAIN) * rng.standard_normal((height, width))
    )
    if rng.random() < STRIPED:
        light = light * np.where(np.sin(along * rng.uniform(8, 16)) > 0, 1, rng.uniform(0.4, 0.8))
    return light
