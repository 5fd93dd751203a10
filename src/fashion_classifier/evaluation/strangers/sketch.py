"""What things are drawn with: a sheet in a pose of its own, and outlines.

Coordinates run from -1 to 1, x to the right and y downwards.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from fashion_classifier.data.sample.canvas import Point

FINENESS = 4  # sheet points a pixel, each way
TURN = 0.35  # radians, to either side
SIZES = (0.7, 0.95)  # of the drawing, in shorter sides of the image
SQUEEZE = 0.8  # least factor by which it is made lower or narrower than that
SHIFT = 0.06  # of the shorter side, each way


class Sketch:
    """A drawing in tones from 0 (background) to 1, whose size, place, turn and direction are drawn by chance.

    Parameters
    ----------
    height, width
        Of the image, in pixels.
    """

    def __init__(self, height: int, width: int, rng: np.random.Generator) -> None:
        side = FINENESS * min(height, width)
        turn, facing = rng.uniform(-TURN, TURN), rng.choice((-1, 1))
        across, down = side / 2 * rng.uniform(*SIZES) * rng.uniform(SQUEEZE, 1, 2)
        cosine, sine = math.cos(turn), math.sin(turn)
        self._axes = np.array([[cosine, sine], [-sine, cosine]]) * [[facing * across], [down]]
        self._middle = FINENESS * np.array([width, height]) / 2 + side * rng.uniform(-SHIFT, SHIFT, 2)
        self._unit = (across + down) / 2
        self._image = Image.new("L", (FINENESS * width, FINENESS * height))
        self._draw = ImageDraw.Draw(self._image)

    def fill(self, outline: Sequence[Point], tone: float = 1.0) -> None:
        """Fill a polygon."""
        self._draw.polygon(self._place(outline), fill=round(255 * tone))

    def stroke(self, path: Sequence[Point], width: float, tone: float = 1.0) -> None:
        """Draw an open line; the width is in the unit of the coordinates."""
        points = max(1, round(width * self._unit))
        self._draw.line(self._place(path), fill=round(255 * tone), width=points, joint="curve")

    def tones(self) -> NDArray[np.float64]:
        """Return the drawing as float64 array of shape (height, width), 0 to 1."""
        return np.asarray(self._image.reduce(FINENESS)) / 255

    def _place(self, points: Sequence[Point]) -> list[Point]:
        """Move points of the drawing to their places on the sheet."""
        placed = np.array(points) @ self._axes + self._middle
        return [(x, y) for x, y in placed.round().tolist()]


def oval(middle: Point, across: float, down: float, n_points: int = 24) -> list[Point]:
    """Return the outline of an oval with these radii."""
    angles = [2 * math.pi * step / n_points for step in range(n_points)]
    return [(middle[0] + across * math.cos(angle), middle[1] + down * math.sin(angle)) for angle in angles]


def box(left: float, top: float, right: float, bottom: float) -> list[Point]:
    """Return the outline of a rectangle."""
    return [(left, top), (right, top), (right, bottom), (left, bottom)]
