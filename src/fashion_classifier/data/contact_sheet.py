"""A picture to get to know data by: examples of every class, in rows, with the name of the class beside."""

from __future__ import annotations

from typing import Final

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from fashion_classifier.data.dataset import Dataset, Images
from fashion_classifier.errors import UsageError
from fashion_classifier.seeds import DEFAULT_SEED, derive_seed

COMFORTABLE_SIDE: Final = 84  # pixels, what small images are enlarged to, about
FONT_SIZE: Final = 18
MARGIN: Final = 24
GAP: Final = 6
PAPER, INK, FAINT = "#ffffff", "#1c1c1e", "#6e6e73"
Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


def contact_sheet(
    dataset: Dataset, *, per_class: int = 12, seed: int = DEFAULT_SEED, scale: int | None = None
) -> Image.Image:
    """Lay out examples of every class.

    Parameters
    ----------
    dataset
        What to show.
    per_class
        How many images of each class, at least 1; fewer where there are fewer.
    seed
        Decides which images.
    scale
        Screen pixels per image pixel, at least 1; by default as many as make small images comfortable to look at.

    Returns
    -------
    PIL.Image.Image
        In mode "RGB"; one row a class, its name and number of images to the left.

    Raises
    ------
    UsageError
        If a number is not possible.
    """
    for name, number in (("per_class", per_class), ("scale", scale)):
        if number is not None and number < 1:
            raise UsageError(f"`{name} >= 1` must hold, but got {name}={number}.")
    shape = dataset.shape
    scale = scale or max(1, COMFORTABLE_SIDE // max(shape.height, shape.width))
    name_font, count_font = _font(FONT_SIZE), _font(FONT_SIZE - 5)
    captions = list(dataset.counts.items())
    widest = max(name_font.getlength(name) for name, _ in captions)
    left = MARGIN + round(max(widest, count_font.getlength("000,000 images"))) + MARGIN
    column, row = shape.width * scale + GAP, max(shape.height * scale, round(2.4 * FONT_SIZE)) + GAP
    most = min(per_class, max(dataset.counts.values()))

    sheet = Image.new("RGB", (left + most * column - GAP + MARGIN, 2 * MARGIN + len(captions) * row - GAP), PAPER)
    draw = ImageDraw.Draw(sheet)
    for label, (name, count) in enumerate(captions):
        top = MARGIN + label * row
        middle = top + (row - GAP) // 2
        draw.text((left - MARGIN, middle), name, font=name_font, fill=INK, anchor="rs")
        caption = f"{count:,} image{'' if count == 1 else 's'}"
        draw.text((left - MARGIN, middle + GAP), caption, font=count_font, fill=FAINT, anchor="rt")
        for position, image in enumerate(_examples(dataset, label, per_class, seed)):
            picture = Image.fromarray(image).convert("RGB")
            size = (shape.width * scale, shape.height * scale)
            sheet.paste(picture.resize(size, Image.Resampling.NEAREST), (left + position * column, top))
    return sheet


def _examples(dataset: Dataset, label: int, n: int, seed: int) -> Images:
    """Draw images of one class, in the order of the data."""
    of_class = np.flatnonzero(dataset.labels == label)
    generator = np.random.default_rng(derive_seed(seed, "contact sheet", label))
    examples: Images = dataset.images[np.sort(generator.permutation(of_class)[:n])]
    return examples


def _font(size: int) -> Font:
    """Return the font that Pillow brings."""
    return ImageFont.load_default(size=size)
