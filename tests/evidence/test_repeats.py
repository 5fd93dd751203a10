"""Repetitions differ by their seed alone, and the ladder compares rungs seed by seed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from fashion_classifier.evidence.repeats import RungRecipe, repeated_ladder, seed_noise, train_repeats
from fashion_classifier.evidence.trainings import Answered
from fashion_classifier.training.early_stopping import StopReason

LABELS = np.array([0, 0, 1, 1, 1, 0, 1, 0], dtype=np.int64)


def made_up(*n_wrong: int, one_view: bool = False) -> list[Answered]:
    """Answers with so many mistakes each; with one view there is one mistake more."""

    def answers(n):
        predicted = np.where(np.arange(len(LABELS)) < n, 1 - LABELS, LABELS)
        return np.eye(2, dtype=np.float32)[predicted] * 0.8 + 0.1

    return [
        Answered({"judged": answers(n), **({"one view": answers(n + 1)} if one_view else {})}, 10, 1.0) for n in n_wrong
    ]


def rung(title: str, recipe) -> RungRecipe:
    return RungRecipe(title, "", recipe)


def test_seeds_alone_make_trainings_differ(trainings, recipe):
    repeats = train_repeats(trainings, rung("chosen", recipe), "chosen", range(3))
    answers = [repeat.answers["judged"] for repeat in repeats]
    assert [repeat.steps for repeat in repeats] == [40, 40, 40]
    assert not np.array_equal(answers[0], answers[1])
    again = trainings.train(recipe, trainings.workshop.split, seed=0, purpose="repetition", task="")
    np.testing.assert_array_equal(again.validation_probabilities, answers[0])


def test_averaged_views_are_kept_beside_one_view(trainings, mirrored):
    (repeat,) = train_repeats(trainings, rung("chosen", mirrored), "chosen", [0])
    assert set(repeat.answers) == {"judged", "one view"}
    assert not np.array_equal(repeat.answers["judged"], repeat.answers["one view"])


def test_fewer_repeats_are_there_after_a_stop(trainings, recipe):
    trainings.stop_asked = lambda: StopReason.INTERRUPTED
    assert train_repeats(trainings, rung("chosen", recipe), "chosen", range(3)) == []


def test_noise_is_told_by_mean_and_deviation():
    noise = seed_noise(LABELS, made_up(1, 2, 3))
    assert noise.accuracies == pytest.approx((7 / 8, 6 / 8, 5 / 8))
    assert (noise.mean, noise.deviation) == pytest.approx((6 / 8, 1 / 8))
    assert noise.first_against_second.broken == 1
    assert noise.losses[0] == pytest.approx(-(7 * np.log(0.9) + np.log(0.1)) / 8, rel=1e-5)
    assert seed_noise(LABELS, made_up(1)) is None


def test_each_rung_is_compared_with_the_one_below_seed_by_seed(recipe):
    ladder = repeated_ladder(
        LABELS,
        [(rung("first", recipe), made_up(4, 3)), (rung("second", recipe), made_up(2, 1, one_view=True))],
        views="two views",
    )
    assert [step.title for step in ladder] == ["first", "second", "Averaged views"]
    assert ladder[0].step is None
    assert ladder[1].accuracy.values == pytest.approx((5 / 8, 6 / 8))
    assert ladder[1].step.values == pytest.approx((1 / 8, 1 / 8))
    assert ladder[2].step.values == pytest.approx((1 / 8, 1 / 8))
    assert ladder[2].step.deviation == 0


def test_rungs_that_were_not_repeated_are_left_out(recipe):
    rungs = [(rung("first", recipe), made_up(4, 3)), (rung("second", replace(recipe)), made_up(2))]
    assert [step.title for step in repeated_ladder(LABELS, rungs, views="")] == ["first"]
