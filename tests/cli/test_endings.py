"""How a command ends: interrupted, not read to its end, without room to write; and that names steer no terminal."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from fashion_classifier.cli.output import printable

COMMAND = [sys.executable, "-m", "fashion_classifier"]


def test_an_interrupted_training_keeps_its_model_and_says_so(fashion, npz, interrupted_at):
    interrupted_at("Training")
    result = fashion("train", "--data", npz, "--model", "mlp", "--epochs", 50, "--out", "model", "--json")
    assert result.code == 130
    assert result.json["stopped_because"] == "it was interrupted"
    assert Path("model/weights.safetensors").is_file()


def test_a_place_that_is_taken_meanwhile_costs_no_model(fashion, npz, monkeypatch):
    def take(*_arguments: object) -> object:
        return lambda _: Path("model").mkdir(exist_ok=True)

    monkeypatch.setattr("fashion_classifier.experiment.tracked.following", take)
    result = fashion("train", "--data", npz, "--model", "mlp", "--epochs", 1, "--out", "model", "--json")
    assert (result.code, result.json["model"]) == (0, "model-2")
    assert "model was made by something else meanwhile: the model is in model-2." in result.err
    assert not any(Path("model").iterdir())
    assert Path("model-2/weights.safetensors").is_file()


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (("evaluate", "--minutes", 1), "--minutes is for a full evaluation"),
        (("evaluate", "--seeds", 4), "--seeds is for a full evaluation"),
        (("train", "--compare"), "add --from"),
        (("train", "--no-compare"), "add --from"),
    ],
)
def test_what_would_be_passed_over_is_refused(fashion, command, said):
    result = fashion(*command)
    assert result.code == 2
    assert said in result.err


def test_an_interrupted_search_says_so_and_goes_on(fashion, npz, interrupted_at):
    command = ("tune", "--data", npz, "--family", "mlp", "--trials", 2, "--trial-epochs", 1, "--json")
    interrupted_at("Trial 1")
    assert fashion(*command).code == 130
    result = fashion(*command)
    assert (result.code, result.json["trials"]) == (0, 2)


def test_an_interruption_before_there_is_anything_has_its_object(fashion, npz, monkeypatch):
    def press(*_arguments: object, **_settings: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("fashion_classifier.experiment.preparation.prepare", press)
    result = fashion("train", "--data", npz, "--epochs", 1, "--json")
    assert (result.code, result.json["exit_code"]) == (130, 130)


def test_what_is_not_read_to_its_end_is_no_fault(tmp_path):
    with subprocess.Popen(
        [*COMMAND, "models"], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.wait() == 141
        assert process.stderr is not None
        assert process.stderr.read() == b""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
def test_a_full_disk_is_said(tmp_path):
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*COMMAND, "models"], check=False, cwd=tmp_path, stdout=full, stderr=subprocess.PIPE, text=True
        )
    assert done.returncode == 4
    assert done.stderr == (
        "Error: the output: No space left on device. Make room or give leave to write there, and run it again.\n"
    )


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("caf\u00e9 \u65e5\u672c \U0001f45f\n\ttab", "caf\u00e9 \u65e5\u672c \U0001f45f\n\ttab"),
        ("\x1b[31mred\x07", "\\x1b[31mred\\x07"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
        ("bad\udcff", "bad\\udcff"),
    ],
)
def test_what_would_steer_a_terminal_is_written_as_escapes(text, shown):
    assert printable(text) == shown


def test_a_files_name_steers_no_terminal(fashion):
    name = "evil\x1b[31m.png"
    Path(name).write_bytes(b"no picture")
    for result in (fashion("predict", name), fashion("evaluate", name)):
        assert "\x1b" not in result.out + result.err
