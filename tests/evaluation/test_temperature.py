"""Tempered probabilities against a softmax of divided logits."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import softmax

from fashion_classifier.evaluation.temperature import tempered


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
