"""What was learned is kept in a model folder, which is data and no code."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tests.classifier.conftest import drawn, quick
from tests.inference.shelves import rewrite

from fashion_classifier import FashionClassifier
from fashion_classifier.data.load import load
from fashion_classifier.data.split import split
from fashion_classifier.errors import DataError, ModelError, UnavailableError, UsageError
from fashion_classifier.experiment.judging import evaluate_on_test
from fashion_classifier.experiment.judging import open_model as open_for_judging
from fashion_classifier.inference.bundle import load_model
from fashion_classifier.inference.opening import open_model
from fashion_classifier.inference.shelf import model_facts, shipped_folders
from fashion_classifier.progress import silent

X, Y = drawn()
NUMBERS = np.unique(Y, return_inverse=True)[1]
TABLE = X.reshape(len(X), -1) / 255


@pytest.mark.parametrize(
    "labels",
    [Y, Y.astype(object), NUMBERS.astype(np.int32) - 5, NUMBERS.astype(np.float64), NUMBERS > 0],
    ids=["texts", "objects", "whole numbers", "floats", "booleans"],
)
@pytest.mark.parametrize("values", [X, TABLE], ids=["images", "table"])
def test_what_was_saved_comes_back(tmp_path, values, labels):
    learned = quick(mirror=False).fit(values, labels)
    learned.save(tmp_path / "model")
    loaded = FashionClassifier.load(tmp_path / "model")
    assert loaded.classes_.dtype == learned.classes_.dtype
    assert np.array_equal(loaded.classes_, learned.classes_)
    assert np.array_equal(loaded.predict_proba(values), learned.predict_proba(values))
    assert np.array_equal(loaded.predict(values), learned.predict(values))
    assert loaded.get_params() == learned.get_params()
    assert (loaded.n_features_in_, loaded.image_shape_, loaded.recipe_) == (144, learned.image_shape_, learned.recipe_)
    files = {path.name for path in (tmp_path / "model").iterdir()}
    assert files - {"model.onnx"} == {"model.json", "weights.safetensors", "manifest.json"}


def test_columns_names_come_back(tmp_path):
    frame = pd.DataFrame(TABLE, columns=[f"pixel{number}" for number in range(144)])
    quick().fit(frame, Y).save(tmp_path / "model")
    loaded = FashionClassifier.load(tmp_path / "model")
    assert list(loaded.feature_names_in_) == list(frame.columns)
    with pytest.raises(ValueError, match="feature names should match"):
        loaded.predict(frame.iloc[:, ::-1])


def test_what_json_has_not_stays_behind(tmp_path):
    settings = {"class_weight": {"Bag": 2.0}, "random_state": np.random.RandomState(0), "image_shape": (12, 12)}
    quick(**settings).fit(X, Y).save(tmp_path / "model")
    loaded = FashionClassifier.load(tmp_path / "model")
    assert loaded.get_params() == {**quick().get_params(), "random_state": None, "image_shape": (12, 12)}


def test_labels_that_json_has_not_are_refused(tmp_path):
    times = np.array(["2026-01-01", "2026-01-02", "2026-01-03"], dtype="datetime64[D]")[NUMBERS]
    with pytest.raises(UsageError, match="Labels of type datetime64"):
        quick().fit(TABLE, times).save(tmp_path / "model")


@pytest.mark.parametrize("values", [X, TABLE], ids=["images", "table"])
def test_nothing_is_overwritten_unless_it_is_asked_for(tmp_path, values):
    learned = quick().fit(values, Y)
    learned.save(tmp_path / "model")
    with pytest.raises(UsageError, match="already there"):
        learned.save(tmp_path / "model")
    learned.save(str(tmp_path / "model"), replace=True)


@pytest.mark.parametrize("values", [X, TABLE], ids=["images", "table"])
def test_what_is_no_model_is_never_replaced(tmp_path, values):
    learned = quick(epochs=0.1).fit(values, Y)
    photographs, link, nowhere = tmp_path / "photographs", tmp_path / "link", tmp_path / "nowhere"
    photographs.mkdir()
    (photographs / "coat.jpg").write_bytes(b"a picture")
    link.symlink_to(photographs)
    nowhere.symlink_to("where nothing is")
    page = tmp_path / "page"  # whose manifest is what browsers call so
    page.mkdir()
    (page / "manifest.json").write_text("{}")
    (page / "index.html").write_text("a page")
    for place in (photographs, link, nowhere, photographs / "coat.jpg", page):
        with pytest.raises(UsageError, match="replace"):
            learned.save(place, replace=True)
    assert (photographs / "coat.jpg").read_bytes() == b"a picture"
    assert (page / "index.html").read_text() == "a page"
    (tmp_path / "empty").mkdir()
    learned.save(tmp_path / "empty", replace=True)
    (tmp_path / "empty" / "manifest.json").unlink()  # what is left is still a model's
    learned.save(tmp_path / "empty", replace=True)
    assert (tmp_path / "empty" / "manifest.json").is_file()


def test_parameters_that_came_out_of_arrays_come_back(tmp_path):
    drawn_from_grids = {
        "epochs": np.arange(1, 3)[0],
        "validation_fraction": np.linspace(0.25, 0.5, 2, dtype=np.float32)[0],
        "mirror": np.array([False])[0],
        "model": np.array(["mlp"])[0],
        "random_state": np.int64(3),
        "image_shape": [np.int64(12), 12],
    }
    quick(**drawn_from_grids).fit(X, Y).save(tmp_path / "model")
    loaded = FashionClassifier.load(tmp_path / "model").get_params()
    assert {name: loaded[name] for name in drawn_from_grids} == {**drawn_from_grids, "image_shape": (12, 12)}


def test_a_model_of_images_serves_every_command(tmp_path):
    learned = quick().fit(X, Y)
    learned.save(tmp_path / "model")
    opened = open_model(tmp_path / "model", "onnx")
    assert opened.classes == tuple(learned.classes_)
    assert opened.predict(X) == pytest.approx(learned.predict_proba(X), abs=1e-4)
    assert model_facts(tmp_path / "model").data["name"] == "arrays"


def test_a_model_that_no_estimator_made_is_opened_too():
    loaded = FashionClassifier.load(shipped_folders()[0].name)
    assert "Ankle boot" in loaded.classes_
    assert loaded.predict(np.zeros((2, 28, 28), np.uint8)).shape == (2,)
    assert loaded.get_params() == FashionClassifier().get_params()


def test_a_model_of_tables_is_not_taken_for_one_of_images(tmp_path):
    quick().fit(TABLE, Y).save(tmp_path / "model")
    for opening in (load_model, model_facts, lambda place: open_model(place, "onnx")):
        with pytest.raises(ModelError, match=r"classifies rows of numbers, not images. Open it with FashionClassifier"):
            opening(tmp_path / "model")


def test_images_that_were_learned_from_judge_nothing(tmp_path):
    np.savez(tmp_path / "things.npz", x_train=X, y_train=Y)
    quick().fit(X, Y).save(tmp_path / "model")
    collection = load(str(tmp_path / "things.npz"))
    opened = open_for_judging(tmp_path / "model", device="cpu")
    with pytest.raises(DataError, match="the model has learned from all of its images"):
        evaluate_on_test(opened, collection, split(collection), progress=silent)


def edited(folder: Path, change) -> None:
    """Change what a table's `model.json` says, and have the manifest agree."""
    content = json.loads((folder / "model.json").read_text())
    change(content)
    rewrite(folder, "model.json", json.dumps(content).encode())


