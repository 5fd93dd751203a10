"""Which pixels mattered: each part of an image is covered in turn, and the answer to the rest compared.

Occlusion (arXiv:1311.2901) needs no gradient, so it works with any runtime. What covers is the level of the image's own
border: a grey patch would be a new thing on a black ground, whereas this only takes a part of the garment away.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fashion_classifier.data.dataset import Images
from fashion_classifier.data.pictures import Pixels
from fashion_classifier.inference.predictor import Probabilities

STEPS = 12  # places of the patch along each side
PATCH = 1 / 5  # of a side


@dataclass(frozen=True, eq=False)
class Occlusion:
    """An image with one part covered after another.

    Parameters
    ----------
    images
        uint8 array of shape (n, height, width[, 3]).
    corners
        Rows and columns at which each patch begins and ends, of shape (n, 4): top, bottom, left, right.
    """

    images: Images
    corners: NDArray[np.int64]

    @classmethod
    def of(cls, image: Pixels) -> Occlusion:
        """Cover the parts of an image of shape (height, width[, 3]), at most `STEPS` times `STEPS` of them."""
        corners = np.array(
            [
                (top, bottom, left, right)
                for top, bottom in _spans(image.shape[0])
                for left, right in _spans(image.shape[1])
            ]
        )
        border = np.concatenate([image[0], image[-1], image[:, 0], image[:, -1]])
        images = np.repeat(image[None], len(corners), axis=0)
        for covered, (top, bottom, left, right) in zip(images, corners.tolist(), strict=True):
            covered[top:bottom, left:right] = np.median(border, axis=0).astype(np.uint8)
        return cls(images, corners)

    def influence(self, label: int, whole: Probabilities, covered: Probabilities) -> NDArray[np.float64]:
        """Return how much of an answer each pixel carries: float array of shape (height, width), at least 0.

        Parameters
        ----------
        label
            The class that was answered; of a photograph, which is seen in several views, not always this image's own.
        whole
            Probabilities of the image itself, of shape (k,).
        covered
            Those of `images`, of shape (n, k).

        Returns
        -------
        numpy.ndarray
            The class's probability that is lost, on average, where the pixel is covered.
        """
        lost = np.maximum(float(whole[label]) - covered[:, label].astype(np.float64), 0.0)
        total, count = np.zeros(self.images.shape[1:3]), np.zeros(self.images.shape[1:3])
        for value, (top, bottom, left, right) in zip(lost.tolist(), self.corners.tolist(), strict=True):
            total[top:bottom, left:right] += value
            count[top:bottom, left:right] += 1
        influence: NDArray[np.float64] = total / count
        return influence


def _spans(side: int) -> list[tuple[int, int]]:
    """Return where patches begin and end along a side, so that every pixel is covered at least once."""
    patch = max(1, round(side * PATCH))
    starts = np.unique(np.linspace(0, side - patch, min(STEPS, side)).round().astype(int))
    reach = max(patch, int(np.diff(starts).max(initial=0)))
    return [(start, min(side, start + reach)) for start in starts.tolist()]
