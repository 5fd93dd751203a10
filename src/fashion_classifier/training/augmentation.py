"""Random changes to batches of training images: mirrored, shifted, partly erased."""

from __future__ import annotations

import torch
from torch import Tensor

from fashion_classifier.training.config import Augmentation


def augment(images: Tensor, settings: Augmentation, generator: torch.Generator) -> Tensor:
    """Change each image of a batch at random.

    Parameters
    ----------
    images
        uint8 tensor of shape (B, H, W) or (B, H, W, 3).
    settings
        What may be changed, and how much.
    generator
        Source of chance, on the CPU.

    Returns
    -------
    uint8 tensor of the same shape
    """
    n_images, height, width = images.shape[:3]
    rows = torch.arange(height).expand(n_images, height)
    columns = torch.arange(width).expand(n_images, width)
    largest = min(settings.shift_pixels, height - 1, width - 1)
    if largest:
        shifts = torch.randint(-largest, largest + 1, (2, n_images, 1), generator=generator)
        rows = _reflect(rows + shifts[0], height)
        columns = _reflect(columns + shifts[1], width)
    if settings.mirror:
        mirrored = torch.rand(n_images, 1, generator=generator) < 0.5
        columns = torch.where(mirrored, columns.flip(1), columns)
    if largest or settings.mirror:
        batch = torch.arange(n_images, device=images.device)[:, None, None]
        images = images[batch, rows[:, :, None].to(images.device), columns[:, None, :].to(images.device)]
    if settings.erase_fraction:
        images = _erase(images, settings.erase_fraction, generator)
    return images


def _reflect(position: Tensor, size: int) -> Tensor:
    """Bring positions beyond an edge back inside, as if the edge were a mirror."""
    position = position.abs()
    return torch.where(position >= size, 2 * (size - 1) - position, position)


def _erase(images: Tensor, fraction: float, generator: torch.Generator) -> Tensor:
    """Blacken a square around a random centre; part of it may lie outside."""
    n_images, height, width = images.shape[:3]
    half = fraction * min(height, width) / 2
    centres = torch.rand(2, n_images, 1, generator=generator) * torch.tensor([height, width])[:, None, None]
    in_rows = (torch.arange(height) + 0.5 - centres[0]).abs() <= half  # (B, H)
    in_columns = (torch.arange(width) + 0.5 - centres[1]).abs() <= half  # (B, W)
    erased = (in_rows[:, :, None] & in_columns[:, None, :]).to(images.device)
    if images.ndim == 4:
        erased = erased[..., None]
    return images.masked_fill(erased, 0)
