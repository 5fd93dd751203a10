"""All corruptions, with what each of their five severities is, and the one function that applies them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from fashion_classifier.errors import UsageError
from fashion_classifier.evaluation.corruptions.blur import defocus_blur, glass_blur, motion_blur
from fashion_classifier.evaluation.corruptions.chance import Chance
from fashion_classifier.evaluation.corruptions.cover import occlusion, stripes
from fashion_classifier.evaluation.corruptions.digital import jpeg, pixelate
from fashion_classifier.evaluation.corruptions.frame import Images
from fashion_classifier.evaluation.corruptions.geometry import mirrored, rotation, scale, shear, shift
from fashion_classifier.evaluation.corruptions.light import brightness, contrast, gamma, polarity
from fashion_classifier.evaluation.corruptions.noise import gaussian_noise, impulse_noise, shot_noise
from fashion_classifier.seeds import derive_seed

SEVERITIES = (1, 2, 3, 4, 5)

LEAST_SIDE = 8  # pixels; in less there is nothing to recognise

_BLOCK_VALUES = 250_000  # values of a block of images: as float32 they stay in the processor's cache


@dataclass(frozen=True)
class Corruption:
    """A kind of corruption.

    Parameters
    ----------
    name
        For people, in English; it is also part of the seed.
    group
        What the kind is one of: "noise", "blur", "light", "geometry", "cover" or "digital".
    function
        From images of shape (n, height, width, channels), an amount and the images' chance to corrupted images.
    amounts
        The amount at each severity, mild to strong.
    meaning
        What the amount is, with its unit. "Pixels" are those of an image whose shorter side is 28; in a larger one they
        are as many times larger.
    """

    name: str
    group: str
    function: Callable[[Images, float, Chance], Images] = field(repr=False)
    amounts: tuple[float, float, float, float, float]
    meaning: str


# Severity 1 is mild; at 5 a person still names most garments. The amounts are ours, set by eye on images of
# 28 x 28; the kinds are those of ImageNet-C, MNIST-C and Fashion-MNIST-C that make sense for a garment.
CORRUPTIONS: tuple[Corruption, ...] = (
    Corruption("Gaussian noise", "noise", gaussian_noise, (15, 25, 40, 60, 85), "standard deviation in grey levels"),
    Corruption("Shot noise", "noise", shot_noise, (64, 32, 16, 8, 4), "photons that white sends"),
    Corruption("Impulse noise", "noise", impulse_noise, (0.02, 0.05, 0.1, 0.18, 0.3), "share of the pixels"),
    Corruption("Defocus blur", "blur", defocus_blur, (0.9, 1.3, 1.8, 2.4, 3.2), "radius in pixels"),
    Corruption("Motion blur", "blur", motion_blur, (2, 3.5, 5, 7, 10), "path in pixels"),
    Corruption("Glass blur", "blur", glass_blur, (0.6, 0.9, 1.3, 1.8, 2.4), "reach in pixels"),
    Corruption("Brightness", "light", brightness, (20, 40, 60, 85, 110), "grey levels added"),
    Corruption("Contrast", "light", contrast, (0.75, 0.55, 0.4, 0.25, 0.15), "share of the contrast that is kept"),
    Corruption("Gamma", "light", gamma, (1.3, 1.7, 2.2, 2.9, 3.8), "exponent"),
    # Half and half would be even grey: the middle is left out. Severities 1 and 2 are pale, 3 to 5 are negatives.
    Corruption("Inverted polarity", "light", polarity, (0.1, 0.25, 0.75, 0.9, 1), "share of the negative"),
    Corruption("Shift", "geometry", shift, (1, 2, 3, 4, 6), "pixels"),
    Corruption("Rotation", "geometry", rotation, (6, 12, 20, 30, 45), "degrees"),
    Corruption("Scale", "geometry", scale, (0.92, 0.84, 0.74, 0.64, 0.52), "factor of the size"),
    Corruption("Shear", "geometry", shear, (0.1, 0.2, 0.3, 0.45, 0.6), "sideways shift of a row, of its height"),
    Corruption("Mirrored", "geometry", mirrored, (0.2, 0.4, 0.6, 0.8, 1), "share of the images, left to right"),
    Corruption("Occlusion", "cover", occlusion, (0.2, 0.3, 0.4, 0.5, 0.6), "side of a square, of the image's side"),
    Corruption("Stripes", "cover", stripes, (0.1, 0.18, 0.27, 0.37, 0.5), "share that is covered"),
    Corruption("JPEG compression", "digital", jpeg, (40, 25, 15, 9, 5), "quality"),
    Corruption("Pixelation", "digital", pixelate, (1.5, 2, 2.5, 3, 4), "side of a square in pixels"),
)


def corrupt(images: Images, corruption: Corruption | str, severity: int, *, seed: int) -> Images:
    """Corrupt images.

    What happens to an image depends on the image, on its place in the array, and on the three arguments besides; not on
    the other images, nor on how many there are.

    Parameters
    ----------
    images
        uint8 array of shape (n, height, width), grey, or (n, height, width, 3), coloured; sides of 8 pixels at least.
    corruption
        One of `CORRUPTIONS`, or its name.
    severity
        1 (mild) to 5 (strong).
    seed
        Of the run; each corruption and severity derives its own from it.

    Returns
    -------
    uint8 array of the shape of `images`

    Raises
    ------
    UsageError
        If the images, the corruption or the severity cannot be.

    References
    ----------
    D. Hendrycks, T. Dietterich, "Benchmarking Neural Network Robustness to Common Corruptions and Perturbations"
    (ImageNet-C), arXiv:1903.12261. N. Mu, J. Gilmer, "MNIST-C: A Robustness Benchmark for Computer Vision",
    arXiv:1906.02337. M. Weiss, P. Tonella, "Simple Techniques Work Surprisingly Well for Neural Network Test
    Prioritization and Active Learning" (Fashion-MNIST-C), arXiv:2205.00664.

    Examples
    --------
    >>> black = np.zeros((2, 28, 28), np.uint8)
    >>> int(corrupt(black, "Brightness", 3, seed=0).max())
    60
    """
    kind = find_corruption(corruption) if isinstance(corruption, str) else corruption
    _check(images, severity)
    own_seed = derive_seed(seed, "corruption", kind.name, severity)
    amount = kind.amounts[severity - 1]
    corrupted = np.empty_like(images)
    # Grey images get an axis of one channel; both are views, so that what is written goes into `corrupted`.
    source, target = (array if array.ndim == 4 else array[..., None] for array in (images, corrupted))
    n_at_once = max(1, _BLOCK_VALUES // max(1, source[0].size if len(source) else 1))
    for start in range(0, len(source), n_at_once):
        block = source[start : start + n_at_once]
        target[start : start + n_at_once] = kind.function(block, amount, Chance(own_seed, start, len(block)))
    return corrupted


def find_corruption(name: str) -> Corruption:
    """Return the corruption of this name.

    Raises
    ------
    UsageError
        If there is none.
    """
    for corruption in CORRUPTIONS:
        if corruption.name == name:
            return corruption
    names = ", ".join(corruption.name for corruption in CORRUPTIONS)
    raise UsageError(f"there is no corruption {name!r}. Choose one of: {names}.")


def _check(images: Images, severity: int) -> None:
    """Refuse what is no array of images, and a severity that there is not."""
    if severity not in SEVERITIES:
        raise UsageError(f"a severity is 1, 2, 3, 4 or 5, but got {severity}")
    coloured = images.ndim == 4 and images.shape[3] == 3
    if images.dtype != np.uint8 or not (images.ndim == 3 or coloured) or min(images.shape[1:3]) < LEAST_SIDE:
        raise UsageError(
            "images are uint8 of shape (n, height, width) or (n, height, width, 3), with sides of "
            f"{LEAST_SIDE} pixels at least, but got {images.dtype} of shape {images.shape}"
        )
