"""A photograph as a model of grey garments on black sees it, when it learns and when it answers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fashion_classifier.data.dataset import ImageShape
from fashion_classifier.data.garments.framing import View, framed
from fashion_classifier.data.picture_ways import BLACK, CORNER, is_grey
from fashion_classifier.data.pictures import Pixels, to_array

SIDE = 96  # pixels along the longer side in which a garment is looked for: 0.08 s a photograph; 128 found none better
LOOKED_AT = 512  # pixels along each side, of a picture that may be grey
PLAINLY = View(turn_degrees=0.0, narrowing=1.0)


def is_photograph(picture: Image.Image, shape: ImageShape) -> bool:
    """Tell a photograph from what is as large as the images, or grey with black corners as they are."""
    if picture.size == (shape.width, shape.height):
        return False
    if not _has_black_corners(picture):
        return True
    factors = [max(1, side // LOOKED_AT) for side in picture.size]
    small = picture.reduce((factors[0], factors[1]))  # of a huge picture no copy is made
    return not is_grey(np.asarray(small)[None])


def _has_black_corners(picture: Image.Image) -> bool:
    """Tell whether the corners are black, as those of the model's images are."""
    wide, tall = (max(1, side // CORNER) for side in picture.size)
    across, down = (0, picture.width - wide), (0, picture.height - tall)
    corners = [np.asarray(picture.crop((x, y, x + wide, y + tall))) for x in across for y in down]
    return all(bool((corner <= BLACK).all()) for corner in corners)


def cut_out(picture: Image.Image) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Find the garment in a photograph.

    Returns
    -------
    uint8 array of shape (height, width, 3), bool array of shape (height, width)
        The photograph, `SIDE` pixels along its longer side, and where in it the garment is.
    """
    from fashion_classifier.data.garments.finding import find_garment  # noqa: PLC0415 - SciPy starts slowly

    longer = max(picture.size)
    size = (max(1, round(picture.width * SIDE / longer)), max(1, round(picture.height * SIDE / longer)))
    rgb = np.asarray(picture.convert("RGB").resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0))
    return rgb, find_garment(rgb)


def garment_image(picture: Image.Image, shape: ImageShape) -> Pixels:
    """Bring a picture to the form of images of garments on black.

    Parameters
    ----------
    picture
        As `fashion_classifier.data.pictures.read_picture` gives it near a size of (`SIDE`, `SIDE`). What is no
        photograph is brought to the shape as it is.
    shape
        Of the image wanted.
    """
    if not is_photograph(picture, shape):
        return to_array(picture, shape)
    return framed(*cut_out(picture), shape, PLAINLY)
