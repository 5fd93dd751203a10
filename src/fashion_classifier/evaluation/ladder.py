"""Where a gain came from: models in the order in which they were arrived at, each compared with the one before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fashion_classifier.errors import UsageError
from fashion_classifier.evaluation.comparison import Comparison, compare
from fashion_classifier.evaluation.intervals import Estimate, wilson


@dataclass(frozen=True)
class Rung:
    """One model of a ladder.

    Parameters
    ----------
    title
        What it is.
    change
        What sets it apart from the rung below.
    accuracy
        With Wilson's 95 % interval.
    step
        It against the rung below, on the same images; None for the first.
    passes
        How long it learned, in as many images as all training images make once; 0 where that is not known.
    """

    title: str
    change: str
    accuracy: Estimate
    step: Comparison | None
    passes: float = 0.0


@dataclass(frozen=True, eq=False)
class Climber:
    """A model that is to be a rung.

    Parameters
    ----------
    title, change, passes
        As in `Rung`.
    predicted
        int64 array of shape (n,): what it answered for the images.
    """

    title: str
    change: str
    predicted: NDArray[np.int64]
    passes: float = 0.0


def build_ladder(labels: NDArray[np.int64], climbers: Sequence[Climber]) -> tuple[Rung, ...]:
    """Measure models on one set of images, each against the one before.

    The steps add up to the difference between the last and the first. They are not independent of each other, and
    where a rung was chosen on these images, its step flatters it (`fashion_classifier.evaluation.choosing`).

    Parameters
    ----------
    labels
        int64 array of shape (n,), n at least 1.
    climbers
        At least one.

    Raises
    ------
    UsageError
        If there is no model, or one did not answer for every image.
    """
    if not climbers:
        raise UsageError("a ladder has at least one rung, but no model was given")
    rungs = []
    below: Climber | None = None
    for climber in climbers:
        step = compare(labels, climber.predicted if below is None else below.predicted, climber.predicted)
        accuracy = wilson(step.both_right + step.mended, step.n)
        rungs.append(Rung(climber.title, climber.change, accuracy, None if below is None else step, climber.passes))
        below = climber
    return tuple(rungs)
