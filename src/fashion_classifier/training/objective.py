"""What a training makes small: the distance from labels, and from what a teacher says."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import cross_entropy

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

    def __call__(self, logits: Tensor, labels: Tensor, index: Tensor, part: slice) -> Tensor:
        """Return the mean distance of a batch from the labels, and from what a teacher says.

        Parameters
        ----------
        logits
            Of shape (b, k).
        labels, index
            Of shape (B,): the classes of the whole batch, and which of the training images these are.
        part
            Which b of them the logits are of. What is returned is their share of the batch's mean: the shares of all
            parts add up to it.
        """
        own = labels[part]
        by_labels = cross_entropy(logits, own, weight=self.weights, label_smoothing=self.smoothing)
        if len(own) < len(labels):
            by_labels = by_labels * (self._weight(own) / self._weight(labels))
        if self.taught is None:
            return by_labels
        by_teacher = cross_entropy(logits, self.taught[index[part]], weight=self.weights)
        if len(own) < len(labels):
            by_teacher = by_teacher * (len(own) / len(labels))  # PyTorch's mean for probabilities counts, not weighs
        return torch.lerp(by_labels, by_teacher, self.teacher_share)

    def _weight(self, labels: Tensor) -> Tensor | int:
        """Return what so many images weigh in a mean."""
        return len(labels) if self.weights is None else self.weights[labels].sum()


def class_weights(training: Dataset, device: str) -> Tensor:
    """Weigh each class by the inverse of its frequency; the mean over the images is 1."""
    counts = np.bincount(training.labels, minlength=len(training.classes))
    weights = len(training) / (len(training.classes) * np.maximum(counts, 1))
    return torch.tensor(weights, dtype=torch.float32, device=device)
