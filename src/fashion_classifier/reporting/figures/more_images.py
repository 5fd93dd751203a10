"""How accuracy grows with the number of training images."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator

from fashion_classifier.evaluation.intervals import Estimate
from fashion_classifier.reporting.evidence import LearningPoint
from fashion_classifier.reporting.figures.lettering import drawing
from fashion_classifier.reporting.figures.pair import padded
from fashion_classifier.reporting.figures.palette import MUTED, OPTIMIZED
from fashion_classifier.reporting.figures.sheet import MARGIN, WIDTH, KeyEntry, Sheet, annotate, describe, show_grid
from fashion_classifier.reporting.wording import count, percent

_LEFT, _RIGHT, _HEIGHT = 40.0, 44.0, 200.0


def accuracy_by_images(points: Sequence[LearningPoint]) -> Figure:
    """Draw training and cross-validation accuracy over the number of training images, on a logarithmic scale.

    Parameters
    ----------
    points
        Two at least, smallest training set first.
    """
    first, last = points[0], points[-1]
    title = (
        f"{percent(first.validation.value)} with {count(first.n_images)} training images, "
        f"{percent(last.validation.value)} with {count(last.n_images)}"
    )
    key = (
        KeyEntry("cross-validation", OPTIMIZED, line="-", marker="o"),
        KeyEntry("training", MUTED, line="--", marker="s", hollow=True),
    )
    with drawing():
        sheet = Sheet(
            _HEIGHT + 44, title=title, notes=("The chosen configuration; 95\u202f% intervals over images.",), key=key
        )
        axes = sheet.axes(MARGIN + _LEFT, 6, WIDTH - 2 * MARGIN - _LEFT - _RIGHT, _HEIGHT)
        numbers = [point.n_images for point in points]
        ends = [end for point in points for each in (point.training, point.validation) for end in each.as_list]
        axes.set(xscale="log", xlim=(numbers[0] / 1.25, numbers[-1] * 1.25), ylim=padded(ends, 0.05))
        axes.plot(numbers, [point.training.value for point in points], "s--", color=MUTED, lw=1.2, ms=5, mfc="none")
        axes.plot(numbers, [point.validation.value for point in points], "o-", color=OPTIMIZED, lw=1.8, ms=6)
        for point in points:
            _draw_interval(axes, point.n_images, point.validation)
        show_grid(axes, "y", per_cent=True)
        axes.xaxis.set_major_locator(FixedLocator([]))
        axes.xaxis.set_minor_locator(NullLocator())
        for number in numbers:
            annotate(axes, number, 0, count(number), y_in="axes fraction", dy=-12, side="center", colour=MUTED)
        below = numbers[-1] * 1.25
        annotate(axes, below, 0, "training images", y_in="axes fraction", dy=-28, side="right", colour=MUTED)
    words = [f"{count(point.n_images)} images: {percent(point.validation.value)}" for point in points]
    describe(sheet.figure, f"{title}. Cross-validation accuracy by {', '.join(words)}.")
    return sheet.figure


def _draw_interval(axes: Axes, x: int, estimate: Estimate) -> None:
    """Draw an interval as an upright line."""
    axes.plot([x, x], estimate.as_list, color=OPTIMIZED, lw=1.4)
