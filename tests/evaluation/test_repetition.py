"""Means of a few repetitions, against SciPy."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats

from fashion_classifier.errors import UsageError
from fashion_classifier.evaluation.repetition import measure_repeats


@pytest.mark.parametrize("n", [2, 3, 8])
def test_the_interval_is_student_s(n):
    values = np.random.default_rng(n).normal(0.94, 0.002, n)
    measured = measure_repeats(values)
    low, high = scipy.stats.t.interval(0.95, n - 1, values.mean(), scipy.stats.sem(values))
    assert (measured.mean.value, measured.mean.low, measured.mean.high) == pytest.approx((values.mean(), low, high))
    assert measured.deviation == pytest.approx(np.std(values, ddof=1))
    assert measured.values == tuple(values)


def test_one_value_is_no_repetition():
    with pytest.raises(UsageError, match="two at least, but got 1"):
        measure_repeats(np.array([0.9]))
