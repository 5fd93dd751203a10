"""What counts as the same answer."""

from __future__ import annotations

import numpy as np
import pytest

from fashion_classifier.data.dataset import ImageShape
from fashion_classifier.inference.agreement import accuracy_lost, compare_logits, trial_images

LOGITS = np.array([[0.0, 1.0, 3.0], [2.0, 1.999, 0.0]], np.float32)


def test_rounding_is_agreement():
    assert compare_logits(LOGITS, LOGITS + np.float32(9e-4)).holds


def test_more_than_rounding_is_not():
    assert not compare_logits(LOGITS, LOGITS + np.float32(2e-3)).holds


def test_logits_beyond_the_usual_may_differ_by_a_hundred_thousandth():
    assert compare_logits(LOGITS * 1e4, LOGITS * 1e4 + np.float32(0.2)).holds
    assert not compare_logits(LOGITS * 1e4, LOGITS * 1e4 + np.float32(0.4)).holds


def test_logits_that_are_not_numbers_never_agree():
    assert not compare_logits(LOGITS, np.full_like(LOGITS, np.nan)).holds


def test_a_tie_may_be_broken_either_way():
    swapped = LOGITS.copy()
    swapped[1, :2] = swapped[1, 1::-1]
    assert compare_logits(LOGITS, swapped).n_changed == 0
    swapped[0] = [3.0, 1.0, 0.0]
    assert compare_logits(LOGITS, swapped).n_changed == 1


def test_an_answer_that_changes_between_equals_costs_nothing():
    reference = np.array([[0.5, 0.5], [0.9, 0.1]])
    assert accuracy_lost(reference, reference[:, ::-1][[0, 1]]) == pytest.approx(0.4)
    assert accuracy_lost(reference, np.array([[0.4, 0.6], [0.9, 0.1]])) == 0


@pytest.mark.parametrize("shape", [ImageShape(28, 28, 1), ImageShape(5, 7, 3), ImageShape(1, 1, 1)])
def test_trial_images_are_images_of_the_shape(shape):
    images = trial_images(shape)
    assert images.dtype == np.uint8
    assert ImageShape.of(images) == shape
    assert images.min() < 20
    assert images.max() > 200
    assert np.array_equal(images, trial_images(shape))
