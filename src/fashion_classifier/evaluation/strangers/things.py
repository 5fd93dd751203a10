"""Things that nobody wears, as sketches; no two are drawn alike."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np

from fashion_classifier.data.sample.canvas import curve, whole
from fashion_classifier.evaluation.strangers.sketch import Sketch, box, oval

Chance = np.random.Generator


def _star(sketch: Sketch, chance: Chance) -> None:
    rays, inner, turn = chance.integers(5, 8), chance.uniform(0.35, 0.55), chance.uniform(0, 2 * math.pi)
    corners = [(inner if step % 2 else 1.0, turn + math.pi * step / rays) for step in range(2 * rays)]
    sketch.fill([(radius * math.cos(angle), radius * math.sin(angle)) for radius, angle in corners])


def _cup(sketch: Sketch, chance: Chance) -> None:
    top, bottom, foot = chance.uniform(-0.7, -0.4), 0.6, chance.uniform(0.25, 0.5)
    sketch.fill(oval((0, bottom + 0.15), 0.95, 0.17), 0.6)
    sketch.stroke(oval((0.62, (top + bottom) / 2 - 0.1), 0.3, 0.32), 0.14, 0.9)
    sketch.fill(whole([(0.65, top), (0.6, (top + bottom) / 2), (foot, bottom), (0, bottom + 0.05)]))
    sketch.fill(oval((0, top), 0.65, 0.16), 0.3)


def _fir(sketch: Sketch, chance: Chance) -> None:
    layers, reach = chance.integers(2, 5), chance.uniform(0.55, 0.8)
    sketch.fill(box(-0.13, 0.5, 0.13, 1), 0.5)
    for layer in range(layers):
        bottom, below = -1 + 1.65 * (layer + 1) / layers, reach * (layer + 1.5) / (layers + 0.5)
        sketch.fill(whole([(0, bottom - 1.65 / layers - 0.25 * (layer > 0)), (below, bottom)]), 0.8 + 0.05 * layer)


def _tree(sketch: Sketch, chance: Chance) -> None:
    sketch.fill(whole([(0.1, -0.2), (0.18, 1), (0, 1)]), 0.5)
    for across, down in ((-0.42, -0.15), (0.42, -0.1), (-0.2, -0.6), (0.25, -0.55), (0.0, -0.25)):
        radius = chance.uniform(0.32, 0.45)
        sketch.fill(oval((across, down), radius, radius), chance.uniform(0.8, 1))


def _house(sketch: Sketch, chance: Chance) -> None:
    eaves, wall, tone = chance.uniform(-0.3, 0.1), chance.uniform(0.6, 0.8), chance.uniform(0.3, 0.6)
    sketch.fill(box(0.3, -0.85, 0.5, eaves), tone)
    sketch.fill(box(-wall, eaves, wall, 0.9))
    sketch.fill(whole([(0, -1), (wall + 0.2, eaves)]), tone)
    sketch.fill(box(-0.45, 0.3, -0.1, 0.9), 0.15)
    sketch.fill(box(0.12, 0.25, 0.5, 0.6), 0.15)


def _fish(sketch: Sketch, chance: Chance) -> None:
    belly, tail = chance.uniform(0.35, 0.55), chance.uniform(0.35, 0.6)
    sketch.fill([(0.35, 0), (1, -tail), (0.85, 0), (1, tail)], 0.8)
    sketch.fill([(-0.35, -belly * 0.6), (0.1, -belly - 0.3), (0.3, -belly * 0.5)], 0.7)
    sketch.fill([*curve((-1, 0), (-0.3, -2 * belly), (0.6, 0)), *curve((0.6, 0), (-0.3, 2 * belly), (-1, 0))])
    sketch.fill(oval((-0.65, -0.1), 0.09, 0.09), 0)
    sketch.stroke(curve((-0.4, -0.3), (-0.25, 0), (-0.4, 0.3)), 0.07, 0.4)


def _car(sketch: Sketch, chance: Chance) -> None:
    roof, front, back = chance.uniform(-0.55, -0.35), chance.uniform(-0.7, -0.4), chance.uniform(0.5, 0.9)
    sketch.fill([(front, 0), (front + 0.25, roof), (back - 0.2, roof), (back, 0)])
    sketch.fill([(front + 0.13, 0), (front + 0.3, roof + 0.12), (0, roof + 0.12), (0, 0)], 0.2)
    sketch.fill([(0.1, 0), (0.1, roof + 0.12), (back - 0.25, roof + 0.12), (back - 0.13, 0)], 0.2)
    sketch.fill([(-1, 0.1), (-0.9, -0.03), (0.95, -0.05), (1, 0.35), (-1, 0.35)])
    for place in (-0.55, 0.55):
        sketch.fill(oval((place, 0.37), 0.27, 0.27), 0)
        sketch.fill(oval((place, 0.37), 0.21, 0.21), 0.7)


def _bottle(sketch: Sketch, chance: Chance) -> None:
    body, neck, shoulder = chance.uniform(0.28, 0.4), chance.uniform(0.09, 0.14), chance.uniform(-0.35, 0.0)
    sketch.fill(
        whole([(neck, -0.85), (neck, shoulder - 0.25), *curve((neck, shoulder), (body, shoulder), (body, 0.3))])
    )
    sketch.fill(box(-body, 0.28, body, 1))
    sketch.fill(box(-neck - 0.04, -1, neck + 0.04, -0.85), 0.5)
    sketch.fill(box(-body, 0.3, body, 0.75), chance.uniform(0.2, 0.5))


def _key(sketch: Sketch, chance: Chance) -> None:
    ring, shaft = chance.uniform(0.3, 0.42), chance.uniform(0.14, 0.2)
    sketch.stroke([(-0.4, 0), (1, 0)], shaft)
    for place in (0.6, 0.8, 0.97)[chance.integers(2) :]:
        sketch.stroke([(place, 0), (place, chance.uniform(0.25, 0.4))], 0.13)
    sketch.fill(oval((-0.6, 0), ring, ring))
    sketch.fill(oval((-0.65, 0), ring * 0.5, ring * 0.5), 0)


def _chair(sketch: Sketch, chance: Chance) -> None:
    seat, depth, leg = chance.uniform(0.05, 0.25), chance.uniform(0.9, 1.2), chance.uniform(0.1, 0.16)
    sketch.stroke([(-0.65, -1), (-0.5, seat), (-0.6, 1)], leg)
    sketch.stroke([(depth - 0.6, seat), (depth - 0.5, 1)], leg)
    sketch.stroke([(-0.2, seat), (-0.25, 0.85)], leg, 0.5)
    sketch.stroke([(depth - 0.85, seat), (depth - 0.8, 0.85)], leg, 0.5)
    sketch.stroke([(-0.58, seat), (depth - 0.52, seat)], 0.18)


def _leaf(sketch: Sketch, chance: Chance) -> None:
    breadth, veins = chance.uniform(0.7, 1.2), chance.integers(2, 5)
    side = curve((0, -1), (breadth, 0), (0, 0.7), 10)
    sketch.stroke([(0, 0.6), (0.1, 1)], 0.1, 0.8)
    sketch.fill(whole(side))
    sketch.stroke([(0, -0.8), (0, 0.7)], 0.06, 0.25)
    for vein in range(veins):
        down = -0.4 + 0.9 * vein / veins
        for sign in (-1, 1):
            sketch.stroke([(0, down + 0.2), (sign * breadth * 0.33, down - 0.1)], 0.05, 0.25)


def _boat(sketch: Sketch, chance: Chance) -> None:
    mast, tone = chance.uniform(-0.15, 0.15), chance.uniform(0.5, 0.8)
    sketch.stroke([(mast, -1), (mast, 0.5)], 0.07, 0.5)
    sketch.fill([(mast + 0.08, -0.95), (mast + 0.08, 0.35), (0.85, 0.35)])
    sketch.fill([(mast - 0.08, -0.7), (mast - 0.08, 0.35), (-0.7, 0.35)], tone)
    sketch.fill([(-0.95, 0.5), (0.95, 0.5), (0.6, 0.9), (-0.65, 0.9)], chance.uniform(0.6, 1))


def _flower(sketch: Sketch, chance: Chance) -> None:
    petals, spread = chance.integers(5, 8), chance.uniform(0.3, 0.38)
    sketch.stroke(curve((0, -0.35), (chance.uniform(-0.3, 0.3), 0.4), (0, 1)), 0.09, 0.6)
    sketch.fill([(0, 0.75), *curve((0, 0.75), (0.2, 0.25), (0.6, 0.3)), *curve((0.6, 0.3), (0.5, 0.7), (0, 0.75))], 0.6)
    for petal in range(petals):
        angle = 2 * math.pi * petal / petals
        middle = spread * math.sin(angle), -0.4 + spread * math.cos(angle)
        sketch.fill(oval(middle, 0.19, 0.19))
    sketch.fill(oval((0, -0.4), 0.15, 0.15), 0.3)


THINGS: Mapping[str, Callable[[Sketch, Chance], None]] = {
    "star": _star,
    "cup": _cup,
    "fir": _fir,
    "tree": _tree,
    "house": _house,
    "fish": _fish,
    "car": _car,
    "bottle": _bottle,
    "key": _key,
    "chair": _chair,
    "leaf": _leaf,
    "boat": _boat,
    "flower": _flower,
}
