"""What the figures of both models share: the sets of images, the models' colours, signs and names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes

from fashion_classifier.evaluation.metrics import Evaluation
from fashion_classifier.reporting.figures.palette import INITIAL, OPTIMIZED
from fashion_classifier.reporting.figures.sheet import WIDTH, Side, annotate
from fashion_classifier.reporting.results import RunResults
from fashion_classifier.reporting.wording import counted

MODELS = ("initial", "optimized")
COLOURS = (INITIAL, OPTIMIZED)


@dataclass(frozen=True)
class Split:
    """What both models reach on one set of images."""

    name: str
    initial: Evaluation
    optimized: Evaluation

    @property
    def both(self) -> tuple[Evaluation, Evaluation]:
        """The initial model's evaluation, then the optimized one's."""
        return self.initial, self.optimized


def held_out(results: RunResults) -> list[Split]:
    """Give the sets that were not trained on, the one that counts first."""
    initial, optimized = results.initial, results.optimized
    splits = [Split("Cross-validation", initial.validation, optimized.validation)]
    if initial.test is not None and optimized.test is not None:
        splits.insert(0, Split("Test", initial.test, optimized.test))
    return splits


def sizes(splits: Sequence[Split]) -> str:
    """Say how many images there are."""
    return ", ".join(f"{split.name}: {counted(split.initial.n, 'image')}" for split in splits)


def draw_dot(axes: Axes, x: float, y: float, colour: str) -> None:
    """Draw one model's sign: a square for the initial one, a disc for the optimized one."""
    marker, size = ("s", 6.0) if colour == INITIAL else ("o", 7.5)
    axes.plot([x], [y], marker, color=colour, ms=size, mew=0, zorder=3, clip_on=False)


def is_larger(values: Sequence[float]) -> tuple[bool, bool]:
    """Tell for each model whether its value is the larger one; of two equal ones the optimized model's is."""
    return values[0] > values[1], values[0] <= values[1]


def name_dots(axes: Axes, values: Sequence[float], names: tuple[str, str] = MODELS) -> None:
    """Write the models' names above their dots of the first row, outwards where the dots are close."""
    (left, right), points_wide = axes.get_xlim(), axes.get_position().width * WIDTH
    is_close = abs(values[1] - values[0]) / (right - left) * points_wide < 70
    for name, value, colour, is_right in zip(names, values, COLOURS, is_larger(values), strict=True):
        side: Side = "center" if not is_close else "left" if is_right else "right"
        dx = 0 if not is_close else 2 if is_right else -2
        annotate(axes, value, 1, name, y_in="axes fraction", dx=dx, dy=5, side=side, colour=colour, weight="bold")


def padded(values: Sequence[float], share: float) -> tuple[float, float]:
    """Give an axis's ends with a margin at either side, never of no length nor below nothing."""
    low, high = min(values), max(values)
    margin = share * (high - low) or 0.005
    return max(low - margin, 0.0), high + margin
