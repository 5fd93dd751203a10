"""Rules fitted on one half of the images and measured on the other."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import softmax

from fashion_classifier.evaluation.calibration import calibrate
from fashion_classifier.evaluation.confidence import ALPHA, Answers, fit_rules, measure_confidence
from fashion_classifier.evaluation.temperature import tempered


def answers(n, *, seed, sureness=2.0, k=6):
    """Labels drawn from known probabilities, and what a model says that is `sureness` times too sure."""
    rng = np.random.default_rng(seed)
    logits = 2.5 * rng.standard_normal((n, k))
    truth = softmax(logits, axis=1)
    labels = (truth.cumsum(axis=1) < rng.random((n, 1))).sum(axis=1).clip(max=k - 1)
    return Answers(labels.astype(np.int64), softmax(sureness * logits, axis=1).astype(np.float32))


@pytest.fixture(scope="module")
def fitted():
    return fit_rules(answers(8000, seed=0))


def test_a_model_that_is_twice_too_sure_is_cooled_to_twice_the_temperature(fitted):
    assert fitted.temperature == pytest.approx(2.0, rel=0.05)


def test_tempering_mends_the_calibration_of_other_images(fitted):
    found = measure_confidence(fitted, answers(6000, seed=1))
    assert found.before.ece.value > 0.08
    assert found.after.ece.value < 0.02


def test_sets_hold_the_true_class_as_often_as_was_asked(fitted):
    found = measure_confidence(fitted, answers(6000, seed=2))
    for coverage in found.coverage:
        assert coverage.coverage.value == pytest.approx(1 - ALPHA, abs=0.01)


@pytest.mark.parametrize("alpha", [0.02, 0.2])
def test_another_share_can_be_asked_for(alpha):
    rules = fit_rules(answers(8000, seed=3), alpha=alpha)
    found = measure_confidence(rules, answers(6000, seed=4))
    lac = next(coverage for rule, coverage in zip(rules.sets, found.coverage, strict=True) if rule.method == "lac")
    assert lac.coverage.value == pytest.approx(1 - alpha, abs=0.015)


def test_what_is_measured_is_of_the_tempered_probabilities(fitted):
    test = answers(500, seed=5)
    expected = calibrate(test.labels, tempered(test.probabilities, fitted.temperature))
    assert measure_confidence(fitted, test).after == expected


def test_it_repeats_with_its_seed(fitted):
    test = answers(500, seed=6)
    assert measure_confidence(fitted, test, seed=1) == measure_confidence(fitted, test, seed=1)
    assert fit_rules(test, seed=1) == fit_rules(test, seed=1)
