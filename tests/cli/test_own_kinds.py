"""`fashion train --from`: a model goes on to other classes, and the gain is told to people and programs."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from PIL import Image
from tests.cli.conftest import Fashion
from tests.conftest import blobs, write_npz
from tests.data.garments.scenes import jumper_mask, photograph
from tests.inference.shelves import put_model

from fashion_classifier.inference.bundle import load_model, save_model


def kinds(folder: Path) -> Path:
    """Draw twenty colour pictures of each of two kinds."""
    generator = np.random.default_rng(0)
    for name, level in (("socks", 60), ("gloves", 160)):
        (folder / name).mkdir(parents=True)
        for number in range(20):
            levels = generator.integers(level, level + 60, (30, 20, 3), dtype=np.uint8)
            Image.fromarray(levels).save(folder / name / f"{number}.png")
    return folder


def test_a_model_goes_on_to_other_classes(fashion: Fashion, npz: Path):
    assert fashion("train", "--data", npz, "--model", "cnn", "--epochs", 1, "--threads", 1, "--out", "known").code == 0
    data = kinds(Path("kinds"))
    done = fashion("train", "--from", "known", "--data", data, "--epochs", 1, "--threads", 1, "--out", "mine", "--json")
    assert done.code == 0, done.err
    facts = done.json
    assert facts["from"] == "known"
    assert facts["held_out"]["n"] == facts["gain"]["n"] == facts["from_nothing"]["held_out"]["n"]
    assert facts["gain"]["verdict"] in {"better", "worse", "not distinguishable"}
    assert "made grey" in done.err
    assert "fashion compare mine-from-nothing mine" in done.err
    assert facts["page"] == "mine-gain/comparison.html"
    told = Path(facts["page"]).read_text(encoding="utf-8")
    assert "held-out images" in told
    assert "test image" not in told
    assert "in 5 folds" in told
    answers = pl.read_parquet("mine-gain/predictions.parquet")
    assert answers.filter(model="b")["label"].len() == facts["gain"]["n"]
    assert fashion("evaluate", "mine", "--data", data).code == 0
    assert fashion("compare", "mine-from-nothing", "mine", "--data", data, "--no-page").code == 0
    assert fashion("predict", data, "--model", "mine", "--format", "csv").code == 0
    alone = fashion(
        "train",
        "--from",
        "known",
        "--data",
        data,
        "--epochs",
        1,
        "--threads",
        1,
        "--out",
        "alone",
        "--no-compare",
        "--json",
    )
    assert alone.json["gain"] is None
    assert not Path("alone-from-nothing").exists()
    assert not Path("alone-gain").exists()


@pytest.mark.slow
def test_a_model_of_garments_on_black_learns_from_the_garments_in_photographs(fashion: Fashion):
    put_model(Path("plain"))
    save_model(replace(load_model("plain"), pictures="garment"), "garment")
    photographs = Path("photographs")
    for name, mask in (("jumper", jumper_mask()), ("scarf", jumper_mask() & (np.arange(72) < 26))):
        (photographs / name).mkdir(parents=True)
        for number in range(20):
            photograph(mask, seed=number).save(photographs / name / f"{number}.jpg")
    command = ["train", "--from", "garment", "--data", photographs, "--epochs", 10, "--threads", 1, "--out", "mine"]
    done = fashion(*command, "--no-compare", "--json")
    assert done.code == 0, done.err
    assert "Of 40 photographs the garments alone were taken" in done.err
    made = load_model("mine")
    assert made.pictures == "garment"
    assert made.photographs is not None
    assert made.photographs.odds == (1.0, 1.0)
    judged = fashion("evaluate", "mine", "--data", photographs, "--json")
    assert judged.code == 0, judged.err
    assert judged.json["data"]["fingerprint"] == done.json["data"]["fingerprint"]
    answers = fashion("predict", photographs, "--model", "mine", "--json").json["rows"]
    assert {row["refused"] for row in answers} <= {True, False}
    assert np.mean([row["class"] == Path(row["path"]).parent.name for row in answers]) > 0.8


def test_what_the_model_decides_cannot_be_asked_for(fashion: Fashion):
    done = fashion("train", "--from", "known", "--model", "mlp")
    assert done.code == 2
    assert "leave out recipe, model family" in done.err


def test_rows_of_pixels_are_predicted_for(fashion: Fashion, trained: Path):
    shutil.copytree(trained / "model", "known")
    write_npz(Path("more.npz"))
    done = fashion("predict", "more.npz", "--model", "known", "--json")
    assert done.code == 0
    assert done.json["n"] == 300
    assert done.json["rows"][0]["path"] == "more.npz[x_train]:1"
    assert "The labels in more.npz are not looked at; `fashion evaluate` judges" in done.err
    header = ",".join(f"pixel{number}" for number in range(144))
    rows = [",".join(map(str, image.ravel())) for image in blobs(3).images]
    Path("x.csv").write_text("\n".join([header, rows[0], rows[1] + ",7", rows[2]]))
    done = fashion("predict", "*.csv", "--model", "known", "--json")
    assert done.code == 3
    assert [row["reason"] != "" and row["class"] is None for row in done.json["rows"]] == [False, True, False]
    assert done.json["rows"][1]["path"] == "x.csv:3"
    refused = fashion("predict", "x.csv", "--model", "known", "--sort-into", "sorted")
    assert refused.code == 2
    assert "its rows are no files" in refused.err
