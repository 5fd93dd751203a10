"""One palette and one set of signs for every figure.

Every colour of a figure comes from here, since `svg.to_svg` replaces them by the page's own: ink becomes the
page's text colour, the others CSS variables.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

Signs = dict[str, tuple[str, str]]  # family -> colour and marker
Colour = str | tuple[str, float]  # as Matplotlib takes them: a colour, or one with its opacity

INK = "#1f2328"
INITIAL = "#5b6b82"
OPTIMIZED = "#bf400d"
MENDED = "#005ea8"
BROKEN = "#7d5a00"
MUTED: Colour = (INK, 0.74)
GRID: Colour = (INK, 0.14)

# For white ground and for dark ground. After the palette of Okabe and Ito (2008), darkened or lightened until
# each can be read as text: a contrast of at least 4.5 with its ground (WCAG 2.2, criterion 1.4.3).
PALETTE: dict[str, tuple[str, str]] = {
    "initial": (INITIAL, "#a9b8cd"),
    "optimized": (OPTIMIZED, "#ff9a5c"),
    "mended": (MENDED, "#6ab8f5"),
    "broken": (BROKEN, "#e3b64a"),
    "series-1": ("#0066a3", "#62b6f2"),
    "series-2": ("#866000", "#e0b440"),
    "series-3": ("#5d4fa8", "#b3a7f2"),
    "series-4": ("#00727e", "#4fc4d2"),
    "series-5": ("#8a4b2d", "#dba283"),
}
SERIES = tuple(light for name, (light, _) in PALETTE.items() if name.startswith("series"))
MARKERS = ("o", "s", "^", "D", "v", "P", "X")


def family_signs(families: Iterable[str]) -> Signs:
    """Give each family its colour and its marker, so that colour never stands alone."""
    names = dict.fromkeys(families)
    return {name: (SERIES[i % len(SERIES)], MARKERS[i % len(MARKERS)]) for i, name in enumerate(names)}


def line_style(name: str) -> Any:
    """Give Matplotlib's line style; dashes and dots that can be told apart at telephone width."""
    return {"--": (0, (3.2, 2.0)), ":": (0, (1.0, 1.6))}.get(name, name)
