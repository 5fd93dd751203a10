"""Whether a model is right as often as it says: accuracy over confidence."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from fashion_classifier.evaluation.calibration import Calibration
from fashion_classifier.evaluation.confidence import Confidence
from fashion_classifier.reporting.figures.lettering import drawing
from fashion_classifier.reporting.figures.palette import GRID, INITIAL, MUTED, OPTIMIZED
from fashion_classifier.reporting.figures.sheet import (
    MARGIN,
    WIDTH,
    KeyEntry,
    Sheet,
    annotate,
    describe,
    mark,
    show_grid,
)
from fashion_classifier.reporting.wording import counted, percent

_SIDE = 250.0


def reliability_diagram(confidence: Confidence) -> Figure:
    """Draw the share of right answers over the probability that they were given, in 15 bins.

    A point below the diagonal is of answers that were surer than they should have been.
    """
    before, after = confidence.before, confidence.after
    title = f"Calibration error: {percent(before.ece.value)} before, {percent(after.ece.value)} after"
    note = (
        f"Test images in bins by the most probable class’s probability; temperature {confidence.rules.temperature:.2f}."
    )
    key = (
        KeyEntry("temperature 1", MUTED, marker="s", hollow=True),
        KeyEntry("fitted temperature", OPTIMIZED, marker="o"),
    )
    with drawing():
        sheet, axes = _diagonal(title, note, key)
        _draw(axes, before, MUTED, "s", hollow=True)
        _draw(axes, after, OPTIMIZED, "o", hollow=False)
        _name_scales(axes)
    describe(sheet.figure, f"{title}. {_in_words(after, 'Most answers')}")
    return sheet.figure


def reliability_of_both(a: Calibration, b: Calibration) -> Figure:
    """Draw the share of right answers over the probability that two models gave them, in 15 bins."""
    title = f"Calibration error: A {percent(a.ece.value)}, B {percent(b.ece.value)}"
    note = "Test images in bins by the most probable class’s probability."
    key = (KeyEntry("A", INITIAL, marker="s"), KeyEntry("B", OPTIMIZED, marker="o"))
    with drawing():
        sheet, axes = _diagonal(title, note, key)
        _draw(axes, a, INITIAL, "s", hollow=False)
        _draw(axes, b, OPTIMIZED, "o", hollow=False)
        _name_scales(axes)
    words = f"{_in_words(a, 'Most answers of A')} {_in_words(b, 'Most answers of B')}"
    describe(sheet.figure, f"{title}. {words}")
    return sheet.figure


def _diagonal(title: str, note: str, key: tuple[KeyEntry, KeyEntry]) -> tuple[Sheet, Axes]:
    """Begin a diagram: its sheet, and its axes with the diagonal."""
    sheet = Sheet(_SIDE + 44, title=title, notes=(note,), key=key)
    axes = sheet.axes(MARGIN + 40, 4, WIDTH - 2 * MARGIN - 62, _SIDE)
    axes.set(xlim=(0, 1), ylim=(0, 1))
    axes.plot([0, 1], [0, 1], color=GRID, lw=1.4, zorder=1)
    return sheet, axes


def _name_scales(axes: Axes) -> None:
    """Draw the grid of both scales, with their names."""
    show_grid(axes, "x", per_cent=True)
    show_grid(axes, "y", per_cent=True)
    annotate(axes, 1, 0, "probability given", x_in="axes fraction", dy=-28, side="right", colour=MUTED)
    annotate(axes, 0, 1, "right", y_in="axes fraction", dx=4, dy=-6, colour=MUTED)


def _in_words(calibration: Calibration, subject: str) -> str:
    """Say of the fullest bin how sure its answers were, and how many of them are right."""
    fullest = max(calibration.bins, key=lambda each: each.n)
    return (
        f"{subject}, {counted(fullest.n, 'image')}, were given {percent(fullest.confidence)} on average, and "
        f"{percent(fullest.accuracy.value)} of them are right."
    )


def _draw(axes: Axes, calibration: Calibration, colour: object, marker: str, *, hollow: bool) -> None:
    """Draw a point for each bin, with its interval, the larger the more images it holds."""
    largest = max(each.n for each in calibration.bins)
    for each in calibration.bins:
        axes.plot([each.confidence] * 2, each.accuracy.as_list, color=colour, lw=1.2, zorder=2)
        size = 4.0 + 5.0 * (each.n / largest) ** 0.5
        (dot,) = axes.plot(
            [each.confidence],
            [each.accuracy.value],
            marker,
            color=colour,
            ms=size,
            mfc="none" if hollow else colour,
            zorder=3,
            clip_on=False,
        )
        said, right = percent(each.confidence), percent(each.accuracy.value)
        mark(dot, f"{counted(each.n, 'image')}: given {said}, right {right}")
