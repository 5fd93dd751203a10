"""The one path that predicts: training-time validation, evaluation, commands and exports all go through here."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from fashion_classifier.data.dataset import Images
from fashion_classifier.progress import Progress, silent

BATCH_SIZE = 500


@dataclass(frozen=True, kw_only=True)
class PredictConfig:
    """How probabilities are computed; part of a model.

    Parameters
    ----------
    precision
        "float32" or "bfloat16".
    views
        "single", or "mirrored" for the average over an image and its mirror image.
    temperature
        What logits are divided by; above 0.
    """

    precision: str = "float32"
    views: str = "single"
    temperature: float = 1.0


def predict_probabilities(
    network: nn.Module,
    images: Images,
    config: PredictConfig,
    *,
    progress: Progress = silent,
    task: str = "Predicting",
) -> NDArray[np.float32]:
    """Classify images.

    Parameters
    ----------
    network
        From grey levels to logits; images go to the device on which it is.
    images
        uint8 array of shape (n, height, width) or (n, height, width, 3).
    config
        Precision, views and temperature.

    Returns
    -------
    float32 array of shape (n, n_classes)
        Probabilities; each row sums to 1.
    """
    batches = []
    device = next(network.parameters()).device
    with evaluating(network), torch.inference_mode(), computing_in(config.precision, device):
        for start in range(0, len(images), BATCH_SIZE):
            batch = torch.from_numpy(np.array(images[start : start + BATCH_SIZE])).to(device)
            batches.append(_probabilities(network, batch, config).cpu())
            progress(task, min(start + BATCH_SIZE, len(images)), len(images))
    return torch.cat(batches).numpy()


def computing_in(precision: str, device: torch.device | str) -> AbstractContextManager[object]:
    """Return the context in which a network computes in this precision."""
    if precision == "float32":
        return nullcontext()
    return torch.autocast(torch.device(device).type, dtype=torch.bfloat16)


@contextmanager
def evaluating(network: nn.Module) -> Iterator[None]:
    """Put a network into evaluation mode, and back as it was."""
    was_training = network.training
    network.eval()
    try:
        yield
    finally:
        network.train(was_training)


def _probabilities(network: nn.Module, batch: Tensor, config: PredictConfig) -> Tensor:
    """Average the views' probabilities for one batch."""
    views = [batch] if config.views == "single" else [batch, batch.flip(2)]
    total = sum(torch.softmax(network(view).float() / config.temperature, dim=1) for view in views)
    assert isinstance(total, Tensor)
    return total / len(views)
