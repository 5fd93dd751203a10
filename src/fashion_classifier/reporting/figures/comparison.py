"""Two models side by side: at a glance, and from training to test."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from fashion_classifier.evaluation.comparison import Comparison
from fashion_classifier.evaluation.intervals import Estimate
from fashion_classifier.evaluation.metrics import Evaluation
from fashion_classifier.reporting.figures.lettering import TEXT, drawing
from fashion_classifier.reporting.figures.pair import (
    COLOURS,
    MODELS,
    Split,
    draw_dot,
    held_out,
    is_larger,
    name_dots,
    padded,
    sizes,
)
from fashion_classifier.reporting.figures.palette import BROKEN, GRID, MENDED, MUTED, OPTIMIZED
from fashion_classifier.reporting.figures.sheet import (
    MARGIN,
    WIDTH,
    KeyEntry,
    Sheet,
    annotate,
    describe,
    show_grid,
)
from fashion_classifier.reporting.results import RunResults
from fashion_classifier.reporting.wording import counted, share_alone

_INTERVAL_KEY = KeyEntry("95\u202f% interval", MUTED, line="-")
_NAMES = 94.0  # width of the column of names, in points
_VALUES = 60.0  # room for a value beside a dot
_ROW = 26.0


def initial_against_optimized(results: RunResults) -> Figure:
    """Draw accuracy, macro-F1 and loss of both models on test and cross-validation data, with intervals.

    Where the test set has not been opened, the figure holds the cross-validation data alone.
    """
    splits = held_out(results)
    before, after = (share_alone(e.accuracy) for e in splits[0].both)
    title = f"{splits[0].name} accuracy: {before} before, {after} after"
    with drawing():
        sheet = Sheet(3 * _block(splits), title=title, notes=(sizes(splits),), key=(_INTERVAL_KEY,))
        _three_metrics(sheet, splits, MODELS)
    describe(sheet.figure, f"{title}. {sizes(splits)}.")
    return sheet.figure


def a_against_b(a: Evaluation, b: Evaluation, comparison: Comparison, *, folds: int = 0) -> Figure:
    """Draw accuracy, macro-F1 and loss of two models on the same images, and what only one of them got right.

    They are test images, or were held out in so many folds.
    """
    splits = [Split("Held out" if folds else "Test", a, b)]
    measure = "Held out" if folds else "Test accuracy"
    title = f"{measure}: {share_alone(a.accuracy)} with A, {share_alone(b.accuracy)} with B"
    with drawing():
        top = 3 * _block(splits)
        sheet = Sheet(top + 2 * _ROW + 22, title=title, notes=(sizes(splits),), key=(_INTERVAL_KEY,))
        _three_metrics(sheet, splits, ("A", "B"))
        _draw_disagreement(sheet, top, comparison)
    alone = f"Only B right: {counted(comparison.mended, 'image')}; only A right: {comparison.broken:,}"
    describe(sheet.figure, f"{title}. {sizes(splits)}. {alone}.")
    return sheet.figure


def _block(splits: Sequence[Split]) -> float:
    """Give the height of one metric with all its rows, in points."""
    return _ROW * len(splits) + 46.0


def _three_metrics(sheet: Sheet, splits: Sequence[Split], names: tuple[str, str]) -> None:
    """Draw accuracy, macro-F1 and loss, one below the other."""
    ends = [end for s in splits for e in s.both for m in (e.accuracy, e.macro_f1) for end in (m.low, m.high)]
    shares, losses = (
        padded(ends, 0.04),
        padded([end for s in splits for e in s.both for end in (e.loss.low, e.loss.high)], 0.04),
    )
    block = _block(splits)
    axes = _metric(sheet, 0, splits, "Accuracy", limits=shares, measure=_accuracy, written=share_alone)
    name_dots(axes, [e.accuracy.value for e in splits[0].both], names)
    show_grid(axes, "x", per_cent=True, n_ticks=3)
    axes = _metric(sheet, block, splits, "Macro-F1", limits=shares, measure=_macro_f1, written=_three_decimals)
    show_grid(axes, "x", n_ticks=3)
    axes = _metric(
        sheet,
        2 * block,
        splits,
        "Loss, less is better",
        limits=losses,
        measure=_loss,
        written=_three_decimals,
    )
    show_grid(axes, "x", n_ticks=3)


def _draw_disagreement(sheet: Sheet, top: float, comparison: Comparison) -> None:
    """Draw how many images only one model got right, as two bars on one scale."""
    sheet.write(MARGIN, top + 13, "Right by one of the two alone", weight="bold")
    left = MARGIN + _NAMES
    axes = sheet.axes(left, top + 18, WIDTH - MARGIN - 96 - left, 2 * _ROW)
    rows = (("B alone", comparison.mended, "mended", MENDED), ("A alone", comparison.broken, "broken", BROKEN))
    axes.set(xlim=(0, max(comparison.mended, comparison.broken, 1)), ylim=(2 * _ROW, 0))
    for i, (name, number, meaning, colour) in enumerate(rows):
        y = _ROW * (i + 0.5)
        axes.add_patch(Rectangle((0, y - 6), number, 12, facecolor=colour, lw=0))
        annotate(axes, 0, y, name, x_in="axes fraction", dx=-_NAMES, size=TEXT)
        annotate(axes, number, y, f"{number:,} {meaning}", dx=5, size=TEXT, colour=colour)


def splits_side_by_side(results: RunResults) -> Figure:
    """Draw accuracy from training over cross-validation to test data, one line a model, with intervals."""
    training = Split("Training", results.initial.training, results.optimized.training)
    splits = [training, *reversed(held_out(results))]
    title = "From training to unseen images"
    with drawing():
        sheet = Sheet(
            216.0,
            title=title,
            notes=(
                "Accuracy with 95\u202f% intervals.",
                "Before retraining, but for the test: the final weights.",
            ),
        )
        axes = sheet.axes(MARGIN + 38, 0, WIDTH - 2 * MARGIN - 38 - 66, 178)
        axes.set_xlim(-0.35, len(splits) - 0.65)
        for place, split in enumerate(splits):
            _draw_split(axes, place, split)
        for values, colour in zip(zip(*(split.both for split in splits), strict=True), COLOURS, strict=True):
            xs = [place + _dodge(colour) for place in range(len(splits))]
            axes.plot(xs, [e.accuracy.value for e in values], color=colour, lw=1.6, zorder=2)
        _widen(axes)
        _name_models(axes, splits[-1], len(splits) - 1)
        show_grid(axes, "y", per_cent=True)
    describe(sheet.figure, f"{title}. " + " ".join(f"{s.name}: {_pair(s)}." for s in splits))
    return sheet.figure


def _metric(
    sheet: Sheet,
    top: float,
    splits: Sequence[Split],
    name: str,
    *,
    limits: tuple[float, float],
    measure: Callable[[Evaluation], Estimate],
    written: Callable[[Estimate], str],
) -> Axes:
    """Draw one metric of both models: its name, and a row for each set of images."""
    sheet.write(MARGIN, top + 13, name, weight="bold")
    left, height = MARGIN + _NAMES + _VALUES, _ROW * len(splits)
    axes = sheet.axes(left, top + 18, WIDTH - MARGIN - _VALUES - left, height)
    axes.set(xlim=limits, ylim=(height, 0))
    for i, split in enumerate(splits):
        _draw_row(axes, _ROW * (i + 0.5), split.name, [measure(e) for e in split.both], written)
    return axes


def _draw_row(axes: Axes, y: float, name: str, both: Sequence[Estimate], written: Callable[[Estimate], str]) -> None:
    """Draw one set's two dots with their intervals; the values stand outside, so that they never meet."""
    annotate(axes, 0, y, name, x_in="axes fraction", dx=-(_NAMES + _VALUES), size=TEXT)
    ends = min(e.low for e in both), max(e.high for e in both)
    low, high = axes.get_xlim()
    apart = max(both[0].low, both[1].low) - min(both[0].high, both[1].high)
    dodge = 0.0 if apart > 0.04 * (high - low) else 4.5
    if not dodge:
        axes.plot([e.value for e in both], [y, y], color=GRID, lw=5, solid_capstyle="butt", zorder=1)
    for estimate, colour, is_right in zip(both, COLOURS, is_larger([e.value for e in both]), strict=True):
        shifted = y + (dodge if colour == OPTIMIZED else -dodge)
        draw_dot(axes, estimate.value, shifted, colour)
        axes.plot([estimate.low, estimate.high], [shifted, shifted], color=colour, lw=2, zorder=2)
        beside = {"dx": 10.0, "side": "left"} if is_right else {"dx": -10.0, "side": "right"}
        _write_value(axes, ends[is_right], y, written(estimate), colour, **beside)


