"""Calibration against the definitions done the long way, scikit-learn, and models whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import softmax
from sklearn.metrics import brier_score_loss, log_loss

from fashion_classifier.errors import UsageError
from fashion_classifier.evaluation.calibration import (
    BINS,
    calibrate,
    equal_count_bins,
    equal_width_bins,
    fit_temperature,
)
from fashion_classifier.evaluation.temperature import tempered


def answers(n=2000, k=5, *, temperature=1.0, seed=0):
    """Labels drawn from known probabilities, and what a model that is sure `1 / temperature` times as much says."""
    rng = np.random.default_rng(seed)
    logits = 2.5 * rng.standard_normal((n, k))
    truth = softmax(logits, axis=1)
    labels = (truth.cumsum(axis=1) < rng.random((n, 1))).sum(axis=1).clip(max=k - 1)
    return labels.astype(np.int64), softmax(logits / temperature, axis=1)


def exact(probabilities):
    """Rows that sum to 1 in double precision."""
    return probabilities.astype(float) / probabilities.astype(float).sum(axis=1, keepdims=True)


def slow_ece(labels, probabilities, n_bins):
    total = 0.0
    confidences = [row.max() for row in probabilities]
    for number in range(n_bins):
        inside = [
            i
            for i, c in enumerate(confidences)
            if number / n_bins < c <= (number + 1) / n_bins or (number == 0 and c == 0)
        ]
        if inside:
            accuracy = np.mean([probabilities[i].argmax() == labels[i] for i in inside])
            total += len(inside) / len(labels) * abs(accuracy - np.mean([confidences[i] for i in inside]))
    return total


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_the_calibration_error_is_the_published_definition(temperature):
    labels, probabilities = answers(500, temperature=temperature)
    assert calibrate(labels, probabilities).ece.value == pytest.approx(slow_ece(labels, probabilities, BINS))


def test_brier_is_scikit_learns_summed_over_classes():
    labels, probabilities = answers()
    truth = np.eye(5)[labels]
    expected = sum(brier_score_loss(truth[:, c], probabilities[:, c]) for c in range(5))
    assert calibrate(labels, probabilities).brier.value == pytest.approx(expected)


def test_a_calibrated_model_has_little_error_and_a_sure_one_much():
    calibrated, sure = (calibrate(*answers(8000, temperature=t)) for t in (1.0, 0.3))
    assert calibrated.ece.value < 0.02
    assert calibrated.adaptive_ece.value < 0.03
    assert sure.ece.low > 0.05
    assert sure.mean_confidence > calibrated.mean_confidence


def test_bins_hold_every_image_once_and_their_own_alone():
    labels, probabilities = answers()
    found = calibrate(labels, probabilities)
    assert sum(part.n for part in found.bins) == len(labels)
    assert all(part.low < part.confidence <= part.high for part in found.bins)
    weighted = sum(part.n * abs(part.accuracy.value - part.confidence) for part in found.bins) / len(labels)
    assert weighted == pytest.approx(found.ece.value)


def test_a_bound_belongs_to_the_lower_bin():
    assert equal_width_bins(np.array([0.0, 0.2, 0.2000001, 1.0]), 5).tolist() == [0, 0, 1, 4]


def test_bins_of_equal_count_are_equal_and_keep_ties_together():
    rng = np.random.default_rng(0)
    counts = np.bincount(equal_count_bins(rng.random(1500)))
    assert counts.min() >= 99
    assert counts.max() <= 101
    tied = np.repeat([0.5, 0.9], [10, 990])
    members = equal_count_bins(tied)
    assert len(np.unique(members[tied == 0.9])) == 1


def test_the_interval_is_that_of_resampled_images():
    labels, probabilities = answers(600, temperature=0.5)
    rng = np.random.default_rng(5)
    drawn = []
    for _ in range(300):
        index = rng.integers(0, 600, 600)
        drawn.append(slow_ece(labels[index], probabilities[index], BINS))
    found = calibrate(labels, probabilities).ece
    low, high = np.quantile(drawn, [0.025, 0.975])
    assert found.as_list == pytest.approx([2 * found.value - high, 2 * found.value - low], abs=0.01)


@pytest.mark.slow
@pytest.mark.parametrize("temperature", [1.0, 0.8])
def test_the_interval_holds_the_true_error_though_the_measured_one_is_too_large(temperature):
    """Of a calibrated model, too: its true error is 0, which is never measured."""
    labels, probabilities = answers(50_000, temperature=temperature)
    true = 0.0 if temperature == 1 else slow_ece(labels, probabilities, BINS)
    rng, hits = np.random.default_rng(1), 0
    for seed in range(40):
        chosen = rng.choice(len(labels), 2000, replace=False)
        found = calibrate(labels[chosen], probabilities[chosen], seed=seed).ece
        hits += found.low - 1e-9 <= true <= found.high
    assert hits >= 34


@pytest.mark.parametrize("temperature", [0.4, 1.0, 2.5])
def test_the_temperature_is_found_again(temperature):
    labels, probabilities = answers(20_000, temperature=temperature)
    assert fit_temperature(labels, probabilities) == pytest.approx(1 / temperature, rel=0.05)


def test_the_fitted_temperature_is_where_scikit_learns_loss_is_least():
    labels, probabilities = answers(3000, temperature=0.6)
    grid = np.linspace(0.5, 3.0, 251)
    best = grid[np.argmin([log_loss(labels, exact(tempered(probabilities, t))) for t in grid])]
    assert fit_temperature(labels, probabilities) == pytest.approx(best, abs=0.011)


def test_wrong_certainty_wants_to_be_less_sure():
    certain = np.array([[1.0, 0.0], [0.0, 1.0]], np.float32)
    assert fit_temperature(np.array([0, 0]), certain) > 1


@pytest.mark.parametrize("n", [0, 3])
def test_labels_and_rows_must_fit(n):
    with pytest.raises(UsageError, match="as many rows"):
        calibrate(np.zeros(n, np.int64), np.full((0 if n == 0 else 2, 2), 0.5))
