"""Images turned, stretched, crumpled and shifted a little, as garments lie when they are photographed.

Fashion-MNIST's garments were all laid out the same way, upright and with their sleeves down. A network that has seen
them askew names more garments in photographs rightly; one that has seen other greys, folds and bad cuts as well
(`photographed`) does not (docs/experiments.md).
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import affine_grid, grid_sample, interpolate

ROTATION = 0.15  # radians, standard deviation
CRUMPLING = 0.05  # of a side, standard deviation of where each fifth of it is moved
STRETCH = 0.12  # of each side's logarithm, standard deviation
SHIFT = 0.07  # of a side, standard deviation


def askew(images: Tensor, share: float, generator: torch.Generator) -> Tensor:
    """Lay some images of a batch askew.

    Parameters
    ----------
    images
        uint8 tensor of shape (B, H, W) or (B, H, W, 3).
    share
        Of the images that are changed, 0 to 1.
    generator
        Source of chance, on the CPU.

    Returns
    -------
    uint8 tensor of the same shape
    """
    chosen = (torch.rand(len(images), generator=generator) < share).to(images.device)
    if not chosen.any():
        return images
    some = images[chosen].float()
    levels = some[:, None] if images.ndim == 3 else some.movedim(3, 1)
    laid = laid_askew(levels, generator).round().to(torch.uint8)
    out = images.clone()
    out[chosen] = laid[:, 0] if images.ndim == 3 else laid.movedim(1, 3)
    return out


def laid_askew(levels: Tensor, generator: torch.Generator) -> Tensor:
    """Turn, stretch, crumple and shift float images of shape (b, channels, H, W); beyond their edges they are black."""
    n = len(levels)

    def normal(*shape: int) -> Tensor:
        return torch.randn(n, *shape, generator=generator).to(levels.device)

    angle = ROTATION * normal()
    tall, wide = ((STRETCH * normal()).exp() for _ in range(2))
    across, down = (2 * SHIFT * normal() for _ in range(2))
    top = torch.stack([angle.cos() * wide, -angle.sin() * wide, across], 1)
    bottom = torch.stack([angle.sin() * tall, angle.cos() * tall, down], 1)
    grid = affine_grid(torch.stack([top, bottom], 1), list(levels.shape), align_corners=False)
    crumpled = interpolate(CRUMPLING * normal(2, 5, 5), size=levels.shape[2:], mode="bicubic", align_corners=True)
    grid = grid + crumpled.movedim(1, 3)
    return grid_sample(levels, grid, mode="bilinear", padding_mode="zeros", align_corners=False)
