"""Images changed as if each were cut out of a photograph: other greys, folds, light, askew, badly cut out.

For grey images of things on black, as Fashion-MNIST's. What is drawn here is what differs between those and photographs
that were cut out and brought to their form: a garment is lighter or darker, lit from one side, folded and crumpled, it
lies askew in its frame, and something of the floor was taken along or something of the garment left behind.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import affine_grid, avg_pool2d, grid_sample, interpolate

BLACK = 10 / 255  # what is up to this is background: the images' own is 0, with a little noise of JPEG
CONTRAST = (0.5, 1.3)  # times
SHARE_NEGATIVE = 0.1  # of the images have light and dark exchanged, as prints on dark cloth have
BRIGHTNESS = 0.12  # of white, standard deviation
ROTATION = 0.15  # radians, standard deviation
CRUMPLING = 0.05  # of a side, standard deviation of where each fifth of it is moved
STRETCH = 0.12  # of each side's logarithm, standard deviation
SHIFT = 0.07  # of a side, standard deviation
SHARE_RESIDUE = 0.3  # of the images have something of the background
SHARE_MISSING = 0.15  # lack something of the garment


def photographed(images: Tensor, generator: torch.Generator) -> Tensor:
    """Change images as if they were cut out of photographs.

    Parameters
    ----------
    images
        uint8 tensor of shape (B, H, W): light things on black.
    generator
        Source of chance, on the CPU.

    Returns
    -------
    uint8 tensor of the same shape
    """
    n, height, width = images.shape
    chance = _Chance(n, generator, images.device)
    levels = images.float()[:, None] / 255  # (B, 1, H, W)
    garment = _closed(levels > BLACK)
    levels = _lit(_recoloured(levels, garment, chance), chance, (height, width))
    levels = levels.clamp(0.02, 1) * garment
    levels = _badly_cut_out(levels, garment, chance, (height, width))
    levels = _askew(levels, chance)
    return (levels[:, 0].clamp(0, 1) * 255).round().to(torch.uint8)


class _Chance:
    """Draws for b images, each of shape (b, 1, 1, 1)."""

    def __init__(self, n: int, generator: torch.Generator, device: torch.device) -> None:
        self.n, self.generator, self.device = n, generator, device

    def uniform(self, low: float, high: float) -> Tensor:
        """Draw evenly from a range."""
        drawn = torch.rand(self.n, 1, 1, 1, generator=self.generator)
        return (low + (high - low) * drawn).to(self.device)

    def normal(self, *shape: int) -> Tensor:
        """Draw from the normal distribution: (b, *shape)."""
        return torch.randn(self.n, *shape, generator=self.generator).to(self.device)


def _closed(bright: Tensor) -> Tensor:
    """Fill single dark pixels in masks of shape (b, 1, H, W); a gap between two legs stays."""
    around = avg_pool2d(bright.float(), 3, 1, 1) * 9
    return (bright | (around > 6.5)).float()


def _recoloured(levels: Tensor, garment: Tensor, chance: _Chance) -> Tensor:
    """Give garments other greys: darker or lighter, flatter or starker, sometimes the negative."""
    area = garment.sum((1, 2, 3), keepdim=True).clamp(min=1)
    mean = (levels * garment).sum((1, 2, 3), keepdim=True) / area
    contrast = chance.uniform(*CONTRAST) * torch.where(chance.uniform(0, 1) < SHARE_NEGATIVE, -1.0, 1.0)
    return mean + BRIGHTNESS * chance.normal(1, 1, 1) + contrast * (levels - mean)


def _lit(levels: Tensor, chance: _Chance, size: tuple[int, int]) -> Tensor:
    """Light garments from one side and lay them in folds."""
    rows = torch.linspace(-1, 1, size[0], device=levels.device)[:, None]
    columns = torch.linspace(-1, 1, size[1], device=levels.device)
    side = 0.12 * (chance.normal(1, 1, 1) * rows + chance.normal(1, 1, 1) * columns)
    depth = chance.uniform(0, 0.15)
    folds = interpolate(chance.normal(1, 9, 9), size=size, mode="bilinear", align_corners=True)
    grain = chance.uniform(0, 0.06) * chance.normal(1, *size)
    return levels * (1 + side) + depth * folds + grain


def _badly_cut_out(levels: Tensor, garment: Tensor, chance: _Chance, size: tuple[int, int]) -> Tensor:
    """Leave something of the background around some garments, and take something away from some."""
    residue = _blob(chance, size) & (chance.uniform(0, 1) < SHARE_RESIDUE)
    levels = torch.where(residue & (garment == 0), chance.uniform(0.1, 0.9), levels)
    missing = _blob(chance, size) & (chance.uniform(0, 1) < SHARE_MISSING)
    return levels.masked_fill(missing, 0)


def _blob(chance: _Chance, size: tuple[int, int]) -> Tensor:
    """Draw an ellipse somewhere: bool of shape (b, 1, H, W)."""
    rows = torch.linspace(-1, 1, size[0], device=chance.device)[:, None]
    columns = torch.linspace(-1, 1, size[1], device=chance.device)
    down = (rows - chance.uniform(-1, 1)) / chance.uniform(0.05, 0.35)
    across = (columns - chance.uniform(-1, 1)) / chance.uniform(0.05, 0.35)
    inside: Tensor = down.square() + across.square() < 1
    return inside


def _askew(levels: Tensor, chance: _Chance) -> Tensor:
    """Turn, stretch, crumple and shift garments; what comes from beyond the edge is black."""
    angle = ROTATION * chance.normal()
    tall, wide = ((STRETCH * chance.normal()).exp() for _ in range(2))
    across, down = (2 * SHIFT * chance.normal() for _ in range(2))
    top = torch.stack([angle.cos() * wide, -angle.sin() * wide, across], 1)
    bottom = torch.stack([angle.sin() * tall, angle.cos() * tall, down], 1)
    grid = affine_grid(torch.stack([top, bottom], 1), list(levels.shape), align_corners=False)
    crumpled = interpolate(
        CRUMPLING * chance.normal(2, 5, 5), size=levels.shape[2:], mode="bicubic", align_corners=True
    )
    grid = grid + crumpled.movedim(1, 3)
    return grid_sample(levels, grid, mode="bilinear", padding_mode="zeros", align_corners=False)
