"""The sheet on which every figure is laid out, and what is drawn and written on its axes.

A figure is as wide as a column of text, so that it can be read at telephone width, and is laid out in points
(1/72 inch) from the top left corner.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any, Literal

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.text import Text
from matplotlib.ticker import Formatter, MaxNLocator
from matplotlib.transforms import Affine2D
from numpy.typing import NDArray
from PIL import Image

from fashion_classifier.reporting.figures.lettering import SMALL, TEXT, TITLE, clean, drawing, text_width, wrap
from fashion_classifier.reporting.figures.palette import GRID, INK, MUTED, Colour, line_style

WIDTH = 374.0
MARGIN = 6.0
LEADING = 14.5
SHOWN_DPI = 144  # dots per inch in a notebook, where an inch is shown as 96 pixels
COLOURS = 256  # of the picture that a notebook shows

Side = Literal["left", "center", "right"]


@dataclass(frozen=True)
class KeyEntry:
    """One entry of the line under the title that says what a sign means.

    Parameters
    ----------
    marker, line
        Matplotlib's marker and line style; empty for none.
    hollow
        Whether the marker is drawn as an outline.
    """

    text: str
    colour: Colour = MUTED
    marker: str = ""
    line: str = ""
    hollow: bool = False


class ShownFigure(Figure):
    """A figure that a notebook shows although pyplot does not know it: as a picture on white."""

    def _repr_png_(self) -> tuple[bytes, dict[str, int | str]]:
        drawn, content = BytesIO(), BytesIO()
        with drawing():
            self.savefig(drawn, format="png", dpi=SHOWN_DPI, facecolor="white")
        with Image.open(drawn) as picture:  # with a palette it takes a third of the bytes, and a notebook is read often
            picture.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(content, "PNG", optimize=True)
        return content.getvalue(), {"width": round(self.get_figwidth() * 96), "alt": alt_text(self)}


class Sheet:
    """A figure with title, notes and a key, laid out in points from the top left corner of what follows them.

    Parameters
    ----------
    height
        Of the content below the header, in points.
    title
        One line, or two.
    notes
        Paragraphs below the title; broken into lines as need be.
    key
        What the signs mean.
    """

    def __init__(
        self,
        height: float,
        *,
        title: str,
        notes: Sequence[str] = (),
        key: Sequence[KeyEntry] = (),
    ) -> None:
        width = WIDTH - 2 * MARGIN
        title_lines = wrap(title, width, TITLE, "bold")
        note_lines = [line for note in notes for line in wrap(note, width, SMALL)]
        key_lines = _flow(key, width)
        header = MARGIN + 17.0 * len(title_lines) + LEADING * len(note_lines) + 16.0 * len(key_lines) + 10.0
        self.height = header + height + MARGIN
        self.figure = ShownFigure(figsize=(WIDTH / 72, self.height / 72), dpi=100)
        FigureCanvasAgg(self.figure)
        self.figure.set_facecolor("none")
        self._header = header
        self._write_header(title_lines, note_lines, key_lines)

    def axes(self, left: float, top: float, width: float, height: float) -> Axes:
        """Add axes without frame or ticks; give the place of their data area in points."""
        bottom = self.height - self._header - top - height
        box = (left / WIDTH, bottom / self.height, width / WIDTH, height / self.height)
        axes = self.figure.add_axes(box)
        axes.patch.set_visible(False)
        axes.spines[:].set_visible(False)
        axes.tick_params(length=0, labelsize=SMALL, labelcolor=MUTED, pad=4)
        axes.set_axisbelow(True)
        axes.set(xticks=(), yticks=())
        return axes

    def write(
        self,
        x: float,
        y: float,
        text: str,
        *,
        size: float = TEXT,
        weight: str = "normal",
        colour: Colour = INK,
        side: Side = "left",
    ) -> Text:
        """Write one line with its baseline at `y`, so that `x` is at the named side of it."""
        return self.figure.text(
            x,
            y,
            clean(text),
            transform=self._points,
            fontsize=size,
            fontweight=weight,
            color=colour,
            horizontalalignment=side,
            verticalalignment="baseline",
            parse_math=False,
        )

    def line(self, xs: Sequence[float], ys: Sequence[float], **settings: Any) -> Line2D:
        """Draw a line, or markers, through points of the sheet."""
        line = Line2D(xs, ys, transform=self._points, **settings)
        self.figure.add_artist(line)
        return line

    @property
    def _points(self) -> Any:
        """Points from the content's top left corner -> display."""
        to_inches = Affine2D().translate(0, self._header).scale(1 / 72, -1 / 72).translate(0, self.height / 72)
        return to_inches + self.figure.dpi_scale_trans

    def _write_header(
        self, title: Sequence[str], notes: Sequence[str], key: Sequence[Sequence[tuple[float, KeyEntry]]]
    ) -> None:
        """Write title, notes and key from the sheet's upper edge downwards."""
        y = MARGIN - self._header - 4.0
        for line in title:
            y += 17.0
            self.write(MARGIN, y, line, size=TITLE, weight="bold")
        for line in notes:
            y += LEADING
            self.write(MARGIN, y, line, size=SMALL, colour=MUTED)
        for entries in key:
            y += 16.0
            for x, entry in entries:
                self._write_entry(MARGIN + x, y, entry)

    def _write_entry(self, x: float, y: float, entry: KeyEntry) -> None:
        """Write one entry of the key: its sign, then its text."""
        sign = _sign_width(entry)
        if entry.line:
            style = line_style(entry.line)
            self.line([x, x + sign - 5], [y - 3.5, y - 3.5], color=entry.colour, lw=1.6, linestyle=style)
        if entry.marker:
            face = "none" if entry.hollow else entry.colour
            centre = x + (sign - 5) / 2
            dot = {"marker": entry.marker, "markersize": 6.5, "markerfacecolor": face, "markeredgewidth": 1.4}
            self.line([centre], [y - 3.5], color=entry.colour, linestyle="none", **dot)
        self.write(x + sign, y, entry.text, size=SMALL, colour=entry.colour)


