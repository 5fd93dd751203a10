"""What is worn on the upper body: five kinds that one program draws and that differ in their traits alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt

from fashion_classifier.data.sample.canvas import SIZE, Canvas, Chance, Point, Span, Weights, curve, mirrored

# How far the outer end of the cuff lies from the shoulder: outwards and down.
SLEEVES: Mapping[str, tuple[Span, Span]] = {
    "cap": ((0.6, 2.0), (1.5, 3.0)),
    "short": ((2.4, 4.6), (3.5, 6.5)),
    "half": ((2.6, 4.6), (8.0, 11.5)),
    "long": ((1.8, 4.8), (16.5, 23.0)),
}


@dataclass(frozen=True, kw_only=True)
class TopStyle:
    """How one kind of top looks: spans in pixels, weights of choices, and probabilities."""

    length: Span
    shoulder: Span  # half the width there
    chest: Span  # half the width there
    waist: Span  # as a part of the chest
    hem: Span  # as a part of the chest
    sleeves: Weights
    sleeve_width: Span
    necklines: Weights
    collars: Weights
    closures: Weights
    patterns: Weights
    pockets: float = 0.0
    motif: float = 0.0
    belt: float = 0.0
    contrast: float = 0.0  # a collar of another tone
    ribs: float = 0.0  # at the cuffs and the hem


@dataclass(frozen=True)
class _Body:
    """The lines from which everything on a top is measured (the right half), and its tones."""

    neck: Point
    shoulder: Point
    armpit: Point
    waist: Point
    hem: Point
    tone: float
    shade: float
    accent: float  # darker or paler than the tone, well to be seen


def draw_top(canvas: Canvas, style: TopStyle, chance: Chance) -> None:
    """Draw a top about the axis of the canvas."""
    body = _measure(style, chance)
    ribs = chance.happens(style.ribs)
    _draw_sleeves(canvas, body, style, ribs, chance)
    _draw_trunk(canvas, body, style, ribs, chance)
    _draw_closure(canvas, body, chance.one_of(style.closures), chance)
    _draw_collar(canvas, body, chance.one_of(style.collars), chance.happens(style.contrast), chance)
    if chance.happens(style.pockets):
        _draw_pockets(canvas, body, chance)
    if chance.happens(style.motif):
        _draw_motif(canvas, body, chance)
    if chance.happens(style.belt):
        x, y = body.waist
        canvas.stroke([(-x, y), (x, y)], chance.between((0.8, 1.8)), body.accent)


def _measure(style: TopStyle, chance: Chance) -> _Body:
    length, chest = chance.between(style.length), chance.between(style.chest)
    top, neck, tone = (SIZE - length) / 2, chance.between((1.8, 3.2)), chance.between((0.35, 0.95))
    shoulder = max(chance.between(style.shoulder), neck + 0.8), top + chance.between((0.6, 2.2))
    darker = tone * chance.between((0.1, 0.5))
    return _Body(
        neck=(neck, top),
        shoulder=shoulder,
        armpit=(chest, shoulder[1] + chance.between((4.2, 6.5))),
        waist=(chest * chance.between(style.waist), top + length * chance.between((0.42, 0.6))),
        hem=(chest * chance.between(style.hem), top + length),
        tone=tone,
        shade=tone * chance.between((0.4, 0.8)),
        accent=darker if chance.happens(0.2 + 0.6 * tone) else 1.0,
    )


def _draw_sleeves(canvas: Canvas, body: _Body, style: TopStyle, ribs: bool, chance: Chance) -> None:
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
    right = [*curve((x - 0.8, y - 0.3), elbow, outer), inner, body.armpit, (x - 2, body.armpit[1])]
    tone = body.shade if chance.happens(0.12) else body.tone * chance.between((0.85, 1.0))
    for side, sign in ((right, 1), (mirrored(right), -1)):
        canvas.fill(side, tone)
        if ribs:
            canvas.stroke([(sign * outer[0], outer[1] - 0.6), (sign * inner[0], inner[1] - 0.6)], 1.6, body.shade)
        canvas.stroke([(sign * body.armpit[0], body.armpit[1]), (sign * inner[0], inner[1])], 0.8, 0)


def _draw_trunk(canvas: Canvas, body: _Body, style: TopStyle, ribs: bool, chance: Chance) -> None:
    """Draw the trunk with its neckline, and the inside of the back seen through it."""
    neckline = _neckline(body, chance.one_of(style.necklines), chance)
    right = [
        body.neck,
        *curve(body.shoulder, (body.armpit[0] - 0.6, body.armpit[1] - 1.5), body.armpit, 4),
        *curve(body.armpit, body.waist, body.hem),
        (0, body.hem[1] + chance.between((-0.6, 0.9))),
    ]
    if chance.happens(0.6):
        back = [body.neck, (0, body.neck[1] + 0.7)]
        canvas.fill([*back, *mirrored(back), neckline[0]], body.shade)
    canvas.fill([*neckline, *right, *mirrored(right), *mirrored(neckline)], body.tone)
    if ribs:
        x, y = body.hem
        canvas.stroke([(-x, y - 0.8), (x, y - 0.8)], chance.between((1.2, 2.4)), body.shade)
    if chance.happens(0.6):
        canvas.stroke([*mirrored(neckline), *neckline], 0.6, body.shade)


def _neckline(body: _Body, kind: str, chance: Chance) -> list[Point]:
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


def _draw_collar(canvas: Canvas, body: _Body, kind: str, contrast: bool, chance: Chance) -> None:
    """Draw what stands or lies around the neck."""
    (x, top), plain = body.neck, min(1.0, body.tone * chance.between((0.7, 1.25)))
    tone = body.accent if contrast else plain
    if kind == "stand":
        right = [(x * 0.8, top - 1.4), (x, top + 1)]
        canvas.fill([*right, *mirrored(right)], tone)
        canvas.stroke([(-x, top + 0.9), (x, top + 0.9)], 0.5, body.shade)
    elif kind == "hood":
        right = curve((0, top - 1.6), (x + 2.6, top - 1.8), (x + 0.9, top + 2.4))
        canvas.fill([*right, (0, top + 3.2), *mirrored(right)], tone)
        canvas.fill([(-x * 0.6, top), (x * 0.6, top), (0, top + 2.6)], body.shade)
    elif kind in {"turndown", "lapels"}:
        low, high = (2.2, 4.5) if kind == "turndown" else (6.0, 12.0)
        depth = top + chance.between((low, high))
        width = x * chance.between((0.5, 1.0)) if kind == "turndown" else x + chance.between((0.2, 1.4))
        middle = (0, top + 1.5) if kind == "turndown" else (0, depth)
        leaf = [middle, (width, (top + depth) / 2 + 1), (x + 0.7, top + 0.5), (x * 0.6, top - 0.9)]
        canvas.fill([middle, (x * 0.6, top - 0.9), (-x * 0.6, top - 0.9)], body.accent)
        for side in (leaf, mirrored(leaf)):
            canvas.fill(side, tone)
            canvas.stroke(side, 0.5, body.shade)


def _draw_closure(canvas: Canvas, body: _Body, kind: str, chance: Chance) -> None:
    """Draw what closes the front: a row of buttons, a zip, or nothing where it stands open."""
    if kind == "none":
        return
    x, start, end = chance.between((-0.5, 0.5)), body.neck[1] + chance.between((1.0, 3.0)), body.hem[1]
    if kind == "open":
        above, below = chance.between((0.6, 2.0)), chance.between((1.2, 3.0))
        right = [(above, body.neck[1]), (below, end)]
        canvas.fill([*right, *mirrored(right)], body.accent)
    elif kind == "zip":
        canvas.stroke([(x, start), (x, end)], chance.between((0.8, 1.6)), body.accent)
    else:
        if kind == "placket":
            end = start + chance.between((4, 8))
        canvas.stroke([(x - 0.6, start), (x - 0.6, end)], 0.5, body.shade)
        step, size = chance.between((1.8, 3.2)), chance.between((1.0, 1.5))
        for k in range(int((end - start) / step)):
            y = start + (k + 0.3) * step
            canvas.fill([(x, y), (x + size, y), (x + size, y + size), (x, y + size)], body.accent)


def _draw_pockets(canvas: Canvas, body: _Body, chance: Chance) -> None:
    """Draw pockets on the breast or on the hips, on one side or on both."""
    x, y = body.waist[0] * 0.55, body.armpit[1] if chance.happens(0.4) else body.waist[1] + 3
    half, depth = chance.between((1.0, 2.2)), chance.between((0.3, 3.5))
    for sign in (1, -1) if chance.happens(0.7) else (1,):
        left, right = sign * x - half, sign * x + half
        rim = [(left, y), (right, y), (right, y + depth), (left, y + depth), (left, y)]
        canvas.stroke(rim, 0.5, body.shade)


def _draw_motif(canvas: Canvas, body: _Body, chance: Chance) -> None:
    """Draw something like letters or a picture on the breast."""
    y = body.armpit[1] + chance.between((-1.0, 2.0))
    for _ in range(1 + int(chance.between((0, 4)))):
        left, right, height = chance.between((-4.0, -1.0)), chance.between((1.0, 4.0)), chance.between((1.0, 3.0))
        canvas.fill([(left, y), (right, y), (right, y + height), (left, y + height)], body.accent)
        y += height + chance.between((-0.5, 1.5))


# The first four share their outlines, so that what tells them apart are sleeves, fronts, necks and fabrics.
T_SHIRT = TopStyle(
    length=(22.5, 27),
    shoulder=(5.4, 7.6),
    chest=(5.2, 7.4),
    waist=(0.88, 1.02),
    hem=(0.9, 1.12),
    sleeves={"none": 0.07, "cap": 0.13, "short": 0.68, "half": 0.09, "long": 0.03},
    sleeve_width=(3.2, 5.0),
    necklines={"round": 0.65, "v": 0.25, "square": 0.1},
    collars={"none": 0.95, "turndown": 0.05},
    closures={"none": 0.95, "placket": 0.05},
    patterns={"plain": 0.55, "hoops": 0.05, "melange": 0.1, "flowers": 0.1, "blocks": 0.2},
    pockets=0.05,
    motif=0.7,
    ribs=0.05,
)
PULLOVER = TopStyle(
    length=(22.5, 27),
    shoulder=(5.2, 7.4),
    chest=(5.2, 7.4),
    waist=(0.88, 1.02),
    hem=(0.9, 1.12),
    sleeves={"half": 0.02, "long": 0.98},
    sleeve_width=(2.5, 4.0),
    necklines={"round": 0.75, "v": 0.05, "closed": 0.2},
    collars={"none": 0.72, "stand": 0.14, "hood": 0.14},
    closures={"none": 0.97, "placket": 0.03},
    patterns={"plain": 0.45, "hoops": 0.35, "melange": 0.1, "flowers": 0.05, "blocks": 0.05},
    pockets=0.05,
    motif=0.05,
    ribs=0.9,
)
COAT = TopStyle(
    length=(22.5, 27),
    shoulder=(5.2, 7.4),
    chest=(5.2, 7.4),
    waist=(0.88, 1.02),
    hem=(0.9, 1.15),
    sleeves={"half": 0.02, "long": 0.98},
    sleeve_width=(2.5, 4.0),
    necklines={"v": 0.3, "closed": 0.7},
    collars={"none": 0.1, "turndown": 0.1, "stand": 0.2, "hood": 0.2, "lapels": 0.4},
    closures={"open": 0.65, "zip": 0.28, "buttons": 0.05, "none": 0.02},
    patterns={"plain": 0.75, "melange": 0.15, "flowers": 0.05, "checks": 0.05},
    pockets=0.45,
    belt=0.15,
    ribs=0.03,
)
SHIRT = TopStyle(
    length=(22.5, 27),
    shoulder=(5.2, 7.4),
    chest=(5.2, 7.4),
    waist=(0.84, 1.0),
    hem=(0.9, 1.12),
    sleeves={"cap": 0.03, "short": 0.1, "half": 0.6, "long": 0.27},
    sleeve_width=(2.5, 4.2),
    necklines={"round": 0.15, "v": 0.2, "closed": 0.65},
    collars={"none": 0.05, "turndown": 0.88, "stand": 0.07},
    contrast=0.3,
    closures={"buttons": 0.85, "placket": 0.13, "none": 0.02},
    patterns={"plain": 0.28, "checks": 0.33, "pinstripes": 0.2, "flowers": 0.19},
    pockets=0.22,
    ribs=0.03,
)
DRESS = TopStyle(
    length=(25, 27.5),
    shoulder=(3.2, 5.4),
    chest=(3.0, 4.8),
    waist=(0.68, 1.0),
    hem=(0.95, 2.4),
    sleeves={"none": 0.42, "cap": 0.12, "short": 0.2, "half": 0.11, "long": 0.15},
    sleeve_width=(2.0, 3.2),
    necklines={"round": 0.5, "v": 0.3, "square": 0.2},
    collars={"none": 0.92, "turndown": 0.08},
    closures={"none": 0.84, "placket": 0.08, "buttons": 0.06, "zip": 0.02},
    patterns={"plain": 0.45, "flowers": 0.25, "hoops": 0.12, "blocks": 0.12, "melange": 0.06},
    belt=0.3,
)
