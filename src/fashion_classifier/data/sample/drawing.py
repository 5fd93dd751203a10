"""The built-in sample: garments of the ten kinds of Fashion-MNIST, drawn by a small seeded program."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np

from fashion_classifier.data.dataset import Images
from fashion_classifier.data.raw import RawCollection, RawPart
from fashion_classifier.data.sample import footwear, others, tops
from fashion_classifier.data.sample.tops import draw_top
from fashion_classifier.data.sample.footwear import draw_shoe
from fashion_classifier.data.sample.others import draw_bag, draw_trousers
from fashion_classifier.data.sample.canvas import SIZE, Canvas, Chance, Point, Weights
from fashion_classifier.data.sample.fabric import clothe
from fashion_classifier.seeds import derive_seed

KINDS = {
    "T-shirt/top": (draw_top, tops.T_SHIRT),
    "Trouser": (draw_trousers, others.TROUSERS),
    "Pullover": (draw_top, tops.PULLOVER),
    "Dress": (draw_top, tops.DRESS),
    "Coat": (draw_top, tops.COAT),
    "Sandal": (draw_shoe, footwear.SANDAL),
    "Shirt": (draw_top, tops.SHIRT),
    "Sneaker": (draw_shoe, footwear.SNEAKER),
    "Bag": (draw_bag, others.BAG),
    "Ankle boot": (draw_shoe, footwear.ANKLE_BOOT),
}
CLASSES = tuple(KINDS)


def draw_sample(*, n_training: int = 10_000, n_test: int = 2_000, seed: int = 0) -> RawCollection:
    return RawCollection(
        container="drawn sample",
        location="sample",
        training=_draw_part(n_training, derive_seed(seed, "sample", "training")),
        test=_draw_part(n_test, derive_seed(seed, "sample", "test")),
    )


def _draw_part(n_images: int, seed: int) -> RawPart:
    images = np.empty((n_images, SIZE, SIZE), np.uint8)
    labels = np.arange(n_images, dtype=np.int64) % len(CLASSES)
    kinds = tuple(KINDS.values())
    for index, label in enumerate(labels.tolist()):
        images[index] = _draw(kinds[label], Chance(seed, index))
    return RawPart(images, labels, CLASSES)


def _draw(kind, chance: Chance) -> Images:
    draw, style = kind
    size = chance.between((0.9, 1.04))
    facing = -1 if chance.happens(0.5) else 1
    canvas = Canvas(
        turn=chance.between((-0.03, 0.03)),
        scale=(facing * size * chance.between((0.85, 1.1)), size * chance.between((0.9, 1.04))),
        shift=(chance.between((-1.5, 1.5)), chance.between((-1.5, 1.5))),
    )
    draw(canvas, style, chance)
    return clothe(canvas.pixels(), style.patterns, chance)
