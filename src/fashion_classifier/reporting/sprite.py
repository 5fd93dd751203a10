"""Many small images -> a few sheets, each a data URI, so that a page holds each image once and shows it anywhere."""

from __future__ import annotations

import base64
from dataclasses import dataclass, replace
from io import BytesIO

import numpy as np
from PIL import Image

from fashion_classifier.data.dataset import Images

LARGEST_SHARP = 48  # images up to this side are kept to the pixel; larger ones become small photographs
PHOTOGRAPH_SIDE = 110  # with a pixel of margin on either side, 7 blocks of JPEG
SHOWN_SIDE = 112  # CSS pixels that an image may take up
COLUMNS, ROWS = 8, 5  # of a sheet: small enough to leave out one, if the page becomes too large

_JPEG_BLOCK = 16  # pixels that share their colour: images must not share a block
_JPEG_QUALITY = 85


@dataclass(frozen=True)
class Sprite:
    """Images on sheets, from left to right, from top to bottom, sheet after sheet.

    Around each image its outermost pixels are repeated once, so that none of its neighbour's shows at an edge when
    a browser rounds.

    Parameters
    ----------
    sheets
        Data URIs of PNG or JPEG pictures, all of them `COLUMNS` images wide.
    n
        Number of images.
    width, height
        Of an image on its sheet, in pixels.
    step_x, step_y
        From one image to the next one right of it, and below it.
    scale
        CSS pixels to a pixel; whole, so that all pixels are shown equally large.
    is_sharp
        Whether images are kept to the pixel.
    """

    sheets: tuple[str, ...]
    n: int
    width: int
    height: int
    step_x: int
    step_y: int
    scale: int
    is_sharp: bool

    @property
    def columns(self) -> int:
        """Images side by side on a sheet."""
        return COLUMNS

    def place(self, index: int) -> tuple[int, int, int]:
        """Give an image's sheet, column and row."""
        sheet, cell = divmod(index, COLUMNS * ROWS)
        row, column = divmod(cell, COLUMNS)
        return sheet, column, row

    def shortened(self, n_bytes: int) -> Sprite:
        """Leave out so many of the last sheets, one at least, that the others are smaller by `n_bytes`."""
        kept = list(self.sheets)
        while kept:
            n_bytes -= len(kept.pop())
            if n_bytes <= 0:
                break
        return replace(self, sheets=tuple(kept), n=min(self.n, len(kept) * COLUMNS * ROWS))


def make_sprite(images: Images) -> Sprite:
    """Lay out images on sheets.

    Parameters
    ----------
    images
        uint8 array of shape (m, height, width), or (m, height, width, 3) for colour; m may be 0.
    """
    is_sharp = max(images.shape[1:3]) <= LARGEST_SHARP
    small = images if is_sharp else _photographs(images)
    height, width = small.shape[1:3]
    cells = _with_margins(small, 1 if is_sharp else _JPEG_BLOCK)
    per_sheet = COLUMNS * ROWS
    return Sprite(
        sheets=tuple(
            _data_uri(_sheet(cells[first : first + per_sheet]), is_sharp=is_sharp)
            for first in range(0, len(cells), per_sheet)
        ),
        n=len(images),
        width=width,
        height=height,
        step_x=cells.shape[2],
        step_y=cells.shape[1],
        scale=max(1, SHOWN_SIDE // max(width, height)),
        is_sharp=is_sharp,
    )


def _photographs(images: Images) -> Images:
    """Reduce images to the size at which they are shown."""
    height, width = images.shape[1:3]
    ratio = min(1.0, PHOTOGRAPH_SIDE / max(height, width))
    size = max(1, round(width * ratio)), max(1, round(height * ratio))
    small = np.empty((len(images), size[1], size[0], *images.shape[3:]), np.uint8)
    for number, image in enumerate(images):
        small[number] = Image.fromarray(image).resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)
    return small


def _with_margins(images: Images, multiple: int) -> Images:
    """Repeat the outermost pixels: once, and then to the right and below up to a multiple of pixels."""
    margins = [(1, 1 + -(side + 2) % multiple) for side in images.shape[1:3]]
    around = [(0, 0), *margins, *[(0, 0)] * (images.ndim - 3)]
    return np.pad(images, around, mode="edge") if len(images) else np.empty(_padded(images.shape, around), np.uint8)


def _padded(shape: tuple[int, ...], around: list[tuple[int, int]]) -> tuple[int, ...]:
    """Give a shape with what is added around it."""
    return tuple(side + before + after for side, (before, after) in zip(shape, around, strict=True))


def _sheet(cells: Images) -> Images:
    """Set cells in rows, as many as they need."""
    n_rows = -(-len(cells) // COLUMNS)
    height, width, *channels = cells.shape[1:]
    grid = np.zeros((n_rows * COLUMNS, height, width, *channels), np.uint8)
    grid[: len(cells)] = cells
    rows = grid.reshape(n_rows, COLUMNS, height, width, *channels).swapaxes(1, 2)
    return np.ascontiguousarray(rows.reshape(n_rows * height, COLUMNS * width, *channels))


def _data_uri(image: Images, *, is_sharp: bool) -> str:
    """Write a picture as a data URI."""
    buffer = BytesIO()
    if is_sharp:
        Image.fromarray(image).save(buffer, "PNG", optimize=True)
    else:
        Image.fromarray(image).save(buffer, "JPEG", quality=_JPEG_QUALITY)
    return f"data:image/{'png' if is_sharp else 'jpeg'};base64,{base64.b64encode(buffer.getvalue()).decode()}"
