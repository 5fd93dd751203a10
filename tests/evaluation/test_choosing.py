"""The optimism of choosing, against models whose true accuracy is known and a plain loop."""

from __future__ import annotations

import numpy as np
import pytest

from fashion_classifier.errors import UsageError
from fashion_classifier.evaluation.choosing import measure_optimism


def answers(accuracies, n, seed=0):
    """What models of known accuracy get right, independently of each other."""
    rng = np.random.default_rng(seed)
    return rng.random((len(accuracies), n)) < np.array(accuracies)[:, None]


def test_a_single_model_was_not_chosen_and_does_not_flatter_itself():
    found = measure_optimism(answers([0.8], 3000))
    assert abs(found.optimism.value) < 0.002
    assert found.n_models == 1
    assert found.n_images == 3000


def test_the_best_of_many_equal_models_flatters_itself_by_about_what_it_really_does():
    n, really, estimated = 500, [], []
    for seed in range(30):
        right = answers([0.8] * 20, n, seed)
        really.append(right.mean(axis=1).max() - 0.8)
        estimated.append(measure_optimism(right, n_resamples=200, seed=seed).optimism.value)
    # Drawn with replacement, the best of the images at hand is the best of both at once: estimates run high.
    assert np.mean(really) < np.mean(estimated) < 2.5 * np.mean(really)


def test_a_model_that_is_far_better_is_no_lucky_choice():
    assert abs(measure_optimism(answers([0.95, 0.6, 0.6, 0.6], 4000)).optimism.value) < 0.004


def test_more_images_leave_less_to_luck():
    few, many = (measure_optimism(answers([0.8] * 10, n)).optimism.value for n in (200, 5000))
    assert few > 2 * many


def test_the_estimate_is_that_of_a_plain_loop():
    right = answers([0.7, 0.72, 0.69], 300)
    found = measure_optimism(right, n_resamples=4000, seed=1)
    rng, gaps = np.random.default_rng(9), []
    for _ in range(4000):
        images, models = rng.integers(0, 300, 300), rng.integers(0, 3, 3)
        inside = right[:, images].mean(axis=1)
        best = max(models, key=lambda model: inside[model])
        outside = np.setdiff1d(np.arange(300), images)
        gaps.append(inside[best] - right[best, outside].mean())
    assert found.optimism.value == pytest.approx(np.mean(gaps), abs=0.003)
    assert found.optimism.low == pytest.approx(np.quantile(gaps, 0.025), abs=0.006)


def test_it_repeats_with_its_seed():
    right = answers([0.7, 0.72], 300)
    assert measure_optimism(right, seed=3) == measure_optimism(right, seed=3)
    assert measure_optimism(right, seed=3) != measure_optimism(right, seed=4)


@pytest.mark.parametrize("shape", [(0, 10), (3, 1), (3,)])
def test_too_little_is_refused(shape):
    with pytest.raises(UsageError, match="two images"):
        measure_optimism(np.ones(shape, bool))
