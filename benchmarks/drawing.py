"""How the benchmarks' figures look: a page with its title, axes of time and accuracy, labels that touch nothing."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, MultipleLocator, NullLocator
from matplotlib.transforms import Bbox

from fashion_classifier.reporting.figures.palette import INITIAL, INK

SIZE = (7.2, 4.3)  # inches
TICKS = (5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600, 7200)  # s
QUIET_INK = "#57606a"
STYLE: Any = {"font.family": "DejaVu Sans", "font.size": 9.5, "svg.hashsalt": "benchmarks", "svg.fonttype": "path"}
# Where a label may stand beside its point, in points, the best first.
PLACES = (
    (9, 0, "left", "center"),
    (-9, 0, "right", "center"),
    (0, -9, "center", "top"),
    (0, 9, "center", "bottom"),
    (8, -8, "left", "top"),
    (8, 8, "left", "bottom"),
    (-8, -8, "right", "top"),
    (-8, 8, "right", "bottom"),
)


def page(title: str, subtitle: str) -> tuple[Figure, Axes]:
    """Return a figure with its title, and its axes."""
    figure = Figure(figsize=SIZE, dpi=100, facecolor="white")
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0.085, 0.125, 0.885, 0.69))
    figure.text(0.02, 0.965, title, fontsize=12, fontweight="bold", color=INK, va="top")
    figure.text(0.02, 0.905, subtitle, fontsize=8.5, color=QUIET_INK, va="top", linespacing=1.35)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.spines["bottom"].set_color("#afb8c1")
    axes.tick_params(length=0, colors=QUIET_INK)
    axes.xaxis.label.set_color(QUIET_INK)
    axes.grid(axis="y", color="#e4e8ec", lw=0.8)
    axes.set_axisbelow(True)
    return figure, axes


def key(axes: Axes) -> None:
    """Say in the upper left corner, where a rising curve leaves room, what the signs mean."""
    axes.legend(
        loc="upper left",
        bbox_to_anchor=(0, 1.02),
        facecolor="white",
        edgecolor="none",
        framealpha=1,
        labelcolor=INK,
        handlelength=2.4,
    )


def label_point(axes: Axes, x: float, y: float, text: str) -> None:
    """Write a label beside its point, where nothing else is written and no point lies."""
    obstacles, frame = _obstacles(axes), axes.get_window_extent()
    label = axes.annotate(f"{text}  {y:.1f}", (x, y), xytext=(0, 0), textcoords="offset points", color=INITIAL)
    for dx, dy, across, along in PLACES:
        label.set(position=(dx, dy), horizontalalignment=across, verticalalignment=along)
        box = label.get_window_extent()
        inside = frame.x0 <= box.x0 and box.x1 <= frame.x1 + 15 and frame.y0 <= box.y0
        if inside and not any(box.overlaps(other) for other in obstacles):
            break


def _obstacles(axes: Axes) -> list[Bbox]:
    """Return the places, in pixels, of all points and texts, and of points along the lines."""
    boxes = [text.get_window_extent() for text in axes.texts]
    for line in axes.lines:
        shown = axes.transData.transform(np.column_stack([line.get_xdata(), line.get_ydata()]).astype(float))
        steps = np.linspace(0, 1, 25)[:, None]
        along = [start + steps * (end - start) for start, end in pairwise(shown)]
        boxes += [Bbox.from_bounds(x - 3, y - 3, 6, 6) for x, y in np.concatenate([shown, *along])]
    return boxes


def label_ends(axes: Axes, ends: Sequence[tuple[float, str, str]]) -> None:
    """Write each curve's name to the right of its end, moved apart where they would touch."""
    low, high = axes.get_ylim()
    least = 0.055 * (high - low)
    place = float("inf")
    for value, text, colour in sorted(ends, reverse=True):
        place = min(value, place - least)
        axes.annotate(
            text,
            (1, (place - low) / (high - low)),
            (10, 0),
            "axes fraction",
            "offset points",
            va="center",
            color=colour,
        )


def logarithmic_time(axes: Axes, seconds: Sequence[float]) -> None:
    """Make the time axis logarithmic, with ticks at times that people speak of."""
    axes.set_xscale("log")
    axes.set_xlim(min(seconds) / 1.6, max(seconds) * 1.6)
    axes.xaxis.set_major_locator(FixedLocator(TICKS))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: duration(value)))
    axes.set_xlabel("wall time of the whole process")


def linear_time(axes: Axes, limit_s: float) -> None:
    """Let the time axis go from the start to the limit, with ticks at times that people speak of."""
    axes.set_xlim(0, limit_s)
    axes.xaxis.set_major_locator(MultipleLocator(next((step for step in TICKS if limit_s / step <= 6), TICKS[-1])))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda seconds, _: duration(seconds)))
    axes.set_xlabel("wall time, start included")


def accuracy_axis(axes: Axes) -> None:
    """Give the accuracy axis its unit, and room for what is written above points."""
    low, high = axes.get_ylim()
    axes.set_ylim(low - 0.03 * (high - low), high + 0.12 * (high - low))
    axes.yaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g} %"))


def duration(seconds: float) -> str:
    """Write a duration as people say it."""
    return f"{seconds:g} s" if seconds < 60 else f"{seconds / 60:g} min"


def save(figure: Figure, folder: Path, name: str) -> None:
    """Write a figure as SVG and as PNG, the same bytes for the same figure."""
    folder.mkdir(parents=True, exist_ok=True)
    figure.savefig(folder / f"{name}.svg", metadata={"Date": None, "Creator": None})
    figure.savefig(folder / f"{name}.png", dpi=200, metadata={"Software": None})
