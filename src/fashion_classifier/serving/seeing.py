"""From a picture to what the model is given, and from its probabilities to an answer, as the server needs both."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from PIL import Image

from fashion_classifier.data.dataset import ImageShape
from fashion_classifier.data.garments.photograph import SIDE
from fashion_classifier.data.picture_ways import PictureWay
from fashion_classifier.data.pictures import Pixels, read_picture
from fashion_classifier.inference.photographs import seen as photographs
from fashion_classifier.inference.photographs.seen import Seen, as_it_is


def look(content: bytes, shape: ImageShape, way: PictureWay, *, place: str, max_pixels: int) -> Seen:
    """Decode a picture and bring it to a model's form.

    Parameters
    ----------
    content
        A file's bytes.
    shape, way
        Of the model's images, and how pictures are brought to it.
    place
        What to call the picture in a message.
    max_pixels
        That it may have.

    Raises
    ------
    DataError
        If it cannot be read, or has too many pixels.
    """
    near = (SIDE, SIDE) if way == "garment" else shape[:2]
    picture = read_picture(content, place=place, near=near, max_pixels=max_pixels)
    return photographs.look(picture, shape) if way == "garment" else as_it_is(picture, shape)


def alone(image: Pixels, *, photograph: bool = False) -> Seen:
    """Return an image of the model's own form that needs no reading; said to be cut out of a photograph, or not."""
    height, width = image.shape[:2]
    shape = ImageShape(height, width, 1 if image.ndim == 2 else 3)
    return replace(as_it_is(Image.fromarray(image), shape), photograph=photograph)


def told_by_a_process(images: np.ndarray, weights: list[float], *, photograph: bool) -> Seen:
    """Put together what another process has seen; where in the picture the garment lies is not told."""
    return Seen(images, np.array(weights, np.float32), np.ones((1, 1), np.bool_), photograph=photograph)