def _write_value(axes: Axes, x: float, y: float, text: str, colour: str, **place: Any) -> None:
    """Write a value in its model's colour, the optimized one's bold."""
    annotate(
        axes,
        x,
        y,
        text,
        size=TEXT,
        colour=colour,
        weight="bold" if colour == OPTIMIZED else "normal",
        **place,
    )


def _draw_split(axes: Axes, place: int, split: Split) -> None:
    """Draw both models' accuracies on one set, the better one's value above and the other's below."""
    axes.axvline(place, color=GRID, lw=0.8, zorder=0)
    accuracies = [e.accuracy for e in split.both]
    are_above = is_larger([accuracy.value for accuracy in accuracies])
    for accuracy, colour, above in zip(accuracies, COLOURS, are_above, strict=True):
        x = place + _dodge(colour)
        axes.plot([x, x], [accuracy.low, accuracy.high], color=colour, lw=2, zorder=2)
        draw_dot(axes, x, accuracy.value, colour)
        end, dy = (accuracy.high, 11) if above else (accuracy.low, -11)
        _write_value(axes, place, end, share_alone(accuracy), colour, dy=dy, side="center")
    annotate(axes, place, 0, split.name, y_in="axes fraction", dy=-10, side="center", size=TEXT)
    size = counted(split.initial.n, "image")
    annotate(axes, place, 0, size, y_in="axes fraction", dy=-24, side="center", colour=MUTED)


