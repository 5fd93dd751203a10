"""The commands, one after another, as a person would use them."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from PIL import Image
from tests.conftest import write_npz

EXACT = ("--trials", 2, "--epochs", 2, "--threads", 1)


def digest(folder: Path) -> bytes:
    return (folder / "weights.safetensors").read_bytes()


def test_a_run_from_data_to_conclusion(fashion, npz):
    result = fashion("run", "--data", npz, *EXACT, "--out", "first", "--json")
    assert result.code == 0, result.err
    facts = result.json
    assert facts["schema"] == "fashion.run/1"
    assert facts["run"] == "first"
    assert facts["seconds"] > 0
    assert facts["peak_memory_mb"] > 50
    assert facts["data"]["counts"] == {"training": 192, "validation": 48, "test": 60}
    for name in ("initial", "optimized"):
        assert Path(facts[name]["model"], "model.json").is_file()
        for part, n_images in (("validation", 48), ("test", 60)):
            figures = facts[name][part]
            assert {"accuracy", "accuracy_interval", "loss", "macro_f1", "misclassified"} <= set(figures)
            assert figures["n"] == n_images
            low, high = figures["accuracy_interval"]
            assert low <= figures["accuracy"] <= high
            assert figures["misclassified"] == round(n_images * (1 - figures["accuracy"]))
    assert len(result.out.splitlines()) == 1
    assert "Optimized against initial" in result.err

    run = Path("first")
    record = json.loads((run / "run.json").read_text())
    assert record["finished"] is True
    assert [opening["reason"] for opening in record["openings"]] == [
        "evaluation of the initial and the optimized model"
    ]
    assert "kind 2" in (run / "report.html").read_text()
    for name in ("confusion-optimized", "learning-curves", "mended-and-broken", "search"):
        assert (run / "figures" / f"{name}.svg").stat().st_size > 1000
        assert (run / "figures" / f"{name}.png").stat().st_size > 1000
    with sqlite3.connect(run / "study.db") as study:
        assert study.execute("select count(*) from trials").fetchone()[0] >= 2
    predictions = pl.read_parquet(run / "predictions.parquet")
    right = predictions.filter(pl.col("model") == "optimized", pl.col("split") == "test")
    accuracy = (right["label"].cast(str) == right["predicted"].cast(str)).mean()
    assert accuracy == pytest.approx(facts["optimized"]["test"]["accuracy"])


@pytest.mark.slow
def test_exact_work_repeats_to_the_bit_and_the_seed_matters(fashion, npz, put_run):
    put_run("first")
    fashion("run", "--like", "first", "--out", "again")
    fashion("run", "--data", npz, *EXACT, "--out", "other", "--seed", 1)
    for model in ("initial", "optimized"):
        assert digest(Path("first", model)) == digest(Path("again", model))
        assert digest(Path("first", model)) != digest(Path("other", model))


@pytest.mark.slow
def test_a_sample_run_says_so_first_and_last(fashion, monkeypatch, npz):
    result = fashion("run", "--data", "sample", "--trials", 0, "--epochs", 0.2, "--threads", 1, "--out", "drawn")
    assert result.code == 0, result.err
    lines = [line for line in result.out.splitlines() if line.strip()]
    assert "drawn garments" in lines[0]
    assert "drawn garments" in lines[-1]
    assert "drawn" in Path("drawn/report.html").read_text()


@pytest.mark.slow
def test_the_stages_one_by_one(fashion, npz):
    trained = fashion("train", "--data", npz, "--model", "mlp", "--epochs", 3, "--out", "mlp", "--json").json
    assert trained["schema"] == "fashion.train/1"
    assert trained["validation"]["accuracy"] > 0.5
    everything = fashion("train", "--data", npz, "--epochs", 2, "--on", "all", "--out", "all", "--json").json
    assert everything["validation"] is None

    tuned = fashion("tune", "--data", npz, "--trials", 2, "--trial-epochs", 1, "--out", "study", "--json").json
    assert tuned["trials"] == 2
    more = fashion("tune", "--data", npz, "--trials", 3, "--trial-epochs", 1, "--out", "study", "--json").json
    assert more["trials"] == 3
    assert {row["family"] for row in more["leaderboard"]} >= {"cnn", "mlp"}
    assert Path("study/best/model.json").is_file()

    evaluated = fashion("evaluate", "all", "--data", npz, "--json").json
    assert evaluated["test"]["n"] == 60
    assert sum(map(sum, evaluated["test"]["confusion"])) == 60
    compared = fashion("compare", "mlp", "mlp", "--data", npz, "--json").json
    assert compared["comparison"]["verdict"] == "not distinguishable"
    assert compared["comparison"]["mended"] == compared["comparison"]["broken"] == 0


def test_evaluating_a_run_uses_its_data_and_is_written_down(fashion, put_run):
    put_run("first")
    judged = json.loads(Path("first/evaluation.json").read_text())["optimized"]["test"]
    again = fashion("evaluate", "first", "--json").json
    assert again["test"]["accuracy"] == judged["accuracy"]["value"]
    openings = json.loads(Path("first/run.json").read_text())["openings"]
    assert [opening["reason"] for opening in openings][1:] == ["evaluation of first/optimized"]


def test_a_report_is_made_again_from_the_run_folder_alone(fashion, npz, put_run):
    put_run("first")
    before = Path("first/report.html").read_text()
    npz.unlink()
    Path("first/report.html").unlink()
    result = fashion("report", "first", "--json")
    assert result.code == 0, result.err
    assert Path("first/report.html").read_text() == before
    assert Path(result.json["figures"]["search"]).is_file()


def test_runs_are_listed(fashion, put_run):
    assert "There are no runs" in fashion("runs").out
    put_run("runs/one")
    listed = fashion("runs", "--json").json["runs"]
    assert [entry["state"] for entry in listed] == ["finished"]
    assert listed[0]["optimized"] > 0


def test_predictions_in_every_format_and_broken_files_as_rows(fashion, npz, put_run):
    put_run("runs/one")
    Path("pictures/deeper").mkdir(parents=True)
    images = np.load(npz)["x_test"]
    for number in range(3):
        Image.fromarray(images[number]).save(f"pictures/deeper/{number}.png")
    Path("pictures/broken.png").write_bytes(b"\x89PNG nonsense")
    Path("pictures/notes.txt").write_text("not a picture")

    table = fashion("predict", "pictures")
    assert table.code == 3
    assert "1 of 4 files could not be read" in table.err
    assert len(table.out.splitlines()) == 4
    rows = [json.loads(line) for line in fashion("predict", "pictures", "--format", "jsonl").out.splitlines()]
    assert [Path(row["path"]).name for row in rows] == ["broken.png", "0.png", "1.png", "2.png"]
    assert rows[0]["class"] is None
    assert rows[0]["reason"]
    assert rows[1]["class"].startswith("kind ")
    assert 1 / 3 < rows[1]["probability"] <= 1
    text = fashion("predict", "pictures/deeper", "--format", "csv").out
    assert [row["class"] for row in csv.DictReader(io.StringIO(text))] == [row["class"] for row in rows[1:]]
    written = fashion("predict", "pictures/deeper", "--format", "parquet", "--output", "rows.parquet", "--json")
    assert written.code == 0
    assert written.json["n"] == 3
    assert pl.read_parquet("rows.parquet")["class"].to_list() == [row["class"] for row in rows[1:]]


def test_data_on_which_no_training_is_possible_is_told_when_it_is_checked(fashion, npz):
    assert fashion("data", "check", npz, "--json").json["obstacle"] is None
    with np.load(npz) as data:
        images, labels = data["x_train"], data["y_train"]
    kept = np.r_[np.flatnonzero(labels > 0), np.flatnonzero(labels == 0)[:1]]
    np.savez("one.npz", x_train=images[kept], y_train=labels[kept])
    told = fashion("data", "check", "one.npz")
    assert told.code == 0
    assert "No training is possible on this data. " in told.out
    assert "it has 1 image, of which 1 count" in told.out


def test_data_is_checked_shown_and_converted(fashion, npz):
    card = fashion("data", "check", npz, "--json").json
    assert set(card["counts"]["test"]) == {"kind 0", "kind 1", "kind 2"}
    assert sum(card["counts"]["test"].values()) == 60
    assert card["image"] == {"height": 12, "width": 12, "channels": 1}
    assert "Fingerprint" in fashion("data", "check", npz).out
    assert fashion("data", "show", npz, "--out", "sheet.png").code == 0
    with Image.open("sheet.png") as sheet:
        assert sheet.size[0] > 100
    for target, form in (("folders", "png"), ("other.npz", "npz"), ("table", "parquet")):
        converted = fashion("data", "convert", npz, target, "--to", form)
        assert converted.code == 0, converted.err
        assert fashion("data", "check", target, "--json").json["fingerprint"] == card["fingerprint"]


@pytest.mark.slow
def test_colour_images_of_two_classes_run_to_a_report(fashion, tmp_path):
    colour = write_npz(tmp_path / "colour.npz", n_classes=2, colour=True)
    result = fashion("run", "--data", colour, *EXACT, "--family", "resnet", "--balanced", "--out", "two", "--json")
    assert result.code == 0, result.err
    assert result.json["optimized"]["family"] == "resnet"
    assert json.loads(Path("two/optimized/model.json").read_text())["image"]["channels"] == 3


def test_every_command_has_an_example_in_its_help(fashion):
    for command in (
        "run",
        "train",
        "tune",
        "evaluate",
        "compare",
        "report",
        "predict",
        "runs",
        "data check",
        "data show",
        "data convert",
        "data download",
    ):
        text = fashion(*command.split(), "--help").out
        assert f"fashion {command}" in text.split("Example")[1], command
