"""Strange images of which every piece is known."""

from __future__ import annotations

import numpy as np

from fashion_classifier.evaluation.strangers.known import Known, Picture

TILES = 4  # a side; of fewer, something that could be worn comes about now and then


def patchwork(known: Known, rng: np.random.Generator) -> Picture:
    """Put together pieces from any place of any known images."""
    height, width, _ = known.shape
    tile_height, tile_width = _tile(known)
    rows = [
        np.concatenate([_piece(known.any_image(rng), tile_height, tile_width, rng) for _ in range(TILES)], axis=1)
        for _ in range(TILES)
    ]
    return np.concatenate(rows)[:height, :width]


def shuffled_tiles(known: Known, rng: np.random.Generator) -> Picture:
    """Cut a known image into tiles, of which none stays in its place; what sides lack to be cut evenly is mirrored."""
    image = known.any_image(rng)
    height, width, channels = known.shape
    tile_height, tile_width = _tile(known)
    missing = [(0, TILES * tile_height - height), (0, TILES * tile_width - width), (0, 0)]
    cut = np.pad(image, missing, mode="symmetric").reshape(TILES, tile_height, TILES, tile_width, channels)
    tiles = cut.swapaxes(1, 2).reshape(TILES**2, tile_height, tile_width, channels)
    order = rng.permutation(TILES**2)
    moved = np.empty_like(tiles)
    moved[order] = tiles[np.roll(order, 1)]  # one cycle through all places
    rows = moved.reshape(TILES, TILES, tile_height, tile_width, channels).swapaxes(1, 2)
    return rows.reshape(TILES * tile_height, TILES * tile_width, channels)[:height, :width]


def shuffled_pixels(known: Known, rng: np.random.Generator) -> Picture:
    """Put a known image's pixels in any order."""
    image = known.any_image(rng)
    pixels: Picture = rng.permutation(image.reshape(-1, image.shape[-1]))
    return pixels.reshape(image.shape)


def _tile(known: Known) -> tuple[int, int]:
    """Return the height and width of tiles that cover the image."""
    height, width, _ = known.shape
    return -(-height // TILES), -(-width // TILES)


def _piece(image: Picture, height: int, width: int, rng: np.random.Generator) -> Picture:
    """Cut a piece of this size out of an image."""
    top, left = rng.integers(image.shape[0] - height + 1), rng.integers(image.shape[1] - width + 1)
    return image[top : top + height, left : left + width]
