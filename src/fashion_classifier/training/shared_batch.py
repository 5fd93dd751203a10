"""Layers that treat a batch as one although several processes have a part of it each.

Batch norm takes mean and variance over the whole batch, and dropout draws for the whole batch, so that the result is
that of one process. PyTorch's `SyncBatchNorm` does the former on GPUs alone; here CPUs and GPUs go one way.
"""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import batch_norm, dropout

from fashion_classifier.training.distributed import Group


def learner(network: nn.Module, group: Group, batch_size: int) -> nn.Module:
    """Return the network as it learns: itself, or with several processes its like that shares all weights with it.

    Parameters
    ----------
    network
        Which stays as it is.
    group
        The processes that train it.
    batch_size
        Images of a whole batch.
    """
    if group.size == 1:
        return network
    shared: dict[int, Any] = {id(tensor): tensor for tensor in (*network.parameters(), *network.buffers())}
    like = copy.deepcopy(network, shared)
    for parent in list(like.modules()):
        for name, layer in list(parent.named_children()):
            if isinstance(layer, nn.BatchNorm2d):
                setattr(parent, name, SharedBatchNorm(layer, group, batch_size))
            elif isinstance(layer, nn.Dropout):
                setattr(parent, name, SharedDropout(layer.p, group, batch_size))
    return like


class SharedBatchNorm(nn.Module):
    """Batch norm in training, over all processes' images.

    Parameters
    ----------
    norm
        Whose weights and running statistics are used and changed.
    group
        The processes.
    batch_size
        Images of a whole batch.
    """

    def __init__(self, norm: nn.BatchNorm2d, group: Group, batch_size: int) -> None:
        super().__init__()
        self.norm, self.group, self.batch_size = norm, group, batch_size

    def forward(self, features: Tensor) -> Tensor:  # (b, C, H, W)
        """Return features of the same shape, with mean 0 and variance 1 over the whole batch before weight and bias."""
        norm = self.norm
        n = self.batch_size * features[0, 0].numel()
        mean, variance = self._statistics(features.detach(), n)
        assert norm.running_mean is not None
        assert norm.running_var is not None
        assert norm.num_batches_tracked is not None
        assert norm.momentum is not None
        norm.running_mean.lerp_(mean, norm.momentum)
        norm.running_var.lerp_(variance * (n / (n - 1)), norm.momentum)
        norm.num_batches_tracked.add_(1)
        found: Tensor = _Normalised.apply(  # type: ignore[no-untyped-call]
            features, norm.weight, norm.bias, mean, variance, norm.eps, n, self.group
        )
        return found

    @torch.no_grad()
    def _statistics(self, features: Tensor, n: int) -> tuple[Tensor, Tensor]:
        """Return mean and variance of each channel over the whole batch, of shape (C,) and the weights' kind."""
        own_n = features.shape[0] * features[0, 0].numel()
        unused = (
            torch.zeros_like(self.norm.weight),
            torch.ones_like(self.norm.weight),
        )  # have it compute in their precision
        mean, variance = (found.double() for found in torch.batch_norm_update_stats(features, *unused, 0.0))
        sums = torch.stack([mean, variance + mean.square()]) * (own_n / n)
        self.group.add_up([sums])
        mean, variance = sums[0], (sums[1] - sums[0].square()).clamp(min=0)
        return mean.to(self.norm.weight.dtype), variance.to(self.norm.weight.dtype)


class _Normalised(torch.autograd.Function):
    """Normalise by statistics that depend on all processes' features, and pass gradients through these too."""

    @staticmethod
    def forward(
        ctx: Any,
        features: Tensor,
        weight: Tensor,
        bias: Tensor,
        mean: Tensor,
        variance: Tensor,
        eps: float,
        n: int,
        group: Group,
    ) -> Tensor:
        """Normalise as batch norm does once its statistics are known."""
        ctx.save_for_backward(features, weight, mean, variance)
        ctx.eps, ctx.n, ctx.group = eps, n, group
        return batch_norm(features, mean, variance, weight, bias, training=False, eps=eps)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Any:
        """Return gradients: as if the statistics were constant, less what goes through them.

        With s = weight / deviation that is s (g - mean(g) - x mean(g x)) for normalised features x: the means are those
        of the whole batch, and the gradients of bias and weight, n times as large, are the sums that they need.
        """
        features, weight, mean, variance = ctx.saved_tensors
        of_features, of_weight, of_bias = torch.ops.aten.native_batch_norm_backward(
            gradient, features, weight, mean, variance, None, None, False, ctx.eps, [True, True, True]
        )
        sums = torch.stack([of_weight, of_bias])
        ctx.group.add_up([sums])
        scale = -weight * (variance + ctx.eps).rsqrt() / ctx.n
        slope, shift = scale * sums
        of_statistics = batch_norm(features, mean, variance, slope, shift, training=False, eps=ctx.eps)
        return of_features + of_statistics, of_weight, of_bias, None, None, None, None, None


class SharedDropout(nn.Module):
    """Dropout in training, drawn for the whole batch as one process draws it.

    Parameters
    ----------
    probability
        That a feature is dropped.
    group
        The processes.
    batch_size
        Images of a whole batch.
    """

    def __init__(self, probability: float, group: Group, batch_size: int) -> None:
        super().__init__()
        self.probability, self.group, self.batch_size = probability, group, batch_size

    def forward(self, features: Tensor) -> Tensor:  # (b, C)
        """Return features of which some are 0 and the others larger."""
        whole = features.new_ones(self.batch_size, *features.shape[1:])
        return features * dropout(whole, self.probability, training=True)[self.group.part(self.batch_size)]
