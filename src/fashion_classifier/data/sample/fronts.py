"""What is on the front of a top: collar, closure, pockets, a motif."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from fashion_classifier.data.sample.canvas import Canvas, Chance, Point, mirrored, whole


@dataclass(frozen=True)
class Body:
    """The lines from which everything on a top is measured (the right half), and its tones."""

    neck: Point
    shoulder: Point
    armpit: Point
    waist: Point
    hem: Point
    tone: float
    shade: float
    accent: float  # darker or paler than the tone, well to be seen


def draw_collar(canvas: Canvas, body: Body, kind: str, contrast: bool, chance: Chance) -> None:
    """Draw a collar of `COLLARS` or none, in another tone than the top if it is to contrast."""
    if kind != "none":
        plain = min(1.0, body.tone * chance.between((0.7, 1.25)))
        COLLARS[kind](canvas, body, body.accent if contrast else plain, chance)


def draw_closure(canvas: Canvas, body: Body, kind: str, chance: Chance) -> None:
    """Draw what closes the front, of `CLOSURES` or nothing."""
    if kind != "none":
        CLOSURES[kind](canvas, body, chance)


def draw_pockets(canvas: Canvas, body: Body, chance: Chance) -> None:
    """Draw pockets on the breast or on the hips, on one side or on both."""
    x, y = body.waist[0] * 0.55, body.armpit[1] if chance.happens(0.4) else body.waist[1] + 3
    half, depth = chance.between((1.0, 2.2)), chance.between((0.3, 3.5))
    rim = [(x - half, y), (x + half, y), (x + half, y + depth), (x - half, y + depth), (x - half, y)]
    canvas.stroke(rim, 0.5, body.shade)
    if chance.happens(0.7):
        canvas.stroke(mirrored(rim), 0.5, body.shade)


def draw_motif(canvas: Canvas, body: Body, chance: Chance) -> None:
    """Draw something like letters or a picture on the breast."""
    y = body.armpit[1] + chance.between((-1.0, 2.0))
    for _bar in range(chance.count(1, 4)):
        left, right, height = chance.between((-4.0, -1.0)), chance.between((1.0, 4.0)), chance.between((1.0, 3.0))
        canvas.fill([(left, y), (right, y), (right, y + height), (left, y + height)], body.accent)
        y += height + chance.between((-0.5, 1.5))


def _stand_up_collar(canvas: Canvas, body: Body, tone: float, _: Chance) -> None:
    x, top = body.neck
    canvas.fill(whole([(x * 0.8, top - 1.4), (x, top + 1)]), tone)
    canvas.stroke([(-x, top + 0.9), (x, top + 0.9)], 0.5, body.shade)


def _hood(canvas: Canvas, body: Body, tone: float, _: Chance) -> None:
    x, top = body.neck
    canvas.fill(
        whole([(0, top - 1.6), (x + 1.0, top - 1.4), (x + 1.6, top), (x + 0.9, top + 2.4), (0, top + 3.2)]), tone
    )
    canvas.fill([(-x * 0.6, top), (x * 0.6, top), (0, top + 2.6)], body.shade)


def _turndown_collar(canvas: Canvas, body: Body, tone: float, chance: Chance) -> None:
    x, top = body.neck
    tip = x * chance.between((0.5, 1.0)), top + chance.between((2.1, 3.3))
    _draw_leaves(canvas, body, (0, top + 1.5), tip, tone)


def _lapels(canvas: Canvas, body: Body, tone: float, chance: Chance) -> None:
    x, top = body.neck
    depth = chance.between((6.0, 12.0))
    tip = x + chance.between((0.2, 1.4)), top + depth / 2 + 1
    _draw_leaves(canvas, body, (0, top + depth), tip, tone)


def _draw_leaves(canvas: Canvas, body: Body, middle: Point, tip: Point, tone: float) -> None:
    """Draw the two leaves of a collar, and what is seen between them."""
    x, top = body.neck
    canvas.fill([middle, (x * 0.6, top - 0.9), (-x * 0.6, top - 0.9)], body.accent)
    leaf = [middle, tip, (x + 0.7, top + 0.5), (x * 0.6, top - 0.9)]
    for side in (leaf, mirrored(leaf)):
        canvas.fill(side, tone)
        canvas.stroke(side, 0.5, body.shade)


def _open_front(canvas: Canvas, body: Body, chance: Chance) -> None:
    above, below = chance.between((0.8, 2.2)), chance.between((1.6, 3.6))
    canvas.fill(whole([(above, body.neck[1]), (below, body.hem[1])]), body.accent)


def _zip(canvas: Canvas, body: Body, chance: Chance) -> None:
    start = body.neck[1] + chance.between((1.0, 3.0))
    canvas.stroke([(0, start), (0, body.hem[1])], chance.between((0.8, 1.6)), body.accent)


def _button_row(canvas: Canvas, body: Body, chance: Chance) -> None:
    start = body.neck[1] + chance.between((1.0, 3.0))
    _draw_buttons(canvas, body, start, body.hem[1], chance)


def _placket(canvas: Canvas, body: Body, chance: Chance) -> None:
    start = body.neck[1] + chance.between((1.0, 3.0))
    _draw_buttons(canvas, body, start, start + chance.between((4, 8)), chance)


def _draw_buttons(canvas: Canvas, body: Body, start: float, end: float, chance: Chance) -> None:
    """Draw a seam and square buttons along it."""
    x, step, size = chance.between((-0.5, 0.5)), chance.between((1.8, 3.2)), chance.between((1.0, 1.5))
    canvas.stroke([(x - 0.6, start), (x - 0.6, end)], 0.5, body.shade)
    for k in range(int((end - start) / step)):
        y = start + (k + 0.3) * step
        canvas.fill([(x, y), (x + size, y), (x + size, y + size), (x, y + size)], body.accent)


COLLARS: Mapping[str, Callable[[Canvas, Body, float, Chance], None]] = {
    "stand": _stand_up_collar,
    "turndown": _turndown_collar,
    "lapels": _lapels,
    "hood": _hood,
}
CLOSURES: Mapping[str, Callable[[Canvas, Body, Chance], None]] = {
    "open": _open_front,
    "zip": _zip,
    "buttons": _button_row,
    "placket": _placket,
}
