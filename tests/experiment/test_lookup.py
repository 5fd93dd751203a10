"""Which model is meant: a folder, a run, a shipped model's name, or none named at all."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.inference.shelves import accuracy, put_model

from fashion_classifier.errors import UnavailableError
from fashion_classifier.experiment.lookup import ModelPlace, locate_model


@pytest.fixture
def shipped(tmp_path, monkeypatch) -> list[Path]:
    """An empty folder to work in, and two shipped models."""
    monkeypatch.chdir(tmp_path)
    scores = {"fair": 0.8, "good": 0.9}
    return [put_model(tmp_path / "shelf" / name, test=accuracy(score)) for name, score in scores.items()]


def put_run(name: str, record: str) -> None:
    Path("runs", name).mkdir(parents=True)
    Path("runs", name, "run.json").write_text(record)


FINISHED = json.dumps({"finished": True})


def test_the_latest_finished_run_goes_before_shipped_models(shipped):
    put_run("1", FINISHED)
    put_run("2", FINISHED)
    put_run("3", json.dumps({"finished": False}))
    put_run("4", "{")
    put_run("5", "[]")
    assert locate_model(None, shipped=shipped) == ModelPlace("2/optimized", Path("runs/2/optimized"), Path("runs/2"))
    assert locate_model(None, "initial", shipped=shipped).path == Path("runs/2/initial")


def test_the_best_shipped_model_is_taken_where_there_is_no_finished_run(shipped):
    put_run("1", json.dumps({"finished": False}))
    assert locate_model(None, shipped=shipped) == ModelPlace("good", shipped[1], shipped=True)


def test_without_runs_and_shipped_models_it_is_said_what_to_do(shipped):
    with pytest.raises(
        UnavailableError, match=r"no finished run in \./runs, and no model comes with this installation"
    ):
        locate_model(None, shipped=[])


def test_a_shipped_model_is_found_by_name_unless_a_model_of_that_name_lies_here(shipped):
    assert locate_model(Path("fair"), shipped=shipped).path == shipped[0]
    Path("fair").mkdir()
    assert locate_model(Path("fair"), shipped=shipped).path == shipped[0]
    Path("fair").rmdir()
    put_model(Path("fair"))
    assert locate_model(Path("fair"), shipped=shipped).path == Path("fair")


def test_a_runs_model_that_is_named_by_its_folder_belongs_to_the_run(shipped, monkeypatch):
    put_run("1", FINISHED)
    put_model(Path("runs/1/optimized"))
    put_model(Path("runs/1/elsewhere"))
    place = locate_model(Path("runs/1/optimized"), shipped=shipped)
    assert (place.name, place.path, place.run) == ("1/optimized", Path("runs/1/optimized"), Path("runs/1").resolve())
    assert locate_model(Path("runs/1/elsewhere"), shipped=shipped).run is None
    monkeypatch.chdir("runs/1/optimized")
    assert locate_model(Path(), shipped=shipped).run == Path("..").resolve()


def test_an_unknown_name_is_answered_with_the_names_there_are(shipped):
    with pytest.raises(UnavailableError, match=r"poor: there is no model here.*come with the program are fair, good\."):
        locate_model(Path("poor"), shipped=shipped)
    with pytest.raises(UnavailableError, match="No model comes with this installation"):
        locate_model(Path("poor"), shipped=[])
