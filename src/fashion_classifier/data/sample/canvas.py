"""What the garments are drawn with: chance, curves, and a supersampled canvas.

Only NumPy's generator, elementary arithmetic, and polygons and lines between whole points are used, so that a seed
gives the same pixels on every platform.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

SIZE: Final = 28  # pixels, the side of an image; all lengths here are in these pixels, x to the right, y downwards
FINENESS: Final = 4  # canvas points a pixel, each way

Span = tuple[float, float]  # the lowest and the highest value of a trait
Weights = Mapping[str, float]  # how often each choice is taken, relative to the others
Point = tuple[float, float]
Choice = TypeVar("Choice")


class Chance:
    """The chance that shapes one image.

    Parameters
    ----------
    seeds
        Non-negative numbers; equal ones give equal chance.
    """

    def __init__(self, *seeds: int) -> None:
        self._generator = np.random.default_rng(seeds)

    def between(self, span: Span) -> float:
        """Draw a number from a span, each value as likely as any other."""
        low, high = span
        return low + (high - low) * self._generator.random()

    def happens(self, probability: float) -> bool:
        """Say whether something of this probability happens."""
        return self._generator.random() < probability

    def count(self, lowest: int, highest: int) -> int:
        """Draw a whole number, each as likely as any other."""
        return lowest + int(self._generator.random() * (highest + 1 - lowest))

    def one_of(self, weights: Mapping[Choice, float]) -> Choice:
        """Draw a choice by its weight."""
        rest = self._generator.random() * sum(weights.values())
        for choice, weight in weights.items():
            rest -= weight
            if rest < 0:
                return choice
        return choice

    def grid(self, height: int, width: int) -> NDArray[np.float64]:
        """Draw an array of shape (height, width) of numbers from 0 to 1."""
        return self._generator.random((height, width))


def curve(start: Point, pull: Point, end: Point, n_points: int = 6) -> list[Point]:
    """Return points of the quadratic Bézier curve from `start` to `end`, drawn towards `pull`."""
    points = []
    for step in range(n_points):
        t = step / (n_points - 1)
        a, b, c = (1 - t) * (1 - t), 2 * t * (1 - t), t * t
        points.append((a * start[0] + b * pull[0] + c * end[0], a * start[1] + b * pull[1] + c * end[1]))
    return points


def mirrored(points: Iterable[Point]) -> list[Point]:
    """Return the points on the other side of the axis x = 0, in reverse."""
    return [(-x, y) for x, y in points][::-1]


def whole(right: Sequence[Point]) -> list[Point]:
    """Return the outline of which this is the right half."""
    return [*right, *mirrored(right)]


class Canvas:
    """A black square on which a garment is drawn in grey tones; x is 0 on its axis, y is 0 on its upper edge.

    Parameters
    ----------
    turn
        Tangent of half the angle by which the drawing is turned about the middle, clockwise.
    scale
        Factors by which the drawing is made wider and higher; a negative width mirrors it.
    shift
        Pixels by which it is moved to the right and down.
    """

    def __init__(self, *, turn: float, scale: Point, shift: Point) -> None:
        cosine, sine = (1 - turn * turn) / (1 + turn * turn), 2 * turn / (1 + turn * turn)
        self._across = FINENESS * scale[0] * cosine, -FINENESS * scale[1] * sine
        self._down = FINENESS * scale[0] * sine, FINENESS * scale[1] * cosine
        self._middle = FINENESS * (SIZE / 2 + shift[0]), FINENESS * (SIZE / 2 + shift[1])
        self._image = Image.new("L", (SIZE * FINENESS, SIZE * FINENESS))
        self._draw = ImageDraw.Draw(self._image)

    def fill(self, outline: Sequence[Point], tone: float) -> None:
        """Fill a polygon with a tone from 0 (black) to 1 (white)."""
        self._draw.polygon(self._place(outline), fill=_grey(tone))

    def stroke(self, path: Sequence[Point], width: float, tone: float) -> None:
        """Draw an open line of this width in pixels."""
        self._draw.line(self._place(path), fill=_grey(tone), width=max(1, round(width * FINENESS)))

    def pixels(self) -> NDArray[np.uint8]:
        """Return the drawing as uint8 array of shape (28, 28)."""
        return np.asarray(self._image.reduce(FINENESS))

    def _place(self, points: Sequence[Point]) -> list[Point]:
        """Move points of the drawing to their places on the fine canvas."""
        (xx, xy), (yx, yy) = self._across, self._down
        (mx, my), half = self._middle, SIZE / 2
        return [(round(mx + xx * x + xy * (y - half)), round(my + yx * x + yy * (y - half))) for x, y in points]


def _grey(tone: float) -> int:
    """Return the grey level of a tone; black is kept for what is no garment."""
    return 0 if tone <= 0 else min(255, max(8, round(255 * tone)))
