"""Optimizers, and the learning rate as a function of progress."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import islice
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from fashion_classifier.training.config import TrainConfig

REST_MOMENTUM = 0.85  # of what Muon leaves to Nesterov-SGD, at the same rate; airbench's
NEWTON_SCHULZ_STEPS = 5
SMALLEST_MATRIX = 16  # rows and columns from which on it is worth being orthogonalised


class Optimizer(Protocol):
    """What the training loop needs of an optimizer; those of PyTorch have it."""

    param_groups: list[dict[str, Any]]

    def step(self) -> Any:
        """Change every weight once, by its gradient."""

    def zero_grad(self) -> None:
        """Forget the gradients."""

    def state_dict(self) -> dict[str, Any]:
        """Return each weight's buffers under "state", by the weight's number."""

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over buffers such as `state_dict` returned."""


class Muon:
    """Momentum, orthogonalised for filters and hidden layers seen as matrices; Nesterov-SGD for the rest.

    Each matrix is also brought to a fixed norm before it is changed, so that the learning rate is a relative one.
    After Keller Jordan's Muon (https://kellerjordan.github.io/posts/muon) and its use in airbench
    (arXiv:2404.00498); `torch.optim.Muon` takes matrices alone, not filters. No subclass of PyTorch's `Optimizer`, the
    first of which imports PyTorch's compiler: two seconds, an eighth of the shortest training (docs/experiments.md).

    Parameters
    ----------
    matrices
        Weights of two or more dimensions, the first of which is the output's, whose update is orthogonalised.
    others
        Weights that are decayed, and weights that are not.
    learning_rate
        Of all; for matrices the relative size of a step.
    momentum
        Of the matrices, 0 to below 1; Nesterov's.
    weight_decay
        Of the first of `others`, in the gradient.
    """

    def __init__(
        self,
        matrices: Sequence[Tensor],
        others: tuple[Sequence[Tensor], Sequence[Tensor]],
        *,
        learning_rate: float,
        momentum: float,
        weight_decay: float,
    ) -> None:
        common = {"lr": learning_rate, "momentum": REST_MOMENTUM, "orthogonal": False}
        self.param_groups: list[dict[str, Any]] = [
            {"params": list(matrices), **common, "momentum": momentum, "weight_decay": 0.0, "orthogonal": True},
            {"params": list(others[0]), **common, "weight_decay": weight_decay},
            {"params": list(others[1]), **common, "weight_decay": 0.0},
        ]
        self._weights: list[Tensor] = [weight for group in self.param_groups for weight in group["params"]]
        self._averages = [torch.zeros_like(weight) for weight in self._weights]

    @torch.no_grad()
    def step(self) -> None:
        """Change every weight once."""
        averages = iter(self._averages)
        for group in self.param_groups:
            weights = group["params"]
            if weights:
                _step(group, weights, list(islice(averages, len(weights))))

    def zero_grad(self) -> None:
        """Forget the gradients."""
        for weight in self._weights:
            weight.grad = None

    def state_dict(self) -> dict[str, Any]:
        """Return each weight's moving average of gradients."""
        return {"state": {number: {"average": average} for number, average in enumerate(self._averages)}}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over moving averages."""
        for number, average in enumerate(self._averages):
            average.copy_(state_dict["state"][number]["average"])


def _step(group: dict[str, Any], weights: list[Tensor], averages: list[Tensor]) -> None:
    """Change the weights of one group, all in one call for each operation: calls are what costs on a GPU."""
    gradients = [weight.grad for weight in weights if weight.grad is not None]
    assert len(gradients) == len(weights)
    if group["weight_decay"]:
        gradients = list(torch._foreach_add(gradients, weights, alpha=group["weight_decay"]))  # noqa: SLF001
    torch._foreach_mul_(averages, group["momentum"])
    torch._foreach_add_(averages, gradients)
    updates = list(torch._foreach_add(gradients, averages, alpha=group["momentum"]))  # noqa: SLF001
    if group["orthogonal"]:
        for weight in weights:
            weight.mul_(math.sqrt(len(weight)) / weight.norm().clamp(min=1e-7))
        updates = [orthogonalised(update.flatten(1)).reshape(update.shape) for update in updates]
    torch._foreach_add_(weights, updates, alpha=-group["lr"])


def orthogonalised(matrix: Tensor) -> Tensor:  # (m, n)
    """Bring all singular values of a matrix near 1 by Newton-Schulz iteration.

    The coefficients are those of Jordan's Muon: they make the slope at zero steep and let the singular values end
    between about 0.5 and 1.5, which serves training as well as 1 would. Each step multiplies by a polynomial of the
    Gram matrix from the left, and such polynomials commute; so the steps are made on the small Gram matrix alone, which
    halves the time (docs/experiments.md).
    """
    wide: Tensor = matrix if len(matrix) <= matrix.shape[1] else matrix.T
    wide = wide / (wide.norm() + 1e-7)
    gram = wide @ wide.T
    product = factor = _polynomial(gram)
    for _ in range(NEWTON_SCHULZ_STEPS - 1):
        gram = factor @ gram @ factor
        factor = _polynomial(gram)
        product = factor @ product
    wide = product @ wide
    return wide if len(matrix) <= matrix.shape[1] else wide.T


def _polynomial(gram: Tensor) -> Tensor:
    """Return the factor of one Newton-Schulz step: ``a + b gram + c gram²``."""
    a, b, c = 3.4445, -4.7750, 2.0315
    factor = torch.addmm(gram, gram, gram, beta=b, alpha=c)
    factor.diagonal().add_(a)
    return factor


def make_optimizer(network: nn.Module, config: TrainConfig) -> Optimizer:
    """Make what `config` asks for; norms and biases are never decayed."""
    trained = [parameter for parameter in network.parameters() if parameter.requires_grad]
    weights = [parameter for parameter in trained if parameter.ndim > 1]
    others = [parameter for parameter in trained if parameter.ndim <= 1]
    decay, rate = config.weight_decay, config.learning_rate
    if config.optimizer == "muon":
        matrices = [weight for weight in weights[:-1] if min(len(weight), weight[0].numel()) >= SMALLEST_MATRIX]
        outer = [weight for weight in weights if not any(weight is matrix for matrix in matrices)]
        return Muon(matrices, (outer, others), learning_rate=rate, momentum=config.momentum, weight_decay=decay)
    groups = [{"params": weights, "weight_decay": decay}, {"params": others, "weight_decay": 0.0}]
    if config.optimizer == "sgd":
        nesterov = config.momentum > 0
        return torch.optim.SGD(groups, lr=rate, momentum=config.momentum, nesterov=nesterov, foreach=True)
    kind: Any = torch.optim.Adam if config.optimizer == "adam" else torch.optim.AdamW
    adam: Optimizer = kind(groups, lr=rate, betas=(config.momentum, 0.999), eps=1e-7, fused=True)  # eps: Keras's
    return adam


class LearningRate:
    """Sets the optimizer's learning rates from the progress of the training.

    Parameters
    ----------
    optimizer
        Each group's present learning rate is taken as its peak.
    config
        Schedule and warm-up.
    """

    def __init__(self, optimizer: Optimizer, config: TrainConfig) -> None:
        self._optimizer = optimizer
        self._peaks = [group["lr"] for group in optimizer.param_groups]
        self._config = config
        self.present = config.learning_rate

    def set(self, progress: float) -> None:
        """Set the rates for a step that starts at `progress`, from 0 to 1."""
        factor = self._factor(progress)
        for group, peak in zip(self._optimizer.param_groups, self._peaks, strict=True):
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
