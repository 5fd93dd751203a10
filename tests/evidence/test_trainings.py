"""Each training is made once; what was asked to stop is not kept."""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.lib import format as npy

from fashion_classifier.errors import DataError, UsageError
from fashion_classifier.evidence.trainings import Answered, Length, Trainings
from fashion_classifier.training.early_stopping import StopReason

TWO = {"judged": 2}  # images that are answered


def answered(value: float = 0.5) -> Answered:
    return Answered({"judged": np.full((2, 3), value, np.float32)}, 3, 0.25)


def test_a_training_that_is_there_is_not_made_again(trainings):
    first = trainings.made("one", TWO, answered)

    def fail():
        raise AssertionError

    again = trainings.made("one", TWO, fail)
    assert (again.steps, again.seconds) == (first.steps, first.seconds) == (3, 0.25)
    np.testing.assert_array_equal(again.answers["judged"], first.answers["judged"])


def array(of: Any) -> Callable[[Path], object]:
    return lambda place: np.savez(place / "answers.npz", judged=of)


def text(content: str) -> Callable[[Path], object]:
    return lambda place: (place / "training.json").write_text(content)


def claiming(shape: tuple[int, ...]) -> Callable[[Path], object]:
    """Answers whose header says that they are more than there is."""

    def harm(place: Path) -> None:
        content = io.BytesIO()
        npy.write_array_header_1_0(content, {"shape": shape, "fortran_order": False, "descr": "<f4"})
        with zipfile.ZipFile(place / "answers.npz", "w") as archive:
            archive.writestr("judged.npy", content.getvalue())

    return harm


HARMS: dict[str, tuple[Callable[[Path], object], str]] = {
    "half the answers": (lambda place: os.truncate(place / "answers.npz", 100), "the answers cannot be read"),
    "no answers": (lambda place: (place / "answers.npz").unlink(), "the answers cannot be read"),
    "another file": (lambda place: (place / "answers.npz").write_bytes(b"PK\3\4" * 9), "the answers cannot be read"),
    "objects": (array(np.array([None, {}])), "it holds Python objects"),
    "terabytes": (claiming((10**12, 3)), r"its header claims shape \(1000000000000, 3\)"),
    "other numbers": (array(np.zeros((2, 3))), "the answers are not probabilities"),
    "other classes": (array(np.zeros((2, 2), np.float32)), r"of the shapes .*\(2, 3\).*, but have .*\(2, 2\)"),
    "other images": (array(np.zeros((3, 3), np.float32)), "the answers are not probabilities"),
    "NaN": (array(np.full((2, 3), np.nan, np.float32)), "the answers are not probabilities"),
    "another name": (
        lambda place: np.savez(place / "answers.npz", said=np.zeros((2, 3), np.float32)),
        "but have .*said",
    ),
    "no record": (lambda place: (place / "training.json").unlink(), "there is no record of a training"),
    "half a record": (text('{"steps": 3, '), "it is no record of a training"),
    "no object": (text("[3, 0.25]"), "is a list; an object is expected"),
    "words": (text('{"steps": "3", "seconds": 0.25}'), "steps: is '3'; a whole number is expected"),
    "missing": (text('{"steps": 3}'), "seconds: is missing"),
    "nested": (text("[" * 100_000), "it is no record of a training"),
    "gigabytes": (lambda place: os.truncate(place / "training.json", 5 << 40), "it has more than 67,108,864 bytes"),
}


@pytest.mark.parametrize("harm", HARMS)
def test_what_was_kept_and_is_damaged_is_told_with_its_place_and_what_to_do(trainings, harm):
    trainings.made("one", TWO, answered)
    place = trainings.folder / "one"
    damage, expected = HARMS[harm]
    damage(place)
    with pytest.raises(DataError, match=expected) as told:
        trainings.made("one", TWO, answered)
    assert str(told.value).startswith(str(place))


def test_nothing_is_begun_or_kept_once_a_stop_is_asked_for(trainings):
    asked: list[StopReason] = []
    stopping = Trainings(
        trainings.folder, trainings.workshop, trainings.length, stop_asked=lambda: asked[-1] if asked else None
    )

    def make():
        asked.append(StopReason.INTERRUPTED)
        return answered()

    assert stopping.made("cut short", TWO, make) is None
    assert stopping.made("later", TWO, make) is None
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


@pytest.mark.parametrize("facts", [{"steps": 0}, {"steps": 5, "seconds": 0.0}, {"steps": 5, "seconds": float("nan")}])
def test_a_length_is_more_than_nothing(facts):
    with pytest.raises(UsageError, match="`steps >= 1` and `seconds > 0`"):
        Length(**facts)
