"""`--quiet`: results, warnings and errors alone, of every command and wherever it stands."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.cli.conftest import Result

from fashion_classifier.cli.output import Output

TRAIN = ("train", "--model", "mlp", "--epochs", 1, "--threads", 1)


def said_beside(result: Result) -> list[str]:
    """Return the lines on standard error, ONNX Runtime's about how tests use it aside."""
    return [line for line in result.err.splitlines() if "onnxruntime" not in line]


def test_a_training_says_what_came_out_and_nothing_else(fashion, npz):
    result = fashion(*TRAIN, "--data", npz, "--out", "model", "-q")
    assert result.code == 0, result.err
    assert [line.split()[0] for line in result.out.splitlines()] == ["Cross-validation", "Model:"]
    assert said_beside(result) == []


@pytest.mark.parametrize("place", [0, 1, 2])
def test_it_may_stand_before_the_command_and_before_a_command_of_a_group(fashion, npz, place):
    Path("fashion.toml").write_text('[data.check]\nimage-size = "20x20"\n')
    words = ["data", "check", npz]
    assert "From fashion.toml" in fashion(*words).out
    said = fashion(*words[:place], "--quiet", *words[place:]).out
    assert "From fashion.toml" not in said
    assert "20x20 grey" in said


def test_with_json_the_object_is_the_result(fashion, npz):
    result = fashion(*TRAIN, "--data", npz, "--out", "model", "--quiet", "--json")
    assert result.json["model"] == "model"
    assert len(result.out.splitlines()) == 1
    assert said_beside(result) == []


def test_errors_and_warnings_are_said_all_the_same(fashion):
    assert "nowhere: there is no such file or folder" in fashion("train", "--data", "nowhere", "-q").err
    assert (
        "built-in sample" in fashion("train", "--data", "sample", "--recipe", "perceptron", "--epochs", 0.1, "-q").out
    )


def test_rows_are_a_result_and_the_model_that_is_taken_is_none(fashion, trained, monkeypatch):
    monkeypatch.chdir(trained)
    result = fashion("predict", "things.npz", "--model", "model", "-q")
    assert len(result.out.splitlines()) == 300
    assert said_beside(result) == []


def test_no_progress_is_shown(capfd):
    from fashion_classifier.cli import shared

    token = shared._call.set(shared.Call(quiet=True))
    try:
        out = Output(as_json=False)
        out._begun["Working"] = -100.0
        out.progress("Working", 1, 2)
        out.remark("by the way")
        out.tell("a result")
        out.warn("a warning")
    finally:
        shared._call.reset(token)
    assert capfd.readouterr().out == "a result\na warning\n"
