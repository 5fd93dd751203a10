"""Strange images that show nothing."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter

from fashion_classifier.evaluation.strangers.known import Known, Picture, as_picture

CLOUDS = (0.03, 0.15)  # least and greatest width of the blur, in shorter sides of the image


def uniform_noise(known: Known, rng: np.random.Generator) -> Picture:
    """Draw each level as likely as any other."""
    return rng.integers(0, 256, known.shape, dtype=np.uint8)


def gaussian_noise(known: Known, rng: np.random.Generator) -> Picture:
    """Draw levels with the known images' mean and standard deviation, before black and white cut them."""
    return as_picture(rng.normal(known.mean, known.deviation, known.shape))


def smooth_noise(known: Known, rng: np.random.Generator) -> Picture:
    """Blur noise, and stretch it from black to white."""
    width = rng.uniform(*CLOUDS) * min(known.shape[:2])
    clouds = gaussian_filter(rng.standard_normal(known.shape), (width, width, 0), mode="wrap")
    return as_picture(255 * (clouds - clouds.min()) / np.ptp(clouds))
