"""Settings are checked on construction, all faults at once, and survive JSON."""

from __future__ import annotations

import json

import pytest

from fashion_classifier.errors import UsageError
from fashion_classifier.models.mlp import MlpConfig
from fashion_classifier.training.config import TrainConfig
from fashion_classifier.training.recipes import RECIPES, adapted


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_settings_survive_json(recipe):
    assert TrainConfig.from_dict(json.loads(json.dumps(recipe.training.to_dict()))) == recipe.training


def test_all_faults_are_reported_at_once():
    with pytest.raises(UsageError, match=r"epochs=0.*learning_rate.*-1.*optimizer must be one of sgd, adam"):
        TrainConfig.from_dict({"epochs": 0, "learning_rate": -1, "optimizer": "magic"})


def test_an_unknown_setting_is_named():
    with pytest.raises(UsageError, match="Training has no setting colour"):
        TrainConfig.from_dict({"colour": 1})


def test_without_mirror_images_nothing_is_mirrored():
    recipe = adapted(RECIPES["cnn"], mirror=False, class_weights="balanced")
    assert not recipe.training.augmentation.mirror
    assert recipe.training.views == "single"
    assert recipe.training.class_weights == "balanced"


def test_the_initial_model_is_the_notebook_s():
    initial = RECIPES["mlp"]
    assert initial.model == MlpConfig(hidden=(128, 64), dropout=0.5)
    assert (initial.training.optimizer, initial.training.epochs, initial.training.patience_epochs) == (
        "adam",
        10,
        3,
    )
