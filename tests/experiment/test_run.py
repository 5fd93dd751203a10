"""A run can be stopped, killed and continued; what is continued ends as if nothing had happened."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.conftest import write_npz

from fashion_classifier.errors import UsageError
from fashion_classifier.experiment.listener import Listener
from fashion_classifier.experiment.lookup import find_runs
from fashion_classifier.experiment.record import RunFolder, new_run_path
from fashion_classifier.experiment.run import resume, run
from fashion_classifier.experiment.settings import RunConfig


def weights(folder: Path) -> bytes:
    return (folder / "optimized" / "weights.safetensors").read_bytes()


def config(data: Path, **settings) -> RunConfig:
    exact = {"minutes": None, "trials": 2, "epochs": 2, "threads": 1}  # as `finished_run` has it
    return RunConfig(data=str(data), **{**exact, **settings})


@pytest.fixture
def data(tmp_path) -> Path:
    return write_npz(tmp_path / "things.npz")


def interrupting_at(word: str) -> Listener:
    """A person who presses Ctrl-C as soon as a task's name holds a word."""
    pressed: list[str] = []

    def progress(task: str, done: float, total: float, detail: str = "") -> None:
        if word in task and not pressed:
            pressed.append(task)
            signal.raise_signal(signal.SIGINT)

    return Listener(progress=progress)


@pytest.mark.slow
@pytest.mark.parametrize("where", ["Initial model", "Trial 1", "Confirmation 1", "Chosen configuration", "Retraining"])
def test_ctrl_c_reports_what_is_there_and_resume_ends_as_if_uninterrupted(data, finished_run, tmp_path, where):
    stopped = run(config(data), tmp_path / "parted", listener=interrupting_at(where))
    assert stopped.results.ended_early.startswith("interrupted during the")
    assert not RunFolder(tmp_path / "parted").facts["finished"]
    assert stopped.report.stat().st_size > 10_000
    resumed = resume(tmp_path / "parted")
    assert not resumed.results.ended_early
    assert len(resumed.results.openings) == 2
    assert weights(tmp_path / "parted") == weights(finished_run)
    record = json.loads((tmp_path / "parted" / "evaluation.json").read_text())
    expected = json.loads((finished_run / "evaluation.json").read_text())
    for model in ("initial", "optimized"):
        assert record[model]["validation"] == expected[model]["validation"]
        assert record[model]["test"] == expected[model]["test"] is not None
        assert record[model]["steps"] == expected[model]["steps"]
    assert record["search"]["chosen"] == expected["search"]["chosen"]


@pytest.mark.slow
@pytest.mark.parametrize("after_s", [3.5, 4.5, 6.0])
def test_a_killed_run_goes_on_to_the_same_bits(data, tmp_path, after_s):
    command = [sys.executable, "-m", "fashion_classifier", "run", "--data", str(data), "--trials", "3", "--epochs", "3"]
    command += ["--threads", "1", "--out"]
    subprocess.run([*command, str(tmp_path / "whole")], check=True, capture_output=True)
    victim = subprocess.Popen(
        [*command, str(tmp_path / "killed")], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    time.sleep(after_s)
    victim.kill()
    victim.wait()
    folder = tmp_path / "killed"
    if not (folder / "run.json").exists():
        subprocess.run([*command, str(folder)], check=True, capture_output=True)
    elif not RunFolder(folder).facts.get("finished"):
        resume(folder)
    assert weights(folder) == weights(tmp_path / "whole")


@pytest.mark.slow
def test_a_timed_run_leaves_a_retrained_model(data, tmp_path):
    outcome = run(RunConfig(data=str(data), minutes=0.5, epochs=4, threads=1), tmp_path / "timed")
    assert (tmp_path / "timed" / "optimized" / "model.json").is_file()
    assert outcome.results.optimized.retraining


def test_a_configuration_that_ends_below_the_initial_model_does_not_take_its_place(data, tmp_path):
    outcome = run(config(data, trials=0, epochs=0.01), tmp_path / "run")
    initial, optimized = outcome.results.initial, outcome.results.optimized
    assert optimized.family == "mlp"
    assert optimized.validation.accuracy.value == initial.validation.accuracy.value > 0.5
    assert "fewer than the initial model" in outcome.results.instead
    assert "Not what was chosen" in outcome.report.read_text(encoding="utf-8")


def test_a_folder_that_is_there_is_left_alone(data, tmp_path):
    (tmp_path / "mine").mkdir()
    with pytest.raises(UsageError, match="nothing was overwritten"):
        run(config(data), tmp_path / "mine")
    assert list((tmp_path / "mine").iterdir()) == []


def test_run_folders_are_named_by_time_and_data_and_found_in_order(tmp_path, data):
    first = new_run_path(tmp_path, "My Photos & more/")
    assert first.name.endswith("-my-photos-more")
    RunFolder.create(first, config(data))
    second = new_run_path(tmp_path, "My Photos & more/")
    RunFolder.create(second, config(data))
    assert first != second
    assert find_runs(tmp_path) == sorted([first, second])


def test_settings_survive_the_record(data, tmp_path):
    settings = config(data, families=("mlp",), image_size=(8, 8), class_weights="balanced")
    RunFolder.create(tmp_path / "run", settings)
    assert RunFolder(tmp_path / "run").config == settings
