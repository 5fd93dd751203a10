"""Parsed data is kept, keyed by content, and a damaged cache only costs time."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.lib import format as npy
from tests.conftest import blobs, write_npz

from fashion_classifier.data.cache import cache_folder, recall, remember, state_of
from fashion_classifier.data.collection import ArrangedParts
from fashion_classifier.data.dataset import Dataset
from fashion_classifier.data.fingerprint import Duplicates
from fashion_classifier.data.load import load


def arranged(seed: int = 0) -> ArrangedParts:
    data = blobs(30, seed=seed)
    groups = np.array([f"garment {number // 2}" for number in range(30)])
    grouped = Dataset(data.images, data.labels, data.classes, groups)
    return ArrangedParts("things", {"training": grouped}, "f" * 64, Duplicates({"training": 0}, {}, 0), ("a note",))


def test_what_is_remembered_is_recalled(tmp_path):
    remember("state", arranged(), tmp_path)
    kept = recall("state", tmp_path)
    assert kept is not None
    assert kept.name == "things"
    assert kept.notes == ("a note",)
    assert kept.duplicates == arranged().duplicates
    assert np.array_equal(kept.parts["training"].images, arranged().parts["training"].images)
    assert np.array_equal(kept.parts["training"].labels, arranged().parts["training"].labels)
    assert np.array_equal(kept.parts["training"].groups, arranged().parts["training"].groups)
    assert isinstance(kept.parts["training"].images, np.memmap)


def test_another_state_is_not_recalled(tmp_path):
    remember("state", arranged(), tmp_path)
    assert recall("another", tmp_path) is None


def resaved(name: str, change: Callable[[Any], Any]) -> Callable[[Path], None]:
    def harm(place: Path) -> None:
        np.save(place / name, change(np.load(place / name, allow_pickle=False)))

    return harm


def rewritten(**facts: Any) -> Callable[[Path], None]:
    def harm(place: Path) -> None:
        content = json.loads((place / "collection.json").read_text()) | facts
        (place / "collection.json").write_text(json.dumps(content))

    return harm


def claiming(name: str, shape: tuple[int, ...], descr: str) -> Callable[[Path], None]:
    def harm(place: Path) -> None:
        with (place / name).open("wb") as file:
            npy.write_array_header_1_0(file, {"shape": shape, "fortran_order": False, "descr": descr})

    return harm


IMAGES, LABELS, GROUPS, TOLD = (
    *("training_images.npy", "training_labels.npy", "training_groups.npy"),
    "collection.json",
)
HARMS: dict[str, Callable[[Path], object]] = {
    **{
        f"half of {name}": partial(lambda name, at: os.truncate(at / name, 90), name) for name in (IMAGES, LABELS, TOLD)
    },
    **{f"no {name}": partial(lambda name, at: (at / name).unlink(), name) for name in (IMAGES, LABELS, GROUPS, TOLD)},
    **{
        f"another file as {name}": partial(lambda name, at: (at / name).write_bytes(b"PK\3\4" * 9), name)
        for name in (IMAGES, LABELS, GROUPS, TOLD)
    },
    "fewer images": resaved(IMAGES, lambda images: images[:-1]),
    "other numbers": resaved(IMAGES, lambda images: images.astype(np.int64)),
    "flat images": resaved(IMAGES, lambda images: images.reshape(len(images), -1)),
    "one label changed": resaved(LABELS, lambda labels: (labels + (np.arange(30) == 3)) % 3),
    "labels beyond the classes": resaved(LABELS, lambda labels: labels + 99),
    "labels of another type": resaved(LABELS, lambda labels: labels.astype(np.float64)),
    "labels as rows": resaved(LABELS, lambda labels: labels[:, None]),
    "one group changed": resaved(GROUPS, lambda groups: np.where(np.arange(30) == 3, "x", groups)),
    "terabytes of images": claiming(IMAGES, (10**12, 12, 12), "|u1"),
    "terabytes of labels": claiming(LABELS, (10**12,), "<i8"),
    "objects": claiming(LABELS, (30,), "|O"),
    "a terabyte of description": lambda place: os.truncate(place / TOLD, 5 << 40),
    "no object": lambda place: (place / TOLD).write_text("[]"),
    "nested": lambda place: (place / TOLD).write_text("[" * 100_000),
    "no list of parts": rewritten(parts=["training"]),
    "other parts": rewritten(parts={"../training": True}),
    "number of classes": rewritten(classes=3),
    "other classes": rewritten(classes=["a", "b", "c"]),
    "another fingerprint": rewritten(fingerprint="0" * 64),
    "other duplicates": rewritten(duplicates={"within": 3}),
}


@pytest.mark.parametrize("damage", HARMS)
def test_what_is_damaged_counts_as_nothing_and_is_replaced(tmp_path, damage):
    remember("state", arranged(), tmp_path)
    place = next(path for path in (tmp_path / "parsed").iterdir() if path.name != "index")
    HARMS[damage](place)
    assert recall("state", tmp_path) is None
    remember("state", arranged(), tmp_path)
    kept = recall("state", tmp_path)
    assert kept is not None
    assert np.array_equal(kept.parts["training"].images, arranged().parts["training"].images)
    assert sorted(path.name for path in (tmp_path / "parsed").iterdir()) == sorted(["index", place.name])


INDEXES = ["", "{", "[]", "3", '{"content": 3}', '{"content": ""}', '{"content": ".."}', "\xff"]


@pytest.mark.parametrize("index", INDEXES)
def test_a_damaged_index_counts_as_nothing_and_is_replaced(tmp_path, index):
    remember("state", arranged(), tmp_path)
    (tmp_path / "parsed" / "index" / "state.json").write_text(index, encoding="latin-1")
    assert recall("state", tmp_path) is None
    remember("state", arranged(), tmp_path)
    assert recall("state", tmp_path) is not None


def test_data_whose_entry_is_damaged_is_read_again_without_a_word(tmp_path, monkeypatch):
    monkeypatch.setenv("FASHION_CACHE", str(tmp_path / "cache"))
    file = write_npz(tmp_path / "things.npz")
    first = load(file)
    images = first.training.images.copy()
    for entry in (tmp_path / "cache" / "parsed").glob(f"*/{IMAGES}"):
        os.truncate(entry, 500)
    again = load(file)
    assert again.notes == first.notes
    assert np.array_equal(again.training.images, images)
    assert isinstance(load(file).training.images, np.memmap)


def test_the_state_follows_the_files(tmp_path):
    file = tmp_path / "data.csv"
    file.write_text("label,pixel1\n")
    before = state_of("CSV", [file], {"image_size": None})
    assert state_of("CSV", [file], {"image_size": None}) == before
    assert state_of("CSV", [file], {"image_size": [28, 28]}) != before
    assert state_of("NPZ", [file], {"image_size": None}) != before
    os.utime(file, ns=(1, 1))
    assert state_of("CSV", [file], {"image_size": None}) != before


def test_the_cache_lies_where_the_environment_says(monkeypatch, tmp_path):
    monkeypatch.setenv("FASHION_CACHE", str(tmp_path))
    assert cache_folder() == tmp_path
