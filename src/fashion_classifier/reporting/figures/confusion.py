"""Confusion matrices: what was taken for what, as counts or rates, from two classes to hundreds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from fashion_classifier.evaluation.metrics import Evaluation
from fashion_classifier.reporting.figures.lettering import SMALL, TEXT, drawing, fit, text_width
from fashion_classifier.reporting.figures.palette import GRID, INITIAL, INK, MUTED, OPTIMIZED
from fashion_classifier.reporting.figures.sheet import (
    LEADING,
    MARGIN,
    WIDTH,
    KeyEntry,
    Sheet,
    annotate,
    describe,
    mark,
)
from fashion_classifier.reporting.wording import counted, percent

_MOST_NUMBERED = 12  # classes up to which a cell has room for its number
_MOST_DRAWN = 40  # classes up to which each cell is an element of its own; more become one image
_N_PAIRS = 5
_STRONGEST = 0.5  # opacity of the fullest cell: the page's text colour stays readable upon it
_LABEL = 92.0  # longest class name, in points
_KEY = (
    KeyEntry("right", INITIAL, marker="s"),
    KeyEntry("wrong (on a scale of its own)", OPTIMIZED, marker="s"),
)


@dataclass(frozen=True)
class _Pair:
    """A class and what it was taken for."""

    true: int
    predicted: int
    count: int
    rate: float


def confusion_matrix(evaluation: Evaluation, *, title: str, normalise: bool = False) -> Figure:
    """Draw a confusion matrix, rows true and columns predicted; mark and name the most confused pairs.

    Each cell carries `data-true` and `data-predicted` (class indices) in the SVG, with up to 40 classes; each of the
    most confused pairs that are named below carries both as `data-pair`.

    Parameters
    ----------
    evaluation
        Of one model on one set of images.
    title
        Above the figure.
    normalise
        Draw each row's shares of its class instead of counts.
    """
    counts = np.array(evaluation.confusion, dtype=np.int64)
    rates = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    pairs = _most_confused(counts, rates, by_rate=normalise)
    n = len(counts)
    longest = max(text_width(fit(name, _LABEL)) for name in evaluation.classes)
    left = longest + 8
    side = min(WIDTH - 2 * MARGIN - left, 40.0 + 60.0 * n)
    below = (0.72 * longest if longest > side / n - 6 else 10.0) + 38
    unit = "Per cent of the row" if normalise else "Images"
    with drawing():
        sheet = Sheet(
            side + below + LEADING * len(pairs) + 4,
            title=title,
            notes=(f"{unit}. Rows: the true class. Columns: the answer.",),
            key=_KEY,
        )
        axes = sheet.axes(MARGIN + left, 0, side, side)
        axes.set(xlim=(-0.5, n - 0.5), ylim=(n - 0.5, -0.5))
        values = rates if normalise else counts
        _draw_cells(axes, evaluation.classes, counts, rates, values)
        if n <= _MOST_NUMBERED:
            _write_numbers(axes, values, normalise=normalise)
        _name_classes(axes, evaluation.classes, side / n)
        _mark_pairs(axes, pairs, side / n)
        _list_pairs(sheet, side + below, evaluation, pairs)
    describe(sheet.figure, f"{title}. {_in_words(evaluation, pairs)}")
    return sheet.figure


def _most_confused(counts: NDArray[np.int64], rates: NDArray[np.float64], *, by_rate: bool) -> list[_Pair]:
    """Give the pairs of classes that were confused most, the worst first."""
    errors = (rates if by_rate else counts) * (1 - np.eye(len(counts)))
    order = np.argsort(-errors, axis=None, kind="stable")[:_N_PAIRS]
    places = [(int(place) // len(counts), int(place) % len(counts)) for place in order]
    return [_Pair(i, j, int(counts[i, j]), float(rates[i, j])) for i, j in places if counts[i, j] and i != j]


def _opacities(values: NDArray[np.number]) -> NDArray[np.float64]:
    """Give each cell's opacity, right answers and errors each on their own scale; 0 where there is none."""
    right = np.eye(len(values), dtype=bool)
    opacities = np.zeros(values.shape)
    for part in (right, ~right):
        top = values[part].max() if values[part].size else 0
        if top:
            shares = values[part] / top
            opacities[part] = np.where(shares > 0, 0.05 + (_STRONGEST - 0.05) * np.sqrt(shares), 0)
    return opacities


def _draw_cells(
    axes: Axes,
    classes: tuple[str, ...],
    counts: NDArray[np.int64],
    rates: NDArray[np.float64],
    values: NDArray[np.number],
) -> None:
    """Fill the cells that are not empty."""
    n = len(counts)
    opacities = _opacities(values)
    axes.add_patch(Rectangle((-0.5, -0.5), n, n, fill=False, ec=GRID, lw=0.8))
    if n > _MOST_DRAWN:
        is_right = np.eye(n, dtype=bool)[..., None]
        colours = np.where(is_right, to_rgb(INITIAL), to_rgb(OPTIMIZED))
        strength = np.minimum(opacities * 1.8, 1)  # no numbers stand on them
        axes.imshow(
            np.dstack([colours, strength]),
            interpolation="none",
            aspect="auto",
            extent=axes.get_xlim() + axes.get_ylim(),
        )
        return
    for i, j in np.argwhere(counts):
        colour = INITIAL if i == j else OPTIMIZED
        cell = Rectangle((j - 0.5, i - 0.5), 1, 1, facecolor=(colour, opacities[i, j]), lw=0)
        pair = _Pair(int(i), int(j), int(counts[i, j]), float(rates[i, j]))
        mark(cell, _in_full(classes, pair, int(counts[i].sum())), true=i, predicted=j)
        axes.add_patch(cell)


