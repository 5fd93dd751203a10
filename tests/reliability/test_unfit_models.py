"""Every command that opens a model ends with exit code 5 and the reason where the model is unfit, and says no more."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.cli import conftest as command_line
from tests.cli.conftest import Fashion
from tests.conftest import write_npz
from tests.inference.shelves import put_model
from tests.reliability.harms import (
    DESCRIPTIONS,
    FIRST,
    FOLDERS,
    GRAPHS,
    WEIGHTS,
    saying,
    weights,
)

fashion = command_line.fashion
CLASSES = ["kind 0", "kind 1", "kind 2"]
ALL = {
    "changed": FOLDERS["changed weights.safetensors"],
    "truncated": FOLDERS["truncated model.onnx"],
    "oversized": FOLDERS["oversized weights.safetensors"],
    "linked": FOLDERS["linked model.json"],
    "a pipe": FOLDERS["a pipe for model.onnx"],
    "an unknown format": DESCRIPTIONS["an unknown format"],
}
IN_PYTORCH = {name: WEIGHTS[name] for name in ("of another model", "another shape", "NaN", "a header of exabytes")}
IN_ONNX = {name: GRAPHS[name] for name in ("external data", "gigabytes from nothing", "more classes")}
COMMANDS = {
    "predict things.npz --model bad": ALL | IN_ONNX,
    "predict things.npz --model bad --runtime torch": ALL | IN_PYTORCH,
    "evaluate bad --data things.npz": ALL | IN_PYTORCH,
    "compare good bad --data things.npz": ALL | IN_PYTORCH,
    "export bad --output out.onnx": ALL | IN_PYTORCH | IN_ONNX,
    "serve bad --port 0": ALL | IN_ONNX,
}
CASES = [(command, what) for command, unfit in COMMANDS.items() for what in unfit]


@pytest.fixture(scope="module")
def good(tmp_path_factory) -> Path:
    folder = put_model(tmp_path_factory.mktemp("good") / "model")
    saying(classes=CLASSES)(folder)
    return folder


@pytest.fixture
def here(fashion: Fashion, good: Path) -> Path:
    """The folder in which commands run, with data, a good model and a copy of it that can be harmed."""
    write_npz(Path("things.npz"))
    for name in ("good", "bad"):
        shutil.copytree(good, name)
    return Path("bad")


@pytest.mark.parametrize(("command", "what"), CASES)
def test_an_unfit_model_ends_a_command_with_its_reason(fashion, here, command, what):
    harm, reason = COMMANDS[command][what]
    harm(here)
    result = fashion(*command.split())
    assert result.code == 5, result.err
    assert re.search(f"Error: .*{reason}", result.err, re.DOTALL), result.err
    assert "Traceback" not in result.err
    assert not Path("out.onnx").exists()


@pytest.mark.parametrize("what", ALL)
def test_a_list_of_models_says_which_are_unfit_and_why(fashion, here, what):
    harm, reason = ALL[what]
    harm(here)
    result = fashion("models", ".", "--json")
    listed = {model["model"]: model["error"] for model in result.json["models"]}
    assert listed["good"] == ""
    assert re.search(reason, listed["bad"])
    assert result.code == 0
    assert "bad is damaged" in result.err


@pytest.mark.parametrize("command", ["predict things.npz --model bad", "evaluate bad --data things.npz"])
def test_answers_that_are_not_numbers_are_not_given(fashion, here, command):
    """Weights that are numbers, but of which none can come."""
    weights(lambda tensors: tensors.update({FIRST: tensors[FIRST].fill_(3e38)}))(here)
    result = fashion(*command.split(), *(["--runtime", "torch"] if "predict" in command else []))
    assert (result.code, "answers are not numbers" in result.err) == (5, True), result


def test_names_of_classes_cannot_steer_a_terminal(fashion, here):
    saying(classes=["\x1b[2J", "\u202egnorw", "[red]"])(here)
    Path("image").mkdir()
    Image.fromarray(np.zeros((12, 12), np.uint8)).save("image/a.png")
    result = fashion("predict", "image", "--model", "bad")
    assert result.code == 0
    assert not {"\x1b", "\u202e"} & set(result.out)
