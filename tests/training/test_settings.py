"""Settings are checked on construction, all faults at once, and survive JSON."""

from __future__ import annotations

import json

import pytest

from fashion_classifier.errors import UsageError
from fashion_classifier.models.mlp import MlpConfig
from fashion_classifier.training.config import TrainConfig
from fashion_classifier.training.recipes.ladder import LADDERS, RECIPES, name_for, recipe_named
from fashion_classifier.training.recipes.recipe import adapted


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
    recipe = adapted(RECIPES["one-minute"], mirror=False, class_weights="balanced")
    assert not recipe.training.augmentation.mirror
    assert recipe.training.views == "single"
    assert recipe.training.class_weights == "balanced"


def test_the_initial_model_is_the_notebook_s():
    initial = RECIPES["initial"]
    assert initial.model == MlpConfig(hidden=(128, 64), dropout=0.5)
    assert (initial.training.optimizer, initial.training.epochs, initial.training.patience_epochs) == (
        "adam",
        10,
        3,
    )


def test_every_rung_is_a_recipe_of_its_family():
    for family, rungs in LADDERS.items():
        assert rungs[0][0] == 0
        assert list(rungs) == sorted(rungs)
        for _, name in rungs:
            model = recipe_named(name).model
            assert family in {model.family, getattr(getattr(model, "member", None), "family", None)}


def test_more_time_climbs_the_ladder_and_a_single_network_stays_single():
    least = [rung for rung, _ in LADDERS["cnn"]]
    assert [name_for("cnn", n_images) for n_images in least] == [name for _, name in LADDERS["cnn"]]
    assert name_for("cnn", 1e12) == "half-hour"
    assert name_for("cnn", 1e12, single=True) == "five-minutes"


def test_unknown_recipes_and_families_are_told_with_those_that_there_are():
    with pytest.raises(UsageError, match="no recipe 'magic'; there are initial"):
        recipe_named("magic")
    with pytest.raises(UsageError, match="family 'vit'; there are some for cnn, mlp, resnet"):
        name_for("vit", 0.0)


@pytest.mark.parametrize("focus", [{"after_passes": 0}, {"hardest": 0.0}, {"hardest": 1.1}, {"others": -0.1}])
def test_a_focus_that_cannot_be_is_refused(focus):
    with pytest.raises(UsageError, match=r"0 < hardest <= 1"):
        TrainConfig.from_dict({"focus": focus})
