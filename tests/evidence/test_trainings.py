"""Each training is made once; what was asked to stop is not kept."""

from __future__ import annotations

import numpy as np

from fashion_classifier.evidence.trainings import Answered, Length, Trainings
from fashion_classifier.training.early_stopping import StopReason


def answered(value: float = 0.5) -> Answered:
    return Answered({"judged": np.full((2, 2), value, np.float32)}, 3, 0.25)


def test_a_training_that_is_there_is_not_made_again(trainings):
    first = trainings.made("one", answered)

    def fail():
        raise AssertionError

    again = trainings.made("one", fail)
    assert (again.steps, again.seconds) == (first.steps, first.seconds) == (3, 0.25)
    np.testing.assert_array_equal(again.answers["judged"], first.answers["judged"])


def test_nothing_is_begun_or_kept_once_a_stop_is_asked_for(trainings):
    asked: list[StopReason] = []
    stopping = Trainings(
        trainings.folder, trainings.workshop, trainings.length, stop_asked=lambda: asked[-1] if asked else None
    )

    def make():
        asked.append(StopReason.INTERRUPTED)
        return answered()

    assert stopping.made("cut short", make) is None
    assert stopping.made("later", make) is None
    assert len(asked) == 1
    assert not (trainings.folder / "cut short").exists()


def test_lengths_scale_but_never_to_nothing():
    assert Length(steps=1000).scaled(0.2) == Length(steps=200)
    assert Length(steps=1000).scaled(1e-6).steps > 0
    assert Length(steps=1000, seconds=60.0).scaled(0.5) == Length(steps=500, seconds=30.0)
    assert Length(steps=1000, seconds=60.0).scaled(1e-6).seconds > 0


def test_a_training_has_the_steps_that_the_length_says(trainings, recipe, split):
    whole = trainings.train(recipe, split, seed=0, purpose="test", task="")
    half = trainings.train(recipe, split, seed=0, purpose="test", task="", share=0.5)
    assert (whole.fit.steps, half.fit.steps) == (40, 20)
