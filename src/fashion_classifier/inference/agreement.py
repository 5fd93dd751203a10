"""Whether two runtimes agree: the tolerances under which one may answer in another's place."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fashion_classifier.data.dataset import Images, ImageShape
from fashion_classifier.inference.predictor import Probabilities
from fashion_classifier.inference.runtimes.base import Logits

TOLERANCE = 1e-3  # of logits, between runtimes that both compute in float32
USUAL_LOGIT = 100.0  # up to which the tolerance is absolute; float32 rounds larger ones more
TIE = 2e-3  # two first logits that lie nearer to each other than this may change places
ACCURACY_TOLERANCE = 0.002  # accuracy that a lower precision may cost


@dataclass(frozen=True)
class Agreement:
    """How the logits of two runtimes compare.

    Parameters
    ----------
    n
        Number of images.
    largest_difference
        Of any logit.
    largest_logit
        Of the reference, without its sign.
    n_changed
        Images of which the first class is another although the two first logits are no tie.
    """

    n: int
    largest_difference: float
    largest_logit: float
    n_changed: int

    @property
    def holds(self) -> bool:
        """Whether they agree; logits that are not numbers never do."""
        return self.largest_difference <= self.tolerance and self.n_changed == 0

    @property
    def tolerance(self) -> float:
        """The largest difference that is allowed."""
        return TOLERANCE * max(1.0, self.largest_logit / USUAL_LOGIT)

    def __str__(self) -> str:
        return (
            f"on {self.n} images the largest difference of a logit is {self.largest_difference:.2g} (at most "
            f"{self.tolerance:.2g} is allowed), and {self.n_changed} images get another first class"
        )


def compare_logits(reference: Logits, found: Logits) -> Agreement:
    """Compare logits of shape (n, k), both computed in float32."""
    two_best = np.sort(reference, axis=1)[:, -2:]
    clear = two_best[:, 1] - two_best[:, 0] > TIE
    changed = clear & (reference.argmax(1) != found.argmax(1))
    difference, largest = (float(np.abs(values).max()) for values in (reference - found, reference))
    return Agreement(len(reference), difference, largest, int(changed.sum()))


def accuracy_lost(reference: Probabilities, found: Probabilities) -> float:
    """Estimate, without labels, the accuracy that is lost by answering from `found` instead of from `reference`.

    The probability that the reference gives its own answer, less that which it gives the other's, averaged over the
    images: an answer that changes where two classes were as likely costs nothing.
    """
    rows = np.arange(len(reference))
    return float(np.mean(reference.max(1) - reference[rows, found.argmax(1)]))


def trial_images(shape: ImageShape, n: int = 32) -> Images:
    """Draw images to compare runtimes on: smooth ones on black, and some that are nothing but noise.

    Returns
    -------
    uint8 array of shape (n, height, width) or (n, height, width, 3)
    """
    generator = np.random.default_rng(0)
    sides = (shape.height, shape.width)
    coarse = generator.integers(-128, 256, (n, *(-(-side // 4) for side in sides), shape.channels))
    images = coarse.clip(0).repeat(4, axis=1).repeat(4, axis=2)[:, : sides[0], : sides[1]]
    images[::4] = generator.integers(0, 256, images[::4].shape)
    return images.astype(np.uint8)[..., 0] if shape.channels == 1 else images.astype(np.uint8)
