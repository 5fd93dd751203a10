"""Which way pictures are brought to a model: told by what it learned from, and kept in its folder."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from fashion_classifier.data.dataset import Images

PictureWay = Literal["garment", "resize"]
WAYS: tuple[PictureWay, ...] = get_args(PictureWay)

BLACK = 10  # grey levels up to this one are black: JPEG leaves some noise
CORNER = 14  # a corner's side is this part of the image's
LEAST_BLACK = 0.9  # of the corners' pixels; 0.99 in Fashion-MNIST's training images
LOOKED_AT = 5000  # images, evenly taken


def way_for(images: Images) -> PictureWay:
    """Tell how pictures are to be brought to a model that learned from these images.

    Parameters
    ----------
    images
        uint8 array of shape (n, height, width) or (n, height, width, 3).

    Returns
    -------
    str
        "garment" where they are grey things on black, as Fashion-MNIST's: of a picture the garment is cut out and
        brought to that form. "resize" for all others: a picture is brought to their size as it is.
    """
    sample = images[:: max(1, len(images) // LOOKED_AT)]
    return "garment" if len(sample) and is_grey(sample) and black_share(sample) >= LEAST_BLACK else "resize"


def is_grey(images: Images) -> bool:
    """Tell whether there is no colour in images, whatever their number of channels."""
    return images.ndim == 3 or bool((images == images[..., :1]).all())


def black_share(images: Images) -> float:
    """Return how many of the pixels in the images' corners are black, 0 to 1."""
    tall, wide = (max(1, side // CORNER) for side in images.shape[1:3])
    rows, columns = _ends(images.shape[1], tall), _ends(images.shape[2], wide)
    return float((images[:, rows][:, :, columns] <= BLACK).mean())


def _ends(side: int, n: int) -> NDArray[np.intp]:
    """Return the first and the last positions of a side."""
    return np.concatenate([np.arange(n), np.arange(side - n, side)])
