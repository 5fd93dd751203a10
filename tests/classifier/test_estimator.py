"""The estimator on images: in every form, with every kind of label, by the way that `fashion train` goes."""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from tests.classifier.conftest import NAMES, drawn, quick

import fashion_classifier
from fashion_classifier import FashionClassifier
from fashion_classifier.data.dataset import ImageShape
from fashion_classifier.errors import DataError, MissingExtraError, UnavailableError, UsageError
from fashion_classifier.experiment.interruption import Interruption
from fashion_classifier.experiment.preparation import prepare
from fashion_classifier.experiment.settings import RunConfig
from fashion_classifier.experiment.training import choose_recipe, train_one
from fashion_classifier.progress import silent
from fashion_classifier.training.early_stopping import StopReason
from fashion_classifier.training.recipes.ladder import recipe_named

X, Y = drawn()
ROWS = X.reshape(len(X), -1)
PANDAS = pd.DataFrame(ROWS, columns=[f"pixel{number}" for number in range(144)])
COLOUR, _ = drawn(colour=True)


@pytest.mark.parametrize(
    "form",
    [X, X[..., None], X.astype(np.float64), ROWS, ROWS.astype(np.int64), ROWS.tolist(), PANDAS, pl.from_pandas(PANDAS)],
    ids=["array", "one channel", "floats", "rows", "whole numbers", "lists", "pandas", "polars"],
)
def test_images_in_any_form_give_the_same_answers(form):
    learned = quick().fit(form, Y)
    assert learned.image_shape_ == (12, 12, 1)
    assert learned.n_features_in_ == 144
    assert hasattr(learned, "feature_names_in_") == isinstance(form, pd.DataFrame | pl.DataFrame)
    assert np.array_equal(learned.predict_proba(form), quick().fit(X, Y).predict_proba(X))


@pytest.mark.parametrize("form", [COLOUR, COLOUR.reshape(len(COLOUR), -1)], ids=["array", "rows"])
def test_images_may_have_colours(form):
    learned = quick().fit(form, Y)
    assert learned.image_shape_ == (12, 12, 3)
    assert learned.n_features_in_ == 432
    assert learned.predict_proba(form).shape == (120, 3)


@pytest.mark.parametrize(
    "labels",
    [
        Y,
        Y.astype(object),
        np.array([7, -3, 12])[np.searchsorted(NAMES, Y)],
        np.array([1.0, 2.0, 4.0])[np.searchsorted(NAMES, Y)],
        Y == "Bag",
        pd.Series(Y).astype("category"),
        pl.Series(Y),
        Y.tolist(),
    ],
    ids=["texts", "objects", "whole numbers", "floats", "booleans", "categories", "polars", "list"],
)
def test_labels_are_of_any_kind(labels):
    learned = quick(epochs=6).fit(X, labels)
    given = np.asarray(labels)
    assert np.array_equal(learned.classes_, np.unique(given))
    assert learned.predict(X).dtype == learned.classes_.dtype
    assert learned.score(X, given) > 0.9


def test_images_are_learned_as_by_the_command(tmp_path):
    numbers = np.searchsorted(NAMES, Y)
    np.savez(tmp_path / "things.npz", x_train=X, y_train=numbers, x_test=X[::9], y_test=numbers[::9])
    config = RunConfig(data=str(tmp_path / "things.npz"), minutes=None, trials=0, epochs=1, seed=3, threads=1)
    prepared = prepare(config)
    recipe = recipe_named(choose_recipe(config, prepared))
    trained = train_one(recipe, config, prepared, tmp_path / "model", on_everything=False, progress=silent)
    learned = FashionClassifier(epochs=1, random_state=3).fit(X, numbers)
    theirs, ours = (model.network.state_dict() for model in (trained.model, learned.model_))
    assert all(torch.equal(theirs[name], ours[name]) for name in theirs)
    assert learned.model_.how == trained.model.how
    assert learned.model_.refusal == trained.model.refusal
    assert learned.model_.sets == trained.model.sets


