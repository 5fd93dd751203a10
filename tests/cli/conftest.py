"""Running the command line inside the test's process, with what it printed and its exit code."""

from __future__ import annotations

import json
import shutil
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import write_npz

from fashion_classifier.cli import main
from fashion_classifier.cli.output import Output
from fashion_classifier.experiment.preparation import prepare
from fashion_classifier.experiment.settings import RunConfig
from fashion_classifier.experiment.training import train_one
from fashion_classifier.progress import silent
from fashion_classifier.training.recipes.ladder import recipe_named


@dataclass
class Result:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out.splitlines()[-1])


Fashion = Callable[..., Result]


@pytest.fixture
def fashion(monkeypatch, capfd, tmp_path) -> Fashion:
    """Call ``fashion("run", "--minutes", 1)`` in a folder of its own; shipped models lie in its folder `shipped`."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FASHION_DATA", raising=False)
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setattr(
        "fashion_classifier.inference.shelf.SHIPPED", tmp_path / "shipped"
    )  # empty, unless a test fills it

    def call(*arguments: object) -> Result:
        monkeypatch.setattr(sys, "argv", ["fashion", *map(str, arguments)])
        monkeypatch.setattr("fashion_classifier.cli.STARTED", time.perf_counter())  # the clock of this command alone
        code = 0
        try:
            main()
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else int(end.code is not None)
        printed = capfd.readouterr()
        return Result(code, printed.out, printed.err)

    return call


@pytest.fixture
def interrupted_at(monkeypatch):
    """Press Ctrl-C as soon as a task is at work whose name holds a word."""

    def press(word: str) -> None:
        pressed: list[str] = []

        def progress(_self: Output, task: str, done: float, total: float, detail: str = "") -> None:
            if word in task and done and not pressed:
                pressed.append(task)
                signal.raise_signal(signal.SIGINT)

        monkeypatch.setattr(Output, "progress", progress)

    return press


@pytest.fixture
def put_run(finished_run: Path, npz: Path) -> Callable[[str], Path]:
    """Put a copy of a finished run, its data that of `npz`, at a place."""

    def put(place: str) -> Path:
        run = Path(shutil.copytree(finished_run, place))
        record = json.loads((run / "run.json").read_text())
        record["settings"]["data"] = str(npz)
        (run / "run.json").write_text(json.dumps(record))
        return run

    return put


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the data of `npz` as `things.npz` and a perceptron of an epoch as `model`."""
    folder = tmp_path_factory.mktemp("trained")
    config = RunConfig(data=str(write_npz(folder / "things.npz")), minutes=None, trials=0, epochs=1, threads=1)
    recipe = recipe_named("perceptron")
    train_one(recipe, config, prepare(config), folder / "model", on_everything=False, progress=silent)
    return folder


@pytest.fixture
def npz(tmp_path) -> Path:
    """A file of small images of three classes."""
    return write_npz(tmp_path / "things.npz")
