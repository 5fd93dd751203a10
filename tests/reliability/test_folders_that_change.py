"""A model folder that is exchanged or written to while it is opened gives a whole model or an error, no mixture."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

import numpy as np
import pytest
from tests.conftest import blobs
from tests.inference.shelves import rewrite

from fashion_classifier.errors import ModelError, UnavailableError
from fashion_classifier.inference.bundle import Model, load_model, save_model
from fashion_classifier.inference.description import read_description
from fashion_classifier.inference.opening import OpenedModel, open_model
from fashion_classifier.inference.predictor import PredictConfig
from fashion_classifier.models.catalogue import build
from fashion_classifier.models.layers import channel_statistics
from fashion_classifier.models.mlp import MlpConfig
from fashion_classifier.storage import atomic_folder

DATA = blobs(20)
OPENINGS = 60
Opened = TypeVar("Opened", Model, OpenedModel)


@pytest.fixture(scope="module")
def two(tmp_path_factory) -> dict[str, Path]:
    """Two models that differ in everything, told apart by the name of their first class."""
    folders = {}
    for seed, name in enumerate(("one", "other")):
        network = build(MlpConfig(), DATA.shape, 3, channel_statistics(DATA.images), seed=seed)
        classes = (name, "b", "c")
        how = PredictConfig(temperature=1.0 + seed)
        model = Model(network=network, config=MlpConfig(), classes=classes, shape=DATA.shape, how=how)
        folders[name] = tmp_path_factory.mktemp("models") / name
        save_model(model, folders[name])
    return folders


def exchanged(source: Path, place: Path) -> Path:
    with atomic_folder(place) as folder:
        shutil.copytree(source, folder, dirs_exist_ok=True)
    return place


def opened_unless_refused(way: Callable[[Path], Opened], place: Path) -> Opened | None:
    with suppress(ModelError, UnavailableError):
        return way(place)
    return None


@contextmanager
def meanwhile(act: Callable[[int], object]) -> Iterator[None]:
    """Do something again and again beside the block."""
    ended = threading.Event()

    def repeat() -> None:
        count = 0
        while not ended.is_set():
            act(count)
            count += 1

    thread = threading.Thread(target=repeat)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


@pytest.mark.parametrize("way", [load_model, open_model], ids=lambda way: way.__name__)
def test_a_folder_that_is_exchanged_gives_one_of_both_models_whole(two, tmp_path, way):
    place = exchanged(two["one"], tmp_path / "model")
    expected = {name: way(folder).predict(DATA.images) for name, folder in two.items()}
    sources = list(two.values())
    with meanwhile(lambda count: exchanged(sources[count % 2], place)):
        found = [opened for _ in range(OPENINGS) if (opened := opened_unless_refused(way, place))]
    assert found  # the others were exchanged twice while they were opened
    for model in found:
        assert np.array_equal(model.predict(DATA.images), expected[model.classes[0]])


def test_files_that_are_overwritten_in_their_place_give_the_model_or_an_error(two, tmp_path):
    place = exchanged(two["one"], tmp_path / "model")
    expected = load_model(place).predict(DATA.images)
    contents = [(two[name] / "weights.safetensors").read_bytes() for name in ("other", "one")]
    with meanwhile(lambda count: (place / "weights.safetensors").write_bytes(contents[count % 2])):
        found = [opened for _ in range(OPENINGS) if (opened := opened_unless_refused(load_model, place))]
    (place / "weights.safetensors").write_bytes(contents[1])
    for model in [*found, load_model(place)]:
        assert np.array_equal(model.predict(DATA.images), expected)


def test_what_was_checked_is_what_is_used(two, tmp_path):
    """Between the check and the use somebody puts other weights there, of which the new manifest knows."""
    place = exchanged(two["one"], tmp_path / "model")
    description, manifest = read_description(place)
    rewrite(place, "weights.safetensors", (two["other"] / "weights.safetensors").read_bytes())
    assert load_model(place).classes == description.classes  # it is a sound folder, but not the one that was checked
    with pytest.raises(ModelError, match="its content is not what the manifest says"):
        manifest.read("weights.safetensors")


def test_a_pipe_that_takes_a_file_s_place_is_not_waited_for(two, tmp_path, monkeypatch):
    """It is put there between the look at the file and its opening."""
    place = exchanged(two["one"], tmp_path / "model")
    lstat = Path.lstat

    def exchanged_after(path: Path) -> os.stat_result:
        facts = lstat(path)
        if path.name == "model.onnx":
            path.unlink()
            os.mkfifo(path)
        return facts

    monkeypatch.setattr(Path, "lstat", exchanged_after)
    with pytest.raises(ModelError, match="there is no such plain file"):
        open_model(place)


def test_a_model_that_was_opened_does_not_care_what_becomes_of_its_folder(two, tmp_path):
    place = exchanged(two["one"], tmp_path / "model")
    opened = open_model(place, n_images=10_000)
    images = np.tile(DATA.images, (500, 1, 1))
    before = open_model(two["one"], "onnx").predict(images)
    exchanged(two["other"], place)
    assert opened.predict(images) == pytest.approx(before, abs=1e-5)
