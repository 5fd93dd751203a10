"""`fashion export --to huggingface` and `fashion import`: there and back, and the card between."""

from __future__ import annotations

import json

import numpy as np
import onnxruntime
import pytest
import yaml  # type: ignore[import-untyped]
from tests.conftest import blobs

from fashion_classifier.inference.bundle import load_model
from fashion_classifier.reporting.run_folder import read_results

FILES = {"README.md", "config.json", "model.safetensors", "model.onnx"}


def matter_of(card):
    """Return a card's metadata and its text."""
    before, matter, text = card.split("---\n", 2)
    assert before == ""
    return yaml.safe_load(matter), text


@pytest.fixture
def repository(fashion, put_run, tmp_path):
    """A run's optimized model as a folder."""
    put_run("run")
    done = fashion("export", "run", "--to", "huggingface", "--output", "repository", "--json")
    assert done.code == 0, done.err
    assert done.json["agreement"]["changed"] == 0
    return tmp_path / "repository"


def test_a_run_s_model_goes_there_and_comes_back(fashion, repository):
    assert {path.name for path in repository.iterdir()} == FILES
    images = blobs(20).images
    original = load_model("run/optimized")
    session = onnxruntime.InferenceSession(repository / "model.onnx")
    alone = session.run(["probabilities"], {"images": images})[0]
    np.testing.assert_allclose(alone, original.predict(images), atol=1e-3)
    done = fashion("import", repository, "--json")
    assert done.code == 0, done.err
    assert done.json["model"] == "models/repository"
    assert done.json["classes"] == list(original.classes)
    np.testing.assert_array_equal(load_model("models/repository").predict(images), original.predict(images))
    assert fashion("models").out.count("repository") == 1
    again = fashion("import", repository)
    assert again.code == 2
    assert "already there" in again.err


def test_the_card_has_what_the_site_looks_for(repository):
    matter, text = matter_of((repository / "README.md").read_text())
    results = read_results(repository.parent / "run")
    assert matter["license"] == "unknown"
    assert matter["pipeline_tag"] == "image-classification"
    assert matter["library_name"] == "fashion-images-classifier"
    assert {"image-classification", "onnx"} <= set(matter["tags"])
    assert matter["metrics"] == ["accuracy", "f1"]
    (entry,) = matter["model-index"]
    assert results.optimized.test is not None
    assert entry["results"][0]["metrics"][0]["value"] == results.optimized.test.accuracy.value
    assert "fashion import model models/mine" in text
    assert "--model optimized" not in text


def test_a_model_of_no_run_has_a_card_of_what_is_recorded(fashion, trained, tmp_path):
    done = fashion("export", trained / "model", "--to", "huggingface", "--output", "deep/model")
    assert done.code == 0, done.err
    matter, text = matter_of((tmp_path / "deep" / "model" / "README.md").read_text())
    assert matter["license"] == "unknown"
    assert "model-index" not in matter
    assert "is not recorded" in text
    assert "kind 2" in text
    config = json.loads((tmp_path / "deep" / "model" / "config.json").read_text())
    assert config["architectures"] == ["mlp"]


def test_nothing_is_overwritten_and_only_float32_is_written(fashion, trained, tmp_path):
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "README.md").write_text("mine")
    done = fashion("export", trained / "model", "--to", "huggingface", "--output", "there")
    assert done.code == 2
    assert [path.name for path in (tmp_path / "there").iterdir()] == ["README.md"]
    lower = fashion("export", trained / "model", "--to", "huggingface", "--precision", "int8")
    assert lower.code == 2
    assert "computes in float32" in lower.err


def test_what_is_no_model_is_said(fashion, tmp_path):
    (tmp_path / "config.json").write_text('{"model_type": "vit"}')
    done = fashion("import", ".", "models/vit")
    assert done.code == 5
    assert "another program's model (model_type 'vit')" in done.err
    assert not (tmp_path / "models" / "vit").exists()
