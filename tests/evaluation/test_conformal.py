"""Conformal sets: the definitions done the long way, and coverage as promised on data whose truth is known."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.special import softmax

from fashion_classifier.errors import UsageError
from fashion_classifier.evaluation.conformal import fit_rule, measure_coverage
from fashion_classifier.evaluation.prediction_sets import prediction_sets, scores

RNG = np.random.default_rng(0)


def answers(n, k=6, seed=0):
    """Labels, and probabilities of a model that is too sure of itself."""
    rng = np.random.default_rng(seed)
    logits = 1.5 * rng.standard_normal((n, k))
    truth = softmax(logits, axis=1)
    labels = (truth.cumsum(axis=1) < rng.random((n, 1))).sum(axis=1).clip(max=k - 1)
    return labels.astype(np.int64), softmax(2 * logits, axis=1).astype(np.float32), rng.random(n)


def test_lac_is_one_less_the_probability_but_nothing_for_the_most_probable_class():
    _, probabilities, _ = answers(5)
    expected = np.where(probabilities == probabilities.max(axis=1, keepdims=True), 0, 1 - probabilities)
    assert scores(probabilities, method="lac") == pytest.approx(expected)


def test_aps_adds_up_what_is_more_probable():
    _, probabilities, draws = answers(40)
    found = scores(probabilities, method="aps", draws=draws)
    for row, draw, values in zip(probabilities.astype(float), draws, found, strict=True):
        for c in range(len(row)):
            expected = sum(p for p in row if p > row[c]) + draw * row[c] if row[c] < max(row) else 0
            assert values[c] == pytest.approx(expected)


def test_the_threshold_is_the_rank_that_the_proof_needs():
    labels, probabilities, _ = answers(99)
    rule = fit_rule(labels, probabilities, method="lac", alpha=0.1)
    of_truth = sorted(
        1 - float(row[label]) if row[label] < row.max() else 0.0
        for row, label in zip(probabilities, labels, strict=True)
    )
    assert rule.threshold == pytest.approx(of_truth[math.ceil(100 * 0.9) - 1])


def test_too_few_images_give_full_sets():
    labels, probabilities, _ = answers(5)
    rule = fit_rule(labels, probabilities, method="lac", alpha=0.05)
    assert rule.threshold == 1
    assert prediction_sets(probabilities, rule).all()


@pytest.mark.parametrize("method", ["lac", "aps"])
@pytest.mark.parametrize("alpha", [0.05, 0.2])
def test_coverage_is_as_promised(method, alpha):
    """Mean over many calibrations; sets that are never empty do not make it more."""
    covered = []
    for seed in range(40):
        labels, probabilities, draws = answers(2000, seed=seed)
        rule = fit_rule(labels[:1000], probabilities[:1000], method=method, alpha=alpha, draws=draws[:1000])
        sets = prediction_sets(probabilities[1000:], rule, draws=draws[1000:])
        assert sets.any(axis=1).all()
        held = sets[np.arange(1000), labels[1000:]]
        covered.append(held.mean())
    assert np.mean(covered) == pytest.approx(1 - alpha, abs=0.006)


def test_adaptive_sets_cover_hard_images_more_evenly():
    labels, probabilities, draws = answers(20_000)
    hard = probabilities.max(axis=1) < np.median(probabilities.max(axis=1))
    gaps = {}
    for method in ("lac", "aps"):
        rule = fit_rule(labels[:10_000], probabilities[:10_000], method=method, alpha=0.1, draws=draws[:10_000])
        sets = prediction_sets(probabilities, rule, draws=draws)
        held = sets[np.arange(len(labels)), labels]
        gaps[method] = abs(held[hard].mean() - held[~hard].mean())
    assert gaps["aps"] < gaps["lac"]


def test_no_set_is_empty_and_measures_count():
    labels, probabilities, _ = answers(3000)
    rule = fit_rule(labels[:1500], probabilities[:1500], method="lac", alpha=0.5)
    sets = prediction_sets(probabilities[1500:], rule)
    found = measure_coverage(labels[1500:], sets)
    assert found.sizes[0] == 0
    assert sum(found.sizes) == 1500
    assert found.mean_size == pytest.approx(sets.sum() / 1500)
    hits = [sets[labels[1500:] == c, c].mean() for c in range(6)]
    assert [one.value for one in found.per_class] == pytest.approx(hits)


def test_a_class_without_images_has_no_coverage():
    sets = np.ones((3, 4), bool)
    assert measure_coverage(np.array([0, 0, 2]), sets).per_class[1] is None


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"method": "lac", "alpha": 0.0}, "0 < alpha < 1"),
        ({"method": "aps"}, "a draw for each image"),
        ({"method": "raps"}, "lac or aps"),
    ],
)
def test_impossible_rules_are_refused(settings, message):
    labels, probabilities, _ = answers(10)
    with pytest.raises(UsageError, match=message):
        fit_rule(labels, probabilities, **settings)
