"""Digits and letters, in the typefaces that Matplotlib brings."""

from __future__ import annotations

import string
from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from fashion_classifier.evaluation.strangers.known import Known, Picture

FINENESS = 4  # canvas points a pixel, each way
TYPEFACES = (
    "DejaVuSans",
    "DejaVuSans-Bold",
    "DejaVuSansMono",
    "DejaVuSerif-Bold",
    "DejaVuSerif-Italic",
    "STIXGeneral",
    "STIXGeneralBol",
    "cmtt10",
)
HEIGHTS = (0.7, 0.8, 0.9, 1.0, 1.1)  # of a line, in shorter sides of the image; a digit takes about 0.7 of it
TURN_DEGREES = 20.0  # to either side
SHIFT = 0.1  # of the shorter side, each way
LETTERS = "".join(letter for letter in string.ascii_letters if letter not in "Il")  # these are bars, no letters


def digit(known: Known, rng: np.random.Generator) -> Picture:
    """Draw one digit."""
    return _character(string.digits, known, rng)


def letter(known: Known, rng: np.random.Generator) -> Picture:
    """Draw one letter of the Latin alphabet."""
    return _character(LETTERS, known, rng)


def _character(choices: str, known: Known, rng: np.random.Generator) -> Picture:
    """Draw a character in any typeface, size, weight and pose, in a colour of the known images."""
    height, width, _ = known.shape
    side = FINENESS * min(height, width)
    font = _font(TYPEFACES[rng.integers(len(TYPEFACES))], round(side * HEIGHTS[rng.integers(len(HEIGHTS))]))
    across, down = rng.uniform(-SHIFT, SHIFT, 2) * side
    canvas = Image.new("L", (FINENESS * width, FINENESS * height))
    ImageDraw.Draw(canvas).text(
        (FINENESS * width / 2 + across, FINENESS * height / 2 + down),
        choices[rng.integers(len(choices))],
        fill=255,
        font=font,
        anchor="mm",
        stroke_width=round(rng.uniform(0, 0.03) * side),
    )
    turned = canvas.rotate(rng.uniform(-TURN_DEGREES, TURN_DEGREES), Image.Resampling.BILINEAR)
    return known.painted(np.asarray(turned.reduce(FINENESS)) / 255, rng)


@lru_cache(maxsize=128)
def _font(typeface: str, size: int) -> ImageFont.FreeTypeFont:
    """Open a typeface; its height is in canvas points."""
    import matplotlib as mpl  # noqa: PLC0415 - a tenth of a second that only those wait for who draw letters

    path = Path(mpl.get_data_path(), "fonts", "ttf", f"{typeface}.ttf")
    return ImageFont.truetype(path, size, layout_engine=ImageFont.Layout.BASIC)
