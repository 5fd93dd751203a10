"""Risk over coverage, and strange images told from known ones: against scikit-learn and the long way."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score, roc_curve

from fashion_classifier.errors import UsageError
from fashion_classifier.evaluation.selective import acceptance_threshold, risk_coverage, separation


def answers(n=400, k=4, seed=0):
    rng = np.random.default_rng(seed)
    probabilities = rng.dirichlet(np.ones(k), n)
    labels = np.where(rng.random(n) < 0.7, probabilities.argmax(axis=1), rng.integers(0, k, n))
    return labels.astype(np.int64), probabilities


def test_risk_is_the_error_among_the_surest():
    labels, probabilities = answers()
    order = np.argsort(-probabilities.max(axis=1))
    wrong = probabilities.argmax(axis=1)[order] != labels[order]
    risks = [wrong[: i + 1].mean() for i in range(400)]
    found = risk_coverage(labels, probabilities)
    assert found.area == pytest.approx(np.mean(risks))
    assert found.risk[-1] == pytest.approx(wrong.mean())
    for coverage, risk in zip(found.coverage, found.risk, strict=True):
        assert risk == pytest.approx(risks[round(coverage * 400) - 1])


def test_the_least_area_is_that_of_a_perfect_order():
    labels, probabilities = answers()
    right = probabilities.argmax(axis=1) == labels
    perfect = np.where(right[:, None], np.eye(4)[probabilities.argmax(axis=1)], probabilities)
    sure = risk_coverage(labels, np.clip(perfect, 0, 1))
    assert sure.area == pytest.approx(sure.least_area)
    assert risk_coverage(labels, probabilities).least_area == pytest.approx(sure.least_area)


def test_equal_confidence_tells_nothing_in_whatever_order():
    labels = np.array([0, 1, 1, 0])
    probabilities = np.tile([0.6, 0.4], (4, 1))
    found = risk_coverage(labels, probabilities)
    assert set(found.risk) == {0.5}
    assert found.area == pytest.approx(0.5)


@pytest.mark.parametrize("decimals", [1, 8])
def test_separation_is_scikit_learns(decimals):
    rng = np.random.default_rng(0)
    known, strange = rng.normal(0, 1, 500).round(decimals), rng.normal(1, 1, 300).round(decimals)
    found = separation(known, strange)
    truth = np.repeat([0, 1], [500, 300])
    values = np.concatenate([known, strange])
    assert found.auroc.value == pytest.approx(roc_auc_score(truth, values))
    # Known images are the positives that are to be kept.
    rejected, _, _ = roc_curve(1 - truth, -values, drop_intermediate=False)
    accepted_strange, kept_known, _ = roc_curve(1 - truth, -values, drop_intermediate=False)
    assert found.false_positive_rate.value == pytest.approx(accepted_strange[np.argmax(kept_known >= 0.95)])
    assert len(rejected) == len(kept_known)
    assert found.n == 300


def test_the_threshold_keeps_at_least_the_share():
    known = np.arange(100.0)
    assert (known <= acceptance_threshold(known, 0.9)).mean() == 0.9
    with pytest.raises(UsageError, match="kept"):
        acceptance_threshold(known, 0.0)


def test_both_kinds_are_needed():
    with pytest.raises(UsageError, match="both kinds"):
        separation(np.zeros(3), np.zeros(0))


def test_the_area_lies_in_its_interval_as_often_as_is_said():
    rng, hits = np.random.default_rng(3), 0
    true = 0.8413447460685429  # of two normal distributions a deviation times the root of two apart
    for _ in range(300):
        found = separation(rng.normal(0, 1, 120), rng.normal(2**0.5, 1, 60)).auroc
        hits += found.low <= true <= found.high
    assert 270 <= hits <= 298


def test_a_perfect_area_is_not_certain():
    found = separation(np.arange(50.0), np.arange(100.0, 120.0)).auroc
    assert found.value == found.high == 1
    assert 0.8 < found.low < 0.9
