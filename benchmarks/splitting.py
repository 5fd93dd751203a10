"""The official data, split as our own commands split it with the same seed, for everybody else."""

from __future__ import annotations

from pathlib import Path

from common import official_data
from fashion_classifier import load, split
from fashion_classifier.data.dataset import Dataset
from fashion_classifier.data.split import SplitConfig
from pixels import Images, Labels, Pixels, write_pixels


def save_split(file: Path, seed: int, *, reason: str | None = None) -> None:
    """Write the split of a seed.

    Parameters
    ----------
    file
        The NPZ file.
    seed
        As for ``--seed`` of our commands.
    reason
        Why the test set is opened; None leaves it sealed.
    """
    parts = split(load(official_data()), SplitConfig(seed=seed))
    test = None if reason is None else _pair(parts.test.open(reason))
    write_pixels(file, Pixels(_pair(parts.training), _pair(parts.validation), test))


def _pair(dataset: Dataset) -> tuple[Images, Labels]:
    """Return images and labels."""
    return dataset.images, dataset.labels
