"""Two models side by side, class by class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from fashion_classifier.evaluation.intervals import Estimate
from fashion_classifier.evaluation.metrics import Evaluation
from fashion_classifier.reporting.figures.lettering import SMALL, drawing, fit
from fashion_classifier.reporting.figures.pair import (
    COLOURS,
    MODELS,
    Split,
    draw_dot,
    held_out,
    name_dots,
    padded,
    sizes,
)
from fashion_classifier.reporting.figures.palette import GRID, INITIAL, MUTED, OPTIMIZED
from fashion_classifier.reporting.figures.sheet import MARGIN, WIDTH, Sheet, annotate, describe, show_grid
from fashion_classifier.reporting.results import RunResults
from fashion_classifier.reporting.wording import counted

_ROW = 19.0
_MOST_CLASSES = 40


@dataclass(frozen=True)
class _ClassGain:
    """One class with both models: its F1, or its recall with the intervals of both."""

    name: str
    before: float
    after: float
    intervals: tuple[Estimate, Estimate] | None = None

    @property
    def gain(self) -> float:
        return self.after - self.before


def per_class_comparison(results: RunResults) -> Figure:
    """Draw each class's F1 with both models as a dumbbell, the largest gain first.

    Of more than 40 classes, the 20 at either end are drawn, and a line says what lies between.
    """
    split = held_out(results)[0]
    rows = _class_gains(split)
    n_up, n_down = sum(row.gain > 0 for row in rows), sum(row.gain < 0 for row in rows)
    title = f"{n_up} of {len(rows)} classes gain, {n_down} lose"
    if len(rows) in {n_up, n_down}:
        title = "Every class gains" if n_up else "Every class loses"
    note = f"F1 of each class. {sizes([split])}"
    return _draw(rows, title=title, note=note, heading="gain", names=MODELS)


def recall_by_class(a: Evaluation, b: Evaluation) -> Figure:
    """Draw each class's recall with two models and its 95 % intervals, that on top which is most in B's favour.

    Classes without an image are left out; of more than 40, the 20 at either end are drawn.
    """
    rows = sorted(
        (
            _ClassGain(of_a.name, of_a.recall, of_b.recall, (of_a.recall_interval, of_b.recall_interval))
            for of_a, of_b in zip(a.per_class, b.per_class, strict=True)
            if of_a.recall_interval is not None and of_b.recall_interval is not None
        ),
        key=lambda row: -row.gain,
    )
    n_up, n_down = sum(row.gain > 0 for row in rows), sum(row.gain < 0 for row in rows)
    title = f"Recall: B higher in {counted(n_up, 'class', 'classes')}, lower in {n_down}"
    note = f"Share of each class’s images recognised, with 95\u202f% intervals. {sizes([Split('Test', a, b)])}"
    return _draw(rows, title=title, note=note, heading="B less A", names=("A", "B"))


def _draw(rows: Sequence[_ClassGain], *, title: str, note: str, heading: str, names: tuple[str, str]) -> Figure:
    """Draw dumbbells, one a class."""
    half = _MOST_CLASSES // 2
    first, last = (rows, []) if len(rows) <= _MOST_CLASSES else (rows[:half], rows[-half:])
    n_lines = len(first) + len(last) + bool(last)
    with drawing():
        sheet = Sheet(_ROW * n_lines + 34.0, title=title, notes=(note,))
        sheet.write(WIDTH - MARGIN, 8, heading, side="right", size=SMALL, colour=MUTED)
        axes = sheet.axes(MARGIN + 112, 12, WIDTH - 2 * MARGIN - 112 - 54, _ROW * n_lines)
        limits = padded([value for row in (*first, *last) for value in _ends(row)], 0.06)
        axes.set(xlim=(limits[0], min(limits[1], 1.02)), ylim=(n_lines - 0.5, -0.5))
        _draw_classes(axes, first, 0)
        name_dots(axes, [rows[0].before, rows[0].after], names)
        if last:
            between = f"{len(rows) - 2 * half} more: {_signed(rows[half].gain)} to {_signed(rows[-half - 1].gain)}"
            annotate(axes, 0.5, half, between, x_in="axes fraction", side="center", colour=MUTED)
            _draw_classes(axes, last, half + 1)
        show_grid(axes, "x")
    describe(sheet.figure, f"{title}. " + " ".join(_in_words(row) for row in dict.fromkeys((rows[0], rows[-1]))))
    return sheet.figure


def _class_gains(split: Split) -> list[_ClassGain]:
    """Give each class's F1 with both models, the largest gain first."""
    both = zip(split.initial.per_class, split.optimized.per_class, strict=True)
    return sorted((_ClassGain(a.name, a.f1, b.f1) for a, b in both), key=lambda row: -row.gain)


def _draw_classes(axes: Axes, rows: Sequence[_ClassGain], first: int) -> None:
    """Draw one dumbbell a class, from line `first` downwards."""
    for y, row in enumerate(rows, first):
        axes.plot([row.before, row.after], [y, y], color=GRID, lw=5, solid_capstyle="butt", zorder=1)
        dodge = 0.0 if row.intervals is None else 0.17
        draw_dot(axes, row.before, y - dodge, INITIAL)
        draw_dot(axes, row.after, y + dodge, OPTIMIZED)
        if row.intervals is not None:
            for interval, place, colour in zip(row.intervals, (y - dodge, y + dodge), COLOURS, strict=True):
                axes.plot(interval.as_list, [place, place], color=colour, lw=1.4, zorder=2)
        annotate(axes, 0, y, fit(row.name, 104), x_in="axes fraction", dx=-112)
        annotate(axes, 1, y, _signed(row.gain), x_in="axes fraction", dx=54, side="right")


def _ends(row: _ClassGain) -> list[float]:
    """Give the values that a row must have room for."""
    return [row.before, row.after, *(end for each in row.intervals or () for end in each.as_list)]


def _in_words(row: _ClassGain) -> str:
    """Say one class's gain."""
    return f"{row.name}: {_signed(row.gain)}, from {row.before:.3f} to {row.after:.3f}."


def _signed(gain: float) -> str:
    """Write a difference with its sign; zero has none."""
    return f"{gain:+.3f}".replace("-", "\u2212") if round(gain, 3) else "0.000"