def test_the_order_of_the_images_does_not_matter():
    order = np.random.default_rng(0).permutation(len(X))
    first, second = quick().fit(X, Y), quick().fit(X[order], Y[order])
    assert np.array_equal(first.predict_proba(X), second.predict_proba(X))


@pytest.mark.parametrize("model", ["mlp", "cnn", "one-minute"])
def test_an_image_is_answered_the_same_alone_and_among_others(model):
    learned = quick(model=model, epochs=1).fit(X, Y)
    together = learned.predict_proba(X)
    alone = np.concatenate([learned.predict_proba(X[[number]]) for number in range(0, len(X), 7)])
    assert np.allclose(together[::7], alone, rtol=1e-7, atol=1e-7)
    order = np.random.default_rng(0).permutation(len(X))
    assert np.allclose(together[order], learned.predict_proba(X[order]), rtol=1e-7, atol=1e-9)
    assert together.sum(axis=1) == pytest.approx(1.0, abs=1e-12)


def test_a_seed_repeats_and_another_does_not():
    first, again, other = (quick(random_state=seed).fit(X, Y).predict_proba(X) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    drawn_from = [np.random.RandomState(5) for _ in range(2)]
    first, again = (quick(random_state=state).fit(X, Y).predict_proba(X) for state in drawn_from)
    assert np.array_equal(first, again)


def test_what_the_caller_draws_is_left_alone():
    torch.manual_seed(1)
    expected = torch.rand(1)
    torch.manual_seed(1)
    quick().fit(X, Y)
    assert torch.equal(torch.rand(1), expected)


def test_all_images_are_learned_from_where_none_is_held_back():
    learned = quick(validation_fraction=0).fit(X, Y)
    assert learned.model_.provenance["learned_from"] == "all"
    assert learned.model_.refusal is None
    assert quick().fit(X, Y).model_.refusal is not None


def test_time_limits_a_training():
    learned = quick(minutes=0.2, epochs=1).fit(X, Y)
    assert learned.recipe_ == "perceptron"
    assert learned.history_


def test_who_stops_a_training_stops_what_it_is_part_of(monkeypatch):
    monkeypatch.setattr(Interruption, "asked", lambda _self: StopReason.INTERRUPTED)
    with pytest.raises(KeyboardInterrupt):
        quick().fit(X, Y)


def test_what_weighs_nothing_might_as_well_not_be_there():
    weights = np.where(np.arange(len(X)) % 3, 1.0, 0.0)
    mislabelled = np.where(weights, Y, "Bag")
    weighted = quick(validation_fraction=0).fit(X, mislabelled, sample_weight=weights)
    others = weights > 0
    without = quick(validation_fraction=0).fit(X[others], Y[others], sample_weight=np.ones(others.sum()))
    assert np.array_equal(weighted.predict_proba(X), without.predict_proba(X))


@pytest.mark.parametrize("labelled", [True, False], ids=["class_weight", "sample_weight"])
def test_what_weighs_more_is_believed_more(labelled):
    noise, _ = np.random.default_rng(0).integers(0, 256, (150, 12, 12), dtype=np.uint8), None
    labels = np.arange(150) % 2
    heavy = {0: 1.0, 1: 9.0}
    weights = None if labelled else np.where(labels, 9.0, 1.0)
    learned = quick(class_weight=heavy if labelled else None, validation_fraction=0).fit(noise, labels, weights)
    evenly = quick(validation_fraction=0).fit(noise, labels)
    assert learned.predict_proba(noise)[:, 1].mean() > 0.75
    assert evenly.predict_proba(noise)[:, 1].mean() == pytest.approx(0.5, abs=0.1)


@pytest.mark.parametrize(
    ("values", "shape", "found"),
    [
        (ROWS, "auto", (12, 12, 1)),
        (ROWS, None, None),
        (ROWS, (16, 9), (16, 9, 1)),
        (ROWS, (8, 6, 3), (8, 6, 3)),
        (X, None, None),
        (ROWS / 255, "auto", None),
        (ROWS > 120, "auto", None),
        ((ROWS > 120).astype(np.int64), "auto", None),
        (ROWS[:, :49], "auto", None),
        (ROWS[:, :50], "auto", None),
        (ROWS.astype(np.int64) - 1, "auto", None),
        (ROWS.astype(np.int64) + 200, "auto", None),
    ],
    ids=[
        "square",
        "said",
        "given",
        "colour",
        "array",
        "shares",
        "booleans",
        "yes or no",
        "small",
        "odd",
        "below",
        "above",
    ],
)
def test_what_is_an_image_is_told_by_a_rule_or_said(values, shape, found):
    assert quick(image_shape=shape, epochs=1).fit(values, Y).image_shape_ == found


def test_the_right_number_of_pixels_is_not_enough():
    learned = quick().fit(X, Y)
    with pytest.raises(DataError, match=r"X: its rows have shape \(16, 9\); expected are images that are 12x12 grey"):
        learned.predict(X.reshape(-1, 16, 9))
    with pytest.raises(ValueError, match="X has 143 features, but FashionClassifier is expecting 144"):
        learned.predict(ROWS[:, 1:])


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (X / 255, "grey levels are whole numbers from 0 to 255. Multiply by 255"),
        (X[..., None].repeat(2, axis=3), "images are"),
        (X.astype(np.int64) - 300, "grey levels are whole numbers"),
    ],
)
def test_what_is_no_image_is_told(values, message):
    with pytest.raises(DataError, match=message):
        quick().fit(values, Y)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"model": "soup"}, "model must be 'auto', one of the families cnn, .* but got 'soup'"),
        ({"minutes": 0.01}, "minutes must be a number of at least 0.2"),
        ({"epochs": 0}, "`epochs > 0` must hold"),
        ({"validation_fraction": 1.0}, "`0 < validation_fraction < 1` must hold"),
        ({"device": "abacus"}, "device must be auto, cpu, cuda or mps"),
        ({"minutes": "5"}, "minutes must be a number or None, but got '5'"),
        ({"epochs": True}, "epochs must be a number or None, but got True"),
        ({"validation_fraction": None}, "validation_fraction must be a number, but got None"),
        ({"mirror": "no"}, "mirror must be True or False, but got 'no'"),
        ({"image_shape": (28,)}, r"image_shape must be \(height, width\)"),
        ({"image_shape": "square"}, r"image_shape must be \(height, width\)"),
        ({"image_shape": (12, 12, 2)}, r"image_shape must be \(height, width\)"),
    ],
)
def test_parameters_are_checked_when_they_are_used(settings, message):
    estimator = quick(**settings)
    with pytest.raises(UsageError, match=message):
        estimator.fit(X, Y)


