"""What many tests need: small data sets, made by a few lines of NumPy, and a cache that is nobody's own."""

from __future__ import annotations

from pathlib import Path

import hypothesis
import numpy as np
import pytest
import torch

from fashion_classifier.data.dataset import Dataset

hypothesis.settings.register_profile("no deadline", deadline=None)  # a busy machine is no fault of the code
hypothesis.settings.load_profile("no deadline")
torch.set_num_threads(1)  # tests run side by side, and the models are tiny


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep tests away from the user's cache and data."""
    monkeypatch.setenv("FASHION_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))


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


@pytest.fixture
def small() -> Dataset:
    """Three hundred small grey images of three classes."""
    return blobs(300)


@pytest.fixture
def run_folder(tmp_path: Path) -> Path:
    """A place for a run folder that is not there yet."""
    return tmp_path / "run"
