"""Learning curves: accuracy and loss of both models, epoch by epoch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from fashion_classifier.reporting.figures.lettering import SMALL, drawing, fit
from fashion_classifier.reporting.figures.palette import INITIAL, INK, MUTED, OPTIMIZED, line_style
from fashion_classifier.reporting.figures.sheet import (
    MARGIN,
    WIDTH,
    KeyEntry,
    Sheet,
    annotate,
    describe,
    not_far_off,
    show_grid,
)
from fashion_classifier.reporting.results import Epoch
from fashion_classifier.reporting.wording import percent

_LEFT, _GAP, _PANEL = 40.0, 20.0, 128.0
_FRACTION = "axes fraction"
_VALIDATION_KEY = KeyEntry("cross-validation", INK, line="-")
_TRAINING_KEY = KeyEntry("training", INK, line="--")
_RETRAINING_KEY = KeyEntry("retraining", INK, line=":")
_KEPT_KEY = KeyEntry("epoch whose weights were kept", INK, marker="o")


class Trained(Protocol):
    """What is drawn of a model, a `ModelResult` or a `TrainedModel`; `steps` tells which weights were kept."""

    @property
    def family(self) -> str: ...  # noqa: D102 - as in `ModelResult`

    @property
    def history(self) -> tuple[Epoch, ...]: ...  # noqa: D102

    @property
    def retraining(self) -> tuple[Epoch, ...]: ...  # noqa: D102

    @property
    def steps(self) -> int: ...  # noqa: D102


@dataclass(frozen=True)
class _Metric:
    """What is drawn in one row of panels."""

    name: str
    is_share: bool
    training: Callable[[Epoch], float]
    validation: Callable[[Epoch], float | None]

    def values(self, model: Trained) -> list[float]:
        """Give every value that the model's panel shows."""
        of_epochs = [(self.training(e), self.validation(e)) for e in (*model.history, *model.retraining)]
        return [value for both in of_epochs for value in both if value is not None]


_METRICS = (
    _Metric("Accuracy", True, lambda e: e.training_accuracy, lambda e: e.validation_accuracy),
    _Metric("Loss", False, lambda e: e.training_loss, lambda e: e.validation_loss),
)


def learning_curves(initial: Trained, optimized: Trained) -> Figure:
    """Draw accuracy and loss over the epochs, the models side by side on one scale, the kept epoch marked.

    A curve's first, far worse epochs may lie outside the frame, so that the rest can be read.

    Parameters
    ----------
    initial, optimized
        `steps` tells which epoch's weights were kept; a model without history has empty panels.
    """
    models = (("initial", initial, INITIAL), ("optimized", optimized, OPTIMIZED))
    width = (WIDTH - 2 * MARGIN - _LEFT - _GAP) / 2
    lefts = [MARGIN + _LEFT + column * (width + _GAP) for column in range(2)]
    with drawing():
        sheet = Sheet(
            2 * _PANEL + 94.0,
            title="Learning curves",
            notes=(
                "Training is measured on augmented, mostly hard images while weights change, so it may look worse.",
            ),
            key=_key((initial, optimized)),
        )
        for left, (name, model, colour) in zip(lefts, models, strict=True):
            heading = fit(f"{name} ({model.family})", width, weight="bold")
            sheet.write(left, 10, heading, colour=colour, weight="bold", size=SMALL)
            sheet.write(left + width, 2 * _PANEL + 91, "epoch", colour=MUTED, side="right", size=SMALL)
        for row, metric in enumerate(_METRICS):
            top = 16 + row * (_PANEL + 40.0)
            sheet.write(MARGIN, top + 12, metric.name, weight="bold")
            limits = _limits(metric, (initial, optimized))
            for left, (_, model, colour) in zip(lefts, models, strict=True):
                axes = sheet.axes(left, top + 18, width, _PANEL - 8)
                axes.set(xlim=(0, _last_epoch(model)), ylim=limits)
                _draw(axes, metric, model, colour)
                show_grid(axes, "y", per_cent=metric.is_share)
                show_grid(axes, "x", n_ticks=5, integer=_last_epoch(model) >= 1)
                axes.xaxis.grid(visible=False)
                axes.tick_params(labelleft=left == lefts[0])
    words = " ".join(_in_words(name, model) for name, model, _ in models)
    describe(sheet.figure, f"Learning curves. {words}")
    return sheet.figure


