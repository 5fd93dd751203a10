"""`fashion train` in several processes, as `torchrun` starts them, and its checkpoint."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from fashion_classifier.inference.bundle import load_model

TORCHRUN = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
LEARNING = ("--model", "mlp", "--epochs", "3", "--seed", "5")


@pytest.fixture
def among_two(monkeypatch):
    """Be one of two processes that a launcher started."""

    def become(rank: int) -> None:
        for name, value in {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": 2, "LOCAL_WORLD_SIZE": 2}.items():
            monkeypatch.setenv(name, str(value))

    return become


@pytest.mark.parametrize("command", [("tune", "--trials", 1), ("runs",), ("--help",), ()])
def test_what_several_processes_cannot_share_is_refused_once(fashion, among_two, command):
    among_two(0)
    first = fashion(*command)
    among_two(1)
    second = fashion(*command)
    assert (first.code, second.code) == (2, 0)  # the other's end must not end the first before it has spoken
    assert "Several processes can share a training alone (train)" in first.err
    assert first.out + second.out + second.err == ""


def test_one_process_that_torchrun_started_is_one_process(fashion, monkeypatch):
    monkeypatch.setenv("LOCAL_RANK", "0")
    monkeypatch.setenv("WORLD_SIZE", "1")
    assert fashion("models").code == 0


def test_an_interrupted_training_goes_on_from_its_checkpoint(fashion, npz, interrupted_at, monkeypatch):
    monkeypatch.setattr("fashion_classifier.training.loop.PROGRESS_EVERY_S", -1.0)  # every step is told
    command = ("train", "--data", npz, *LEARNING, "--threads", 1)
    assert fashion(*command, "--out", "whole").code == 0
    interrupted_at("Training")
    assert fashion(*command, "--out", "begun", "--checkpoint", "kept/state").code == 130
    assert Path("kept/state").is_file()
    other = fashion(*command[:-3], 6, *command[-2:], "--out", "other", "--checkpoint", "kept/state")
    assert (other.code, "with other data, recipe, seed or epochs" in other.err) == (5, True)
    assert fashion(*command, "--out", "ended", "--checkpoint", "kept/state").code == 0
    assert Path("ended/weights.safetensors").read_bytes() == Path("whole/weights.safetensors").read_bytes()
    assert not any(Path("kept").iterdir())


def test_a_model_that_is_trained_on_has_no_checkpoint(fashion, npz):
    refused = fashion("train", "--from", "fashion-mnist", "--data", npz, "--checkpoint", "state")
    assert (refused.code, "many short trainings" in refused.err) == (2, True)


@contextmanager
def torchrun(folder: Path, *arguments: object, restarts: int = 0) -> Iterator[subprocess.Popen[str]]:
    """Have two processes do a command."""
    started = subprocess.Popen(
        [*TORCHRUN, "--max-restarts", str(restarts), "-m", "fashion_classifier", *map(str, arguments)],
        cwd=folder,
        env={**os.environ, "GLOO_SOCKET_IFNAME": "lo"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield started
    finally:
        started.terminate()  # which it passes on
        started.communicate()


@pytest.fixture
def at_work(npz, tmp_path):
    """Two processes in the middle of a training without end."""
    command = ("train", "--data", npz, *LEARNING, "--epochs", 1e6, "--out", "begun", "--checkpoint", "state", "--json")
    with torchrun(tmp_path, *command) as started:
        wait_for("Training:", started)
        yield started


@pytest.mark.slow
def test_two_processes_train_one_model_and_the_first_speaks(fashion, npz, tmp_path):
    command = ("train", "--data", npz, *LEARNING, "--json")
    alone = fashion(*command, "--out", "alone").json
    with torchrun(tmp_path, *command, "--out", "together") as started:
        out, err = started.communicate()
    assert started.returncode == 0, err
    assert len(out.splitlines()) == 1
    together = json.loads(out)
    assert (together["processes"], alone["processes"]) == (2, 1)
    assert together["steps"] == alone["steps"]
    assert err.count("Recipe:") == 1
    first, second = (load_model(tmp_path / name) for name in ("alone", "together"))
    assert second.provenance == {**first.provenance, "processes": 2}
    with np.load(npz) as data:
        images = data["x_test"]
    np.testing.assert_allclose(first.predict(images), second.predict(images), rtol=0, atol=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("train", "--data", "nowhere", "--epochs", 1), "/nowhere: "),
        (("train", "--epochs", "many"), "Error: Invalid value for '--epochs'"),
        (("train", "--data", "things.npz", "--minutes", 0.2, "--out", "taken"), "Error: taken is already there"),
        (("tune",), "Error: Several processes can share a training alone"),
    ],
)
def test_what_goes_wrong_in_several_processes_is_told_once(npz, tmp_path, arguments, said):
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "file").touch()
    with torchrun(tmp_path, *arguments) as started:
        _, err = started.communicate()
    assert started.returncode == 1  # torchrun's own
    assert errors(err) == 1, err
    assert said in err


@pytest.mark.slow
def test_interrupted_processes_keep_what_they_have(at_work, tmp_path):
    at_work.send_signal(signal.SIGINT)
    out, _ = at_work.communicate()
    assert json.loads(out)["stopped_because"] == "it was interrupted"
    assert (tmp_path / "begun" / "weights.safetensors").is_file()
    assert (tmp_path / "state").is_file()


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="/proc tells which process is which")
@pytest.mark.parametrize("rank", [0, 1])
def test_when_one_is_killed_all_end_and_that_is_told_once(at_work, tmp_path, rank):
    kill(rank, at_work)
    _, err = at_work.communicate()
    assert at_work.returncode == 1
    assert errors(err) == 1, err
    assert "Error: The 2 processes train together, and one has ended (one without a word" in err


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="/proc tells which process is which")
def test_torchrun_starts_them_again(npz, tmp_path):
    command = ("train", "--data", npz, *LEARNING, "--epochs", 1e6, "--out", "model", "--checkpoint", "state", "--json")
    with torchrun(tmp_path, *command, restarts=1) as started:
        wait_for("Training:", started)
        kill(1, started)
        wait_for("Recipe:", started)
        wait_for("Training:", started)
        started.send_signal(signal.SIGINT)
        out, _ = started.communicate()
    assert json.loads(out.splitlines()[-1])["stopped_because"] == "it was interrupted"
    assert (tmp_path / "model" / "weights.safetensors").is_file()


def wait_for(beginning: str, started: subprocess.Popen[str]) -> None:
    """Wait for a line that begins so."""
    for line in started.stderr:
        if line.startswith(beginning):
            return
    raise AssertionError(f"{beginning} was never said")


def kill(rank: int, started: subprocess.Popen[str]) -> None:
    """Kill one of the processes that were started."""
    children = Path(f"/proc/{started.pid}/task/{started.pid}/children").read_text().split()
    (victim,) = [pid for pid in children if f"\0RANK={rank}\0" in Path(f"/proc/{pid}/environ").read_text()]
    os.kill(int(victim), signal.SIGKILL)


def errors(err: str) -> int:
    """Return how many errors are told, torchrun's own aside."""
    return err.count("Error: ") - err.count("ChildFailedError: ")
