"""The same pixels for everybody: one split as an NPZ file, which any environment with NumPy can read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Images = NDArray[np.uint8]  # (n, 28, 28)
Labels = NDArray[np.int64]  # (n,)


@dataclass(frozen=True, eq=False)
class Pixels:
    """Images with labels: to learn from, to choose by, and to be judged by in the end.

    Parameters
    ----------
    training, validation
        What a choice may be made on.
    test
        The opened test set, for final figures; None where it stays sealed.
    """

    training: tuple[Images, Labels]
    validation: tuple[Images, Labels]
    test: tuple[Images, Labels] | None = None

    @property
    def everything_but_test(self) -> tuple[Images, Labels]:
        """Training and cross-validation data together."""
        parts = (self.training, self.validation)
        return np.concatenate([images for images, _ in parts]), np.concatenate([labels for _, labels in parts])

    @property
    def lesson(self) -> tuple[Images, Labels]:
        """What a model that chooses nothing learns from: all but what it is judged by."""
        return self.training if self.test is None else self.everything_but_test

    @property
    def judged(self) -> tuple[Images, Labels]:
        """What such a model is judged by."""
        return self.validation if self.test is None else self.test


def write_pixels(file: Path, pixels: Pixels) -> None:
    """Write a split."""
    sets = {"training": pixels.training, "validation": pixels.validation, "test": pixels.test}
    arrays = {
        f"{name}_{what}": array
        for name, pair in sets.items()
        if pair is not None
        for what, array in zip(("images", "labels"), pair, strict=True)
    }
    with file.open("wb") as opened:
        np.savez(opened, **arrays)  # type: ignore[arg-type]


def read_pixels(file: Path) -> Pixels:
    """Read a split."""
    with np.load(file, allow_pickle=False) as arrays:
        sets = {
            name: (arrays[f"{name}_images"], arrays[f"{name}_labels"])
            for name in ("training", "validation", "test")
            if f"{name}_images" in arrays
        }
    return Pixels(**sets)
