"""Intervals against published values, SciPy, and the bootstrap done the long way."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest
from sklearn.metrics import f1_score

from fashion_classifier.errors import UsageError
from fashion_classifier.evaluation.intervals import Estimate, bootstrap_macro_f1, wilson


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_gives_the_published_examples(successes, n, low, high):
    """R. G. Newcombe, Statistics in Medicine 17 (1998), 857-872, Table I, method 3."""
    assert wilson(successes, n).as_list == pytest.approx([low, high], abs=5e-5)


@given(
    n=st.integers(1, 20_000),
    fraction=st.floats(0, 1),
    confidence=st.sampled_from([0.5, 0.9, 0.95, 0.99]),
)
def test_wilson_is_scipys_and_holds_its_value(n, fraction, confidence):
    successes = round(fraction * n)
    estimate = wilson(successes, n, confidence)
    expected = binomtest(successes, n).proportion_ci(confidence, method="wilson")
    assert estimate.as_list == pytest.approx([expected.low, expected.high], abs=1e-12)
    assert 0 <= estimate.low <= estimate.value == successes / n <= estimate.high <= 1


@pytest.mark.parametrize(("successes", "n"), [(0, 0), (3, 2), (-1, 5)])
def test_wilson_refuses_impossible_counts(successes, n):
    with pytest.raises(UsageError, match=rf"successes={successes}, n={n}"):
        wilson(successes, n)


@pytest.mark.parametrize("confidence", [0, 1, -0.5, float("nan")])
def test_a_confidence_lies_between_0_and_1(confidence):
    with pytest.raises(UsageError, match="confidence"):
        wilson(1, 2, confidence)
    with pytest.raises(UsageError, match="confidence"):
        bootstrap_macro_f1(np.eye(2, dtype=np.int64), confidence=confidence, seed=0)


def test_drawing_cells_is_the_bootstrap_over_images():
    """The interval agrees with resampling the images themselves and asking scikit-learn."""
    rng = np.random.default_rng(1)
    labels = rng.integers(0, 4, 300)
    predicted = np.where(rng.random(300) < 0.7, labels, rng.integers(0, 4, 300))
    confusion = np.zeros((4, 4), dtype=np.int64)
    np.add.at(confusion, (labels, predicted), 1)
    resampled = []
    for _ in range(800):
        index = rng.integers(0, 300, 300)
        resampled.append(f1_score(labels[index], predicted[index], average="macro", labels=range(4)))
    estimate = bootstrap_macro_f1(confusion, n_resamples=4000, seed=0)
    assert estimate.value == pytest.approx(f1_score(labels, predicted, average="macro"))
    assert estimate.as_list == pytest.approx(np.quantile(resampled, [0.025, 0.975]).tolist(), abs=0.008)


def test_the_bootstrap_is_the_same_for_the_same_seed_and_wider_for_more_confidence():
    confusion = np.array([[50, 10], [5, 35]])
    first = bootstrap_macro_f1(confusion, seed=3)
    assert first == bootstrap_macro_f1(confusion, seed=3)
    assert first != bootstrap_macro_f1(confusion, seed=4)
    wide = bootstrap_macro_f1(confusion, confidence=0.99, seed=3)
    assert wide.low < first.low
    assert first.high < wide.high


def test_blocks_of_resamples_do_not_change_the_result(monkeypatch):
    """Many classes are resampled in blocks, so that memory stays small."""
    confusion = np.random.default_rng(0).integers(0, 3, (30, 30))
    whole = bootstrap_macro_f1(confusion, n_resamples=100, seed=0)
    monkeypatch.setattr("fashion_classifier.evaluation.intervals._BLOCK_CELLS", 700 * 3)
    assert bootstrap_macro_f1(confusion, n_resamples=100, seed=0) == whole


def test_a_perfect_and_a_hopeless_matrix_have_their_limits():
    assert bootstrap_macro_f1(np.diag([5, 5]), seed=0).value == 1
    assert bootstrap_macro_f1(np.array([[0, 5], [5, 0]]), seed=0) == Estimate(0, 0, 0)


@pytest.mark.parametrize(
    "confusion", [np.zeros((2, 2), np.int64), np.ones((2, 3), np.int64), np.array([[-1, 2], [0, 1]])]
)
def test_the_bootstrap_refuses_what_is_no_confusion_matrix(confusion):
    with pytest.raises(UsageError, match="confusion matrix"):
        bootstrap_macro_f1(confusion, seed=0)


def test_the_bootstrap_needs_a_resample():
    with pytest.raises(UsageError, match="n_resamples"):
        bootstrap_macro_f1(np.diag([1, 1]), n_resamples=0, seed=0)
