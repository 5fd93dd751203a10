"""What a model is shown of a picture: of a photograph the garment in it, in several views."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fashion_classifier.data.dataset import Images, ImageShape
from fashion_classifier.data.garments.framing import View, framed
from fashion_classifier.data.garments.photograph import cut_out, is_photograph
from fashion_classifier.data.pictures import Pixels, to_array

VIEWS = tuple(View(turn, narrowing) for turn in (0.0, -8.0, 8.0) for narrowing in (1.0, 0.85))


@dataclass(frozen=True, eq=False)
class Seen:
    """What a model is shown of one picture.

    Parameters
    ----------
    images
        uint8 array of shape (m, height, width[, 3]): several ways of seeing the same thing, the plainest first.
    weights
        float32 array of shape (m,): what each counts; they sum to 1.
    mask
        bool array of shape (h, w) over the whole picture, whatever its size: where the garment is.
    photograph
        Whether the picture was taken for a photograph; otherwise it was taken as it is.
    """

    images: Images
    weights: NDArray[np.float32]
    mask: NDArray[np.bool_]
    photograph: bool = True

    @property
    def shown(self) -> Pixels:
        """The plainest of the images."""
        plainest: Pixels = self.images[0]
        return plainest

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Where the garment is: left, top, right, bottom, as shares of the picture's width and height."""
        rows, columns = np.flatnonzero(self.mask.any(1)), np.flatnonzero(self.mask.any(0))
        height, width = self.mask.shape
        return columns[0] / width, rows[0] / height, (columns[-1] + 1) / width, (rows[-1] + 1) / height


def look(picture: Image.Image, shape: ImageShape) -> Seen:
    """See a picture as a model does that learned from images of garments on black.

    Parameters
    ----------
    picture
        As `fashion_classifier.data.pictures.read_picture` gives it. One that is as large as the model's images, or grey
        with black corners as they are, is no photograph and is taken as it is.
    shape
        Of the model's images.
    """
    if not is_photograph(picture, shape):
        return as_it_is(picture, shape)
    rgb, mask = cut_out(picture)
    images = np.stack([framed(rgb, mask, shape, view) for view in VIEWS])
    return Seen(images, np.full(len(VIEWS), 1 / len(VIEWS), np.float32), mask)


def as_it_is(picture: Image.Image, shape: ImageShape) -> Seen:
    """See a picture that already looks like the model's images, brought to their size."""
    images = to_array(picture, shape)[None]
    return Seen(images, np.ones(1, np.float32), np.ones((1, 1), np.bool_), photograph=False)
