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
    largest = min(settings.shift_pixels, height - 1, width - 1)
    if largest:
        images = _shift(images, largest, generator)
    if settings.mirror:
        mirrored = torch.rand(n_images, generator=generator) < 0.5
        mirrored = mirrored.reshape(-1, *[1] * (images.ndim - 1)).to(images.device)
        images = torch.where(mirrored, images.flip(2), images)
    if settings.erase_fraction:
        images = _erase(images, settings.erase_fraction, generator)
    return images


def _shift(images: Tensor, largest: int, generator: torch.Generator) -> Tensor:
    """Shift each image by up to `largest` pixels in both directions; the edge is mirrored to fill in."""
    n_images, height, width = images.shape[:3]
    shifts = torch.randint(-largest, largest + 1, (2, n_images, 1), generator=generator).to(images.device)
    rows = _reflect(torch.arange(height, device=images.device) + shifts[0], height)
    columns = _reflect(torch.arange(width, device=images.device) + shifts[1], width)
    batch = torch.arange(n_images, device=images.device)[:, None, None]
    return images[batch, rows[:, :, None], columns[:, None, :]]


def _reflect(position: Tensor, size: int) -> Tensor:
    """Bring positions beyond an edge back inside, as if the edge were a mirror."""
    position = position.abs()
    return torch.where(position >= size, 2 * (size - 1) - position, position)


def _erase(images: Tensor, fraction: float, generator: torch.Generator) -> Tensor:
    """Blacken a square around a random centre; part of it may lie outside."""
    n_images, height, width = images.shape[:3]
    half = fraction * min(height, width) / 2
    centres = torch.rand(2, n_images, 1, generator=generator).to(images.device)
    in_rows = (torch.arange(height, device=images.device) + 0.5 - height * centres[0]).abs() <= half  # (B, H)
    in_columns = (torch.arange(width, device=images.device) + 0.5 - width * centres[1]).abs() <= half  # (B, W)
    erased = in_rows[:, :, None] & in_columns[:, None, :]
    if images.ndim == 4:
        erased = erased[..., None]
    return images.masked_fill(erased, 0)
