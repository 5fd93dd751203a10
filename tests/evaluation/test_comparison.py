"""Paired comparison against published intervals and SciPy's binomial test."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from fashion_classifier.errors import UsageError
from fashion_classifier.evaluation.comparison import compare, compare_counts, mcnemar, paired_difference

counts = st.integers(0, 400)
tables = st.tuples(counts, counts, counts, counts).filter(any)


@pytest.mark.parametrize(
    ("table", "published"),
    [
        ((36, 12, 2, 0), (0.0569, 0.3404)),
        ((18, 12, 2, 18), (0.0562, 0.3290)),
        ((53, 0, 0, 1), (-0.0729, 0.0729)),
        ((0, 30, 0, 0), (0.8395, 1.0)),
    ],
)
def test_the_interval_is_the_published_one(table, published):
    """R. G. Newcombe, Statistics in Medicine 17 (1998), 2635-2650, method 10, cells e, f, g, h."""
    assert paired_difference(*table).as_list == pytest.approx(published, abs=1e-4)


@given(tables)
def test_the_interval_holds_its_value_and_turns_round_with_the_models(table):
    both_right, mended, broken, both_wrong = table
    estimate = paired_difference(*table)
    assert -1 <= estimate.low <= estimate.value <= estimate.high <= 1
    turned = paired_difference(both_right, broken, mended, both_wrong)
    assert [turned.value, -turned.high, -turned.low] == pytest.approx([-estimate.value, estimate.low, estimate.high])


@given(mended=counts, broken=counts)
def test_mcnemar_is_the_exact_binomial_test(mended, broken):
    expected = binomtest(mended, mended + broken, 0.5).pvalue if mended + broken else 1.0
    assert mcnemar(mended, broken) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("mended", "broken", "verdict"),
    [(9, 1, "better"), (1, 9, "worse"), (8, 2, "not distinguishable"), (0, 0, "not distinguishable")],
)
def test_the_verdict_is_at_five_per_cent(mended, broken, verdict):
    """9 to 1 has p = 0.021, 8 to 2 has p = 0.109."""
    comparison = compare_counts(both_right=50, mended=mended, broken=broken, both_wrong=5)
    assert comparison.verdict == verdict
    assert (comparison.p_value < 0.05) == (verdict != "not distinguishable")


def test_images_are_counted_by_who_got_them_right():
    labels = np.array([0, 0, 0, 1, 1, 1])
    a, b = np.array([0, 0, 1, 0, 1, 0]), np.array([0, 1, 0, 1, 1, 0])
    comparison = compare(labels, a, b)
    assert (comparison.both_right, comparison.mended, comparison.broken, comparison.both_wrong) == (
        2,
        2,
        1,
        1,
    )
    assert comparison.n == 6
    assert comparison.difference.value == pytest.approx((b == labels).mean() - (a == labels).mean())


def test_two_wrong_answers_that_differ_are_both_wrong():
    assert compare(np.array([0]), np.array([1]), np.array([2])).both_wrong == 1


@pytest.mark.parametrize(
    ("labels", "a", "b"),
    [
        (np.array([0, 1]), np.array([0]), np.array([0, 1])),
        (np.array([], int), np.array([], int), np.array([], int)),
        (np.zeros((2, 2), int), np.zeros((2, 2), int), np.zeros((2, 2), int)),
    ],
)
def test_arrays_that_are_not_of_the_same_images_are_refused(labels, a, b):
    with pytest.raises(UsageError, match="one shape"):
        compare(labels, a, b)
