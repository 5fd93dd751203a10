"""What is worn on the feet, seen from the side with the toes to the left: three kinds that differ in their traits."""

from __future__ import annotations

from dataclasses import dataclass

from fashion_classifier.data.sample.canvas import SIZE, Canvas, Chance, Point, curve
from fashion_classifier.data.sample.styles import ShoeStyle

TOE, BALL, ARCH, BACK = -11.6, -2.3, 4.5, 11.4  # x along the foot
HEELS = {
    "flat": (0.0, 0.3),
    "low": (0.8, 2.2),
    "block": (2.5, 6.0),
    "wedge": (2.0, 7.0),
    "stiletto": (5.0, 9.0),
}


@dataclass(frozen=True)
class _Last:
    """The form on which a shoe is built: heights of ground and foot, tones."""

    ground: float
    ball: float
    heel: float
    shaft: float
    tone: float
    shade: float


def draw_shoe(style: ShoeStyle, canvas: Canvas, chance: Chance) -> None:
    """Draw a shoe, in the middle of the canvas."""
    heel = chance.one_of(style.heels)
    sole, lift, shaft = chance.between(style.sole), chance.between(HEELS[heel]), chance.between(style.shaft)
    shaft = min(shaft, 26 - sole - lift)
    ground, tone = (SIZE + sole + lift + shaft) / 2, chance.between((0.35, 1.0))
    shade = tone * chance.between((0.35, 0.8))
    last = _Last(ground, ground - sole, ground - sole - lift, shaft, tone, shade)
    UPPERS[chance.one_of(style.uppers)](canvas, last, style, chance)
    pale = chance.happens(style.pale_sole)
    _draw_sole(canvas, last, heel, min(1.0, tone * 1.2 + 0.2) if pale else shade, chance)


def _draw_sole(canvas: Canvas, last: _Last, heel: str, tone: float, chance: Chance) -> None:
    """Draw the sole along the foot, and the heel below its back."""
    thickness = max(0.8, last.ground - last.ball)
    arch = curve((BALL, last.ball), ((BALL + ARCH) / 2, last.ball), (ARCH, last.heel))
    inner = [(TOE - 0.3, last.ball), *arch, (BACK, last.heel)]
    canvas.fill([*inner, *((x, y + thickness) for x, y in reversed(inner))], tone)
    foot = last.heel + thickness - 0.3
    if heel == "wedge":
        canvas.fill([(BALL, last.ground), *arch, (BACK, foot), (BACK - 0.6, last.ground)], tone)
    elif heel != "flat":
        width = chance.between((0.8, 1.4) if heel == "stiletto" else (3.5, 6.5))
        back = BACK - chance.between((0, 0.8))
        top = BACK - max(3.0, width)
        canvas.fill([(top, foot), (BACK, foot), (back, last.ground), (back - width, last.ground)], tone)


def _draw_closed(canvas: Canvas, last: _Last, style: ShoeStyle, chance: Chance) -> None:
    """Draw a whole upper: from the toe over the throat and the opening to the heel."""
    height, cap = chance.between(style.toe), last.ball - chance.between(style.toe)
    toe = (TOE + 3.5, cap)
    throat = (chance.between(style.throat), last.heel - last.shaft * chance.between((0.85, 1.0)))
    rear = (BACK - chance.between((0, 1.8)), last.heel - last.shaft * chance.between((0.8, 1.0)))
    bend = (throat[0] - chance.between((1.0, 4.0)), last.ball - height - chance.between((0.5, 2.5)))
    opening = ((throat[0] + rear[0]) / 2, max(throat[1], rear[1]) + chance.between((0.0, 2.0)))
    counter = (BACK - chance.between((0.3, 2.0)), (rear[1] + last.heel) / 2)
    outline = [
        *curve((TOE, last.ball), (TOE, cap), toe),
        *curve(toe, bend, throat),
        *curve(throat, opening, rear, 4),
        *curve(rear, counter, (BACK, last.heel), 4),
        (ARCH, last.heel + 0.5),
        (BALL, last.ball + 0.5),
    ]
    canvas.fill(outline, last.tone)
    if chance.happens(style.cap):
        canvas.fill([(TOE, last.ball), (TOE + 0.3, cap + 0.6), toe, (TOE + 5.0, last.ball)], last.shade)
    if chance.happens(style.band):
        _draw_band(canvas, last, throat[0], chance)
    if chance.happens(style.laces):
        _draw_laces(canvas, bend, throat, last, chance)
    if chance.happens(0.4):
        canvas.stroke([throat, opening, rear], chance.between((0.8, 2.0)), last.shade)


