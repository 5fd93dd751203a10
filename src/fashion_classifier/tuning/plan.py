"""How long a trial trains when a search has a time: as many epochs for each, as many as the known recipe can afford."""

from __future__ import annotations

import math
from dataclasses import dataclass

LEAST_EPOCHS, MOST_EPOCHS = 0.4, 30.0  # with fewer, the order of the trials is mostly chance
LEAST_TRIALS = 5
CAP = 1.5  # times the known recipe's time; a slower trial has its schedule cut short


@dataclass(frozen=True)
class TrialPlan:
    """What every trial may have.

    Parameters
    ----------
    epochs
        Passes over the training images.
    seconds
        Time after which a trial's schedule ends even so.
    """

    epochs: float
    seconds: float


def plan_trials(seconds_per_epoch: float, search_s: float) -> TrialPlan | None:
    """Plan the trials of a search that has `search_s` seconds, its confirmation included.

    At least eight trials like the known recipe and their confirmation are to fit; with more time there are more of
    them, and each is longer.

    Parameters
    ----------
    seconds_per_epoch
        What an epoch of the known recipe takes on this machine.
    search_s
        Seconds for search and confirmation.

    Returns
    -------
    TrialPlan or None
        None if not even a few trials of the shortest length fit, so that a search would tell nothing.
    """
    n_trials = max(8.0, math.sqrt(search_s)) + 4
    affordable = 0.75 * search_s / n_trials / seconds_per_epoch  # the rest is for predicting
    epochs = min(MOST_EPOCHS, max(LEAST_EPOCHS, affordable))
    if epochs * seconds_per_epoch * LEAST_TRIALS > search_s:
        return None
    return TrialPlan(round(epochs, 2), CAP * epochs * seconds_per_epoch + 1.0)
