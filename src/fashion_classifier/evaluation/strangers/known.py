"""What strange images take from known ones: their form, their levels, and the colours that they are drawn in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fashion_classifier.data.dataset import Images
from fashion_classifier.errors import UsageError

LEAST_SIDE = 8  # pixels, below which neither letters nor tiles can be told apart
PIXELS = 200_000  # that levels are measured on where there are more: means are then within half a grey level
CONTRAST = 64  # grey levels by which a colour differs from the background at least, where known images have such

Picture = NDArray[np.uint8]  # (height, width, channels)


@dataclass(frozen=True, eq=False)
class Known:
    """Known images, and what was measured on them.

    Parameters
    ----------
    images
        uint8 array of shape (n, height, width, channels).
    mean, deviation
        Of the levels, 0 to 255; float64 arrays of shape (channels,).
    background
        Median level on the images' borders, float64 array of shape (channels,).
    colours
        Those of the pixels that stand out from it most, float64 array of shape (m, channels).
    """

    images: Images
    mean: NDArray[np.float64]
    deviation: NDArray[np.float64]
    background: NDArray[np.float64]
    colours: NDArray[np.float64]

    @classmethod
    def of(cls, images: Images) -> Known:
        """Measure images of shape (n, height, width) or (n, height, width, 3).

        Raises
        ------
        UsageError
            If there are none, or strange images can't be like them.
        """
        _check(images)
        stacked = images.reshape(*images.shape[:3], -1)
        pixels = stacked.reshape(-1, stacked.shape[-1])
        if len(pixels) > PIXELS:
            pixels = pixels[np.random.default_rng(0).integers(0, len(pixels), PIXELS)]
        levels = pixels.astype(np.float64)
        background = _background(stacked)
        return cls(stacked, levels.mean(axis=0), levels.std(axis=0), background, _colours(levels, background))

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width and channels of an image."""
        _, height, width, channels = self.images.shape
        return height, width, channels

    def any_image(self, rng: np.random.Generator) -> Picture:
        """Draw one of the images."""
        image: Picture = self.images[rng.integers(len(self.images))]
        return image

    def painted(self, tones: NDArray[np.float64], rng: np.random.Generator) -> Picture:
        """Paint on the background in one of the colours.

        Parameters
        ----------
        tones
            float64 array of shape (height, width): 0 for the background, 1 for the colour.
        """
        colour = self.colours[rng.integers(len(self.colours))]
        return as_picture(self.background + tones[:, :, None] * (colour - self.background))


def as_picture(levels: NDArray[np.float64]) -> Picture:
    """Round levels of shape (height, width, channels), and cut those that are beyond black and white."""
    return np.clip(np.rint(levels), 0, 255).astype(np.uint8)


def _background(images: Images) -> NDArray[np.float64]:
    """Return the median level of the border in each channel."""
    sides = (images[:, 0], images[:, -1], images[:, :, 0], images[:, :, -1])
    return np.median(np.concatenate(sides, axis=1), axis=(0, 1))


def _colours(levels: NDArray[np.float64], background: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the half of the contrasting pixels that stands out most; where there are none, black or white."""
    distances = np.abs(levels - background).max(axis=1)
    standing_out = distances >= CONTRAST
    if not standing_out.any():
        return np.where(background < 128, 255.0, 0.0)[None]
    colours: NDArray[np.float64] = levels[standing_out & (distances >= np.median(distances[standing_out]))]
    return colours


def _check(images: Images) -> None:
    """Refuse what is no array of images, and images that are too small."""
    grey_or_colour = images.ndim == 3 or (images.ndim == 4 and images.shape[3] == 3)
    if images.dtype != np.uint8 or not grey_or_colour or len(images) == 0:
        raise UsageError(
            "known images are uint8 of shape (n, height, width) or (n, height, width, 3), n >= 1, "
            f"but got {images.dtype} of {images.shape}"
        )
    height, width = images.shape[1:3]
    if min(height, width) < LEAST_SIDE:
        raise UsageError(
            f"strange images are {LEAST_SIDE} pixels high and wide at least, but the known ones are {height}x{width}"
        )
