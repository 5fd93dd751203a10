"""Parts of images shown as if they were whole: things that are none of the classes, for telling what to refuse.

The upper half of trousers looks like shorts, the lower half of a dress like a skirt: a classifier of garments meets
such things, and knows no class for them.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import grid_sample

from fashion_classifier.training.photographed import BLACK

LEAST, MOST = 0.3, 0.55  # of the garment's length that is kept


def parts_of(images: Tensor, generator: torch.Generator) -> Tensor:
    """Show only one end of each image of a batch, along the longer side, enlarged to fill the frame.

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
    chances = torch.rand(2, len(images), generator=generator).to(images.device)
    levels = images.float()[:, None]  # (B, 1, H, W)
    garment = levels[:, 0] > BLACK * 255
    rows, columns = _extent(garment.any(2)), _extent(garment.any(1))  # (B, 2) each: first and last, -1 to 1
    kept = LEAST + (MOST - LEAST) * chances[0]
    at_first = chances[1] < 0.5
    upright = rows.diff() >= columns.diff()  # (B, 1)
    rows = torch.where(upright, _end_of(rows, kept, at_first), rows)
    columns = torch.where(upright, columns, _end_of(columns, kept, at_first))
    return _enlarged(levels, rows, columns)[:, 0].round().to(torch.uint8)


def _extent(occupied: Tensor) -> Tensor:
    """Return where what is occupied in (B, n) begins and ends, in coordinates from -1 to 1: (B, 2)."""
    n = occupied.shape[1]
    occupied = occupied | ~occupied.any(1, keepdim=True)  # of nothing, all
    first = occupied.int().argmax(1)
    last = n - occupied.flip(1).int().argmax(1)
    return torch.stack([first, last], 1) * 2 / n - 1


def _end_of(extent: Tensor, kept: Tensor, at_first: Tensor) -> Tensor:
    """Keep a share of an extent, from its beginning or its end."""
    first, last = extent.unbind(1)
    length = (last - first) * kept
    return torch.where(
        at_first[:, None], torch.stack([first, first + length], 1), torch.stack([last - length, last], 1)
    )


def _enlarged(levels: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """Enlarge a window of each image, its proportions kept, until its longer side fills the frame."""
    height, width = levels.shape[2:]
    tall, wide = (rows[:, 1] - rows[:, 0]) / 2, (columns[:, 1] - columns[:, 0]) / 2
    scale = torch.maximum(tall, wide)[:, None, None]
    down = scale * (torch.arange(height, device=levels.device)[:, None] * 2 + 1 - height) / height
    across = scale * (torch.arange(width, device=levels.device) * 2 + 1 - width) / width
    inside = (down.abs() <= tall[:, None, None]) & (across.abs() <= wide[:, None, None])
    middle = [extent.mean(1)[:, None, None] for extent in (columns, rows)]
    places = (across + middle[0]).expand(-1, height, -1), (down + middle[1]).expand(-1, -1, width)
    grid = torch.stack(places, -1)  # (b, H, W, 2)
    found: Tensor = grid_sample(levels, grid, mode="bilinear", padding_mode="zeros", align_corners=False)
    return found * inside[:, None]
