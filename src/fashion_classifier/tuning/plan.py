"""How long a trial trains when a search has a time: as many epochs for each, as many as the known recipe can afford."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

LEAST_EPOCHS, MOST_EPOCHS = 0.4, 30.0  # with fewer, the order of the trials is mostly chance
LEAST_TRIALS = 5
SEARCH_PART = 0.45  # of the time, in which trials are made; the rest is their finalists'
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


@dataclass(frozen=True)
class TrainingLength:
    """How long a training of the search may be: epochs, and seconds if time limits it."""

    epochs: float
    seconds: float | None


@dataclass(frozen=True)
class Round:
    """How finalists are confirmed after so many trials: how many of them, each as long as the others."""

    after: int
    n_finalists: int
    how: TrainingLength

    def to_dict(self) -> dict[str, float | None]:
        """Return plain values, for the study."""
        return {"after": self.after, "n": self.n_finalists, "epochs": self.how.epochs, "seconds": self.how.seconds}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Round:
        """Read what `to_dict` gave."""
        return cls(values["after"], values["n"], TrainingLength(values["epochs"], values["seconds"]))


def plan_trials(seconds_per_epoch: float, search_s: float) -> TrialPlan | None:
    """Plan the trials of a search that has `search_s` seconds, its confirmation included.

    At least eight trials like the known recipe are to fit into the search's part of the time; with more time there are
    more of them, and each is longer. The rest is for the confirmation, which trains a few of them longer.

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
    n_trials = max(8.0, math.sqrt(search_s))
    affordable = 0.75 * SEARCH_PART * search_s / n_trials / seconds_per_epoch  # the rest is for predicting
    epochs = min(MOST_EPOCHS, max(LEAST_EPOCHS, affordable))
    if epochs * seconds_per_epoch * LEAST_TRIALS > search_s:
        return None
    return TrialPlan(round(epochs, 2), CAP * epochs * seconds_per_epoch + 1.0)
