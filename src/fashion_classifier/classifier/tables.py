"""Rows of numbers that are no images: a multilayer perceptron over standardised columns.

Tables are small beside images, so all is computed in float64 and on the CPU: a weighted row counts as a repeated one
does, and no column's values lie too close together. Each step sees all rows of a table of up to 512.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load, save
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from fashion_classifier.classifier.batches import in_whole_batches
from fashion_classifier.data.dataset import ImageShape
from fashion_classifier.inference.description import TABLE
from fashion_classifier.inference.manifest import FORMAT_VERSION
from fashion_classifier.models.catalogue import config_from, settings_of
from fashion_classifier.models.mlp import MlpConfig, build_mlp
from fashion_classifier.seeds import derive_seed
from fashion_classifier.training.config import Focus, TrainConfig
from fashion_classifier.training.optimizers import LearningRate, make_optimizer
from fashion_classifier.training.outcome import DivergedError
from fashion_classifier.training.sampling import BatchOrder

CONFIG = MlpConfig(hidden=(128, 64), dropout=0.0)
TRAINING = TrainConfig(epochs=10, batch_size=512, optimizer="adamw", learning_rate=5e-3, momentum=0.9, weight_decay=2.0)
TABLE_RECIPE = "table"
STEPS_PER_EPOCH = 10  # at least: a table of few rows is seen more often
FARTHEST = 100.0  # standard deviations; what is farther off counts as that far
LEAST_SPREAD = 1e-12  # of a column's mean, below which its deviation is nothing but rounding


class TableNetwork(nn.Module):
    """Rows of numbers in, logits out.

    Parameters
    ----------
    mean, std
        Of each column, of shape (d,).
    body
        From standardised rows of shape (B, d) to logits of shape (B, k).
    """

    mean: Tensor
    std: Tensor

    def __init__(self, mean: Tensor, std: Tensor, body: nn.Module) -> None:
        super().__init__()
        self.register_buffer("mean", mean)
        self.register_buffer("std", std)
        self.body = body

    def forward(self, rows: Tensor) -> Tensor:  # (B, d), float64
        """Return logits of shape (B, k)."""
        logits: Tensor = self.body(((rows - self.mean) / self.std).clamp(-FARTHEST, FARTHEST))
        return logits


@dataclass(frozen=True, eq=False, kw_only=True)
class TableModel:
    """A trained classifier of rows.

    Parameters
    ----------
    network
        From rows to logits.
    config
        Of its architecture.
    classes
        Names, in the order of the logits.
    provenance
        Where it came from, as JSON holds it.
    """

    network: TableNetwork
    config: MlpConfig
    classes: tuple[str, ...]
    provenance: dict[str, Any] = field(default_factory=dict)

    @property
    def n_columns(self) -> int:
        """Of the rows that it takes."""
        return len(self.network.mean)

    def predict(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return probabilities of shape (n, k) for rows of shape (n, d)."""
        return in_whole_batches(self._answer, rows, TRAINING.batch_size)

    @torch.inference_mode()
    def _answer(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the probabilities of one batch."""
        found: NDArray[np.float64] = self.network(torch.from_numpy(rows)).softmax(1).numpy()
        return found


def train_table(
    rows: NDArray[np.float64],
    labels: NDArray[np.int64],
    weights: NDArray[np.float64],
    classes: tuple[str, ...],
    *,
    seed: int,
    epochs: float | None = None,
    seconds: float | None = None,
) -> TableModel:
    """Train on a table.

    Parameters
    ----------
    rows
        Of shape (n, d).
    labels
        Of shape (n,), indices into `classes`.
    weights
        How much each row counts, of shape (n,), with mean 1.
    seed
        Of weights and order.
    epochs
        Passes over the rows, of at least 10 steps each.
    seconds
        Time over which the training runs out even if its steps are not done.

    Raises
    ------
    DivergedError
        If the loss is no longer a number.
    """
    network = _build(CONFIG, _statistics(rows, weights), len(classes), seed=derive_seed(seed, "weights"))
    optimizer = make_optimizer(network, TRAINING)
    rate = LearningRate(optimizer, TRAINING)
    given, answers, counts = (torch.from_numpy(values) for values in (rows, labels, weights))
    batch = min(TRAINING.batch_size, len(rows))
    order = BatchOrder(len(rows), batch, Focus(), seed=seed)
    n_steps = math.ceil((epochs or TRAINING.epochs) * max(STEPS_PER_EPOCH, len(rows) // batch))
    began = time.perf_counter()
    for step in range(n_steps):
        by_time = 0.0 if seconds is None else (time.perf_counter() - began) / seconds
        if by_time >= 1:
            break
        rate.set(max(step / n_steps, by_time))
        index = order.next_batch() if batch < len(rows) else slice(None)
        losses = cross_entropy(network(given[index]), answers[index], reduction="none")
        loss = (losses * counts[index]).mean()
        if not loss.isfinite():
            raise DivergedError(f"The loss is {float(loss)} at step {step}: the training has diverged.")
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        optimizer.zero_grad()
    return TableModel(network=network.eval(), config=CONFIG, classes=classes, provenance={"seed": seed})


def pack_table(model: TableModel) -> tuple[dict[str, Any], bytes]:
    """Return what a folder's `model.json` and `weights.safetensors` hold."""
    content = {
        "format_version": FORMAT_VERSION,
        TABLE: {"n_columns": model.n_columns, "config": settings_of(model.config)},
        "classes": list(model.classes),
        "provenance": model.provenance,
    }
    return content, save({name: tensor.contiguous() for name, tensor in model.network.state_dict().items()})


def unpack_table(content: dict[str, Any], weights: bytes) -> TableModel:
    """Return the model that `pack_table` was given.

    Raises
    ------
    KeyError, TypeError, ValueError, RuntimeError, SafetensorError
        If one of the two does not say what it must.
    """
    table, classes = content[TABLE], tuple(content["classes"])
    if not all(isinstance(name, str) for name in classes) or not 2 <= len(set(classes)) == len(classes):
        raise ValueError("the classes must be at least two different names")
    if type(table["n_columns"]) is not int or table["n_columns"] < 1:
        raise ValueError(f"a row cannot have {table['n_columns']!r} numbers")
    config = config_from(MlpConfig.family, table["config"])
    assert isinstance(config, MlpConfig)
    with torch.device("meta"):  # takes no memory until the weights are known to fit
        nothing = torch.empty(table["n_columns"], dtype=torch.float64)
        network = _build(config, (nothing, nothing), len(classes), seed=0)
    tensors = load(weights)
    if not all(tensor.dtype == torch.float64 and bool(tensor.isfinite().all()) for tensor in tensors.values()):
        raise ValueError("there are weights that are not numbers")
    network.load_state_dict(tensors, assign=True)
    if float(network.std.min()) <= 0:
        raise ValueError("a column cannot have a deviation of 0 or less")
    return TableModel(
        network=network.eval(), config=config, classes=classes, provenance=dict(content.get("provenance", {}))
    )


def _build(config: MlpConfig, statistics: tuple[Tensor, Tensor], n_classes: int, *, seed: int) -> TableNetwork:
    """Build a network with freshly drawn weights."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        body = build_mlp(config, ImageShape(1, len(statistics[0]), 1), n_classes)
    return TableNetwork(*statistics, body).double()


def _statistics(rows: NDArray[np.float64], weights: NDArray[np.float64]) -> tuple[Tensor, Tensor]:
    """Return mean and standard deviation of each column; one that never changes has standard deviation 1."""
    mean = np.average(rows, axis=0, weights=weights)
    std = np.sqrt(np.average((rows - mean) ** 2, axis=0, weights=weights))
    spread = std > LEAST_SPREAD * np.abs(mean)
    return torch.from_numpy(mean), torch.from_numpy(np.where(spread, std, 1.0))
