"""What model folders say of themselves, and which of those that come with the package is taken."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from tests.inference.shelves import accuracy, put_model, rewrite

from fashion_classifier.errors import ModelError, UnavailableError
from fashion_classifier.inference.shelf import (
    SHIPPED,
    Accuracy,
    default_model,
    model_facts,
    model_folders,
    shipped_folders,
)


def test_the_record_of_the_making_is_read(tmp_path):
    facts = model_facts(put_model(tmp_path / "small", seed=7))
    assert (facts.name, facts.family, facts.classes) == ("small", "mlp", ("class 0", "class 1", "class 2"))
    assert tuple(facts.shape) == (12, 12, 1)
    assert facts.accuracy == Accuracy(value=0.9, low=0.85, high=0.93, n=200)
    assert (facts.made, facts.seed, facts.commit, facts.licence) == ("2026-01-31", 7, "0123abc", "MIT")
    assert facts.data == {"name": "blobs", "fingerprint": "f00d"}
    assert facts.n_bytes == sum(path.stat().st_size for path in facts.path.iterdir())


def test_a_model_without_a_record_claims_nothing(tmp_path):
    facts = model_facts(put_model(tmp_path / "mine"))
    assert facts.accuracy is None
    assert facts.made == facts.command == facts.commit == facts.licence == ""


@pytest.mark.parametrize("n_models", [0, 1, 3])
def test_model_folders_are_found_by_name(tmp_path, n_models):
    for number in reversed(range(n_models)):
        put_model(tmp_path / f"model-{number}", test=accuracy(0.8))
    (tmp_path / "README.md").write_text("no model")
    assert [folder.name for folder in model_folders(tmp_path)] == [f"model-{number}" for number in range(n_models)]


def test_the_most_accurate_shipped_model_is_the_default(tmp_path):
    assert default_model([]) is None
    shipped = [put_model(tmp_path / name, test=accuracy(score)) for name, score in (("a", 0.8), ("b", 0.9))]
    assert default_model([*shipped, put_model(tmp_path / "c")]).name == "b"


def test_what_the_package_holds_can_be_listed():
    folders = shipped_folders()
    assert folders
    for model in map(model_facts, folders):
        assert model.accuracy is not None, model.name
        assert model.command, model.name
        assert model.licence, model.name
        assert model.data["fingerprint"], model.name
        assert model.path.parent == SHIPPED


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("record.json", "{", "this is not JSON"),
        ("record.json", "[]", "a JSON object was expected"),
        ("record.json", '{"schema": "other/1"}', "has the schema 'other/1'"),
        ("record.json", json.dumps({"schema": "fashion.model-record/1", "test": {"n": 1}}), "accuracy_interval"),
        (
            "record.json",
            json.dumps({"schema": "fashion.model-record/1", "test": accuracy(1.5)}),
            "`0 <= low <= value <= high <= 1`",
        ),
        ("model.json", "{}", "format version None is not known"),
        ("model.json", '{"format_version": 1}', "this is no usable model"),
    ],
)
def test_a_damaged_description_is_refused_with_a_reason(tmp_path, name, content, reason):
    rewrite(put_model(tmp_path / "model"), name, content.encode())
    with pytest.raises(ModelError, match=reason):
        model_facts(tmp_path / "model")


@pytest.mark.parametrize("image", [(0, 28, 1), (-5, 28, 1), (10**10, 28, 1), (28, 28, 2), (28, 28, 0), (2.5, 28, 1)])
def test_an_image_that_cannot_be_is_refused(tmp_path, image):
    folder = put_model(tmp_path / "model")
    description = json.loads((folder / "model.json").read_text())
    description["image"] = dict(zip(("height", "width", "channels"), image, strict=True))
    rewrite(folder, "model.json", json.dumps(description).encode())
    with pytest.raises(ModelError, match="an image cannot be"):
        model_facts(folder)


def test_a_damaged_shipped_model_does_not_hide_a_sound_one(tmp_path):
    sound, damaged = (put_model(tmp_path / name, test=accuracy(0.8)) for name in ("sound", "damaged"))
    (damaged / "model.json").write_text("{")
    assert default_model([damaged, sound]).name == "sound"
    assert default_model([damaged]) is None


def test_a_record_that_the_manifest_does_not_list_is_not_read(tmp_path):
    folder = put_model(tmp_path / "model")
    record = {"schema": "fashion.model-record/1", "test": accuracy(0.99), "licence": "MIT"}
    (folder / "record.json").write_text(json.dumps(record))
    assert (model_facts(folder).accuracy, model_facts(folder).licence) == (None, "")


def test_no_model_is_unavailable_not_damaged(tmp_path):
    with pytest.raises(UnavailableError, match="there is no model here"):
        model_facts(tmp_path)


def test_nothing_that_computes_is_imported():
    program = (
        "import sys\n"
        "import fashion_classifier.experiment.lookup, fashion_classifier.inference.decoding\n"
        "assert not {'torch', 'polars', 'scipy', 'matplotlib', 'optuna', 'onnxruntime'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
