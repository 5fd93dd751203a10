"""What a drawn garment is made of: patterns, folds and the camera's noise, laid over the whole image."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fashion_classifier.data.sample.canvas import SIZE, Chance, Span, Weights

Field = NDArray[np.float64]  # (28, 28) or what broadcasts to it: factors of the tone

PLACE = np.arange(SIZE) - (SIZE - 1) / 2  # (28,), distance from the middle in pixels


def clothe(pixels: NDArray[np.uint8], patterns: Weights, chance: Chance) -> NDArray[np.uint8]:
    """Give a plain drawing its fabric.

    Parameters
    ----------
    pixels
        uint8 array of shape (28, 28), 0 where there is no garment.
    patterns
        How often each pattern of `PATTERNS` is taken.
    chance
        What decides.
    """
    pattern = PATTERNS[chance.one_of(patterns)](chance)
    grain = (chance.grid(SIZE, SIZE) + chance.grid(SIZE, SIZE) - 1) * chance.between((3, 22))
    cloth = pixels * pattern * _light(chance) + grain
    return np.where(pixels > 0, np.clip(np.rint(cloth), 1, 255), 0).astype(np.uint8)


def _light(chance: Chance) -> Field:
    """Return light and shade: darker towards one side and both edges, with soft folds that hang down."""
    lean, bend, depth = chance.between((-0.012, 0.012)), chance.between((0.0, 0.002)), chance.between((0.05, 0.4))
    return (1 + lean * PLACE - bend * PLACE * PLACE) * (1 + depth * (_smooth(chance, 7, 2) - 0.5))


def _smooth(chance: Chance, height: int, width: int) -> Field:
    """Return numbers from 0 to 1 that change smoothly over spots of this height and width."""
    n_rows, n_columns = SIZE // height + 2, SIZE // width + 2
    spots = chance.grid(n_rows, n_columns).repeat(height, axis=0).repeat(width, axis=1)
    spots = (spots[:-height] + spots[height // 2 : height // 2 - height]) / 2
    spots = (spots[:, :-width] + spots[:, width // 2 : width // 2 - width]) / 2
    return spots[:SIZE, :SIZE]


def _stripe(chance: Chance, period: Span) -> NDArray[np.float64]:
    """Return factors of shape (28,) that alternate between two tones."""
    phase = (PLACE / chance.between(period) + chance.between((0, 1))) % 1
    return np.where(phase < chance.between((0.25, 0.6)), chance.between((0.25, 0.8)), 1.0)


def _plain(_: Chance) -> Field:
    return np.ones((1, 1))


def _hoops(chance: Chance) -> Field:
    return _stripe(chance, (2.5, 8))[:, None]


def _pinstripes(chance: Chance) -> Field:
    return _stripe(chance, (2.2, 5))[None, :]


def _checks(chance: Chance) -> Field:
    return _stripe(chance, (3, 6))[:, None] * _stripe(chance, (3, 6))


def _flowers(chance: Chance) -> Field:
    return np.where(_smooth(chance, 2, 2) < chance.between((0.38, 0.6)), chance.between((0.25, 0.75)), 1.0)


def _melange(chance: Chance) -> Field:
    return 1 - chance.between((0.1, 0.45)) * chance.grid(SIZE, SIZE)


def _blocks(chance: Chance) -> Field:
    """Return two parts of different tone, parted by a straight line."""
    across, down = chance.between((-0.6, 0.6)), chance.between((-1.0, 1.0))
    beyond = across * PLACE + down * PLACE[:, None] > chance.between((-4, 4))
    return np.where(beyond, chance.between((0.2, 0.7)), 1.0)


def _wash(chance: Chance) -> Field:
    """Return cloth that is worn bright in the middle, as jeans are."""
    return (1 - PLACE * PLACE * chance.between((0.001, 0.0035)))[:, None]


PATTERNS = {
    "plain": _plain,
    "hoops": _hoops,
    "pinstripes": _pinstripes,
    "checks": _checks,
    "flowers": _flowers,
    "melange": _melange,
    "blocks": _blocks,
    "wash": _wash,
}
