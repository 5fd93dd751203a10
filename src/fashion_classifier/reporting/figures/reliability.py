"""Whether a model is right as often as it says: accuracy over confidence, before and after the temperature."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from fashion_classifier.evaluation.calibration import Calibration
from fashion_classifier.evaluation.confidence import Confidence
from fashion_classifier.reporting.figures.lettering import drawing
from fashion_classifier.reporting.figures.palette import GRID, MUTED, OPTIMIZED
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
        sheet = Sheet(_SIDE + 44, title=title, notes=(note,), key=key)
        axes = sheet.axes(MARGIN + 40, 4, WIDTH - 2 * MARGIN - 62, _SIDE)
        axes.set(xlim=(0, 1), ylim=(0, 1))
        axes.plot([0, 1], [0, 1], color=GRID, lw=1.4, zorder=1)
        _draw(axes, before, MUTED, "s", hollow=True)
        _draw(axes, after, OPTIMIZED, "o", hollow=False)
        show_grid(axes, "x", per_cent=True)
        show_grid(axes, "y", per_cent=True)
        annotate(axes, 1, 0, "probability given", x_in="axes fraction", dy=-28, side="right", colour=MUTED)
        annotate(axes, 0, 1, "right", y_in="axes fraction", dx=4, dy=-6, colour=MUTED)
    n_sure = max(after.bins, key=lambda each: each.n)
    sure = (
        f"Most answers, {counted(n_sure.n, 'image')}, were given {percent(n_sure.confidence)} on average, and "
        f"{percent(n_sure.accuracy.value)} of them are right."
    )
    describe(sheet.figure, f"{title}. {sure}")
    return sheet.figure


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
