"""Galleries: the images that a model got wrong, and those that the optimized model mended and broke."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image

from fashion_classifier.data.dataset import Images
from fashion_classifier.evaluation.comparison import Comparison
from fashion_classifier.reporting.figures.lettering import SMALL, drawing, fit, text_width
from fashion_classifier.reporting.figures.palette import BROKEN, GRID, MENDED, MUTED
from fashion_classifier.reporting.figures.sheet import MARGIN, WIDTH, Sheet, describe, mark
from fashion_classifier.reporting.gallery import Mistake
from fashion_classifier.reporting.wording import counted, percent

_COLUMNS, _GAP = 4, 10.0
_TILE = (WIDTH - 2 * MARGIN - (_COLUMNS - 1) * _GAP) / _COLUMNS
_LINE, _BELOW = 13.0, 12.0  # of a caption, in points
_MOST_PIXELS = 160  # of an image's longer side: more cannot be seen in a tile
_READING = "Bold: what it is. Below: the wrong answer, and how sure it was."


def mistakes_gallery(mistakes: Sequence[Mistake], *, title: str, limit: int = 24) -> Figure:
    """Draw misclassified images with what they are, what the model said, and how sure it was.

    Each image carries `data-true` and `data-predicted` (class names) in the SVG.

    Parameters
    ----------
    mistakes
        In the order in which they are shown; may be empty.
    limit
        Number of images at most.
    """
    shown = mistakes[:limit]
    height = _grid_height(shown, _COLUMNS)
    with drawing():
        sheet = Sheet(height, title=title, notes=(_READING,) if shown else ("There is none.",))
        _draw_grid(sheet, shown, 0.0, 0.0, _COLUMNS)
    describe(sheet.figure, f"{title}. " + (f"First: {_in_words(shown[0])}" if shown else "There is none."))
    return sheet.figure


def mended_and_broken(
    mended: Sequence[Mistake],
    broken: Sequence[Mistake],
    *,
    limit: int = 10,
    comparison: Comparison | None = None,
) -> Figure:
    """Draw side by side what the optimized model mended and what it broke.

    Parameters
    ----------
    mended
        The initial model's mistakes that the optimized one got right, in the order in which they are shown.
    broken
        The optimized model's mistakes that the initial one had right.
    limit
        Number of images at most on either side.
    comparison
        Gives the true numbers where the two lists don't hold all images.
    """
    n_mended, n_broken = (comparison.mended, comparison.broken) if comparison else (len(mended), len(broken))
    sides = (
        (f"Mended: {n_mended:,}", "initial wrong, optimized right", MENDED, mended[:limit]),
        (f"Broken: {n_broken:,}", "initial right, optimized wrong", BROKEN, broken[:limit]),
    )
    height = 34.0 + max(_grid_height(shown, _COLUMNS // 2) for *_, shown in sides)
    with drawing():
        sheet = Sheet(height, title="What the optimized model mended and broke", notes=(_READING,))
        middle = MARGIN + (_COLUMNS // 2) * (_TILE + _GAP) - _GAP / 2
        sheet.line([middle, middle], [0, height], color=GRID, lw=0.8)
        for (heading, meaning, colour, shown), left in zip(sides, (0.0, middle + _GAP / 2 - MARGIN), strict=True):
            sheet.write(MARGIN + left, 10, heading, weight="bold", colour=colour)
            sheet.write(MARGIN + left, 24, meaning, size=SMALL, colour=MUTED)
            _draw_grid(sheet, shown, left, 34.0, _COLUMNS // 2)
    describe(
        sheet.figure,
        f"The optimized model mended {counted(n_mended, 'image')} and broke {n_broken:,}. "
        + " ".join(f"{heading.partition(':')[0]}: {_in_words(shown[0])}" for heading, _, _, shown in sides if shown),
    )
    return sheet.figure


def _draw_grid(sheet: Sheet, mistakes: Sequence[Mistake], left: float, top: float, n_columns: int) -> None:
    """Draw images in rows, each with its caption; all in one axes that measures points."""
    height = _grid_height(mistakes, n_columns)
    if not mistakes:
        return
    width = n_columns * (_TILE + _GAP) - _GAP
    axes = sheet.axes(MARGIN + left, top, width, height)
    tile_width, tile_height = _tile_size(mistakes)
    n_lines = _caption_lines(mistakes)
    for i, mistake in enumerate(mistakes):
        x, y = (i % n_columns) * (_TILE + _GAP), (i // n_columns) * _row_height(mistakes)
        picture = axes.imshow(
            _small(mistake.image),
            interpolation="none",
            aspect="auto",
            extent=(x, x + tile_width, y + tile_height, y),
        )
        mark(picture, _in_words(mistake), true=mistake.true, predicted=mistake.predicted)
        _write_caption(sheet, MARGIN + left + x, top + y + tile_height, mistake, n_lines)
    axes.set(xlim=(0, width), ylim=(height, 0))


def _write_caption(sheet: Sheet, x: float, y: float, mistake: Mistake, n_lines: int) -> None:
    """Write what it is, and below what the model said and how sure it was."""
    sheet.write(x, y + _LINE, fit(mistake.true, _TILE, weight="bold"), size=SMALL, weight="bold")
    sheet.write(x, y + 2 * _LINE, fit(mistake.predicted, _TILE), size=SMALL)
    at_right = n_lines == 2
    sheet.write(
        x + _TILE if at_right else x,
        y + n_lines * _LINE,
        _sure(mistake),
        size=SMALL,
        colour=MUTED,
        side="right" if at_right else "left",
    )


def _caption_lines(mistakes: Sequence[Mistake]) -> int:
    """Tell whether answer and probability have room on one line below the true class, or take two."""
    longest = max(text_width(mistake.predicted) + text_width(_sure(mistake)) for mistake in mistakes)
    return 2 if longest + 4 <= _TILE else 3


def _sure(mistake: Mistake) -> str:
    """Write how sure the model was."""
    return percent(mistake.probability, 0)


def _tile_size(mistakes: Sequence[Mistake]) -> tuple[float, float]:
    """Give width and height of an image on the sheet, in points; all images have one shape."""
    height, width = mistakes[0].image.shape[:2]
    return _TILE * min(1.0, width / height), _TILE * min(1.0, height / width)


def _grid_height(mistakes: Sequence[Mistake], n_columns: int) -> float:
    """Give the height of so many images with their captions, in points."""
    if not mistakes:
        return 0.0
    n_rows = -(-len(mistakes) // n_columns)
    return n_rows * _row_height(mistakes) - _BELOW + 3


def _row_height(mistakes: Sequence[Mistake]) -> float:
    """Give the distance from one row of images to the next, in points."""
    return _tile_size(mistakes)[1] + _caption_lines(mistakes) * _LINE + _BELOW


def _small(image: Images) -> NDArray[np.uint8]:
    """Give an image in colour, shrunk where it has more pixels than a tile can show."""
    picture = Image.fromarray(image).convert("RGB")
    factor = _MOST_PIXELS / max(picture.size)
    if factor < 1:
        width, height = (max(1, round(side * factor)) for side in picture.size)
        picture = picture.resize((width, height), Image.Resampling.LANCZOS)
    return np.asarray(picture)


def _in_words(mistake: Mistake) -> str:
    """Say what was taken for what."""
    return f"{mistake.true} taken for {mistake.predicted}, {percent(mistake.probability)} sure."
