"""What a model is shown of a picture: of a photograph the garment in it, in several views."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fashion_classifier.data.dataset import Images, ImageShape
from fashion_classifier.data.pictures import Pixels, to_array
from fashion_classifier.inference.photographs.framing import View, framed
from fashion_classifier.inference.picture_ways import black_share, is_grey

SIDE = 96  # pixels along the longer side in which a garment is looked for: 0.08 s a photograph; 128 found none better
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
    if picture.size == (shape.width, shape.height) or is_cut_out(picture):
        return as_it_is(picture, shape)
    from fashion_classifier.inference.photographs.garment import find_garment  # noqa: PLC0415 - SciPy starts slowly

    longer = max(picture.size)
    size = (max(1, round(picture.width * SIDE / longer)), max(1, round(picture.height * SIDE / longer)))
    rgb = np.asarray(picture.convert("RGB").resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0))
    mask = find_garment(rgb)
    images = np.stack([framed(rgb, mask, shape, view) for view in VIEWS])
    return Seen(images, np.full(len(VIEWS), 1 / len(VIEWS), np.float32), mask)


def is_cut_out(picture: Image.Image) -> bool:
    """Tell whether a picture shows something grey on black already, as the model's images do."""
    pixels = np.asarray(picture)[None]
    return bool(black_share(pixels) == 1) and is_grey(pixels)


def as_it_is(picture: Image.Image, shape: ImageShape) -> Seen:
    """See a picture that already looks like the model's images, brought to their size."""
    images = to_array(picture, shape)[None]
    return Seen(images, np.ones(1, np.float32), np.ones((1, 1), np.bool_), photograph=False)
