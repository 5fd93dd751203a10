"""Time as a promise: a clock for the whole run, and how what is left is shared out among the stages."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

INITIAL_SHARE = 0.07  # of the whole time, for the initial model at most
LEAST_INITIAL_S = 4.0
REPORT_SHARE = 0.055
LEAST_REPORT_S, MOST_REPORT_S = 6.0, 120.0
SHORT_RUN_S, SHORT_REPORT_SHARE = 60.0, 1 / 6  # of shorter runs, which leave evidence away, a larger share
NO_SEARCH_BELOW_S = 60.0  # with less for search and training together, the known recipe is trained at once
SEARCH_SHARE = 0.25
MOST_EPOCHS = 100.0  # where only time limits a training
TRIAL_EPOCHS_SHARE = 0.25  # of the training's epochs, for exact work
SAVING_S = 0.8  # kept back at the end of a training or a search for the model folder and the program's end
GROWTH = 1.25  # retraining learns from training + cross-validation data, a quarter more by default


class Clock:
    """Counts the seconds of a run, over its continuations; downloads do not count.

    Parameters
    ----------
    limit_s
        Seconds that the run may take; None for no limit.
    used_s
        Seconds that count already: of earlier sessions, and of the program's start.
    """

    def __init__(self, limit_s: float | None, used_s: float = 0.0) -> None:
        self.limit_s = limit_s
        self._used_before = used_s
        self._started = time.perf_counter()
        self._paused = 0.0

    @property
    def used_s(self) -> float:
        """Seconds that the run has taken so far."""
        return self._used_before + time.perf_counter() - self._started - self._paused

    @property
    def left_s(self) -> float:
        """Seconds that are left; infinite without a limit, negative when overdrawn."""
        return math.inf if self.limit_s is None else self.limit_s - self.used_s

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Do not count what happens inside."""
        begin = time.perf_counter()
        try:
            yield
        finally:
            self._paused += time.perf_counter() - begin


@dataclass(frozen=True)
class Shares:
    """Seconds for each stage; None where no time limits it.

    Parameters
    ----------
    search
        Of the whole search with its confirmation; 0 for no search.
    training
        Of the chosen configuration on the training part. Its retraining takes `GROWTH` times as long.
    """

    search: float | None
    training: float | None


def report_seconds(limit_s: float) -> float:
    """Return how long before the end the evaluation and the report begin."""
    short = SHORT_REPORT_SHARE * min(limit_s, SHORT_RUN_S)
    return min(MOST_REPORT_S, max(LEAST_REPORT_S, short, REPORT_SHARE * limit_s))


def initial_seconds(clock: Clock) -> float | None:
    """Return how long the initial model may train."""
    return None if clock.limit_s is None else max(LEAST_INITIAL_S, INITIAL_SHARE * clock.limit_s)


def share_out(clock: Clock) -> Shares:
    """Share what is left, less what the report needs, among search, training and retraining."""
    if clock.limit_s is None:
        return Shares(None, None)
    left = max(0.0, clock.left_s - report_seconds(clock.limit_s))
    search = 0.0 if left < NO_SEARCH_BELOW_S else SEARCH_SHARE * left * min(1.0, left / 200)
    return Shares(search, training_seconds(left - search))


def training_seconds(left_s: float) -> float:
    """Return the share of the training when training and retraining have `left_s` together."""
    return max(1.0, left_s / (1 + GROWTH))  # what validations cost, the retraining does without
