"""Refusal: scores done the long way, thresholds that accept what was asked, and strange images told from known ones."""

from __future__ import annotations

import json
import math
from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import softmax
from scipy.stats import entropy
from sklearn.metrics import roc_auc_score

from fashion_classifier.errors import UsageError
from fashion_classifier.evaluation.novelty import fit_refusal, measure_novelty
from fashion_classifier.evaluation.refusal import SCORES, RefusalRule, refuse, strangeness


def answers(n=500, k=6, sureness=4.0, seed=0):
    """Probabilities of a model that is more or less sure, in single precision."""
    logits = sureness * np.random.default_rng(seed).standard_normal((n, k))
    return softmax(logits, axis=1).astype(np.float32)


def test_the_scores_are_what_they_say():
    probabilities = answers(50)
    exact = probabilities.astype(np.float64)
    softened = exact ** (1 / 5) / (exact ** (1 / 5)).sum(axis=1, keepdims=True)
    assert strangeness(probabilities, score="confidence") == pytest.approx(1 - exact.max(axis=1), abs=1e-6)
    assert strangeness(probabilities, score="entropy") == pytest.approx(entropy(exact, axis=1), rel=1e-5)
    assert strangeness(probabilities, score="softened-entropy") == pytest.approx(entropy(softened, axis=1), rel=1e-5)


@pytest.mark.parametrize("score", SCORES)
def test_the_sure_are_least_strange_and_the_undecided_most(score):
    rows = np.array([[1, 0, 0, 0], [0.7, 0.1, 0.1, 0.1], [0.25] * 4], np.float32)
    sure, fairly, undecided = strangeness(rows, score=score)
    assert 0 <= sure < fairly < undecided
    assert undecided == pytest.approx(0.75 if score == "confidence" else math.log(4))


@pytest.mark.parametrize("score", SCORES)
def test_images_are_told_apart_although_all_round_to_certainty(score):
    """Single precision calls both largest probabilities 1."""
    rows = np.array([[1.0, 1e-9], [1.0, 1e-12]], np.float32)
    surely, more_surely = strangeness(rows, score=score)
    assert surely > more_surely


@pytest.mark.parametrize("score", SCORES)
@given(n=st.integers(1, 300), accepted=st.floats(0.01, 1.0), seed=st.integers(0, 2**32))
def test_the_threshold_accepts_no_fewer_than_asked_and_hardly_more(score, n, accepted, seed):
    known = answers(n, seed=seed)
    kept = ~refuse(known, fit_refusal(known, score=score, accepted=accepted))
    assert kept.sum() >= accepted * n - 1e-9
    assert kept.sum() - accepted * n < 1  # scores of these are all different; 1 added to the product would be rounded


def test_what_was_fitted_holds_for_other_images_of_the_same_source():
    known = answers(40_000)
    rule = fit_refusal(known[:20_000], accepted=0.9)
    assert (~refuse(known[20_000:], rule)).mean() == pytest.approx(0.9, abs=0.01)


def test_equal_scores_are_accepted_together():
    known = np.tile(np.array([[0.8, 0.2]], np.float32), (10, 1))
    assert not refuse(known, fit_refusal(known, accepted=0.1)).any()


@pytest.mark.parametrize("score", SCORES)
def test_measures_are_those_of_scikit_learn_and_of_counting(score):
    known, strange = answers(800, seed=1), answers(300, sureness=2.5, seed=2)
    rule = fit_refusal(answers(900, seed=3), score=score)
    found = measure_novelty(rule, known, {"vague": strange, "known again": known})
    vague, again = found.kinds
    values = np.concatenate([strangeness(known, score=score), strangeness(strange, score=score)])
    assert vague.separation.auroc.value == pytest.approx(roc_auc_score(np.repeat([0, 1], [800, 300]), values))
    assert vague.refused.value == np.mean(values[800:] > rule.threshold)
    assert found.accepted.value == np.mean(values[:800] <= rule.threshold)
    assert found.accepted.low < found.accepted.value < found.accepted.high
    assert (found.n, vague.separation.n, again.separation.n) == (800, 300, 800)
    assert again.separation.auroc.value == pytest.approx(0.5)
    assert again.refused.value == pytest.approx(1 - found.accepted.value)
    assert found.hardest is again


def test_a_rule_outlives_being_written():
    known = answers(1000)
    rule = fit_refusal(known)
    again = RefusalRule(**json.loads(json.dumps(asdict(rule))))
    assert again == rule
    assert (refuse(known, again) == refuse(known, rule)).all()


def test_no_images_are_refused_where_there_are_none():
    assert refuse(np.empty((0, 4), np.float32), fit_refusal(answers(10, k=4))).shape == (0,)


@pytest.mark.parametrize(
    ("probabilities", "settings", "message"),
    [
        (answers(0), {}, "images to be fitted on"),
        (answers(5), {"accepted": 0.0}, "0 < kept <= 1"),
        (answers(5), {"accepted": 1.5}, "0 < kept <= 1"),
        (answers(5), {"score": "energy"}, "confidence, entropy, softened-entropy, but got 'energy'"),
        (answers(5)[0], {}, r"shape \(n, k\), but got some of \(6,\)"),
        (np.full((2, 3), np.nan, np.float32), {}, "finite"),
    ],
)
def test_what_cannot_be_fitted_is_refused(probabilities, settings, message):
    with pytest.raises(UsageError, match=message):
        fit_refusal(probabilities, **settings)


def test_what_cannot_be_measured_is_refused():
    rule = fit_refusal(answers(10))
    with pytest.raises(UsageError, match="known images"):
        measure_novelty(rule, answers(0), {"vague": answers(5)})
    with pytest.raises(UsageError, match="kinds of strange ones"):
        measure_novelty(rule, answers(5), {})
    with pytest.raises(UsageError, match="both kinds"):
        measure_novelty(rule, answers(5), {"none": answers(0)})
