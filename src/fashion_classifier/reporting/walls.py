"""Walls of images: some of those that a model got wrong, mended or broke, with a sentence that says which."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO

import polars as pl
from PIL import Image

from fashion_classifier.data.dataset import Images
from fashion_classifier.reporting.conclusion import judged
from fashion_classifier.reporting.gallery import Gallery, Mistake, broken, mended, misclassified
from fashion_classifier.reporting.results import RunResults
from fashion_classifier.reporting.wording import count, counted

# Images up to this side are shown pixel by pixel; larger ones as photographs, made this small.
LARGEST_SHARP, PHOTOGRAPH_SIDE = 48, 112


@dataclass(frozen=True)
class Wall:
    """Mistakes to be shown side by side.

    Parameters
    ----------
    note
        Which they are, and how many there are of that kind in all.
    right_by_other
        Whether the other model's answer is the right one.
    """

    title: str
    note: str
    mistakes: Sequence[Mistake]
    right_by_other: bool


def build_walls(results: RunResults, predictions: pl.DataFrame, gallery: Gallery, size: int) -> dict[str, Wall]:
    """Build the walls "initial", "optimized", "mended" and "broken", of at most `size` images each."""
    initial, optimized, images = judged(results)
    comparison = results.comparison

    its = f"that it got wrong, of {count(optimized.n)} {images}"
    return {
        "initial": _wall(
            results.initial.title,
            misclassified(predictions, gallery, "initial")[:size],
            initial.n_misclassified,
            its,
        ),
        "optimized": _wall(
            results.optimized.title,
            misclassified(predictions, gallery, "optimized")[:size],
            optimized.n_misclassified,
            its,
        ),
        "mended": _wall(
            "Mended by the optimized model",
            mended(predictions, gallery)[:size],
            comparison.mended,
            "that the initial model got wrong (✗) and the optimized one right (✓)",
            right_by_other=True,
        ),
        "broken": _wall(
            "Broken by the optimized model",
            broken(predictions, gallery)[:size],
            comparison.broken,
            "that the initial model had right (✓) and the optimized one got wrong (✗)",
            right_by_other=True,
        ),
    }


def data_uri(image: Images) -> str:
    """Give an image as a data URI: PNG for small ones, a reduced JPEG for photographs.

    Parameters
    ----------
    image
        uint8 array of shape (height, width), or (height, width, 3) for colour.
    """
    picture, buffer = Image.fromarray(image), BytesIO()
    kind = "png" if is_sharp(*picture.size) else "jpeg"
    if kind == "png":
        picture.save(buffer, "PNG", optimize=True)
    else:
        picture.thumbnail((PHOTOGRAPH_SIDE, PHOTOGRAPH_SIDE))
        picture.save(buffer, "JPEG", quality=85)
    return f"data:image/{kind};base64,{base64.b64encode(buffer.getvalue()).decode()}"


def is_sharp(height: int, width: int) -> bool:
    """Tell whether images are so small that they are shown pixel by pixel."""
    return max(height, width) <= LARGEST_SHARP


def _wall(title: str, mistakes: list[Mistake], n_all: int, which: str, *, right_by_other: bool = False) -> Wall:
    """Say which images a wall shows."""
    if n_all == 0:
        note = f"There is no image {which}."
    elif len(mistakes) < n_all:
        note = f"{count(len(mistakes))} of the {counted(n_all, 'image')} {which}."
    else:
        note = f"All {counted(n_all, 'image')} {which}." if n_all > 1 else f"The only image {which}."
    return Wall(title, note, mistakes, right_by_other)
