"""From a picture to what the model is given, and from its probabilities to an answer: the one place that knows both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fashion_classifier.data.dataset import Images, ImageShape
from fashion_classifier.data.pictures import Pixels, read_picture, to_array
from fashion_classifier.inference.answers import Answer, answers
from fashion_classifier.inference.predictor import Classifier, Probabilities


@dataclass(frozen=True, eq=False)
class Seen:
    """A picture as the model sees it.

    Parameters
    ----------
    images
        uint8 array of shape (m, height, width[, 3]): one or more readings of the picture, the surest first.
    weights
        float array of shape (m,), which sum to 1: what each reading counts.
    """

    images: Images
    weights: NDArray[np.float64]

    @property
    def shown(self) -> Pixels:
        """The reading that counts most, for people to look at."""
        shown: Pixels = self.images[0]
        return shown


def look(content: bytes, shape: ImageShape, *, place: str, max_pixels: int) -> Seen:
    """Decode a picture and bring it to a model's form.

    Parameters
    ----------
    content
        A file's bytes.
    shape
        Of the model's images.
    place
        What to call the picture in a message.
    max_pixels
        That it may have.

    Raises
    ------
    DataError
        If it cannot be read, or has too many pixels.
    """
    return alone(to_array(read_picture(content, place=place, near=shape[:2], max_pixels=max_pixels), shape))


def alone(image: Pixels) -> Seen:
    """Return an image that needs no reading."""
    return Seen(image[None], np.ones(1))


def answer(model: Classifier, seen: Sequence[Seen]) -> list[tuple[Answer, Probabilities]]:
    """Classify pictures together.

    Returns
    -------
    list of (Answer, float32 array of shape (n_classes,))
        Of each picture, in order: what is said of it, and every class's probability.
    """
    if not seen:
        return []
    given = model.predict(np.concatenate([one.images for one in seen]))
    ends = np.cumsum([len(one.images) for one in seen])[:-1]
    averaged = np.stack(
        [one.weights.astype(np.float32) @ part for one, part in zip(seen, np.split(given, ends), strict=True)]
    )
    return list(zip(answers(model, averaged), averaged, strict=True))
