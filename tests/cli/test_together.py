"""`fashion train` in several processes, as `torchrun` starts them, and its checkpoint."""

from __future__ import annotations

import json
import os
import subprocess
import sys
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
    assert (first.code, second.code) == (2, 2)
    assert "Several processes can share a training alone (train)" in first.err
    assert first.out + second.out + second.err == ""


def test_one_process_that_torchrun_started_is_one_process(fashion, monkeypatch):
    monkeypatch.setenv("LOCAL_RANK", "0")
    monkeypatch.setenv("WORLD_SIZE", "1")
    assert fashion("models").code == 0


def test_an_interrupted_training_goes_on_from_its_checkpoint(fashion, npz, interrupted_at):
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


def torchrun(folder: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Have two processes do a command."""
    return subprocess.run(
        [*TORCHRUN, "-m", "fashion_classifier", *map(str, arguments)],
        cwd=folder,
        env={**os.environ, "GLOO_SOCKET_IFNAME": "lo"},
        check=False,
        capture_output=True,
        text=True,
        timeout=150,
    )


@pytest.mark.slow
def test_two_processes_train_one_model_and_the_first_speaks(fashion, npz, tmp_path):
    command = ("train", "--data", npz, *LEARNING, "--json")
    alone = fashion(*command, "--out", "alone").json
    ended = torchrun(tmp_path, *command, "--out", "together")
    assert ended.returncode == 0, ended.stderr
    assert len(ended.stdout.splitlines()) == 1
    together = json.loads(ended.stdout)
    assert (together["processes"], alone["processes"]) == (2, 1)
    assert together["steps"] == alone["steps"]
    assert ended.stderr.count("Recipe:") == 1
    first, second = (load_model(tmp_path / name) for name in ("alone", "together"))
    assert second.provenance == {**first.provenance, "processes": 2}
    with np.load(npz) as data:
        images = data["x_test"]
    np.testing.assert_allclose(first.predict(images), second.predict(images), rtol=0, atol=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("train", "--data", "nowhere", "--epochs", 1), "Error: nowhere"),
        (("train", "--epochs", "many"), "'many' is not a valid float"),
        (("train", "--data", "things.npz", "--minutes", 0.2, "--out", "taken"), "Error: taken"),
        (("tune",), "Error: Several processes can share a training alone"),
    ],
)
def test_what_goes_wrong_in_several_processes_is_told_once(npz, tmp_path, arguments, said):
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "file").touch()
    ended = torchrun(tmp_path, *arguments)
    assert ended.returncode == 1  # torchrun's own
    assert ended.stderr.count("Error: ") - ended.stderr.count("ChildFailedError: ") == 1, ended.stderr
    assert said in ended.stderr
