"""Bags: with handles, a strap, or none, and with flap, clasp and zip as it comes."""

from __future__ import annotations

from dataclasses import dataclass

from fashion_classifier.data.sample.canvas import SIZE, Canvas, Chance, curve, mirrored, whole
from fashion_classifier.data.sample.styles import BagStyle


@dataclass(frozen=True)
class _Body:
    """The outlines of a bag: half its width above and below, its heights, and its tones."""

    top: float
    bottom: float
    above: float
    below: float
    tone: float
    shade: float


REACH = {"strap": (4.0, 13.0), "handles": (3.0, 8.0)}  # how far carriers stand above the bag


def draw_bag(style: BagStyle, canvas: Canvas, chance: Chance) -> None:
    """Draw a bag, in the middle of the canvas."""
    carrier = chance.one_of(style.carriers)
    height, below = chance.between(style.height), chance.between(style.width) / 2
    reach = min(chance.between(REACH.get(carrier, (0.0, 0.0))), SIZE - 1.5 - height)
    top, tone = (SIZE - height + reach) / 2, chance.between((0.35, 1.0))
    body = _Body(
        top=top,
        bottom=top + height,
        above=below * chance.between(style.taper),
        below=below,
        tone=tone,
        shade=tone * chance.between((0.35, 0.8)),
    )
    if reach:
        _draw_carrier(canvas, body, reach, chance)
    elif carrier == "side":
        _draw_side_strap(canvas, body, chance)
    _draw_body(canvas, body, chance)
    if chance.happens(style.flap):
        _draw_flap(canvas, body, chance)
    if chance.happens(style.clasp):
        _draw_clasp(canvas, body, chance)
    if chance.happens(style.zip_):
        y = body.top + height * chance.between((0.12, 0.5))
        canvas.stroke([(-body.above * 0.85, y), (body.above * 0.85, y)], 0.6, body.shade * 0.7)


def _draw_carrier(canvas: Canvas, body: _Body, reach: float, chance: Chance) -> None:
    """Draw a handle or a strap that rises above the bag."""
    foot = body.above * chance.between((0.4, 0.95))
    pull = foot * chance.between((0.2, 1.1)), body.top - reach
    arc = curve((foot, body.top + 1), pull, (0, body.top - reach))
    width = chance.between((0.5, 1.5))
    canvas.stroke([*arc, *mirrored(arc)], width, body.tone * chance.between((0.6, 1.0)))


def _draw_side_strap(canvas: Canvas, body: _Body, chance: Chance) -> None:
    """Draw a strap that hangs down beside the bag."""
    x = body.below + 1
    canvas.stroke([(-x, body.top), (-x, body.bottom - 1)], chance.between((0.6, 1.4)), body.shade)
    canvas.stroke([(body.above, body.top), (x, (body.top + body.bottom) / 2)], 0.7, body.shade)


def _draw_body(canvas: Canvas, body: _Body, chance: Chance) -> None:
    """Draw the bag itself, its corners more or less round."""
    corner = chance.between((0.3, 3.0))
    (x, y), (low_x, low_y) = (body.above, body.top), (body.below, body.bottom)
    right = [
        (0, y + chance.between((-0.8, 1.2))),
        *curve((x - corner, y), (x, y), (x, y + corner), 4),
        *curve((low_x, low_y - corner), (low_x, low_y), (low_x - corner, low_y), 4),
    ]
    canvas.fill(whole(right), body.tone)


def _draw_flap(canvas: Canvas, body: _Body, chance: Chance) -> None:
    """Draw a flap that closes the bag from above."""
    depth = body.top + (body.bottom - body.top) * chance.between((0.3, 0.75))
    edge = curve((body.above, depth - 2), (body.above * 0.8, depth), (0, depth), 5)
    right = [(body.above, body.top), *edge]
    canvas.fill(whole(right), body.tone * chance.between((0.6, 0.95)))
    canvas.stroke([*edge, *mirrored(edge)], 0.5, body.shade)


def _draw_clasp(canvas: Canvas, body: _Body, chance: Chance) -> None:
    """Draw a clasp that shines on a dark bag, and is dark on a pale one."""
    half = chance.between((0.6, 1.6))
    y = body.top + (body.bottom - body.top) * chance.between((0.3, 0.6))
    tone = 1.0 if body.tone < 0.7 else body.shade * 0.5
    canvas.fill([(-half, y), (half, y), (half, y + half), (-half, y + half)], tone)
