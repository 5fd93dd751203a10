"""What many tests need: small data sets, made by a few lines of NumPy, and a cache that is nobody's own."""

from __future__ import annotations

import gc
import os
import sqlite3
import sqlite3.dbapi2
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import hypothesis
import numpy as np
import pytest

from fashion_classifier.data.dataset import Dataset

os.environ["OMP_WAIT_POLICY"] = "passive"  # PyTorch reads it when it is imported; see `_no_spinning`
hypothesis.settings.register_profile("no deadline", deadline=None)  # a busy machine is no fault of the code
hypothesis.settings.load_profile("no deadline")


def pytest_collection_finish() -> None:
    """Settle in, in a process that runs tests: the one that hands them out needs no PyTorch."""
    import torch

    torch.set_num_threads(1)  # tests run side by side, and the models are tiny
    gc.collect()
    gc.freeze()  # what was imported is much, and stays: the collector need not look at it again and again


@pytest.fixture(scope="session", autouse=True)
def _no_waiting_for_the_disk() -> Iterator[None]:
    """Have nothing forced to the disk: that guards against a power cut, which no test can make."""
    connect = sqlite3.dbapi2.connect

    def connect_without_waiting(*arguments: Any, **settings: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = connect(*arguments, **settings)
        connection.execute("PRAGMA synchronous = OFF")
        return connection

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("os.fsync", lambda _file: None)
        patch.setattr("sqlite3.dbapi2.connect", connect_without_waiting)  # as SQLAlchemy calls it, for Optuna
        yield


@pytest.fixture(scope="session", autouse=True)
def _no_spinning() -> Iterator[None]:
    """Have threads sleep while they wait: tests run side by side, and spinning takes others' cores."""
    import onnxruntime

    begin = onnxruntime.InferenceSession.__init__

    def begin_without_spinning(self: Any, model: Any, sess_options: Any = None, **settings: Any) -> None:
        options = sess_options or onnxruntime.SessionOptions()
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        begin(self, model, options, **settings)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(onnxruntime.InferenceSession, "__init__", begin_without_spinning)
        yield


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep tests away from the user's cache and data."""
    monkeypatch.setenv("FASHION_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))


@contextmanager
def deep_file(folder: Path, name: str, content: bytes) -> Iterator[Path]:
    """Put a file below more folders than Python lets functions call each other, and take it away again."""
    folders = [folder / "/".join("d" * n) for n in range(1, sys.getrecursionlimit() + 100)]
    for place in folders:
        place.mkdir()
    file = folders[-1] / name
    file.write_bytes(content)
    yield file
    file.unlink()
    for place in reversed(folders):  # as `shutil.rmtree` cannot
        place.rmdir()


def blobs(n_images: int, *, n_classes: int = 3, size: int = 12, colour: bool = False, seed: int = 0) -> Dataset:
    """Draw images whose class shows as a bright bar at a height of its own, with noise: easy, but not trivial."""
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, n_classes, n_images)
    labels[:n_classes] = np.arange(n_classes)
    images = generator.integers(0, 120, (n_images, size, size), dtype=np.uint8)
    for image, label in zip(images, labels, strict=True):
        top = 1 + label * (size - 3) // n_classes
        image[top : top + 2] += 100
    if colour:
        images = np.repeat(images[..., None], 3, axis=3)
    return Dataset(images, labels.astype(np.int64), tuple(f"class {number}" for number in range(n_classes)))


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


@pytest.fixture(scope="session")
def finished_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run on `npz` that got to its end; for tests that need one and not its making."""
    from fashion_classifier.experiment.run import run  # only a few tests are worth this import
    from fashion_classifier.experiment.settings import RunConfig

    folder = tmp_path_factory.mktemp("finished")
    data = write_npz(folder / "things.npz")
    config = RunConfig(data=str(data), minutes=None, trials=2, epochs=2, threads=1)
    run(config, folder / "run", command=f"fashion run --data {data}")
    return folder / "run"


@pytest.fixture
def small() -> Dataset:
    """Three hundred small grey images of three classes."""
    return blobs(300)


@pytest.fixture
def run_folder(tmp_path: Path) -> Path:
    """A place for a run folder that is not there yet."""
    return tmp_path / "run"