def _draw_laces(canvas: Canvas, start: Point, end: Point, last: _Last, chance: Chance) -> None:
    """Draw short laces across the line from the instep to the throat."""
    tone = 1.0 if chance.happens(0.5) else last.shade * 0.5
    for k in range(chance.count(2, 4)):
        t = 0.2 + k * 0.2
        x, y = start[0] + t * (end[0] - start[0]), start[1] + t * (end[1] - start[1])
        canvas.stroke([(x - 0.3, y + 0.2), (x + 1.8, y + 1.3)], 0.5, tone)


def _draw_band(canvas: Canvas, last: _Last, x: float, chance: Chance) -> None:
    """Draw a sporty stripe or two, or the elastic of a boot, across the side."""
    tone = last.shade * 0.6 if chance.happens(0.5) else min(1.0, last.tone * 1.5)
    width, lean = chance.between((0.8, 2.0)), chance.between((-1.0, 2.5))
    top, foot = last.heel - last.shaft * chance.between((0.4, 0.7)), x + chance.between((-2.5, 1.5))
    for _stripe in range(chance.count(1, 3)):
        canvas.stroke([(foot + lean, top), (foot, last.heel - 0.3)], width, tone)
        foot += 1.7 * width


def _draw_cut_out(canvas: Canvas, last: _Last, style: ShoeStyle, chance: Chance) -> None:
    """Draw an upper with openings through which the foot would show."""
    _draw_closed(canvas, last, style, chance)
    for k in range(chance.count(2, 4)):
        x, lean = -8 + k * chance.between((3.0, 5.0)), chance.between((0, 3))
        canvas.stroke([(x + lean, last.heel - last.shaft), (x, last.ball - 1)], chance.between((0.8, 2.2)), 0)


def _draw_thong(canvas: Canvas, last: _Last, _: ShoeStyle, chance: Chance) -> None:
    """Draw the strap that starts between the toes."""
    toe, rise = chance.between((-9.0, -6.5)), chance.between((2.5, 5.0))
    top = chance.between((-4.0, 0.0)), last.ball - rise
    canvas.stroke([(toe, last.ball), top, (chance.between((5, 8)), last.heel)], chance.between((1, 2)), last.tone)


def _draw_slide(canvas: Canvas, last: _Last, _: ShoeStyle, chance: Chance) -> None:
    """Draw one broad strap over the forefoot."""
    start, width, rise = chance.between((-10, -7)), chance.between((5, 9)), chance.between((4, 7))
    end = start + width, last.ball - (last.ball - last.heel) * 0.4
    canvas.fill(curve((start, last.ball + 0.5), (start + 1.5, last.ball - rise), end, 7), last.tone)


def _draw_straps(canvas: Canvas, last: _Last, _: ShoeStyle, chance: Chance) -> None:
    """Draw straps over the toes and one around the ankle."""
    width, rise, x = chance.between((0.9, 2.2)), chance.between((2.5, 5.0)), chance.between((-10, -8))
    for _strap in range(chance.count(1, 3)):
        end = x + chance.between((2.5, 4.0))
        canvas.stroke(curve((x, last.ball), (x + 1, last.ball - rise), (end, last.ball - rise), 4), width, last.tone)
        x = end - 0.5
    ankle, front = last.heel - last.shaft, chance.between((2.0, 5.0))
    canvas.stroke([(front, ankle + 0.8), (6.5, ankle), (BACK - 1, ankle + 0.6)], width, last.tone)
    canvas.stroke([(BACK - 0.6, last.heel), (BACK - 1, ankle + 0.6)], chance.between((1, 3)), last.tone)
    if chance.happens(0.6):
        canvas.stroke([(front, ankle + 0.8), (front + 2, last.heel)], width, last.tone)
    if chance.happens(0.5):
        canvas.stroke([(front, ankle + 0.8), (x, last.ball - rise)], width, last.tone)


UPPERS = {
    "closed": _draw_closed,
    "cut out": _draw_cut_out,
    "thong": _draw_thong,
    "slide": _draw_slide,
    "straps": _draw_straps,
}
