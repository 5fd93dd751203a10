"""A split, a recipe and a workshop that are small enough to be trained many times."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.conftest import blobs

from fashion_classifier.data.dataset import SealedTestSet
from fashion_classifier.data.split import Split
from fashion_classifier.evidence.trainings import Length, Trainings
from fashion_classifier.models.mlp import MlpConfig
from fashion_classifier.training.config import TrainConfig
from fashion_classifier.training.recipes.recipe import Recipe
from fashion_classifier.training.train import Workshop


@pytest.fixture
def recipe():
    settings = TrainConfig(epochs=2, batch_size=30, optimizer="adam", precision="float32", views="single")
    return Recipe(MlpConfig(hidden=(16,)), settings)


@pytest.fixture
def mirrored(recipe):
    """The same recipe, whose predictions are averages of two views."""
    return replace(recipe, training=replace(recipe.training, views="mirrored"))


@pytest.fixture
def split():
    return Split(blobs(400), blobs(100, seed=1), SealedTestSet(blobs(60, seed=2)))


@pytest.fixture
def trainings(split, tmp_path):
    return Trainings(tmp_path / "trainings", Workshop(split, exact=True), Length(steps=40))
