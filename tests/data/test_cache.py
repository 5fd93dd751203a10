"""Parsed data is kept, keyed by content, and a damaged cache only costs time."""

from __future__ import annotations

import os

import numpy as np
import pytest
from tests.conftest import blobs

from fashion_classifier.data.cache import cache_folder, recall, remember, state_of
from fashion_classifier.data.collection import ArrangedParts
from fashion_classifier.data.dataset import Dataset
from fashion_classifier.data.fingerprint import Duplicates


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


@pytest.mark.parametrize("damage", ["truncated array", "missing array", "bad description"])
def test_a_damaged_cache_counts_as_empty(tmp_path, damage):
    remember("state", arranged(), tmp_path)
    place = next(path for path in (tmp_path / "parsed").iterdir() if path.name != "index")
    if damage == "truncated array":
        content = (place / "training_images.npy").read_bytes()
        (place / "training_images.npy").write_bytes(content[:-100])
    elif damage == "missing array":
        (place / "training_labels.npy").unlink()
    else:
        (place / "collection.json").write_text("{")
    assert recall("state", tmp_path) is None


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
