"""Text in figures: fonts, widths, and how a name of any length and script is made to fit."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

import matplotlib as mpl
from matplotlib.font_manager import FontProperties, fontManager
from matplotlib.textpath import text_to_path

TITLE, TEXT, SMALL = 13.5, 11.0, 10.0  # points

_MOST_LETTERS = 200  # more never fit
# Not "printable" for Python, but wanted: spaces that hold a number and its unit together, and joiners that
# are part of words in Persian and Hindi, and of emoji.
_KEPT = "\u00a0\u202f\u200c\u200d"

# Matplotlib brings DejaVu Sans; the others help where a class name needs glyphs that it has not.
_FONTS = (
    "Noto Sans CJK JP",
    "Noto Sans",
    "Noto Sans Arabic",
    "Noto Sans Devanagari",
    "Arial Unicode MS",
    "Segoe UI",
)


def clean(text: str) -> str:
    """Make line breaks and control characters, which a person may have put into a name, spaces."""
    return "".join(sign if sign.isprintable() or sign in _KEPT else " " for sign in text)


def fit(text: str, width: float, size: float = SMALL, weight: str = "normal") -> str:
    """Shorten a text to a width in points, leaving out its middle: names often differ at either end."""
    text = clean(text)
    shorter, keep = text[:_MOST_LETTERS], min(len(text), _MOST_LETTERS)
    while keep > 1 and text_width(shorter, size, weight) > width:
        keep -= 1
        tail = keep // 2
        shorter = f"{text[: keep - tail].rstrip()}…{text[len(text) - tail :].lstrip()}"
    return shorter


def wrap(text: str, width: float, size: float, weight: str = "normal") -> list[str]:
    """Break a text into lines of at most `width` points; a word that is too long for a line is shortened."""
    lines = [""]
    for word in clean(text).split(" "):
        longer = f"{lines[-1]} {word}".lstrip(" ")
        if text_width(longer, size, weight) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return [fit(line, width, size, weight) for line in lines if line]


@lru_cache(maxsize=4096)
def text_width(text: str, size: float = SMALL, weight: str = "normal") -> float:
    """Measure a text in points, as Matplotlib's own font has it, which is wider than what browsers use."""
    font = FontProperties(family=list(_families()), size=size, weight=weight)
    with _unknown_glyphs_allowed():
        width, _, _ = text_to_path.get_text_width_height_descent(clean(text), font, ismath=False)
    return 1.03 * float(width)  # hinting makes a raster's letters a little wider


@contextmanager
def drawing() -> Iterator[None]:
    """Hold the settings under which figures are made and written, and put back what was there before."""
    with mpl.rc_context(), _unknown_glyphs_allowed():
        mpl.rcdefaults()
        mpl.rcParams["font.family"] = list(_families())
        mpl.rcParams["svg.fonttype"] = "none"
        mpl.rcParams["svg.hashsalt"] = "fashion"
        mpl.rcParams["image.composite_image"] = False  # each image of a gallery remains an element of its own
        yield


@contextmanager
def _unknown_glyphs_allowed() -> Iterator[None]:
    """Let class names be written in scripts that no font here has; a browser will have one."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph", category=UserWarning)
        yield


@lru_cache(maxsize=1)
def _families() -> tuple[str, ...]:
    """Name the fonts to draw with: Matplotlib's own, then those installed that know more scripts."""
    installed = set(fontManager.get_font_names())
    return ("DejaVu Sans", *(font for font in _FONTS if font in installed))