def show_grid(
    axes: Axes, which: Literal["x", "y"], *, per_cent: bool = False, n_ticks: int = 4, **locator: Any
) -> None:
    """Draw a few thin grid lines with their values along one axis."""
    axis = axes.xaxis if which == "x" else axes.yaxis
    axis.set_major_locator(MaxNLocator(n_ticks, **({"steps": [1, 2, 5, 10], "min_n_ticks": 3} | locator)))
    axis.set_major_formatter(_TickFormatter(per_cent=per_cent))
    axis.grid(visible=True, color=GRID, linewidth=0.8)


def annotate(
    axes: Axes,
    x: float,
    y: float,
    text: str,
    *,
    dx: float = 0.0,
    dy: float = 0.0,
    size: float = SMALL,
    weight: str = "normal",
    colour: Colour = INK,
    side: Side = "left",
    x_in: str = "data",
    y_in: str = "data",
) -> Text:
    """Write beside a point of the data, `dx` and `dy` points from it, centred on it in height.

    Parameters
    ----------
    x_in, y_in
        "data", or "axes fraction" to place it relative to the axes.
    """
    return axes.annotate(
        clean(text),
        xy=(x, y),
        xycoords=(x_in, y_in),
        xytext=(dx, dy - 0.36 * size),
        textcoords="offset points",
        fontsize=size,
        fontweight=weight,
        color=colour,
        horizontalalignment=side,
        verticalalignment="baseline",
        annotation_clip=False,
        parse_math=False,
    )


def mark(artist: Artist, tooltip: str, **data: str | int) -> None:
    """Give an artist a tooltip and `data-…` attributes in the SVG."""
    artist.set_gid(json.dumps({"tooltip": clean(tooltip), **{name: clean(str(data[name])) for name in data}}))


def describe(figure: Figure, text: str) -> None:
    """Give a figure the words that stand for it where it cannot be seen."""
    figure.set_label(clean(text).strip())


def alt_text(figure: Figure) -> str:
    """Give the words that stand for a figure where it cannot be seen."""
    return str(figure.get_label())


def not_far_off(values: NDArray[np.float64], *, larger_is_better: bool) -> NDArray[np.float64]:
    """Leave out what is more than five times as far from the best value as the median is."""
    if not values.size:
        return values
    distances = values.max() - values if larger_is_better else values - values.min()
    near: NDArray[np.bool_] = distances <= (5 * float(np.median(distances)) or np.inf)
    return values[near]


class _TickFormatter(Formatter):
    """Writes the values of an axis with as many decimals as they all need, and no more."""

    def __init__(self, *, per_cent: bool) -> None:
        self.factor, self.unit = (100, "\u202f%") if per_cent else (1, "")

    def __call__(self, x: float, pos: int | None = None) -> str:  # noqa: ARG002 - Matplotlib's interface
        return self.format_ticks([x])[0]

    def format_ticks(self, values: Sequence[float]) -> list[str]:
        """Write all values alike."""
        shown = [self.factor * value for value in values]
        if 0 < max(map(abs, shown), default=0) < 1e-4:
            return [f"{value:.2g}{self.unit}" for value in shown]
        digits = max((len(f"{value:.5f}".rstrip("0").partition(".")[2]) for value in shown), default=0)
        return [f"{value + 0.0:,.{digits}f}{self.unit}".replace("-", "\u2212") for value in shown]


def _sign_width(entry: KeyEntry) -> float:
    """Give the width in points of an entry's sign with the gap after it."""
    return 25.0 if entry.line else 13.0 if entry.marker else 0.0


def _flow(key: Sequence[KeyEntry], width: float) -> list[list[tuple[float, KeyEntry]]]:
    """Set entries one after the other, on as many lines as they need; each with its place on the line."""
    lines: list[list[tuple[float, KeyEntry]]] = []
    x = width
    for entry in key:
        length = _sign_width(entry) + text_width(entry.text, SMALL)
        if not lines or x + length > width:
            lines.append([])
            x = 0.0
        lines[-1].append((x, entry))
        x += length + 16.0
    return lines
