"""What is gained by answering only where a model is sure: error over the share of images that are answered."""

from __future__ import annotations

from matplotlib.figure import Figure

from fashion_classifier.evaluation.selective import RiskCoverage
from fashion_classifier.reporting.figures.lettering import drawing
from fashion_classifier.reporting.figures.palette import INITIAL, MUTED, OPTIMIZED
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
from fashion_classifier.reporting.wording import percent

_LEFT, _RIGHT, _HEIGHT = 40.0, 22.0, 200.0
_POINTED_AT = (0.8, 0.9, 1.0)  # coverages whose error is told where one points


def risk_over_coverage(initial: RiskCoverage, optimized: RiskCoverage) -> Figure:
    """Draw the error rate of both models among the images that they answer, the surest first."""
    at_90 = optimized.at(0.9)
    title = (
        f"Answering only the surest 90\u202f%: {percent(at_90, 2)} wrong instead of {percent(optimized.risk[-1], 2)}"
    )
    key = (KeyEntry("initial", INITIAL, line="-"), KeyEntry("optimized", OPTIMIZED, line="-"))
    with drawing():
        sheet = Sheet(_HEIGHT + 44, title=title, notes=("Test images, the surest answers first.",), key=key)
        axes = sheet.axes(MARGIN + _LEFT, 4, WIDTH - 2 * MARGIN - _LEFT - _RIGHT, _HEIGHT)
        axes.set(xlim=(0, 1), ylim=(0, max(*initial.risk, *optimized.risk, 0.01) * 1.08))
        for curve, colour, width in ((initial, INITIAL, 1.4), (optimized, OPTIMIZED, 1.8)):
            axes.plot(curve.coverage, curve.risk, "-", color=colour, lw=width)
            for coverage in _POINTED_AT:
                risk = curve.at(coverage)
                (dot,) = axes.plot([coverage], [risk], "o", color=colour, ms=4, clip_on=False)
                mark(dot, f"the surest {percent(coverage, 0)}: {percent(risk, 2)} wrong")
        show_grid(axes, "x", per_cent=True)
        show_grid(axes, "y", per_cent=True)
        annotate(axes, 1, 0, "images answered", x_in="axes fraction", dy=-28, side="right", colour=MUTED)
        annotate(axes, 0, 1, "wrong among these", y_in="axes fraction", dx=4, dy=-6, colour=MUTED)
    told = [f"of the surest {percent(each, 0)}, {percent(optimized.at(each), 2)}" for each in _POINTED_AT]
    describe(sheet.figure, f"{title}. Wrong answers of the optimized model: {', '.join(told)}.")
    return sheet.figure