@pytest.mark.parametrize(
    "change",
    [
        lambda content: content["table"].update(n_columns=143),
        lambda content: content["table"].update(n_columns=10**12),
        lambda content: content["table"].update(n_columns="many"),
        lambda content: content["table"].update(config={"hidden": [1]}),
        lambda content: content["table"].update(config={"hidden": "wide"}),
        lambda content: content["table"].pop("config"),
        lambda content: content.update(table=[]),
        lambda content: content.update(classes=["Bag", "Bag", "Coat"]),
        lambda content: content.update(classes=["Bag", "Coat"]),
        lambda content: content.pop("classes"),
        lambda content: content["provenance"]["estimator"]["labels"].update(type="U1000000000"),
        lambda content: content["provenance"]["estimator"]["labels"].update(values=["Bag"]),
        lambda content: content["provenance"]["estimator"].update(feature_names=["one"]),
        lambda content: content["provenance"]["estimator"].update(feature_names="many"),
        lambda content: content["provenance"]["estimator"].update(parameters={"soup": 1}),
        lambda content: content["provenance"]["estimator"].update(parameters={"model": {"a": 1}}),
        lambda content: content["provenance"].update(estimator=None),
    ],
)
def test_a_description_that_cannot_be_is_refused(tmp_path, change):
    quick(epochs=0.1).fit(TABLE, Y).save(tmp_path / "model")
    edited(tmp_path / "model", change)
    with pytest.raises(ModelError, match="this is no usable model"):
        FashionClassifier.load(tmp_path / "model")


def test_damage_is_seen_and_a_missing_folder_told(tmp_path):
    quick(epochs=0.1).fit(TABLE, Y).save(tmp_path / "model")
    weights = tmp_path / "model" / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\0\0")
    with pytest.raises(ModelError, match="not what the manifest says"):
        FashionClassifier.load(tmp_path / "model")
    with pytest.raises(UnavailableError, match="there is no model here"):
        FashionClassifier.load(tmp_path / "nothing")
