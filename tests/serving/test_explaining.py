"""Which pixels mattered is found by covering them."""

from __future__ import annotations

import numpy as np
import pytest

from fashion_classifier.serving.explaining import Occlusion
from fashion_classifier.serving.portrait import heat


def bright_share(images):
    """Say how much of the middle's light there is: class 1, by as much as the middle of an image is bright."""
    light = images[:, 10:14, 10:14].reshape(len(images), -1).mean(axis=1) / 255
    return np.stack([1 - light, light], axis=1).astype(np.float32)


@pytest.mark.parametrize("shape", [(28, 28), (28, 28, 3)])
def test_what_carries_the_answer_is_found(shape):
    image = np.zeros(shape, np.uint8)
    image[10:14, 10:14] = 255
    occlusion = Occlusion.of(image)
    grey = occlusion.images.reshape(*occlusion.images.shape[:3], -1).mean(axis=3)
    influence = occlusion.influence(1, bright_share(image[None])[0], bright_share(grey))
    assert influence.shape == (28, 28)
    assert influence[11, 11] > 0.3
    assert influence[0, 0] == influence[27, 27] == 0
    assert heat(influence).max() == 255


def test_the_class_that_was_answered_is_explained_even_where_this_image_alone_speaks_for_another():
    image = np.zeros((28, 28), np.uint8)
    image[10:14, 10:14] = 100
    occlusion = Occlusion.of(image)
    whole = bright_share(image[None])[0]
    assert whole.argmax() == 0
    assert occlusion.influence(1, whole, bright_share(occlusion.images)).max() > 0.1
    assert occlusion.influence(0, whole, bright_share(occlusion.images)).max() == 0


def test_nothing_matters_where_nothing_changes():
    occlusion = Occlusion.of(np.full((12, 12), 80, np.uint8))
    assert (occlusion.images == 80).all()  # the cover is the border's own level
    same = np.tile(np.array([0.9, 0.1], np.float32), (len(occlusion.images), 1))
    assert heat(occlusion.influence(0, same[0], same)).max() == 0


@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (3, 5), (12, 12), (28, 28), (64, 48), (200, 31)])
def test_every_pixel_is_covered_by_at_most_144_patches(shape):
    occlusion = Occlusion.of(np.zeros(shape, np.uint8))
    covered = np.zeros(shape, bool)
    for top, bottom, left, right in occlusion.corners:
        covered[top:bottom, left:right] = True
    assert covered.all()
    assert len(occlusion.images) <= 144
