"""The value that data is once it has been checked: images, labels, class names, and the sealed test set."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fashion_classifier.display import html_table

Images = NDArray[np.uint8]  # (n, height, width) grey, or (n, height, width, 3) colour
Labels = NDArray[np.int64]  # (n,)


class ImageShape(NamedTuple):
    """Height and width in pixels, and the number of channels (1 grey, 3 colour)."""

    height: int
    width: int
    channels: int

    @classmethod
    def of(cls, images: Images) -> ImageShape:
        """Read the shape off an array of images."""
        return cls(images.shape[1], images.shape[2], images.shape[3] if images.ndim == 4 else 1)

    def __str__(self) -> str:
        return f"{self.height}x{self.width} {'grey' if self.channels == 1 else 'colour'}"


@dataclass(frozen=True, eq=False)
class Dataset:
    """Checked images with their labels.

    Parameters
    ----------
    images
        uint8 array of shape (n, height, width), or (n, height, width, 3) for colour.
    labels
        int64 array of shape (n,), indices into `classes`.
    classes
        Names of the classes, in the order of the labels.
    groups
        Array of shape (n,) that is equal where images show one garment; None where each image stands for itself.
    """

    images: Images
    labels: Labels
    classes: tuple[str, ...]
    groups: NDArray[np.str_] | None = None

    def __post_init__(self) -> None:
        assert self.images.dtype == np.uint8, self.images.dtype
        assert self.images.ndim == 3 or self.images.shape[3:] == (3,), self.images.shape
        assert self.labels.dtype == np.int64, self.labels.dtype
        assert self.labels.shape == self.images.shape[:1], (self.labels.shape, self.images.shape)
        assert self.groups is None or self.groups.shape == self.labels.shape, self.groups

    def __len__(self) -> int:
        return len(self.labels)

    def __repr__(self) -> str:
        return f"Dataset({len(self):,} images of {self.shape}, {len(self.classes)} classes)"

    def _repr_html_(self) -> str:
        caption = f"{len(self):,} images of {self.shape}"
        return html_table(("class", "images"), self.counts.items(), caption=caption)

    @property
    def shape(self) -> ImageShape:
        """Height, width and channels of every image."""
        return ImageShape.of(self.images)

    @property
    def counts(self) -> dict[str, int]:
        """Number of images of each class, in the order of the classes."""
        counts = np.bincount(self.labels, minlength=len(self.classes))
        return dict(zip(self.classes, counts.tolist(), strict=True))

    def take(self, index: NDArray[np.int64]) -> Dataset:
        """Return the images at these positions, in their order."""
        groups = None if self.groups is None else self.groups[index]
        return Dataset(self.images[index], self.labels[index], self.classes, groups)


def counts_table(counts: dict[str, dict[str, int]], *, caption: str, notes: tuple[str, ...]) -> str:
    """Write the number of images of each class in each part as an HTML table."""
    total = {name: sum(of_classes.values()) for name, of_classes in counts.items()}
    classes = next(iter(counts.values()))
    rows = [[name, *(f"{of_classes[name]:,}" for of_classes in counts.values())] for name in classes]
    rows.append(["all", *(f"{number:,}" for number in total.values())])
    header = ["class", *("cross-validation" if part == "validation" else part for part in counts)]
    return html_table(header, rows, caption=caption, notes=notes)


@dataclass(frozen=True)
class Opening:
    """One look into the sealed test set: when (UTC, ISO 8601) and why."""

    time: str
    reason: str


class SealedTestSet:
    """The test set, closed: its size is known, its images are had only by `open`, which leaves a trace.

    Parameters
    ----------
    dataset
        What is sealed.
    on_open
        Called with each `Opening` before the images are handed out, to write it down.
    """

    def __init__(self, dataset: Dataset, on_open: Callable[[Opening], None] | None = None) -> None:
        self._dataset = dataset
        self._on_open = on_open
        self.openings: list[Opening] = []

    def __len__(self) -> int:
        return len(self._dataset)

    def __repr__(self) -> str:
        return f"SealedTestSet({len(self):,} images, openings: {len(self.openings)})"

    @property
    def counts(self) -> dict[str, int]:
        """Number of images of each class; counting is no opening."""
        return self._dataset.counts

    def recorded_by(self, on_open: Callable[[Opening], None]) -> SealedTestSet:
        """Return the same test set, closed again, whose openings are told to `on_open`."""
        return SealedTestSet(self._dataset, on_open)

    def open(self, reason: str) -> Dataset:
        """Hand out the test set, after writing down when and why.

        Parameters
        ----------
        reason
            What it is opened for ("evaluation of the initial and the optimized model").
        """
        opening = Opening(datetime.now(UTC).isoformat(timespec="seconds"), reason)
        if self._on_open is not None:
            self._on_open(opening)
        self.openings.append(opening)
        return self._dataset
