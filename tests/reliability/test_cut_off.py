"""Processes that end between two writes, where no moment of a killed one would hit by chance."""

from __future__ import annotations

import json

import numpy as np
import pytest
from tests.conftest import blobs, write_npz

from fashion_classifier.data import cache
from fashion_classifier.data.dataset import SealedTestSet
from fashion_classifier.data.load import load
from fashion_classifier.data.split import Split
from fashion_classifier.errors import DataError, Fault
from fashion_classifier.experiment.lookup import find_runs
from fashion_classifier.experiment.preparation import prepare
from fashion_classifier.experiment.record import RunFolder
from fashion_classifier.experiment.run import resume, run
from fashion_classifier.experiment.searching import search_only
from fashion_classifier.experiment.settings import RunConfig
from fashion_classifier.experiment.stages import kept
from fashion_classifier.inference.bundle import load_model
from fashion_classifier.progress import silent
from fashion_classifier.storage import PART
from fashion_classifier.training.train import TrainedModel, Workshop
from fashion_classifier.tuning.config import TuneConfig
from fashion_classifier.tuning.study import Search

SPLIT = Split(blobs(200), blobs(100, seed=1), SealedTestSet(blobs(50, seed=2)))
CONFIG = TuneConfig(trials=3, epochs=0.5, families=("mlp",), finalists=1)


class Dead(BaseException):
    """The process is no more: nothing handles it."""


def test_a_trial_that_was_trained_and_not_told_is_made_again(tmp_path):
    whole = Search(tmp_path / "whole", Workshop(SPLIT, exact=True), CONFIG)
    whole.run()

    def die(accuracy: float, trained: TrainedModel) -> None:
        if len(search.trials()) == 1:
            raise Dead

    search = Search(tmp_path / "cut", Workshop(SPLIT, exact=True), CONFIG)
    with pytest.raises(Dead):
        search.run(on_trained=die)
    assert (tmp_path / "cut" / "trials" / "search-0001.npy").exists()
    again = Search(tmp_path / "cut", Workshop(SPLIT, exact=True), CONFIG)
    assert [trial.index for trial in again.trials()] == [0]
    again.run()
    found = [(trial.index, trial.state, trial.params, trial.accuracy) for trial in again.trials()]
    assert found == [(trial.index, trial.state, trial.params, trial.accuracy) for trial in whole.trials()]


def test_what_goes_wrong_beside_a_training_ends_the_search_and_the_trial_is_made_again(tmp_path):
    """It is not taken for a trial that others gave up, which would be made again and again."""
    told: list[float] = []

    def damaged(accuracy: float, trained: TrainedModel) -> None:
        told.append(accuracy)
        assert len(told) == 1
        raise DataError(Fault("result.json", "it is no result of a stage", "Start the run anew"))

    search = Search(tmp_path, Workshop(SPLIT, exact=True), CONFIG)
    with pytest.raises(DataError, match="it is no result of a stage"):
        search.run(on_trained=damaged)
    assert search.trials() == []
    search.run()
    assert [trial.index for trial in search.trials()] == [0, 1, 2]


@pytest.mark.slow
def test_the_model_of_a_finished_trial_is_kept_though_nothing_comes_after(tmp_path, monkeypatch):
    data = write_npz(tmp_path / "things.npz")
    config = RunConfig(
        data=str(data), minutes=None, trials=2, epochs=0.05, trial_epochs=3, families=("mlp",), threads=1
    )
    run(config, tmp_path / "whole")
    note = RunFolder.event

    def die(self: RunFolder, kind: str, **facts: object) -> None:
        if kind == "trial":
            raise Dead
        note(self, kind, **facts)

    monkeypatch.setattr(RunFolder, "event", die)
    with pytest.raises(Dead):
        run(config, tmp_path / "cut")
    monkeypatch.undo()
    assert kept(RunFolder(tmp_path / "cut"), "best-trial") is not None
    resume(tmp_path / "cut")
    weights = [(tmp_path / name / "optimized" / "weights.safetensors").read_bytes() for name in ("whole", "cut")]
    assert weights[0] == weights[1]


def test_the_best_model_of_a_search_is_there_as_soon_as_its_trial_is_finished(tmp_path):
    data = write_npz(tmp_path / "things.npz")
    config = RunConfig(data=str(data), minutes=None, trials=2, epochs=1, trial_epochs=1, families=("mlp",), threads=1)

    def die(_said: str) -> None:
        raise Dead

    prepared = prepare(config, used_s=0.0, progress=silent)
    with pytest.raises(Dead):
        search_only(config, prepared, tmp_path / "study", tell=die, progress=silent)
    accuracies = [trial.accuracy for trial in Search(tmp_path / "study", prepared.workshop, CONFIG).trials()]
    assert len(accuracies) == 1
    validation = prepared.split.validation
    said = load_model(tmp_path / "study" / "best").predict(validation.images)
    assert (said.argmax(1) == validation.labels).mean() == accuracies[0]


def test_a_run_folder_is_there_with_its_record_or_not_at_all(tmp_path, monkeypatch):
    config = RunConfig(data="sample", minutes=None, trials=0, epochs=1)

    def die(content: object) -> str:
        raise Dead

    monkeypatch.setattr("fashion_classifier.experiment.record.json_text", die)
    with pytest.raises(Dead):
        RunFolder.create(tmp_path / "run", config)
    monkeypatch.undo()
    assert not (tmp_path / "run").exists()
    left = tmp_path / f".run.abcd{PART}"  # as a killed process leaves it
    RunFolder.create(left, config)
    RunFolder.create(tmp_path / "run", config)
    assert find_runs(tmp_path) == [tmp_path / "run"]


def test_what_a_killed_process_left_in_the_cache_is_cleared_up_by_the_next_that_writes_there(tmp_path, monkeypatch):
    monkeypatch.setenv("FASHION_CACHE", str(tmp_path / "cache"))
    left = tmp_path / "cache" / "parsed" / f".abc.abcd{PART}"
    left.mkdir(parents=True)
    np.save(left / "training_images.npy", np.zeros(9))
    load(write_npz(tmp_path / "things.npz"))
    assert not left.exists()
    assert json.loads(next((cache.cache_folder() / "parsed" / "index").iterdir()).read_bytes())
    assert not list((tmp_path / "cache").rglob(".*"))


@pytest.mark.parametrize(
    "facts",
    [
        {"timings": None},
        {"timings": {"search": "long"}},
        {"precisions": []},
        {"precisions": {"cnn": {"precision": "float32"}}},
        {"affordable_images": "many"},
        {"affordable_images": -1},
    ],
    ids=str,
)
def test_a_record_that_no_run_has_written_is_refused(tmp_path, facts):
    config = RunConfig(data="sample", minutes=None, trials=1, epochs=1)
    folder = RunFolder.create(tmp_path / "run", config, command="", fingerprint="", identity="").path
    folder_facts = json.loads((folder / "run.json").read_bytes())
    (folder / "run.json").write_text(json.dumps(folder_facts | facts))
    with pytest.raises(DataError, match="it is no record of a run"):
        RunFolder(folder)


def test_a_search_whose_trials_are_gone_is_not_gone_on_with(tmp_path):
    search = Search(tmp_path, Workshop(SPLIT, exact=True), CONFIG)
    with pytest.raises(DataError, match=r"study\.db: trial 0, which was finished, is not in it"):
        search.trial(0)
