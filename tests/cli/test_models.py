"""What there is to predict with: listed, found by name, and taken where none is named."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest
from PIL import Image
from tests.conftest import blobs
from tests.inference.shelves import accuracy, put_model


@pytest.fixture
def shipped(fashion, tmp_path) -> Path:
    """Two models that come with the program, and a picture."""
    put_model(tmp_path / "shipped/good", test=accuracy(0.9))
    put_model(tmp_path / "shipped/fair", test=accuracy(0.8))
    Image.fromarray(blobs(3).images[0]).save("picture.png")
    place: Path = tmp_path / "shipped"
    return place


def test_nothing_is_listed_where_there_is_nothing(fashion):
    result = fashion("models", "--json")
    assert result.json == {"schema": "fashion.models/1", "models": [], "default": None}
    assert "There are no models" in result.err


@pytest.mark.slow
def test_shipped_models_saved_ones_and_those_of_runs_are_listed(fashion, npz, shipped):
    assert fashion("train", "--data", npz, "--model", "mlp", "--epochs", 1, "--out", "models/mine").code == 0
    exact = ("--trials", 0, "--epochs", 1, "--threads", 1)
    run = fashion("run", "--data", npz, *exact, "--out", "runs/one", "--json").json
    listed = fashion("models", "--json").json
    assert listed["default"] == "good"
    models = {model["model"]: model for model in listed["models"]}
    assert list(models) == ["fair", "good", "models/mine", "runs/one/initial", "runs/one/optimized"]
    assert [model["kind"] for model in models.values()] == ["shipped", "shipped", "folder", "run", "run"]
    assert models["good"]["accuracy"] == 0.9
    assert models["good"]["accuracy_interval"] == pytest.approx([0.85, 0.92])
    assert models["good"]["n"] == 200
    assert models["good"]["command"] == "fashion train --minutes 1"
    assert models["good"]["image"] == {"height": 12, "width": 12, "channels": 1}
    assert models["models/mine"]["accuracy"] is None
    assert models["models/mine"]["data"]["fingerprint"] == run["data"]["fingerprint"]
    assert models["runs/one/optimized"]["accuracy"] == run["optimized"]["test"]["accuracy"]
    table = fashion("models").out
    assert "90.00 %" in table
    assert "runs/one/initial" in table


def test_a_damaged_model_is_listed_as_such_and_hides_no_other(fashion, shipped):
    put_model(Path("models/a"))
    put_model(Path("models/b"))
    put_model(Path("models/c"))
    with Path("models/c/weights.safetensors").open("ab") as file:
        file.write(b"more")
    Path("models/a/model.json").write_text("{")
    models = {model["model"]: model for model in fashion("models", "--json").json["models"]}
    assert "model.json: its content is not what the manifest says" in models["models/a"]["error"]
    assert "weights.safetensors: its content is not what the manifest says" in models["models/c"]["error"]
    assert models["models/b"]["error"] == ""
    assert "damaged" in fashion("models").out


def test_what_is_left_of_a_model_is_told_as_damaged(fashion, put_run, shipped):
    for name in ("lost", "dangling", "weights alone", "sound"):
        put_model(Path("models") / name)
    put_run("runs/one")
    Path("models/no model").mkdir()
    Path("models/lost/model.json").unlink()
    Path("models/dangling/model.json").unlink()
    Path("models/dangling/model.json").symlink_to("gone.json")
    for name in ("model.json", "manifest.json"):
        Path("models/weights alone", name).unlink()
    Path("runs/one/optimized/model.json").unlink()
    (shipped / "good" / "model.json").unlink()
    result = fashion("models", "--json")
    models = {model["model"]: model["error"] for model in result.json["models"]}
    assert "no such plain file" in models["models/lost"]
    assert "no such plain file" in models["models/dangling"]
    assert "there is no model here; a model folder holds model.json" in models["models/weights alone"]
    assert "no such plain file" in models["runs/one/optimized"]
    assert "no such plain file" in models["good"]
    assert (models["models/sound"], models["runs/one/initial"]) == ("", "")
    assert "models/no model" not in models
    assert result.json["default"] == "fair"
    assert "models/lost is damaged: models/lost/model.json" in fashion("models").out


def test_a_model_and_a_run_may_be_named_themselves(fashion, put_run, shipped):
    put_model(Path("models/mine"))
    put_run("runs/one")
    listed = fashion("models", "models/mine", "runs/one", "--json").json["models"]
    assert [model["model"] for model in listed[2:]] == ["models/mine", "runs/one/initial", "runs/one/optimized"]


def test_names_are_whole_on_a_narrow_terminal(fashion, shipped, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    name = "models/" + "a-model-with-a-long-name-" * 2
    put_model(Path(name))
    first_column = "".join(line[:30].split(" ")[0] for line in fashion("models").out.splitlines())
    assert name in first_column


def test_names_are_on_one_line_for_other_programs(fashion, shipped, monkeypatch):
    monkeypatch.delenv("COLUMNS")
    name = "models/" + "a-model-with-a-long-name-" * 4
    put_model(Path(name))
    assert any(line.startswith(name) for line in fashion("models").out.splitlines())


def test_a_shipped_model_predicts_by_its_name_or_where_none_is_named(fashion, shipped):
    named = fashion("predict", "picture.png", "--model", "fair", "--json").json
    assert named["model"] == str(shipped / "fair")
    result = fashion("predict", "picture.png", "--json")
    assert result.json["model"] == str(shipped / "good")
    assert "Model: good (comes with the program)" in result.err
    assert [row["path"] for row in result.json["rows"]] == ["picture.png"]


def test_a_finished_run_goes_before_shipped_models(fashion, put_run, shipped):
    put_run("runs/one")
    assert fashion("predict", "picture.png", "--json").json["model"] == str(Path("runs/one/optimized"))


def test_a_shipped_model_is_evaluated_by_its_name_or_where_none_is_named(fashion, tmp_path, shipped):
    data = blobs(200)
    for part in ("train", "test"):
        for number, (image, label) in enumerate(zip(data.images, data.labels, strict=True)):
            folder = tmp_path / "pictures" / part / f"class {label}"
            folder.mkdir(parents=True, exist_ok=True)
            Image.fromarray(image).save(folder / f"{number}.png")
    named = fashion("evaluate", "fair", "--data", "pictures", "--json")
    assert named.code == 0, named.err
    assert named.json["model"] == str(shipped / "fair")
    result = fashion("evaluate", "--data", "pictures", "--json")
    assert result.json["model"] == str(shipped / "good")
    assert "Model: good (comes with the program)" in result.err


def test_an_unknown_name_is_answered_with_the_names_there_are(fashion, shipped):
    result = fashion("predict", "picture.png", "--model", "poor")
    assert result.code == 4
    assert "come with the program are fair, good." in result.err


@pytest.mark.parametrize("form", ["csv", "jsonl", "table"])
def test_rows_go_to_standard_output_alone(fashion, shipped, form):
    result = fashion("predict", "picture.png", "--format", form)
    assert "picture.png" in result.out
    assert str(shipped) not in result.out


@pytest.mark.skipif(sys.platform != "linux", reason="names are text elsewhere")
@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_a_name_that_is_no_text_is_a_row_like_others(fashion, shipped, tmp_path, form):
    folder = tmp_path / "many"
    folder.mkdir()
    for name in (b"a.png", b"bad\xff.png"):
        Image.fromarray(blobs(3).images[0]).save(os.fsdecode(os.fsencode(folder) + b"/" + name))
    result = fashion("predict", "many", "--format", form, "--output", f"rows.{form}", "--json")
    assert (result.code, result.json["n"], result.json["failed"]) == (0, 2, 0)
    assert b"bad\\xff.png" in Path(f"rows.{form}").read_bytes().replace(b"\\\\", b"\\")


def test_a_folder_that_is_not_there_is_said(fashion):
    result = fashion("models", "nowhere")
    assert result.code == 4
    assert "nowhere: there is no such folder" in result.err


def test_many_files_keep_their_order_whatever_decodes_them(fashion, shipped, tmp_path):
    folder = tmp_path / "many"
    folder.mkdir()
    Image.fromarray(blobs(3).images[0]).save(folder / "0000.png")
    for number in range(1, 600):
        os.link(folder / "0000.png", folder / f"{number:04d}.png")
    (folder / "0300.png").unlink()
    (folder / "0300.png").write_bytes(b"broken")
    result = fashion("predict", "many", "--format", "jsonl", "--output", "rows.jsonl", "--json")
    assert result.code == 3
    assert (result.json["n"], result.json["failed"], result.json["rows"]) == (600, 1, None)
    rows = [json.loads(line) for line in Path("rows.jsonl").read_text().splitlines()]
    assert [Path(row["path"]).stem for row in rows] == [f"{number:04d}" for number in range(600)]
    assert [Path(row["path"]).stem for row in rows if row["class"] is None] == ["0300"]
