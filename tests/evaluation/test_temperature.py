"""Smoothing is undone where it was done; tempered probabilities against a softmax of divided logits."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import softmax

from fashion_classifier.evaluation.temperature import tempered, unsmoothed


@pytest.mark.parametrize("temperature", [0.05, 0.7, 1.0, 3.0, 20.0])
def test_it_is_the_softmax_of_the_divided_logits(temperature):
    logits = 3 * np.random.default_rng(0).standard_normal((200, 7))
    expected = softmax(logits / temperature, axis=1)
    assert np.allclose(tempered(softmax(logits, axis=1), temperature), expected, atol=1e-6)


def test_the_most_probable_class_stays_and_rows_sum_to_one():
    probabilities = np.random.default_rng(1).dirichlet(np.ones(5), 300).astype(np.float32)
    found = tempered(probabilities, 0.3)
    assert found.dtype == np.float32
    assert (found.argmax(1) == probabilities.argmax(1)).all()
    assert np.allclose(found.sum(1), 1, atol=1e-6)


def test_a_certainty_stays_finite():
    found = tempered(np.array([[1.0, 0.0, 0.0]], np.float32), 20.0)
    assert np.isfinite(found).all()
    assert found[0, 0] > 0.9


@pytest.mark.parametrize("n_classes", [2, 10, 300])
def test_smoothing_is_undone(n_classes):
    meant = np.random.default_rng(2).dirichlet(np.full(n_classes, 0.5), 500)
    smoothed = 0.9 * meant + 0.1 / n_classes
    found = unsmoothed(smoothed.astype(np.float32), 0.1)
    assert np.allclose(found, meant, atol=0.012)  # what is rounded off at 0 is missing elsewhere
    assert np.allclose(found.sum(1), 1, atol=1e-6)


def test_what_lies_below_the_smoothing_stays_positive_and_in_its_order():
    answer = np.array([[0.9, 0.04, 0.03, 0.02, 0.01, 1e-5, 1e-7]], np.float32)
    found = unsmoothed(answer, 0.2)
    assert (np.diff(found[0]) < 0).all()
    assert found.min() > 0
    assert found[0, 0] > 0.98


def test_where_nothing_was_smoothed_nothing_changes():
    probabilities = np.random.default_rng(1).dirichlet(np.ones(5), 30).astype(np.float32)
    assert (unsmoothed(probabilities, 0.0) == probabilities).all()
