"""Optimizers, and the learning rate as a function of progress."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn

from fashion_classifier.training.config import TrainConfig

REST_RATE = 1.0  # learning rate of what Muon leaves to SGD, as a share of Muon's (docs/experiments.md)
REST_MOMENTUM = 0.85


class Muon(torch.optim.Optimizer):
    """Momentum whose update is orthogonalised, for filters and hidden layers seen as matrices.

    Each weight is also brought to a fixed norm before it is changed, so that the learning rate is a relative one.
    After Keller Jordan's Muon (https://kellerjordan.github.io/posts/muon) and its use in airbench
    (arXiv:2404.00498); `torch.optim.Muon` takes matrices alone, not filters.

    Parameters
    ----------
    parameters
        Weights of two or more dimensions; the first is the output's.
    learning_rate
        Relative size of a step.
    momentum
        Of the moving average of gradients, 0 to below 1; Nesterov's.
    """

    def __init__(self, parameters: Iterable[Tensor], learning_rate: float, momentum: float) -> None:
        super().__init__(parameters, {"lr": learning_rate, "momentum": momentum})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """Change every weight once."""
        assert closure is None
        for group in self.param_groups:
            for weight in group["params"]:
                self._step_one(weight, group["lr"], group["momentum"])

    def _step_one(self, weight: Tensor, learning_rate: float, momentum: float) -> None:
        """Change one weight."""
        state = self.state[weight]
        if not state:
            state["momentum_buffer"] = torch.zeros_like(weight)
        assert weight.grad is not None
        average = state["momentum_buffer"].mul_(momentum).add_(weight.grad)
        update = weight.grad.add(average, alpha=momentum)
        weight.mul_(math.sqrt(len(weight)) / weight.norm().clamp(min=1e-7))
        direction = orthogonalised(update.reshape(len(update), -1)).reshape(update.shape)
        weight.add_(direction.to(weight.dtype), alpha=-learning_rate)


def orthogonalised(matrix: Tensor, n_steps: int = 5) -> Tensor:  # (m, n)
    """Bring all singular values of a matrix near 1 by Newton-Schulz iteration.

    The coefficients are those of Jordan's Muon: they make the slope at zero steep and let the singular values end
    between about 0.5 and 1.5, which serves training as well as 1 would. Each step multiplies by a polynomial of the
    Gram matrix from the left, and such polynomials commute; so the steps are made on the small Gram matrix alone, which
    halves the time (docs/experiments.md).
    """
    a, b, c = 3.4445, -4.7750, 2.0315
    wide: Tensor = matrix if len(matrix) <= matrix.shape[1] else matrix.T
    wide = wide / (wide.norm() + 1e-7)
    gram = wide @ wide.T
    identity = torch.eye(len(gram), device=gram.device, dtype=gram.dtype)
    product = identity
    for _ in range(n_steps):
        factor = a * identity + b * gram + c * gram @ gram
        product = factor @ product
        gram = factor @ gram @ factor
    wide = product @ wide
    return wide if len(matrix) <= matrix.shape[1] else wide.T


def make_optimizers(network: nn.Module, config: TrainConfig) -> list[torch.optim.Optimizer]:
    """Make what `config` asks for; norms and biases are never decayed."""
    trained = [parameter for parameter in network.parameters() if parameter.requires_grad]
    weights = [parameter for parameter in trained if parameter.ndim > 1]
    others = [parameter for parameter in trained if parameter.ndim <= 1]
    decay = config.weight_decay
    if config.optimizer == "muon":
        inner = [
            weight for weight in weights if min(len(weight), weight[0].numel()) >= 16 and weight is not weights[-1]
        ]
        outer = [weight for weight in weights if not any(weight is other for other in inner)]
        groups = [{"params": outer, "weight_decay": decay}, {"params": others, "weight_decay": 0.0}]
        rate = config.learning_rate * REST_RATE
        rest = torch.optim.SGD(groups, lr=rate, momentum=REST_MOMENTUM, nesterov=True)
        return [Muon(inner, config.learning_rate, config.momentum), rest] if inner else [rest]
    groups = [{"params": weights, "weight_decay": decay}, {"params": others, "weight_decay": 0.0}]
    rate, betas = config.learning_rate, (config.momentum, 0.999)
    if config.optimizer == "sgd":
        nesterov = config.momentum > 0
        return [torch.optim.SGD(groups, lr=rate, momentum=config.momentum, nesterov=nesterov, foreach=True)]
    kind: Any = torch.optim.Adam if config.optimizer == "adam" else torch.optim.AdamW
    return [kind(groups, lr=rate, betas=betas, eps=1e-7, fused=True)]  # eps: Keras's


class LearningRate:
    """Sets the optimizers' learning rates from the progress of the training.

    Parameters
    ----------
    optimizers
        Each group's present learning rate is taken as its peak.
    config
        Schedule and warm-up.
    """

    def __init__(self, optimizers: list[torch.optim.Optimizer], config: TrainConfig) -> None:
        self._optimizers = optimizers
        self._peaks = [group["lr"] for optimizer in optimizers for group in optimizer.param_groups]
        self._config = config
        self.present = config.learning_rate

    def set(self, progress: float) -> None:
        """Set the rates for a step that starts at `progress`, from 0 to 1."""
        factor = self._factor(progress)
        groups = [group for optimizer in self._optimizers for group in optimizer.param_groups]
        for group, peak in zip(groups, self._peaks, strict=True):
            group["lr"] = peak * factor
        self.present = self._config.learning_rate * factor

    def _factor(self, progress: float) -> float:
        """Return the share of the peak at this progress."""
        warmup = self._config.warmup_fraction
        if progress < warmup:
            return max(progress, 1e-3) / warmup
        if self._config.schedule == "constant":
            return 1.0
        left = (1 - progress) / (1 - warmup)
        return left if self._config.schedule == "linear" else (1 - math.cos(math.pi * left)) / 2