def _write_numbers(axes: Axes, values: NDArray[np.number], *, normalise: bool) -> None:
    """Write each cell's number; rates in per cent, without the sign."""
    for i, j in np.argwhere(values):
        text = f"{100 * values[i, j]:.1f}" if normalise else f"{values[i, j]}"
        axes_size = SMALL - 1 if len(values) > 6 else TEXT
        annotate(axes, j, i, text, side="center", size=axes_size, weight="bold" if i == j else "normal")


def _name_classes(axes: Axes, classes: tuple[str, ...], cell: float) -> None:
    """Write class names left of the rows and below the columns, only every few where there are many."""
    step = int(np.ceil(12.0 / cell))
    is_wide = max(text_width(fit(name, _LABEL)) for name in classes) <= cell - 6
    for i in range(0, len(classes), step):
        name = fit(classes[i], _LABEL)
        annotate(axes, 0, i, name, x_in="axes fraction", dx=-5, side="right")
        if step == 1 and is_wide:
            annotate(axes, i, 0, name, y_in="axes fraction", dy=-10, side="center")
            continue
        below = annotate(axes, i, 0, name, y_in="axes fraction", dx=3, dy=-7, side="right")
        below.set(rotation=45, rotation_mode="anchor")


def _mark_pairs(axes: Axes, pairs: list[_Pair], cell: float) -> None:
    """Frame the most confused pairs; beside cells without numbers, write the pair's place in the list."""
    places: list[tuple[float, float]] = [(pair.predicted * cell, pair.true * cell) for pair in pairs]
    for rank, pair in enumerate(pairs, 1):
        x, y = pair.predicted, pair.true
        axes.add_patch(Rectangle((x - 0.5, y - 0.5), 1, 1, fill=False, ec=OPTIMIZED, lw=1.8, zorder=4, clip_on=False))
        if cell < 24:
            dx, dy = _free_corner((x * cell, y * cell), cell / 2 + 5, places, edge=axes.get_xlim()[1] * cell)
            places.append((x * cell + dx, y * cell + dy))
            annotate(axes, x, y, str(rank), dx=dx, dy=-dy, colour=INK, weight="bold", side="center")


def _free_corner(
    cell: tuple[float, float], reach: float, taken: list[tuple[float, float]], *, edge: float
) -> tuple[float, float]:
    """Give the way, in points, from a cell to that corner inside the matrix with the most room."""
    x, y = cell
    ways = [(reach * right, reach * down) for down in (-1, 1) for right in (1, -1)]
    inside = [(dx, dy) for dx, dy in ways if 0 <= x + dx <= edge and 0 <= y + dy <= edge]
    return max(inside, key=lambda way: min(np.hypot(x + way[0] - u, y + way[1] - v) for u, v in taken))


def _list_pairs(sheet: Sheet, top: float, evaluation: Evaluation, pairs: list[_Pair]) -> None:
    """Name the most confused pairs below the matrix."""
    heading = "Most confused" if pairs else "Nothing was confused."
    sheet.write(MARGIN, top, heading, weight="bold")
    for rank, pair in enumerate(pairs, 1):
        y = top + LEADING * rank + 2
        true, predicted = evaluation.classes[pair.true], evaluation.classes[pair.predicted]
        n_true = sum(evaluation.confusion[pair.true])
        amount = f"{pair.count:,} of {n_true:,}, {percent(pair.rate)}"
        room = WIDTH - 2 * MARGIN - 14 - text_width(amount) - text_width(" taken for ") - 10
        sheet.write(MARGIN, y, str(rank), size=SMALL, weight="bold", colour=OPTIMIZED)
        words = f"{fit(true, room / 2)} taken for {fit(predicted, room / 2)}"
        name = sheet.write(MARGIN + 14, y, words, size=SMALL, colour=INK)
        mark(name, _in_full(evaluation.classes, pair, n_true), pair=f"{pair.true} {pair.predicted}")
        sheet.write(WIDTH - MARGIN, y, amount, size=SMALL, colour=MUTED, side="right")


def _in_full(classes: tuple[str, ...], pair: _Pair, n_true: int) -> str:
    """Say a cell's number, with both names however long they are."""
    verb = "recognised" if pair.true == pair.predicted else f"taken for {classes[pair.predicted]}"
    return f"{classes[pair.true]} {verb}: {pair.count:,} of {n_true:,} ({percent(pair.rate)})"


def _in_words(evaluation: Evaluation, pairs: list[_Pair]) -> str:
    """Say what the matrix shows."""
    total = f"{evaluation.n - evaluation.n_misclassified:,} of {evaluation.n:,} images were recognised."
    if not pairs:
        return total
    worst = pairs[0]
    names = f"{evaluation.classes[worst.true]} taken for {evaluation.classes[worst.predicted]}"
    return f"{total} Most confused: {names}, {counted(worst.count, 'time')}."
