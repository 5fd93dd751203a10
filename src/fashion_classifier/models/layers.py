"""The layers that every family shares: the standardising first layer, and the frame around a body."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from fashion_classifier.data.dataset import Images


class Standardise(nn.Module):
    """Turn grey levels into standardised floats, channels first.

    Mean and standard deviation are buffers, so that they travel with the weights and into every export.

    Parameters
    ----------
    mean, std
        One number a channel, in grey levels (0 to 255), from the training images alone.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, mean: Tensor, std: Tensor) -> None:
        super().__init__()
        self.register_buffer("mean", mean.reshape(1, -1, 1, 1).float())
        self.register_buffer("std", std.reshape(1, -1, 1, 1).float())

    def forward(self, images: Tensor) -> Tensor:  # (B, H, W) or (B, H, W, 3), uint8
        """Return float images of shape (B, C, H, W), in channels-last memory order."""
        channels_last = images.unsqueeze(-1) if images.ndim == 3 else images
        planes = channels_last.permute(0, 3, 1, 2).float()
        return ((planes - self.mean) / self.std).contiguous(memory_format=torch.channels_last)


class ImageClassifier(nn.Module):
    """A whole classifier: grey levels in, logits out.

    Parameters
    ----------
    standardise
        The first layer.
    body
        From standardised images of shape (B, C, H, W) to logits of shape (B, k).
    """

    def __init__(self, standardise: Standardise, body: nn.Module) -> None:
        super().__init__()
        self.standardise = standardise
        self.body = body

    def forward(self, images: Tensor) -> Tensor:  # (B, H, W) or (B, H, W, 3), uint8
        """Return logits of shape (B, k)."""
        logits: Tensor = self.body(self.standardise(images))
        return logits


def channel_statistics(images: Images) -> tuple[Tensor, Tensor]:
    """Return mean and standard deviation of each channel in grey levels, as float tensors of shape (C,).

    Computed from histograms, exactly and without a float copy of the images. A channel that never changes has
    standard deviation 1.
    """
    channels = images.reshape(-1, images.shape[3] if images.ndim == 4 else 1)
    levels = np.arange(256)
    means, stds = [], []
    for channel in channels.T:
        chunks = np.array_split(channel, max(1, len(channel) >> 22))  # bincount makes 8 bytes of each level
        histogram = np.sum([np.bincount(chunk, minlength=256) for chunk in chunks], axis=0)
        mean = (histogram @ levels) / histogram.sum()
        variance = (histogram @ (levels - mean) ** 2) / histogram.sum()
        means.append(mean)
        stds.append(variance**0.5 or 1.0)
    return torch.tensor(means, dtype=torch.float32), torch.tensor(stds, dtype=torch.float32)
