"""Garments drawn by the project, to try a model with and to warm it up with."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image

from fashion_classifier.data.dataset import Images, ImageShape
from fashion_classifier.data.pictures import to_array
from fashion_classifier.data.sample.drawing import CLASSES, draw_sample
from fashion_classifier.evaluation.strangers.catalogue import KINDS, strange_images
from fashion_classifier.inference.answers import answers
from fashion_classifier.inference.predictor import Classifier
from fashion_classifier.serving.portrait import png

N_DRAWN = 400  # from which examples are chosen, and with which a model is warmed up
N_STRANGE = 12
MOST_SHOWN = 8
SEED = 3


@dataclass(frozen=True)
class Example:
    """A picture to try.

    Parameters
    ----------
    name
        Under which it is had.
    shows
        What is drawn on it.
    content
        A PNG file.
    """

    name: str
    shows: str
    content: bytes


def drawn(n: int = N_DRAWN) -> Images:
    """Draw garments: uint8 array of shape (n, 28, 28), the kinds taking turns; n is at least 10."""
    return draw_sample(n_training=n, n_test=len(CLASSES), seed=SEED).training.images


def in_shape(images: Images, shape: ImageShape) -> Images:
    """Bring drawn garments to a model's form."""
    return np.stack([to_array(Image.fromarray(image), shape) for image in images])


def choose_examples(model: Classifier, garments: Images) -> list[Example]:
    """Choose pictures to try: of each kind that the model knows the garment of which it is surest, if it is right.

    The last is no garment, to see what is said of such; the one that the model is least sure of.

    Parameters
    ----------
    model
        To be tried.
    garments
        As `drawn` gives them.
    """
    probabilities = model.predict(in_shape(garments, model.shape))
    said = answers(model, probabilities)
    chosen = []
    for number, kind in enumerate(CLASSES):
        known = [
            place
            for place in range(number, len(garments), len(CLASSES))
            if said[place].predicted == kind and not said[place].refused
        ]
        if known:
            best = max(known, key=lambda place: said[place].probability)
            chosen.append(Example(f"{number}.png", kind, png(garments[best])))
    return [*chosen[:MOST_SHOWN], _stranger(model, garments)]


def _stranger(model: Classifier, garments: Images) -> Example:
    """Choose something that nobody wears."""
    silhouettes = next(kind for kind in KINDS if kind.name == "silhouettes")
    things = strange_images(silhouettes, garments, N_STRANGE, seed=SEED)
    least = int(model.predict(in_shape(things, model.shape)).max(axis=1).argmin())
    return Example("stranger.png", "No garment", png(things[least]))
