"""Which model is meant: a folder, a run, a shipped model's name, or none named at all."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.inference.shelves import accuracy, put_model

from fashion_classifier.errors import UnavailableError
from fashion_classifier.experiment.lookup import ModelPlace, locate_model


@pytest.fixture
def places(tmp_path, monkeypatch) -> dict[str, Path]:
    """An empty folder to work in, with a shelf of two shipped models."""
    monkeypatch.chdir(tmp_path)
    put_model(tmp_path / "shelf/good", test=accuracy(0.9))
    put_model(tmp_path / "shelf/fair", test=accuracy(0.8))
    return {"runs": Path("runs"), "shipped": tmp_path / "shelf"}


def put_run(name: str, record: str) -> None:
    Path("runs", name).mkdir(parents=True)
    Path("runs", name, "run.json").write_text(record)


FINISHED = json.dumps({"finished": True})


def test_the_latest_finished_run_goes_before_shipped_models(places):
    put_run("1", FINISHED)
    put_run("2", FINISHED)
    put_run("3", json.dumps({"finished": False}))
    put_run("4", "{")
    put_run("5", "[]")
    assert locate_model(None, **places) == ModelPlace("2/optimized", Path("runs/2/optimized"), Path("runs/2"))
    assert locate_model(None, "initial", **places).path == Path("runs/2/initial")


def test_the_best_shipped_model_is_taken_where_there_is_no_finished_run(places):
    put_run("1", json.dumps({"finished": False}))
    assert locate_model(None, **places) == ModelPlace("good", places["shipped"] / "good")


def test_without_runs_and_shipped_models_it_is_said_what_to_do(places, tmp_path):
    with pytest.raises(
        UnavailableError, match=r"no finished run in \./runs, and no model comes with this installation"
    ):
        locate_model(None, runs=Path("runs"), shipped=tmp_path / "none")


def test_a_shipped_model_is_found_by_name_unless_a_model_of_that_name_lies_here(places):
    assert locate_model(Path("fair"), **places).path == places["shipped"] / "fair"
    Path("fair").mkdir()
    assert locate_model(Path("fair"), **places).path == places["shipped"] / "fair"
    Path("fair").rmdir()
    put_model(Path("fair"))
    assert locate_model(Path("fair"), **places).path == Path("fair")


def test_an_unknown_name_is_answered_with_the_names_there_are(places, tmp_path):
    with pytest.raises(UnavailableError, match=r"poor: there is no model here.*come with the program are fair, good\."):
        locate_model(Path("poor"), **places)
    with pytest.raises(UnavailableError, match="No model comes with this installation"):
        locate_model(Path("poor"), runs=Path("runs"), shipped=tmp_path / "none")
