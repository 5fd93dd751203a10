"""What a run's time allows, and how a trained model is trained on."""

from __future__ import annotations

import math
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from tests.conftest import blobs

from fashion_classifier.data.dataset import SealedTestSet
from fashion_classifier.data.split import Split
from fashion_classifier.experiment.planning import RETRAINING_RATE, Plan, retraining_recipe
from fashion_classifier.training.recipes.ladder import recipe_named

SPLIT = Split(blobs(300), blobs(60, seed=1), SealedTestSet(blobs(30, seed=2)))


def plan(*, seconds_per_view_of_an_image):
    def prediction_seconds(recipe, n_images):
        return {"mirrored": 2, "shifted": 10}[recipe.training.views] * n_images * seconds_per_view_of_an_image

    facts: dict[str, Any] = {}
    folder: Any = SimpleNamespace(facts=facts, update=facts.update)
    workshop: Any = SimpleNamespace(split=SPLIT, prediction_seconds=prediction_seconds)
    return Plan(folder, workshop)


def views(recipe, plan, left_s):
    return plan.with_more_views(recipe, left_s).training.views


def test_ten_views_are_taken_where_they_cost_little():
    recipe = recipe_named("one-minute")
    fast, slow = plan(seconds_per_view_of_an_image=1e-4), plan(seconds_per_view_of_an_image=1e-2)
    assert views(recipe, fast, 100.0) == "shifted"
    assert views(recipe, slow, 100.0) == "mirrored"
    assert views(recipe, plan(seconds_per_view_of_an_image=1e-2), 1000.0) == "shifted"  # 39 s of predictions


def test_a_continued_run_keeps_its_views():
    once = plan(seconds_per_view_of_an_image=1e-2)
    assert views(recipe_named("one-minute"), once, 100.0) == "mirrored"
    assert views(recipe_named("one-minute"), once, 1000.0) == "mirrored"


def test_an_exact_run_times_nothing():
    assert views(recipe_named("one-minute"), plan(seconds_per_view_of_an_image=0.0), math.inf) == "mirrored"


def test_what_must_not_be_mirrored_is_not():
    recipe = recipe_named("one-minute")
    single = replace(recipe, training=replace(recipe.training, views="single"))
    assert views(single, plan(seconds_per_view_of_an_image=0.0), 100.0) == "single"


@pytest.mark.parametrize(("name", "shift"), [("one-minute", 1), ("residual", 1), ("perceptron", None)])
def test_retraining_goes_on_gently_and_shows_convolutions_shifted_images(name, shift):
    before = recipe_named(name)
    after = retraining_recipe(before)
    assert after.model == before.model
    assert after.training.learning_rate == RETRAINING_RATE * before.training.learning_rate
    expected = before.training.augmentation.shift_pixels if shift is None else shift
    assert after.training.augmentation.shift_pixels == expected
