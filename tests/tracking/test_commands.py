"""`--track` and `fashion track`: what is wrong is said before any work, and what was made is told."""

from __future__ import annotations

import json

import pytest

from fashion_classifier.experiment.tracked import records_of
from fashion_classifier.reporting.run_folder import read_results
from fashion_classifier.tracking import targets
from fashion_classifier.tracking.records import Begun, Concluded, Ended, Measured, TrialMade


@pytest.mark.parametrize("command", [("run",), ("train",), ("tune",), ("track", "nowhere")])
@pytest.mark.parametrize(
    ("tracker", "code", "said"),
    [
        ("comet", 2, "There is no tracker 'comet'"),
        ("mlflow=http://me:secret@127.0.0.1", 2, "MLFLOW_TRACKING_PASSWORD"),
    ],
)
def test_what_cannot_be_told_is_said_before_any_work(fashion, tmp_path, command, tracker, code, said):
    option = [] if command[0] == "track" else ["--track"]
    done = fashion(*command, *option, tracker)
    assert done.code == code
    assert said in done.err
    assert "secret" not in done.err + done.out
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", [("run",), ("train",), ("tune",), ("track", "nowhere")])
def test_a_missing_extra_is_one_error_before_any_work(fashion, tmp_path, monkeypatch, command):
    monkeypatch.setattr(targets, "find_spec", lambda _: None)
    option = [] if command[0] == "track" else ["--track"]
    done = fashion(*command, *option, "wandb")
    assert done.code == 4
    assert done.err.strip().splitlines() == [
        "Error: Weights & Biases is not installed: pip install 'fashion-images-classifier[wandb]'."
    ]
    assert list(tmp_path.iterdir()) == []


def test_a_tracker_is_named_once(fashion):
    assert "name each once" in fashion("run", "--track", "tensorboard", "--track", "tensorboard=x").err


def test_what_is_no_run_or_was_not_tracked_is_said(fashion, trained):
    done = fashion("track", trained / "model", "tensorboard=curves")
    assert done.code == 4
    assert "no training or search that a tracker was told of" in done.err


def test_a_finished_run_is_told_from_its_folder(finished_run):
    records = list(records_of(finished_run))
    results = read_results(finished_run)
    assert isinstance(records[0], Begun)
    assert records[-1] == Ended(state="finished")
    measured = [record for record in records if isinstance(record, Measured)]
    histories = {
        "initial": results.initial.history,
        "training": results.optimized.history,
        "retraining": results.optimized.retraining,
    }
    assert [(one.series, one.step) for one in measured] == [
        (series, epoch.step) for series, history in histories.items() for epoch in history
    ]
    times = [one.time for one in measured]
    assert times == sorted(times)
    assert results.search is not None
    trials = [record for record in records if isinstance(record, TrialMade)]
    assert len({one.name for one in trials}) == len(trials) == len(results.search.trials)
    (concluded,) = [record for record in records if isinstance(record, Concluded)]
    assert all((finished_run / name).exists() for name in (*concluded.files, concluded.model))


def test_a_search_is_told_trial_by_trial_and_goes_on_as_the_same(fashion, npz, tmp_path):
    exact = ["--data", npz, "--trial-epochs", 1, "--family", "mlp", "--threads", 1, "--track", "tensorboard=curves"]
    for trials in (1, 2):
        done = fashion("tune", "--trials", trials, *exact, "--json")
        assert done.code == 0, done.err
    records = list(records_of(tmp_path / "study"))
    assert len({record.identity for record in records if isinstance(record, Begun)}) == 1
    names = {record.name for record in records if isinstance(record, TrialMade)}
    assert {"search 0", "search 1"} <= names
    folders = {path.name for path in (tmp_path / "curves" / "study" / "trials").iterdir()}
    assert folders == names


def test_a_tracked_run_tells_what_its_folder_tells_later(fashion, npz, tmp_path):
    exact = ["--trials", 1, "--epochs", 2, "--trial-epochs", 1, "--family", "mlp", "--threads", 1]
    done = fashion("run", "--data", npz, *exact, "--out", "run", "--track", "tensorboard=curves", "--json")
    assert done.code == 0, done.err
    (told,) = done.json["tracked"]
    assert told == {"tracker": "tensorboard", "place": str(tmp_path / "curves" / "run"), "reason": ""}
    lines = (tmp_path / "run" / "tracking.jsonl").read_text().splitlines()
    live = [json.loads(line) for line in lines]
    later = list(records_of(tmp_path / "run"))
    begun = later[0]
    assert isinstance(begun, Begun)
    assert live[0]["identity"] == begun.identity
    assert live[0]["about"] == begun.about
    points = [(one["series"], one["step"], one["figures"]) for one in live if one["record"] == "Measured"]
    assert points == [(one.series, one.step, one.figures) for one in later if isinstance(one, Measured)]
    made = {one["name"]: one["figures"] for one in live if one["record"] == "TrialMade"}
    assert made == {one.name: one.figures for one in later if isinstance(one, TrialMade)}
