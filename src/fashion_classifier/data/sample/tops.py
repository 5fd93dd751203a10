"""What is worn on the upper body: five kinds that one program draws and that differ in their traits alone."""

from __future__ import annotations

from collections.abc import Mapping
from math import sqrt

from fashion_classifier.data.sample.canvas import SIZE, Canvas, Chance, Point, Span, curve, mirrored, whole
from fashion_classifier.data.sample.fronts import Body, draw_closure, draw_collar, draw_motif, draw_pockets
from fashion_classifier.data.sample.styles import TopStyle

# How far the outer end of the cuff lies from the shoulder: outwards and down.
SLEEVES: Mapping[str, tuple[Span, Span]] = {
    "cap": ((0.6, 2.0), (1.5, 3.0)),
    "short": ((2.4, 4.6), (3.5, 6.5)),
    "half": ((2.6, 4.6), (8.0, 11.5)),
    "long": ((1.8, 4.8), (16.5, 23.0)),
}


def draw_top(style: TopStyle, canvas: Canvas, chance: Chance) -> None:
    """Draw a top about the axis of the canvas."""
    body = _measure(style, chance)
    ribs = chance.happens(style.ribs)
    _draw_sleeves(canvas, body, style, ribs, chance)
    _draw_trunk(canvas, body, style, ribs, chance)
    draw_closure(canvas, body, chance.one_of(style.closures), chance)
    draw_collar(canvas, body, chance.one_of(style.collars), chance.happens(style.contrast), chance)
    if chance.happens(style.pockets):
        draw_pockets(canvas, body, chance)
    if chance.happens(style.motif):
        draw_motif(canvas, body, chance)
    if chance.happens(style.belt):
        x, y = body.waist
        canvas.stroke([(-x, y), (x, y)], chance.between((0.8, 1.8)), body.accent)


def _measure(style: TopStyle, chance: Chance) -> Body:
    """Draw the traits of which everything else makes use."""
    length, chest = chance.between(style.length), chance.between(style.chest)
    top, neck, tone = (SIZE - length) / 2, chance.between((1.8, 3.2)), chance.between((0.35, 0.95))
    shoulder = max(chance.between(style.shoulder), neck + 0.8), top + chance.between((0.6, 2.2))
    darker = tone * chance.between((0.1, 0.5))
    return Body(
        neck=(neck, top),
        shoulder=shoulder,
        armpit=(chest, shoulder[1] + chance.between((4.2, 6.5))),
        waist=(chest * chance.between(style.waist), top + length * chance.between((0.42, 0.6))),
        hem=(chest * chance.between(style.hem), top + length),
        tone=tone,
        shade=tone * chance.between((0.4, 0.8)),
        accent=darker if chance.happens(0.2 + 0.6 * tone) else 1.0,
    )


def _draw_sleeves(canvas: Canvas, body: Body, style: TopStyle, ribs: bool, chance: Chance) -> None:
    """Draw both sleeves, with a shadow towards the trunk."""
    kind = chance.one_of(style.sleeves)
    if kind == "none":
        return
    (x, y), width = body.shoulder, chance.between(style.sleeve_width)
    outwards, down = (chance.between(span) for span in SLEEVES[kind])
    down = min(down, body.hem[1] + 0.5 - y)
    arm = sqrt(outwards * outwards + down * down)
    outer = x + outwards, y + down
    inner = outer[0] - down / arm * width, outer[1] + outwards / arm * width
    elbow = x + outwards * chance.between((0.5, 0.95)), y + down * chance.between((0.1, 0.3))
    sleeve = [*curve((x - 0.8, y - 0.3), elbow, outer), inner, body.armpit, (x - 2, body.armpit[1])]
    cuff = [(outer[0], outer[1] - 0.6), (inner[0], inner[1] - 0.6)]
    tone = body.shade if chance.happens(0.12) else body.tone * chance.between((0.85, 1.0))
    for side in (list, mirrored):
        canvas.fill(side(sleeve), tone)
        if ribs:
            canvas.stroke(side(cuff), 1.6, body.shade)
        canvas.stroke(side([body.armpit, inner]), 0.8, 0)


def _draw_trunk(canvas: Canvas, body: Body, style: TopStyle, ribs: bool, chance: Chance) -> None:
    """Draw the trunk with its neckline, and the inside of the back seen through it."""
    neckline = _neckline(body, chance.one_of(style.necklines), chance)
    if chance.happens(0.6):
        canvas.fill(whole([neckline[0], body.neck, (0, body.neck[1] + 0.7)]), body.shade)
    outline = [
        *neckline,
        *curve(body.shoulder, (body.armpit[0] - 0.6, body.armpit[1] - 1.5), body.armpit, 4),
        *curve(body.armpit, body.waist, body.hem),
        (0, body.hem[1] + chance.between((-0.6, 0.9))),
    ]
    canvas.fill(whole(outline), body.tone)
    if ribs:
        x, y = body.hem
        canvas.stroke([(-x, y - 0.8), (x, y - 0.8)], chance.between((1.2, 2.4)), body.shade)
    if chance.happens(0.6):
        canvas.stroke([*mirrored(neckline), *neckline], 0.6, body.shade)


def _neckline(body: Body, kind: str, chance: Chance) -> list[Point]:
    """Return the right half of the neckline, from the middle to the neck."""
    x, top = body.neck
    if kind == "v":
        return [(0, top + chance.between((3.0, 8.0))), body.neck]
    if kind == "round":
        depth = top + chance.between((1.2, 4.5))
        return curve((0, depth), (x, depth), body.neck)
    if kind == "square":
        depth = top + chance.between((1.5, 4.5))
        return [(0, depth), (x * 0.9, depth), body.neck]
    return [(0, top + chance.between((0.0, 1.0))), body.neck]  # closed
