"""A model folder opened for predicting, with the runtime that was asked for or is best."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import partial
from math import prod
from pathlib import Path
from typing import Any, Literal

import numpy as np

from fashion_classifier.data.dataset import Images, ImageShape
from fashion_classifier.data.picture_ways import PictureWay
from fashion_classifier.evaluation.prediction_sets import ConformalRule
from fashion_classifier.evaluation.refusal import RefusalRule
from fashion_classifier.inference.description import Description, read_description
from fashion_classifier.inference.manifest import INT8, ONNX, Manifest, steadily
from fashion_classifier.inference.photograph_rules import PhotographRules
from fashion_classifier.inference.predictor import Probabilities, check_shape, predict_checked
from fashion_classifier.inference.runtimes.base import Runtime, RuntimeName
from fashion_classifier.inference.runtimes.choice import FastestRuntime, candidates
from fashion_classifier.inference.runtimes.opening import has_openvino, runtime_for
from fashion_classifier.limits import check_room
from fashion_classifier.progress import Progress, silent

AT_A_TIME = 256  # images
COPIES = 3  # of the weights while they are read and arranged; of a batch: as it is, as floats, standardised
ON_THE_WAY = 1 << 20  # bytes that an image takes on its way through a network, at most: large ones are halved first
FLOAT = 4  # bytes
FEW_IMAGES = 64  # up to which nothing is decoded beside the runtime


@dataclass(frozen=True, eq=False, kw_only=True)
class OpenedModel:
    """A model that predicts; PyTorch is imported only if it is the runtime.

    Parameters
    ----------
    path
        The model folder.
    description
        What the model is.
    runtime
        What computes its logits.
    """

    path: Path
    description: Description
    runtime: Runtime

    @property
    def classes(self) -> tuple[str, ...]:
        """Names, in the order of the probabilities."""
        return self.description.classes

    @property
    def shape(self) -> ImageShape:
        """Of the images that the model takes."""
        return self.description.shape

    @property
    def sets(self) -> ConformalRule | None:
        """How sets of classes are made of its probabilities."""
        return self.description.sets

    @property
    def refusal(self) -> RefusalRule | None:
        """Which images it refuses."""
        return self.description.refusal

    @property
    def photographs(self) -> PhotographRules | None:
        """How it answers to photographs."""
        return self.description.photographs

    @property
    def pictures(self) -> PictureWay:
        """Which way pictures are brought to it."""
        return self.description.pictures

    @property
    def computed_by(self) -> dict[str, Any]:
        """What computed the last answers, and what it was chosen among, as plain values."""
        tried = self.runtime.tried if isinstance(self.runtime, FastestRuntime) else ()
        return {
            "name": self.runtime.name,
            "precision": self.runtime.precision,
            "views": self.description.how.views,
            "tried": [asdict(other) for other in tried],
        }

    def predict(self, images: Images, *, progress: Progress = silent, task: str = "Predicting") -> Probabilities:
        """Return probabilities as a float32 array of shape (n, n_classes).

        Parameters
        ----------
        images
            uint8 array of shape (n, height, width) or (n, height, width, 3), of the model's own shape.

        Raises
        ------
        DataError
            If the images have another shape.
        ModelError
            If its answers are not numbers.
        """
        check_shape(images, self.shape)
        if len(images) == 0:
            return np.empty((0, len(self.classes)), np.float32)
        return predict_checked(self.runtime, images, self.description.how, progress=progress, task=task)


def open_model(
    folder: Path, runtime: RuntimeName | Literal["auto"] = "auto", *, threads: int = 0, n_images: int = 0
) -> OpenedModel:
    """Open a model folder for predicting.

    Parameters
    ----------
    folder
        A model folder.
    runtime
        "auto" takes ONNX Runtime, for more images a faster one that is installed and agrees with it, and PyTorch where
        the folder has no ONNX.
    threads
        Threads to compute with; 0 for one a core.
    n_images
        How many images are to come, as far as that is known; for few there is no time lost on a choice.

    Raises
    ------
    UnavailableError
        If there is no model folder at that place, or the runtime is not installed.
    ModelError
        If the folder is damaged, or has no ONNX for a runtime that needs one.
    UsageError
        If there is no such runtime.
    NotEnoughMemoryError
        If predicting would take more memory than can be had.
    """
    return steadily(folder, lambda: _opened(folder, runtime, threads, n_images))


def _opened(folder: Path, runtime: RuntimeName | Literal["auto"], threads: int, n_images: int) -> OpenedModel:
    """Open a model folder."""
    description, manifest = read_description(folder)
    _check_memory(description, manifest, min(n_images or AT_A_TIME, AT_A_TIME))
    few = n_images <= FEW_IMAGES
    open_another = partial(runtime_for, manifest, description, threads=threads, spinning=few)
    if runtime != "auto":
        opened = open_another(runtime)
    elif ONNX not in manifest.files:
        opened = open_another("torch")
    else:
        others = candidates(quantised=INT8 in manifest.files, openvino=has_openvino(), n_images=n_images)
        opened = FastestRuntime(open_another("onnx"), tuple(others), open_another, n_images)
    return OpenedModel(path=folder, description=description, runtime=opened)


def _check_memory(description: Description, manifest: Manifest, n_batch: int) -> None:
    """Check that the model and a batch on its way through it fit into memory."""
    weights = max(file.n_bytes for file in manifest.files.values())
    batch = n_batch * (FLOAT * COPIES * prod(description.shape) + ON_THE_WAY)
    check_room(
        COPIES * weights + batch,
        f"{manifest.folder}: predicting for {n_batch} images of {description.shape} at a time may",
        "Free memory, or take a smaller model",
    )
