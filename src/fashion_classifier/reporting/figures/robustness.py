"""How far both models hold out when images are corrupted, kind by kind."""

from __future__ import annotations

from matplotlib.figure import Figure

from fashion_classifier.evaluation.robustness import KindRobustness, Robustness
from fashion_classifier.reporting.figures.lettering import drawing, fit
from fashion_classifier.reporting.figures.pair import draw_dot, name_dots
from fashion_classifier.reporting.figures.palette import GRID, INITIAL, MUTED, OPTIMIZED
from fashion_classifier.reporting.figures.sheet import MARGIN, WIDTH, Sheet, annotate, describe, show_grid
from fashion_classifier.reporting.wording import counted, percent, share_alone

_ROW, _NAMES, _VALUES = 19.0, 122.0, 46.0


def robustness_by_kind(robustness: Robustness) -> Figure:
    """Draw each corruption's mean accuracy over its severities with both models, what hurts most first."""
    rows = sorted(robustness.kinds, key=lambda kind: kind.mean_accuracy_b)
    clean, corrupted = robustness.clean_accuracy_b, robustness.mean_accuracy_b
    title = f"Corrupted images: {share_alone(corrupted)} right instead of {share_alone(clean)}"
    n_severities = len(rows[0].cells)
    note = f"Mean over {counted(n_severities, 'severity', 'severities')}, {counted(robustness.n, 'test image')} each."
    with drawing():
        sheet = Sheet(_ROW * len(rows) + 34.0, title=title, notes=(note,))
        axes = sheet.axes(MARGIN + _NAMES, 12, WIDTH - 2 * MARGIN - _NAMES - _VALUES, _ROW * len(rows))
        axes.set(xlim=(0, 1), ylim=(len(rows) - 0.5, -0.5))
        axes.axvline(clean.value, color=OPTIMIZED, lw=1, alpha=0.6, zorder=0)
        for y, row in enumerate(rows):
            both = row.mean_accuracy_a, row.mean_accuracy_b
            axes.plot(both, [y, y], color=GRID, lw=5, solid_capstyle="butt", zorder=1)
            draw_dot(axes, both[0], y, INITIAL)
            draw_dot(axes, both[1], y, OPTIMIZED)
            annotate(axes, 0, y, fit(row.kind, _NAMES - 8), x_in="axes fraction", dx=-_NAMES)
            annotate(axes, 1, y, percent(both[1], 0), x_in="axes fraction", dx=_VALUES, side="right", colour=MUTED)
        name_dots(axes, [rows[0].mean_accuracy_a, rows[0].mean_accuracy_b])
        show_grid(axes, "x", per_cent=True)
    words = " ".join(_in_words(row) for row in dict.fromkeys((rows[0], rows[-1])))
    describe(sheet.figure, f"{title}. {words}")
    return sheet.figure


def _in_words(row: KindRobustness) -> str:
    """Say how both models fare under one corruption."""
    return f"{row.kind}: {percent(row.mean_accuracy_a, 0)} initial, {percent(row.mean_accuracy_b, 0)} optimized."
