"""More images, and only more images."""

from __future__ import annotations

import numpy as np
import pytest
from tests.conftest import blobs

from fashion_classifier.data.fingerprint import image_sha256
from fashion_classifier.evidence.learning_curve import _nested, affordable_shares, learning_curve, length_of


def test_smaller_parts_lie_inside_larger_ones_with_each_class():
    dataset = blobs(600)
    parts = _nested(dataset, (0.05, 0.2, 1.0), seed=0)
    sizes = [len(part) for part in parts]
    assert sizes[2] == 600
    assert sizes[1] == pytest.approx(120, abs=3)
    assert sizes[0] == pytest.approx(30, abs=3)
    hashes = [{image_sha256(image) for image in part.images} for part in parts]
    assert hashes[0] < hashes[1] < hashes[2]
    for part in parts:
        assert min(part.counts.values()) >= 0.8 * len(part) * min(dataset.counts.values()) / 600


def test_shares_that_would_leave_a_class_with_an_image_are_left_out(split):
    assert affordable_shares(split) == (0.05, 0.2, 1.0)


def test_small_parts_still_get_some_steps():
    assert length_of(0.01) > 0.01
    assert length_of(1.0) == 1


def test_each_point_is_judged_on_what_it_learned_and_on_all_cross_validation_images(trainings, recipe):
    points = learning_curve(trainings, recipe, (0.2, 1.0), seed=0)
    assert [point.share for point in points] == [0.2, 1.0]
    assert points[1].n_images == 400
    for point in points:
        assert point.training.low <= point.training.value <= point.training.high
        assert point.validation.value == pytest.approx(round(point.validation.value * 100) / 100)
    answers = trainings.kept("curve-1", {"judged": 100, "learned": 400}).answers
    assert answers["learned"].shape == (400, 3)
    truth = trainings.workshop.split.training.labels
    assert points[1].training.value == np.mean(answers["learned"].argmax(1) == truth)
