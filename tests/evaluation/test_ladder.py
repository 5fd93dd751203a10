"""A ladder's rungs and steps."""

from __future__ import annotations

import numpy as np
import pytest

from fashion_classifier.errors import UsageError
from fashion_classifier.evaluation.comparison import compare
from fashion_classifier.evaluation.intervals import wilson
from fashion_classifier.evaluation.ladder import Climber, build_ladder


def climbers(*accuracies, n=400, seed=0):
    """Labels, and models that are right so often."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 5, n)
    return labels, [
        Climber(f"model {i}", "", np.where(rng.random(n) < accuracy, labels, (labels + 1) % 5))
        for i, accuracy in enumerate(accuracies)
    ]


def test_each_step_compares_a_rung_with_the_one_below():
    labels, models = climbers(0.7, 0.8, 0.9)
    first, second, third = build_ladder(labels, models)
    assert first.step is None
    assert second.step == compare(labels, models[0].predicted, models[1].predicted)
    assert third.step == compare(labels, models[1].predicted, models[2].predicted)
    assert third.accuracy == wilson(int((models[2].predicted == labels).sum()), 400)


def test_the_steps_add_up_to_the_whole_difference():
    labels, models = climbers(0.6, 0.9, 0.8, 0.95)
    rungs = build_ladder(labels, models)
    whole = rungs[-1].accuracy.value - rungs[0].accuracy.value
    assert sum(rung.step.difference.value for rung in rungs[1:]) == pytest.approx(whole)


def test_a_single_model_is_a_ladder_without_steps():
    labels, models = climbers(0.5)
    assert [rung.step for rung in build_ladder(labels, models)] == [None]


def test_a_ladder_without_models_or_with_missing_answers_is_refused():
    labels, models = climbers(0.5)
    with pytest.raises(UsageError, match="at least one rung"):
        build_ladder(labels, [])
    with pytest.raises(UsageError, match="one shape"):
        build_ladder(labels[1:], models)
