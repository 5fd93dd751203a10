"""Trousers and bags."""

from __future__ import annotations

from dataclasses import dataclass

from fashion_classifier.data.sample.canvas import SIZE, Canvas, Chance, Span, Weights, curve, mirrored


@dataclass(frozen=True, kw_only=True)
class TrouserStyle:
    """How trousers look: spans in pixels, half widths."""

    length: Span
    waist: Span
    hip: Span
    ankle: Span  # x of the leg's outer edge at its end
    leg: Span  # width of the leg's end
    crotch: Span  # depth of the fork below the waist
    patterns: Weights


@dataclass(frozen=True, kw_only=True)
class BagStyle:
    """How bags look: spans in pixels, weights of choices, and probabilities."""

    width: Span
    height: Span
    taper: Span  # width above as a part of that below
    carriers: Weights
    patterns: Weights
    flap: float
    clasp: float
    zip_: float


def draw_trousers(canvas: Canvas, style: TrouserStyle, chance: Chance) -> None:
    """Draw trousers about the axis x = 0."""
    length, tone = chance.between(style.length), chance.between((0.35, 1.0))
    top = (SIZE - length) / 2
    waist, hip = chance.between(style.waist), chance.between(style.hip)
    ankle, leg, fork = chance.between(style.ankle), chance.between(style.leg), top + chance.between(style.crotch)
    shade, bottom = tone * chance.between((0.4, 0.8)), top + length
    knee = (hip + ankle) / 2 * chance.between((0.85, 1.02)), (fork + bottom) / 2
    right = [
        (0, top + chance.between((0, 0.8))),
        (waist, top),
        *curve((waist, top), (hip, (top + fork) / 2), (hip, fork), 4),
        *curve((hip, fork), knee, (ankle, bottom), 5),
        (ankle - leg, bottom),
        (chance.between((0.1, 0.5)), fork),
    ]
    for side in (right, mirrored(right)):
        canvas.fill([*side, (0, fork)], tone)
    canvas.stroke([(-waist, top + 1), (waist, top + 1)], 0.6, shade)
    if chance.happens(0.5):
        canvas.stroke([(0, top + 1), (0, fork)], 0.5, shade)
    if chance.happens(0.35):  # creases
        for sign in (1, -1):
            canvas.stroke([(sign * hip * 0.5, fork), (sign * (ankle - leg / 2), bottom)], 0.5, shade)


def draw_bag(canvas: Canvas, style: BagStyle, chance: Chance) -> None:
    """Draw a bag about the axis x = 0."""
    half, height = chance.between(style.width) / 2, chance.between(style.height)
    tone = chance.between((0.35, 1.0))
    shade, carrier = tone * chance.between((0.35, 0.8)), chance.one_of(style.carriers)
    reach = {"none": 0.0, "strap": chance.between((4, 13)), "handles": chance.between((3, 8)), "side": 0.0}[carrier]
    reach = min(reach, 26.5 - height)
    top = (SIZE - height + reach) / 2
    bottom, above = top + height, half * chance.between(style.taper)
    if reach:
        foot = above * chance.between((0.4, 0.95))
        peak = foot * chance.between((0.2, 1.1)), top - 2 * reach
        arc = curve((foot, top + 1), (peak[0], top - reach), (0, top - reach), 6)
        width = chance.between((0.5, 1.5))
        canvas.stroke([*arc, *mirrored(arc)], width, tone * chance.between((0.6, 1.0)))
    if carrier == "side":
        x = half + 1
        canvas.stroke([(-x, top), (-x, bottom - 1)], chance.between((0.6, 1.4)), shade)
        canvas.stroke([(above, top), (x, (top + bottom) / 2)], 0.7, shade)
    corner = chance.between((0.3, 3.0))
    right = [
        (0, top + chance.between((-0.8, 1.2))),
        *curve((above - corner, top), (above, top), (above, top + corner), 4),
        *curve((half, bottom - corner), (half, bottom), (half - corner, bottom), 4),
    ]
    canvas.fill([*right, *mirrored(right)], tone)
    if chance.happens(style.flap):
        depth = top + height * chance.between((0.3, 0.75))
        side = [(above, top), *curve((above, depth - 2), (above * 0.8, depth), (0, depth), 5)]
        canvas.fill([*side, *mirrored(side)], tone * chance.between((0.6, 0.95)))
        canvas.stroke([*side[1:], *mirrored(side[1:])], 0.5, shade)
    if chance.happens(style.clasp):
        y, size = top + height * chance.between((0.3, 0.6)), chance.between((0.6, 1.6))
        canvas.fill([(-size, y), (size, y), (size, y + size), (-size, y + size)], 1.0 if tone < 0.7 else shade * 0.5)
    if chance.happens(style.zip_):
        y = top + height * chance.between((0.12, 0.5))
        canvas.stroke([(-above * 0.85, y), (above * 0.85, y)], 0.6, shade * 0.7)


TROUSERS = TrouserStyle(
    length=(24, 27.5), waist=(3, 4.6), hip=(3.4, 5.4), ankle=(2.8, 6.6), leg=(1.8, 4.0), crotch=(6, 10),
    patterns={"plain": 0.5, "wash": 0.3, "flowers": 0.06, "pinstripes": 0.06, "melange": 0.08},
)
BAG = BagStyle(
    width=(14, 26),
    height=(8, 21),
    taper=(0.7, 1.08),
    carriers={"none": 0.3, "strap": 0.25, "handles": 0.33, "side": 0.12},
    patterns={"plain": 0.6, "flowers": 0.1, "checks": 0.08, "melange": 0.12, "blocks": 0.1},
    flap=0.35,
    clasp=0.4,
    zip_=0.35,
)
