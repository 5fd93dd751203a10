"""Where the gain came from: a rung for each model on the way from the initial to the optimized one."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure

from fashion_classifier.evaluation.comparison import BETTER, WORSE
from fashion_classifier.evaluation.ladder import Rung
from fashion_classifier.reporting.figures.lettering import SMALL, drawing, fit
from fashion_classifier.reporting.figures.pair import draw_dot, padded
from fashion_classifier.reporting.figures.palette import GRID, INITIAL, MUTED, OPTIMIZED
from fashion_classifier.reporting.figures.sheet import MARGIN, WIDTH, Sheet, annotate, describe, show_grid
from fashion_classifier.reporting.wording import counted, share_alone, signed_points, signed_value

_ROW, _NAMES, _VALUES = 40.0, 146.0, 96.0


def gain_ladder(ladder: Sequence[Rung], images: str = "cross-validation images") -> Figure:
    """Draw each rung's accuracy with its interval, and what it adds to the rung below.

    Parameters
    ----------
    ladder
        Two rungs at least.
    images
        On which the rungs were measured.
    """
    first, last = ladder[0], ladder[-1]
    title = f"From {share_alone(first.accuracy)} to {share_alone(last.accuracy)}, step by step"
    n = last.step.n if last.step is not None else 0
    with drawing():
        note = f"Accuracy on {n:,} {images} with 95\u202f% intervals."
        sheet = Sheet(_ROW * len(ladder) + 34.0, title=title, notes=(note,))
        sheet.write(WIDTH - MARGIN, 8, "step, in points", side="right", size=SMALL, colour=MUTED)
        axes = sheet.axes(MARGIN + _NAMES, 14, WIDTH - 2 * MARGIN - _NAMES - _VALUES, _ROW * len(ladder))
        ends = [end for rung in ladder for end in rung.accuracy.as_list]
        axes.set(xlim=padded(ends, 0.06), ylim=(len(ladder) - 0.5, -0.5))
        values = [rung.accuracy.value for rung in ladder]
        axes.plot(values, range(len(ladder)), color=GRID, lw=3, zorder=1)
        for y, rung in enumerate(ladder):
            colour = INITIAL if y == 0 else OPTIMIZED
            axes.plot(rung.accuracy.as_list, [y, y], color=colour, lw=2, zorder=2)
            draw_dot(axes, rung.accuracy.value, y, colour)
            annotate(axes, 0, y, fit(rung.title, _NAMES - 8), x_in="axes fraction", dx=-_NAMES, dy=6)
            annotate(axes, 0, y, fit(_changed(rung), _NAMES - 8), x_in="axes fraction", dx=-_NAMES, dy=-7, colour=MUTED)
            annotate(axes, 1, y, share_alone(rung.accuracy), x_in="axes fraction", dx=8, colour=colour)
            if rung.step is not None:
                bold = "bold" if rung.step.verdict in {BETTER, WORSE} else "normal"
                step = signed_value(rung.step.difference)
                annotate(axes, 1, y, step, x_in="axes fraction", dx=_VALUES, side="right", weight=bold)
        show_grid(axes, "x", per_cent=True, n_ticks=2, min_n_ticks=1)
    describe(sheet.figure, f"{title}. " + " ".join(_in_words(rung) for rung in ladder[1:]))
    return sheet.figure


def _in_words(rung: Rung) -> str:
    """Say what a rung adds."""
    assert rung.step is not None
    changed = f"{counted(rung.step.mended, 'image')} mended, {rung.step.broken:,} broken"
    return f"{rung.title}: {signed_points(rung.step.difference)}, {changed}."


def _changed(rung: Rung) -> str:
    """Say how long the model learned, which counts as much as what was changed, or else that."""
    return f"{rung.passes:.1f} passes over the data" if rung.passes else rung.change