def test_a_device_that_is_not_there_is_told():
    if torch.cuda.is_available():
        pytest.skip("there is one")
    with pytest.raises(UnavailableError, match="no cuda device"):
        quick(device="cuda").fit(X, Y)


def test_weights_of_classes_are_checked():
    with pytest.raises(ValueError, match="not all of them zero"):
        quick(class_weight=dict.fromkeys(NAMES, 0.0)).fit(X, Y)


@pytest.mark.parametrize("weights", [np.zeros(120), -np.ones(120), np.ones(119), np.ones((120, 2))])
def test_weights_are_checked(weights):
    with pytest.raises(ValueError, match=r"sample_weight|inconsistent numbers of samples"):
        quick().fit(X, Y, sample_weight=weights)


def test_what_was_not_fitted_does_not_answer():
    with pytest.raises(NotFittedError):
        quick().predict(X)
    assert not hasattr(clone(quick().fit(X, Y)), "classes_")


def test_a_missing_extra_is_one_good_error(monkeypatch):
    monkeypatch.delitem(sys.modules, "fashion_classifier.classifier.estimator")
    monkeypatch.setitem(sys.modules, "sklearn.base", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'fashion-images-classifier\[scikit-learn\]'"):
        _ = fashion_classifier.FashionClassifier


def test_a_shape_is_as_the_house_has_it():
    assert ImageShape(*quick(epochs=1).fit(X, Y).image_shape_) == ImageShape(12, 12, 1)
