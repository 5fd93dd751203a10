"""Noise of the sensor: Gaussian, shot and impulse noise."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri, pdtr

from fashion_classifier.evaluation.corruptions.chance import WORDS, Chance, quantile_points
from fashion_classifier.evaluation.corruptions.frame import Images

_POISSON_BITS = 12  # quantiles of shot noise a grey level: their table of 1 MiB stays in the cache


def gaussian_noise(images: Images, deviation: float, chance: Chance) -> Images:
    """Add normal noise of this standard deviation in grey levels, to every channel its own."""
    noise: NDArray[np.int16] = np.rint(deviation * ndtri(quantile_points())).astype(np.int16)
    noisy = noise[chance.words("noise", *images.shape[1:])]
    noisy += images
    np.clip(noisy, 0, 255, out=noisy)
    return noisy.astype(np.uint8)


def shot_noise(images: Images, photons: float, chance: Chance) -> Images:
    """Count photons, as a sensor in poor light does: white sends `photons` of them on average, black none."""
    drawn = chance.words("photons", *images.shape[1:]) >> (16 - _POISSON_BITS)
    levels = images.astype(np.int32) << _POISSON_BITS
    return _counted_light(photons).take(levels | drawn)


def impulse_noise(images: Images, share: float, chance: Chance) -> Images:
    """Turn this share of the pixels black or white, half of them each."""
    drawn = chance.words("pixels", *images.shape[1:3], 1)
    n_struck = round(share * WORDS / 2)
    noisy = np.where(drawn < n_struck, np.uint8(0), images)
    noisy[np.broadcast_to(drawn >= WORDS - n_struck, noisy.shape)] = 255
    return noisy


@lru_cache(maxsize=5)  # one for each severity, as every block of images asks again
def _counted_light(photons: float) -> NDArray[np.uint8]:
    """Return the grey levels seen for each true grey level and each quantile, flat: (256 * 4096,)."""
    most = int(photons + 10 * photons**0.5 + 10)
    expected = np.arange(256)[:, None] * photons / 255
    counted = pdtr(np.arange(most), expected)  # probability of so many photons or fewer: (256, most)
    quantiles = (np.arange(1 << _POISSON_BITS) + 0.5) / (1 << _POISSON_BITS)
    counts = np.stack([np.searchsorted(below, quantiles) for below in counted])
    levels: NDArray[np.uint8] = np.minimum(np.rint(counts * (255 / photons)), 255).astype(np.uint8)
    return levels.ravel()