def _name_models(axes: Axes, split: Split, place: int) -> None:
    """Write the models' names right of their last dots, apart even where the dots are not."""
    low, high = axes.get_ylim()
    values = [e.accuracy.value for e in split.both]
    nudge = 7.0 if abs(values[0] - values[1]) < 0.08 * (high - low) else 0.0
    for name, value, colour, above in zip(MODELS, values, COLOURS, is_larger(values), strict=True):
        annotate(axes, place, value, name, dx=30, dy=nudge if above else -nudge, size=TEXT, colour=colour)


def _dodge(colour: str) -> float:
    """Move a model's dots a little to its side, so that intervals lie beside each other."""
    return 0.03 if colour == OPTIMIZED else -0.03


def _widen(axes: Axes) -> None:
    """Leave room above and below the data for the values written there."""
    low, high = axes.get_ylim()
    room = max(0.16 * (high - low), 0.002)
    axes.set_ylim(low - room, high + room)


def _pair(split: Split) -> str:
    """Say both models' accuracies."""
    return " and ".join(share_alone(e.accuracy) for e in split.both)


def _accuracy(evaluation: Evaluation) -> Estimate:
    return evaluation.accuracy


def _macro_f1(evaluation: Evaluation) -> Estimate:
    return evaluation.macro_f1


def _loss(evaluation: Evaluation) -> Estimate:
    return evaluation.loss


def _three_decimals(estimate: Estimate) -> str:
    """Write an estimate's value."""
    return f"{estimate.value:.3f}"
