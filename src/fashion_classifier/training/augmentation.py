"""Random changes to batches of training images: mirrored, shifted, partly erased."""

from __future__ import annotations

import torch
from torch import Tensor

from fashion_classifier.training.config import Augmentation

WHOLE = slice(None)


def augment(
    images: Tensor,
    settings: Augmentation,
    generator: torch.Generator,
    part: slice = WHOLE,
    batch_size: int | None = None,
) -> Tensor:
    """Change each image of a batch at random.

    Parameters
    ----------
    images
        uint8 tensor of shape (B, H, W) or (B, H, W, 3).
    settings
        What may be changed, and how much.
    generator
        Source of chance, on the CPU.
    part, batch_size
        Which images of how large a batch these are; by default all of them. What happens to an image does not depend
        on which others of its batch are given.

    Returns
    -------
    uint8 tensor of the same shape
    """
    height, width = images.shape[1:3]
    n_drawn = batch_size or len(images)
    largest = min(settings.shift_pixels, height - 1, width - 1)
    if largest:
        shifts = torch.randint(-largest, largest + 1, (2, n_drawn, 1), generator=generator)
        images = _shift(images, shifts[:, part].to(images.device))
    if settings.mirror:
        mirrored = torch.rand(n_drawn, generator=generator)[part] < 0.5
        mirrored = mirrored.reshape(-1, *[1] * (images.ndim - 1)).to(images.device)
        images = torch.where(mirrored, images.flip(2), images)
    if settings.erase_fraction:
        centres = torch.rand(2, n_drawn, 1, generator=generator)
        images = _erase(images, settings.erase_fraction, centres[:, part].to(images.device))
    return images


def _shift(images: Tensor, shifts: Tensor) -> Tensor:
    """Shift each image by so many pixels, of shape (2, B, 1); the edge is mirrored to fill in."""
    n_images, height, width = images.shape[:3]
    rows = _reflect(torch.arange(height, device=images.device) + shifts[0], height)
    columns = _reflect(torch.arange(width, device=images.device) + shifts[1], width)
    batch = torch.arange(n_images, device=images.device)[:, None, None]
    return images[batch, rows[:, :, None], columns[:, None, :]]


def _reflect(position: Tensor, size: int) -> Tensor:
    """Bring positions beyond an edge back inside, as if the edge were a mirror."""
    position = position.abs()
    return torch.where(position >= size, 2 * (size - 1) - position, position)


def _erase(images: Tensor, fraction: float, centres: Tensor) -> Tensor:
    """Blacken a square around each image's centre, of shape (2, B, 1), 0 to 1; part of it may lie outside."""
    height, width = images.shape[1:3]
    half = fraction * min(height, width) / 2
    in_rows = (torch.arange(height, device=images.device) + 0.5 - height * centres[0]).abs() <= half  # (B, H)
    in_columns = (torch.arange(width, device=images.device) + 0.5 - width * centres[1]).abs() <= half  # (B, W)
    erased = in_rows[:, :, None] & in_columns[:, None, :]
    if images.ndim == 4:
        erased = erased[..., None]
    return images.masked_fill(erased, 0)
