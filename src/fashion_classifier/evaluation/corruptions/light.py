"""Other light and other tone curves: brightness, contrast, gamma, inverted polarity."""

from __future__ import annotations

import numpy as np

from fashion_classifier.evaluation.corruptions.chance import Chance
from fashion_classifier.evaluation.corruptions.frame import Images, rounded

_TONES = np.arange(256, dtype=np.float64)


def brightness(images: Images, levels: float, _chance: Chance) -> Images:
    """Make everything lighter by so many grey levels."""
    return rounded(_TONES + levels)[images]


def contrast(images: Images, share: float, _chance: Chance) -> Images:
    """Keep this share of each pixel's distance from the mean of its image, channel by channel."""
    means = images.mean(axis=(1, 2), keepdims=True)
    return rounded(means + share * (images - means))


def gamma(images: Images, exponent: float, _chance: Chance) -> Images:
    """Raise tones, from 0 (black) to 1 (white), to this power: above 1 makes all but black and white darker."""
    return rounded(255 * (_TONES / 255) ** exponent)[images]


def polarity(images: Images, share: float, _chance: Chance) -> Images:
    """Blend an image with its negative, of which this is the share: 1 is the negative, 0.5 would be even grey."""
    return rounded((1 - share) * _TONES + share * (255 - _TONES))[images]
