"""The figures of a training between two validations."""

from __future__ import annotations

import torch
from torch import Tensor


class RunningFigures:
    """Loss and accuracy over the batches since the last validation.

    They stay on the device until somebody asks: each question makes a GPU wait for its next work.
    """

    def __init__(self, device: str) -> None:
        self._device = device
        self._widest = torch.float32 if device == "mps" else torch.float64  # MPS has no wider one
        self.restart()

    def restart(self, loss: float = 0.0, right: int = 0, n_images: int = 0) -> None:
        """Begin with the sum of the losses, in nats, the number of right answers and the number of images."""
        self._loss = torch.tensor(loss, dtype=self._widest, device=self._device)
        self._latest = torch.zeros((), device=self._device)
        self._right = torch.tensor(right, dtype=torch.int64, device=self._device)
        self.n_images = n_images

    def add(self, losses: Tensor, right: Tensor) -> None:
        """Add a batch: each image's loss, and whether its answer is right; both of shape (B,)."""
        self._latest = losses.mean()
        self._loss += losses.sum(dtype=self._widest)
        self._right += right.sum()
        self.n_images += len(losses)

    @property
    def latest_loss(self) -> float:
        """Mean loss of the latest batch, in nats."""
        return float(self._latest)

    @property
    def loss(self) -> float:
        """Mean loss of an image, in nats; 0 before the first."""
        return float(self._loss) / max(1, self.n_images)

    @property
    def accuracy(self) -> float:
        """Share of the right answers; 0 before the first."""
        return int(self._right) / max(1, self.n_images)

    def state(self) -> tuple[float, int, int]:
        """Return what `restart` takes to go on from here."""
        return float(self._loss), int(self._right), self.n_images
