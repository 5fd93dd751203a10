"""The one path that predicts: training-time validation, evaluation, commands and exports all go through here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from fashion_classifier.data.dataset import Images, ImageShape
from fashion_classifier.errors import DataError, Fault, ModelError
from fashion_classifier.evaluation.prediction_sets import ConformalRule
from fashion_classifier.evaluation.refusal import RefusalRule
from fashion_classifier.evaluation.temperature import tempered, unsmoothed
from fashion_classifier.inference.photograph_rules import PhotographRules
from fashion_classifier.inference.runtimes.base import Runtime
from fashion_classifier.progress import Progress, silent

Probabilities = NDArray[np.float32]  # (n, k)


@dataclass(frozen=True, kw_only=True)
class PredictConfig:
    """How probabilities are computed; part of a model.

    Parameters
    ----------
    precision
        "float32" or "bfloat16": what the network was trained in, and what PyTorch predicts in.
    views
        "single"; "mirrored" for the average over an image and its mirror image; or "shifted" for the average over
        these two and both shifted by a pixel in each of the four directions, ten views (two where a side is one pixel).
    smoothing
        Label smoothing with which the network was taught, which is undone in the (averaged) probabilities.
    temperature
        What their logarithms are divided by then; above 0.
    """

    precision: str = "float32"
    views: str = "single"
    smoothing: float = 0.0
    temperature: float = 1.0


class Classifier(Protocol):
    """What predicts: a model fresh from training, or one that was opened."""

    @property
    def classes(self) -> tuple[str, ...]:
        """Names, in the order of the probabilities."""

    @property
    def shape(self) -> ImageShape:
        """Of the images that it takes."""

    @property
    def sets(self) -> ConformalRule | None:
        """How sets of classes are made of its probabilities."""

    @property
    def refusal(self) -> RefusalRule | None:
        """Which images it refuses."""

    @property
    def photographs(self) -> PhotographRules | None:
        """How it answers to photographs."""

    def predict(self, images: Images, *, progress: Progress = silent, task: str = "Predicting") -> Probabilities:
        """Return probabilities as a float32 array of shape (n, n_classes)."""


def predict_probabilities(
    runtime: Runtime,
    images: Images,
    config: PredictConfig,
    *,
    progress: Progress = silent,
    task: str = "Predicting",
) -> Probabilities:
    """Classify images.

    Parameters
    ----------
    runtime
        What computes the logits.
    images
        uint8 array of shape (n, height, width) or (n, height, width, 3), n at least 1.
    config
        Views, smoothing and temperature; the precision is the runtime's.

    Returns
    -------
    float32 array of shape (n, n_classes)
        Probabilities; each row sums to 1.
    """
    batches = []
    size = runtime.batch_size
    for start in range(0, len(images), size):
        batch = images[start : start + size]
        batches.append(_average_of_views(runtime, batch, config))
        progress(task, start + len(batch), len(images))
    return np.concatenate(batches)


def predict_checked(
    runtime: Runtime,
    images: Images,
    config: PredictConfig,
    *,
    progress: Progress = silent,
    task: str = "Predicting",
) -> Probabilities:
    """Classify images by a model that may be anybody's; parameters as for `predict_probabilities`.

    Raises
    ------
    ModelError
        If its answers are not numbers.
    """
    with np.errstate(invalid="ignore", over="ignore"):
        found = predict_probabilities(runtime, images, config, progress=progress, task=task)
    if not np.isfinite(found).all():
        raise ModelError(
            "The model's answers are not numbers: it was damaged, or its training went wrong. Get it again, or train "
            "anew."
        )
    return found


def check_shape(images: Images, shape: ImageShape) -> None:
    """Check that images are grey levels, of a model's own shape.

    Raises
    ------
    DataError
        If they are not.
    """
    if images.dtype != np.uint8 or images.ndim not in (3, 4):  # shares from 0 to 1 would all be nearly black
        problem = (
            f"they are {images.dtype} of shape {images.shape}; "
            "grey levels are uint8 of shape (n, height, width) or (n, height, width, 3)"
        )
        raise DataError(Fault("images", problem, "Bring the values to 0 to 255, the axes into this order"))
    found = ImageShape.of(images)
    if found != shape:
        raise DataError(Fault("images", f"they are {found}, the model takes {shape}", "Bring them to the model's form"))


def softmax(logits: NDArray[Any]) -> Probabilities:
    """Turn logits of shape (n, k) into probabilities."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True), dtype=np.float32)
    probabilities: Probabilities = powers / powers.sum(axis=1, keepdims=True)
    return probabilities


def _average_of_views(runtime: Runtime, batch: Images, config: PredictConfig) -> Probabilities:
    """Average the views' probabilities for one batch."""
    views = VIEWS[config.views](batch)
    average: Probabilities = np.mean([softmax(runtime.logits(view)) for view in views], axis=0, dtype=np.float32)
    meant = unsmoothed(average, config.smoothing)
    return meant if config.temperature == 1 else tempered(meant, config.temperature)


def _mirrored(batch: Images) -> list[Images]:
    """Return images and their mirror images."""
    return [batch, batch[:, :, ::-1]]


def _shifted(batch: Images) -> list[Images]:
    """Return images, and images shifted by a pixel with their edge mirrored to fill in, each with its mirror image."""
    height, width = batch.shape[1:3]
    edges = [(1, 1) if side > 1 else (0, 0) for side in (height, width)]
    padded = np.pad(batch, [(0, 0), *edges, *[(0, 0)] * (batch.ndim - 3)], mode="reflect")
    places = [(0, 1), (2, 1), (1, 0), (1, 2)] if min(height, width) > 1 else []
    moved = [padded[:, y : y + height, x : x + width] for y, x in places]
    return [view for image in (batch, *moved) for view in _mirrored(image)]


VIEWS: dict[str, Callable[[Images], list[Images]]] = {
    "single": lambda batch: [batch],
    "mirrored": _mirrored,
    "shifted": _shifted,
}
