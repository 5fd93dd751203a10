"""The built-in sample: garments of the ten kinds of Fashion-MNIST, drawn by a small seeded program."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from fashion_classifier.data.raw import RawCollection, RawPart
from fashion_classifier.data.sample.bags import draw_bag
from fashion_classifier.data.sample.canvas import SIZE, Canvas, Chance, Weights
from fashion_classifier.data.sample.fabric import clothe
from fashion_classifier.data.sample.footwear import draw_shoe
from fashion_classifier.data.sample.styles import (
    ANKLE_BOOT,
    BAG,
    COAT,
    DRESS,
    PULLOVER,
    SANDAL,
    SHIRT,
    SNEAKER,
    T_SHIRT,
    TROUSERS,
)
from fashion_classifier.data.sample.tops import draw_top
from fashion_classifier.data.sample.trousers import draw_trousers
from fashion_classifier.errors import UsageError
from fashion_classifier.seeds import DEFAULT_SEED, derive_seed

# Pixels to the side at which garments stand. A linear model cannot follow them from one place to another: places 3.5
# pixels apart instead of one with +-1.5 pixels cost it 6 points of accuracy, and the initial network 3.
PLACES = {-3.5: 1, 0.0: 1, 3.5: 1}


class _Style(Protocol):
    """The traits of one kind of garment."""

    @property
    def patterns(self) -> Weights: ...


_AnyStyle = TypeVar("_AnyStyle", bound=_Style)


@dataclass(frozen=True)
class _Kind:
    """One kind of garment: how to draw it, and the patterns of its fabric."""

    draw: Callable[[Canvas, Chance], None]
    patterns: Weights

    @classmethod
    def of(cls, draw: Callable[[_AnyStyle, Canvas, Chance], None], style: _AnyStyle) -> _Kind:
        return cls(partial(draw, style), style.patterns)


KINDS: Mapping[str, _Kind] = {
    "T-shirt/top": _Kind.of(draw_top, T_SHIRT),
    "Trouser": _Kind.of(draw_trousers, TROUSERS),
    "Pullover": _Kind.of(draw_top, PULLOVER),
    "Dress": _Kind.of(draw_top, DRESS),
    "Coat": _Kind.of(draw_top, COAT),
    "Sandal": _Kind.of(draw_shoe, SANDAL),
    "Shirt": _Kind.of(draw_top, SHIRT),
    "Sneaker": _Kind.of(draw_shoe, SNEAKER),
    "Bag": _Kind.of(draw_bag, BAG),
    "Ankle boot": _Kind.of(draw_shoe, ANKLE_BOOT),
}
CLASSES = tuple(KINDS)


def draw_sample(*, n_training: int = 10_000, n_test: int = 2_000, seed: int = DEFAULT_SEED) -> RawCollection:
    """Draw the sample.

    An image depends on the seed, its part and its position alone, so that a smaller sample is the beginning of a
    larger one. The classes take turns. Of the default sample, a linear model gets 72 % of the test images right,
    the initial network 84 %, a small convolutional network 96 % (means of three seeds).

    Parameters
    ----------
    n_training, n_test
        Numbers of images, at least 10, so that every class is there.
    seed
        Another seed gives other garments.

    Returns
    -------
    RawCollection
        Grey images of 28x28 pixels.

    Raises
    ------
    UsageError
        If a number is too small.

    Examples
    --------
    >>> sample = draw_sample(n_training=20, n_test=10)
    >>> sample.training.images.shape, sample.training.classes[9]
    ((20, 28, 28), 'Ankle boot')
    """
    for name, number in (("n_training", n_training), ("n_test", n_test)):
        if number < len(CLASSES):
            raise UsageError(f"`{name} >= {len(CLASSES)}` must hold, for every class to be there, but got {number}.")
    return RawCollection(
        container="drawn sample",
        location="sample",
        training=_draw_part(n_training, derive_seed(seed, "sample", "training")),
        test=_draw_part(n_test, derive_seed(seed, "sample", "test")),
    )


def _draw_part(n_images: int, seed: int) -> RawPart:
    """Draw the garments of one part, the kinds taking turns."""
    labels = np.arange(n_images, dtype=np.int64) % len(CLASSES)
    images = np.empty((n_images, SIZE, SIZE), dtype=np.uint8)
    kinds = tuple(KINDS.values())
    for position, label in enumerate(labels.tolist()):
        images[position] = _draw_garment(kinds[label], Chance(seed, position))
    return RawPart(images, labels, CLASSES)


def _draw_garment(kind: _Kind, chance: Chance) -> NDArray[np.uint8]:
    """Draw one garment in a pose of its own; half of them look to the other side."""
    size = chance.between((0.9, 1.02))
    facing = -1 if chance.happens(0.5) else 1
    canvas = Canvas(
        turn=chance.between((-0.03, 0.03)),
        scale=(facing * size * chance.between((0.9, 1.08)), size * chance.between((0.93, 1.04))),
        shift=(chance.one_of(PLACES) + chance.between((-0.5, 0.5)), chance.between((-1.5, 1.5))),
    )
    kind.draw(canvas, chance)
    return clothe(canvas.pixels(), kind.patterns, chance)
