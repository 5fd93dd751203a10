"""Trousers, seen from the front."""

from __future__ import annotations

from fashion_classifier.data.sample.canvas import SIZE, Canvas, Chance, curve, mirrored
from fashion_classifier.data.sample.styles import TrouserStyle


def draw_trousers(style: TrouserStyle, canvas: Canvas, chance: Chance) -> None:
    """Draw trousers about the axis of the canvas."""
    length, waist, hip = (chance.between(span) for span in (style.length, style.waist, style.hip))
    ankle, leg, tone = chance.between(style.ankle), chance.between(style.leg), chance.between((0.35, 1.0))
    top, bottom, shade = (SIZE - length) / 2, (SIZE + length) / 2, tone * chance.between((0.4, 0.8))
    fork = top + chance.between(style.fork)
    knee = (hip + ankle) / 2 * chance.between((0.85, 1.02)), (fork + bottom) / 2
    right = [
        (0, top + chance.between((0, 0.8))),
        *curve((waist, top), (hip, (top + fork) / 2), (hip, fork), 4),
        *curve((hip, fork), knee, (ankle, bottom), 5),
        (ankle - leg, bottom),
        (chance.between((0.1, 0.5)), fork),
        (0, fork),
    ]
    canvas.fill(right, tone)
    canvas.fill(mirrored(right), tone)
    canvas.stroke([(-waist, top + 1), (waist, top + 1)], 0.6, shade)
    if chance.happens(style.fly):
        canvas.stroke([(0, top + 1), (0, fork)], 0.5, shade)
    if chance.happens(style.crease):
        for sign in (1, -1):
            canvas.stroke([(sign * hip * 0.5, fork), (sign * (ankle - leg / 2), bottom)], 0.5, shade)