def _key(models: Sequence[Trained]) -> list[KeyEntry]:
    """Say what the lines mean, those alone that are there."""
    key = [_VALIDATION_KEY, _TRAINING_KEY]
    if any(model.retraining for model in models):
        key.append(_RETRAINING_KEY)
    return [*key, _KEPT_KEY]


def _draw(axes: Axes, metric: _Metric, model: Trained, colour: str) -> None:
    """Draw one model's curves of one metric and mark the epoch whose weights were kept."""
    _curve(axes, model.retraining, metric.training, colour, style=":", width=1.2)
    _curve(axes, model.history, metric.training, colour, style="--", width=1.4)
    _curve(axes, model.history, metric.validation, colour, style="-", width=2.2)
    kept = _kept(model)
    if kept is None:
        annotate(axes, 0.5, 0.5, "nothing recorded", x_in=_FRACTION, y_in=_FRACTION, side="center", colour=MUTED)
        return
    axes.axvline(kept.epoch, color=colour, lw=0.8, alpha=0.5, zorder=1)
    if (value := metric.validation(kept)) is not None:
        axes.plot([kept.epoch], [value], "o", color=colour, ms=7, mew=0, zorder=4, clip_on=False)
    if metric.is_share:
        on_left = kept.epoch > axes.get_xlim()[1] / 2
        place: dict[str, Any] = {"dx": -5.0, "side": "right"} if on_left else {"dx": 5.0, "side": "left"}
        annotate(axes, kept.epoch, 0, f"epoch {kept.epoch:.3g}", y_in=_FRACTION, dy=8, colour=colour, **place)


def _curve(
    axes: Axes,
    epochs: Sequence[Epoch],
    measure: Callable[[Epoch], float | None],
    colour: str,
    *,
    style: str,
    width: float,
) -> None:
    """Draw what was measured, and nothing where it was not; a single epoch as a dot."""
    xy = [(epoch.epoch, value) for epoch in epochs if (value := measure(epoch)) is not None]
    if xy:
        marker = "o" if len(xy) == 1 else ""
        axes.plot(*zip(*xy, strict=True), color=colour, lw=width, linestyle=line_style(style), marker=marker, ms=4)


def _limits(metric: _Metric, models: Sequence[Trained]) -> tuple[float, float]:
    """Give the ends of the value axis: all values but those far worse than most of their model's."""
    values = [np.array(metric.values(model)) for model in models]
    shown = np.concatenate([not_far_off(of_model, larger_is_better=metric.is_share) for of_model in values])
    kept = [metric.validation(epoch) for model in models if (epoch := _kept(model)) is not None]
    ends = [*shown.tolist(), *(value for value in kept if value is not None)] or [0.0, 1.0]
    low, high = min(ends), max(ends)
    margin = 0.06 * (high - low) or 0.01
    return float(low - margin), float(high + margin)


def _kept(model: Trained) -> Epoch | None:
    """Give the epoch whose weights were kept: the one at `steps`, or the nearest; None without a history."""
    return min(model.history, key=lambda epoch: abs(epoch.step - model.steps), default=None)


def _last_epoch(model: Trained) -> float:
    """Give the end of the epoch axis."""
    return max(epoch.epoch for epoch in (*model.history, *model.retraining)) if model.history else 1.0


def _in_words(name: str, model: Trained) -> str:
    """Say what a model's curves end with."""
    kept = _kept(model)
    if kept is None:
        return f"{name.capitalize()} model: nothing recorded."
    accuracy = kept.validation_accuracy
    reached = "" if accuracy is None else f", cross-validation accuracy {percent(accuracy)}"
    epochs = f"{kept.epoch:.3g} of {model.history[-1].epoch:.3g}"
    return f"{name.capitalize()} model: weights kept at epoch {epochs}{reached}."
