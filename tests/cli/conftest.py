"""Running the command line inside the test's process, with what it printed and its exit code."""

from __future__ import annotations

import json
import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.conftest import blobs

from fashion_classifier.cli import main
from fashion_classifier.experiment.run import run
from fashion_classifier.experiment.settings import RunConfig


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


@pytest.fixture(scope="session")
def finished_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run on `npz` that got to its end; for tests that need one and not its making."""
    folder = tmp_path_factory.mktemp("finished")
    data = write_npz(folder / "things.npz")
    config = RunConfig(data=str(data), minutes=None, trials=2, epochs=2, threads=1)
    run(config, folder / "run", command=f"fashion run --data {data}")
    return folder / "run"


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


@pytest.fixture
def npz(tmp_path) -> Path:
    """A file of small images of three classes."""
    return write_npz(tmp_path / "things.npz")


def write_npz(path: Path, *, seed: int = 0, n_classes: int = 3, colour: bool = False) -> Path:
    """Write a small data set."""
    training = blobs(240, seed=seed, n_classes=n_classes, colour=colour)
    test = blobs(60, seed=seed + 1, n_classes=n_classes, colour=colour)
    np.savez(
        path,
        x_train=training.images,
        y_train=training.labels,
        x_test=test.images,
        y_test=test.labels,
        classes=np.array([f"kind {number}" for number in range(n_classes)]),
    )
    return path
