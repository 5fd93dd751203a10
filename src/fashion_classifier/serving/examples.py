"""Garments drawn by the project, to try a model with and to warm it up with."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from PIL import Image

from fashion_classifier.data.dataset import Images, ImageShape
from fashion_classifier.data.pictures import to_array
from fashion_classifier.data.sample.drawing import CLASSES, draw_sample
from fashion_classifier.evaluation.strangers.catalogue import KINDS, strange_images
from fashion_classifier.serving.portrait import png

N_DRAWN = 256  # for warming up
SHOWN = ("T-shirt/top", "Trouser", "Pullover", "Dress", "Sandal", "Sneaker", "Bag", "Ankle boot")
SEED = 3


def drawn(n: int = N_DRAWN) -> Images:
    """Draw garments: uint8 array of shape (n, 28, 28), the kinds taking turns."""
    return draw_sample(n_training=n, n_test=len(CLASSES), seed=SEED).training.images


def in_shape(images: Images, shape: ImageShape) -> Images:
    """Bring drawn garments to a model's form."""
    return np.stack([to_array(Image.fromarray(image), shape) for image in images])


def examples() -> Mapping[str, tuple[str, bytes]]:
    """Return pictures to try, by the name under which they are had: what is drawn, and a PNG file.

    The last is no garment, to see what is said of such.
    """
    garments = drawn(len(CLASSES))
    found = {
        f"{number}.png": (CLASSES[number], png(garments[number])) for number in map(CLASSES.index, SHOWN)
    }
    silhouettes = next(kind for kind in KINDS if kind.name == "silhouettes")
    thing = strange_images(silhouettes, garments, 1, seed=SEED)[0]
    return {**found, "stranger.png": ("No garment", png(thing))}
