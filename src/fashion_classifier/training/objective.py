"""What a training makes small: the distance from labels, from what a teacher says, and from doubt about parts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import cross_entropy, log_softmax

from fashion_classifier.data.dataset import Dataset
from fashion_classifier.training.config import TrainConfig


@dataclass(frozen=True, eq=False)
class Objective:
    """The loss of a batch.

    Parameters
    ----------
    smoothing
        Label smoothing, 0 to 1.
    weights
        Of the classes, of shape (k,); None where all count alike.
    taught
        What a teacher says of all training images, of shape (n, k); None without one.
    teacher_share
        How much that counts, 0 to 1.
    """

    smoothing: float
    weights: Tensor | None
    taught: Tensor | None
    teacher_share: float

    @classmethod
    def of(cls, config: TrainConfig, training: Dataset, taught: NDArray[np.float32] | None, device: str) -> Objective:
        """Return the objective that a training's settings ask for, its tensors on a device."""
        weights = class_weights(training, device) if config.class_weights == "balanced" else None
        teacher = None if taught is None else torch.from_numpy(taught).to(device)
        return cls(config.label_smoothing, weights, teacher, config.teacher_share)

    def __call__(self, logits: Tensor, labels: Tensor, index: Tensor, parts: Tensor | None = None) -> Tensor:
        """Return the mean loss; of images of which only a part was shown it is the distance from all classes alike.

        Parameters
        ----------
        logits
            Of shape (b, k).
        labels, index
            Of shape (b,): the classes, and which of the training images these are.
        parts
            bool of shape (b,); None where all images are whole.
        """
        if parts is None:
            return self._distance(logits, labels, index)
        whole = ~parts
        doubted = _doubt(logits[parts]) / len(logits)
        if not whole.any():
            return doubted
        known = self._distance(logits[whole], labels[whole], index[whole])
        return doubted + whole.float().mean() * known

    def _distance(self, logits: Tensor, labels: Tensor, index: Tensor) -> Tensor:
        """Return the mean distance from the labels, and from what a teacher says."""
        by_labels = cross_entropy(logits, labels, weight=self.weights, label_smoothing=self.smoothing)
        if self.taught is None:
            return by_labels
        by_teacher = cross_entropy(logits, self.taught[index], weight=self.weights)
        return torch.lerp(by_labels, by_teacher, self.teacher_share)


def _doubt(logits: Tensor) -> Tensor:
    """Return the sum of the distances from saying that every class is as probable as another."""
    return -log_softmax(logits, dim=1).mean(1).sum()


def class_weights(training: Dataset, device: str) -> Tensor:
    """Weigh each class by the inverse of its frequency; the mean over the images is 1."""
    counts = np.bincount(training.labels, minlength=len(training.classes))
    weights = len(training) / (len(training.classes) * np.maximum(counts, 1))
    return torch.tensor(weights, dtype=torch.float32, device=device)
