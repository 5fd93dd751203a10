"""Which hyperparameters mattered in the search."""

from __future__ import annotations

from matplotlib.figure import Figure

from fashion_classifier.reporting.figures.lettering import drawing, fit, text_width
from fashion_classifier.reporting.figures.palette import INK
from fashion_classifier.reporting.figures.search import search_signs
from fashion_classifier.reporting.figures.sheet import MARGIN, WIDTH, Sheet, annotate, describe
from fashion_classifier.reporting.results import SearchFacts
from fashion_classifier.reporting.wording import percent

_NAMES, _VALUES, _ROW, _MOST_BARS = 130.0, 44.0, 20.0, 8


def hyperparameter_importance(search: SearchFacts) -> Figure:
    """Draw for each family which share of the differences in accuracy each hyperparameter explains."""
    families = {family: list(shares.items())[:_MOST_BARS] for family, shares in search.importance.items() if shares}
    note = "Share of the differences in accuracy that a setting explains." if families else "Too few trials to tell."
    largest = max((share for bars in families.values() for _, share in bars), default=1.0)
    signs = search_signs(search)
    names = [fit(_setting(name), _NAMES) for bars in families.values() for name, _ in bars]
    left = max((text_width(name) for name in names), default=0.0) + 10
    with drawing():
        height = sum(34 + _ROW * len(bars) for bars in families.values())
        sheet = Sheet(max(height - 16, 0), title="What mattered in the search", notes=(note,))
        top = 0.0
        for family, bars in families.items():
            colour, marker = signs.get(family, (INK, "o"))
            sheet.line([MARGIN + 4], [top + 8], marker=marker, color=colour, ms=7, mew=0, linestyle="none")
            sheet.write(MARGIN + 14, top + 12, family, weight="bold", colour=colour)
            axes = sheet.axes(MARGIN + left, top + 18, WIDTH - 2 * MARGIN - left - _VALUES, _ROW * len(bars))
            axes.set(xlim=(0, largest), ylim=(len(bars) - 0.5, -0.5))
            for y, (name, share) in enumerate(bars):
                axes.barh(y, share, height=0.55, color=colour, lw=0)
                annotate(axes, 0, y, fit(_setting(name), _NAMES), dx=-left)
                annotate(axes, share, y, percent(share, 0), dx=6)
            top += 34 + _ROW * len(bars)
    words = [f"{family}: {_setting(bars[0][0])} {percent(bars[0][1], 0)}" for family, bars in families.items()]
    describe(sheet.figure, f"{note} " + (f"The largest: {'; '.join(words)}." if words else ""))
    return sheet.figure


def _setting(name: str) -> str:
    """Write a hyperparameter's name as words."""
    return name.replace("_", " ")
