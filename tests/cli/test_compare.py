"""`fashion compare` tells a verdict, writes a page about it, and writes over nothing."""

import json
from pathlib import Path

import polars as pl
import pytest


@pytest.fixture
def models(fashion, npz):
    """Two seeds of one configuration, in the folders `one` and `two`."""
    for name, seed in (("one", 0), ("two", 1)):
        made = fashion("train", "--data", npz, "--model", "mlp", "--epochs", 3, "--seed", seed, "--out", name)
        assert made.code == 0, made.err
    return npz


def test_a_page_is_written_with_all_numbers_beside_it(fashion, models):
    result = fashion("compare", "one", "two", "--data", models, "--json")
    assert result.code == 0, result.err
    page = Path(result.json["page"])
    assert page.parts[0] == "comparisons"
    assert page.parent.name.endswith("-one-two")
    assert page.name == "comparison.html"
    assert f"Page: {page}" in result.err
    html = page.read_text(encoding="utf-8")
    assert "The two models are not distinguishable" in html
    assert "A and B have the same settings" in html
    numbers = json.loads((page.parent / "comparison.json").read_bytes())
    assert numbers["schema"] == "fashion.comparison/1"
    for letter, name, seed in (("a", "one", 0), ("b", "two", 1)):
        model = numbers[letter]
        assert model["test"]["accuracy"]["value"] == result.json[letter]["test"]["accuracy"]
        assert (model["name"], model["origin"]["seed"]) == (name, seed)
        assert Path(model["path"]) == Path(name).absolute()
        answers = pl.read_parquet(page.parent / "predictions.parquet").filter(model=letter)
        assert len(answers) == result.json[letter]["test"]["n"] == 60
    assert numbers["comparison"]["verdict"] == result.json["comparison"]["verdict"] == "not distinguishable"
    assert numbers["made_with"]["command"].startswith("fashion compare one two")

    again = fashion("compare", "one", "two", "--data", models, "--out", page.parent)
    assert again.code == 2
    assert "already there" in again.err
    assert page.read_text(encoding="utf-8") == html

    before = sorted(Path.cwd().iterdir())
    silent = fashion("compare", "one", "two", "--data", models, "--no-page", "--json")
    assert silent.json["page"] is None
    assert silent.json["comparison"] == result.json["comparison"]
    assert sorted(Path.cwd().iterdir()) == before
    assert len(list(Path("comparisons").iterdir())) == 1


def test_a_folder_is_not_named_for_a_page_that_is_not_wanted(fashion):
    result = fashion("compare", "one", "two", "--out", "there", "--no-page")
    assert result.code == 2
    assert "leave the page away, not both" in result.err


def test_the_opening_is_written_into_the_run_and_onto_the_page(fashion, npz, put_run):
    put_run("run")
    result = fashion("compare", "run/initial", "run", "--data", npz, "--out", "compared", "--json")
    assert result.code == 0, result.err
    reason = "comparison of run/initial and run/optimized"
    openings = json.loads(Path("run/run.json").read_bytes())["openings"]
    assert [opening["reason"] for opening in openings][1:] == [reason]
    numbers = json.loads(Path("compared/comparison.json").read_bytes())
    assert numbers["a"]["openings"] == openings  # the model is of the same run
    assert numbers["b"]["openings"] == openings
    assert numbers["b"]["origin"]["command"].startswith("fashion run --data")
    assert reason in Path("compared/comparison.html").read_text(encoding="utf-8")
