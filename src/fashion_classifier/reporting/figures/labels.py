"""Names beside points, written where nothing else stands."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product
from typing import Any

from matplotlib.axes import Axes

from fashion_classifier.reporting.figures.lettering import SMALL, text_width
from fashion_classifier.reporting.figures.sheet import Side, annotate

Box = tuple[float, float, float, float]  # left, bottom, right, top, in points from the axes' lower left corner


@dataclass
class Labels:
    """Finds room for names on axes whose limits are final.

    Parameters
    ----------
    width, height
        Of the axes, in points.
    """

    axes: Axes
    width: float
    height: float
    _taken: list[Box] = field(default_factory=list)

    def keep_free(self, x: float, y: float, radius: float = 4.5) -> None:
        """Note that a sign stands at a point of the data."""
        u, v = self._in_points(x, y)
        self._taken.append((u - radius, v - radius, u + radius, v + radius))

    def write(self, x: float, y: float, text: str, *, above: bool, weight: str = "normal", **style: Any) -> None:
        """Write a name above a point, or below it, or where it hides the least."""
        width = text_width(text, SMALL, weight)
        ways = list(_ways(above=above))
        boxes = [self._box(self._in_points(x, y), width, *way) for way in ways]
        best = min(range(len(ways)), key=lambda i: self._hidden(boxes[i]))
        side, dx, dy = ways[best]
        self._taken.append(boxes[best])
        annotate(self.axes, x, y, text, dx=dx, dy=dy, side=side, weight=weight, **style)

    def _in_points(self, x: float, y: float) -> tuple[float, float]:
        """Give the place of a point of the data."""
        (left, right), (low, high) = self.axes.get_xlim(), self.axes.get_ylim()
        return (x - left) / (right - left) * self.width, (y - low) / (high - low) * self.height

    @staticmethod
    def _box(point: tuple[float, float], width: float, side: Side, dx: float, dy: float) -> Box:
        """Give the room that a name takes."""
        left = point[0] + dx - {"left": 0.0, "center": 0.5, "right": 1.0}[side] * width
        middle = point[1] + dy
        return left, middle - SMALL / 2, left + width, middle + SMALL / 2

    def _hidden(self, box: Box) -> float:
        """Say how much a name would hide, or stand out of the axes, in square points."""
        left, bottom, right, top = box
        outside = max(0.0, -left) + max(0.0, right - self.width) + max(0.0, -bottom)
        overlaps = (
            max(0.0, min(right, other[2]) - max(left, other[0])) * max(0.0, min(top, other[3]) - max(bottom, other[1]))
            for other in self._taken
        )
        return 100 * outside + sum(overlaps)


def _ways(*, above: bool) -> Iterator[tuple[Side, float, float]]:
    """Give the places of a name relative to its point: text side, and points to the right and upwards."""
    dys = (15.0, -15.0) if above else (-15.0, 15.0)
    sides: tuple[tuple[Side, float], ...] = (("center", 0.0), ("left", -5.0), ("right", 5.0))
    for dy, (side, dx) in product(dys, sides):
        yield side, dx, dy
    yield "left", 13.0, 0.0
    yield "right", -13.0, 0.0
