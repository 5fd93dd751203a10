"""A study that several processes may work on: whose a trial is, and what becomes of one whose process died.

A trial is claimed, under its index, before it is begun, and has its index as a finished one when it is finished. While
it trains its process sends heartbeats (Optuna does so inside `Study.optimize`); where they end, the next process that
looks for work has Optuna fail the trial and queue it again, with the same settings and the same claim.
"""

from __future__ import annotations

import warnings
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from threading import Event
from typing import Any

import optuna
from optuna.exceptions import ExperimentalWarning, StorageInternalError
from optuna.storages import RDBStorage, RetryHeartbeatStaleTrialCallback
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy.exc import SQLAlchemyError

from fashion_classifier.errors import UnavailableError
from fashion_classifier.progress import Progress
from fashion_classifier.training.early_stopping import StopReason
from fashion_classifier.training.train import TrainedModel
from fashion_classifier.tuning.plan import TrainingLength
from fashion_classifier.tuning.storage import StudyStorage
from fashion_classifier.tuning.trials import INDEX, STEPS, Trial

CLAIM, INTERRUPTED = "claim", "interrupted"
MOST_CUT_OFFS = 8  # of one trial: it is what ends its processes then, by taking too much memory for instance
HEARTBEAT_S, GRACE_S = 10, 60  # without a heartbeat for so long, a trial's process counts as dead

_REFUSED = (StorageInternalError, SQLAlchemyError)


@dataclass(frozen=True, kw_only=True)
class Work:
    """A trial that is to be made.

    Parameters
    ----------
    params
        Its settings, where they are given.
    facts
        To be written down with it.
    """

    index: int
    how: TrainingLength
    seed: int
    params: dict[str, Any] | None = None
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Session:
    """What all trials of one call share: when it began, and who is asked and told."""

    started: float
    stop_asked: Callable[[], StopReason | None]
    on_trained: Callable[[float, TrainedModel], None]
    on_trial: Callable[[Trial, TrainedModel | None], None]
    progress: Progress


class UnfinishedError(Exception):
    """A trial failed or was broken off; what is known of it is written down by then."""


class _Storage(RDBStorage):
    """A database in which a heartbeat that could not be written is missed: the trial's other writes say why.

    `beaten` is set by each, so that a trial can be claimed once there is a first one to miss others by.
    """

    def __init__(self, url: str, **settings: Any) -> None:
        super().__init__(url, **settings)
        self.beaten = Event()
        weakref.finalize(self, self.engine.dispose)  # a server's connections are closed, not dropped

    def record_heartbeat(self, trial_id: int) -> None:
        try:
            with suppress(*_REFUSED):
                super().record_heartbeat(trial_id)
        finally:
            self.beaten.set()


def open_studies(
    place: StudyStorage, purposes: tuple[str, ...], *, alone: bool
) -> tuple[dict[str, optuna.Study], Event]:
    """Open a place's studies, or make them; return what is set by each heartbeat as well.

    Parameters
    ----------
    alone
        Whether nobody else works on them: then what is under way there was cut off.
    """
    optuna.logging.set_verbosity(optuna.logging.ERROR)  # of trials that fail we tell ourselves
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        storage = _Storage(
            place.url,
            engine_kwargs=place.engine,
            heartbeat_interval=HEARTBEAT_S,
            grace_period=GRACE_S,
            heartbeat_stale_trial_callback=RetryHeartbeatStaleTrialCallback(),
        )
    pruner = optuna.pruners.MedianPruner(n_startup_trials=4, n_warmup_steps=0)
    studies = {
        purpose: optuna.create_study(
            storage=storage,
            study_name=place.study_name(purpose),
            direction="maximize",
            pruner=pruner,
            load_if_exists=True,
        )
        for purpose in purposes
    }
    for study in studies.values() if alone else ():
        for trial in study.get_trials(states=(TrialState.RUNNING,), deepcopy=False):
            study.tell(trial.number, state=TrialState.FAIL)  # not being finished, it is done again
    return studies, storage.beaten


@contextmanager
def explained(place: StudyStorage) -> Iterator[None]:
    """Say that a database cannot be read or written, and why.

    Raises
    ------
    UnavailableError
        In the place of Optuna's and SQLAlchemy's errors.
    """
    try:
        yield
    except (*_REFUSED, UnboundLocalError, AssertionError) as error:
        # The last two are Optuna 5.0's own slips, where it cannot write how a trial ended.
        refused = error if isinstance(error, _REFUSED) else error.__context__
        if not isinstance(refused, _REFUSED):
            raise
        place.check()
        cause = refused.__cause__ if isinstance(refused, StorageInternalError) else refused
        raise UnavailableError(
            f"{place.shown}: the search's database could not be read or written "
            f"({' '.join(str(getattr(cause, 'orig', cause)).split())}). {place.remedy}, and go on: trials that are "
            "finished are kept."
        ) from error


def finished(study: optuna.Study) -> dict[int, FrozenTrial]:
    """Return the finished trials by their index, in its order."""
    found = {trial.user_attrs[INDEX]: trial for trial in study.get_trials(deepcopy=False) if _is_finished(trial)}
    return dict(sorted(found.items()))


def _is_finished(trial: FrozenTrial) -> bool:
    """Tell whether a trial came to its end; one that was trained and then failed lost its process before that."""
    cut_off = trial.state == TrialState.FAIL and STEPS in trial.user_attrs
    return trial.state.is_finished() and INDEX in trial.user_attrs and not cut_off


def under_way(study: optuna.Study) -> dict[int, FrozenTrial]:
    """Return those that somebody has claimed and not finished, by their index."""
    trials = study.get_trials(states=(TrialState.RUNNING, TrialState.WAITING), deepcopy=False)
    return {trial.user_attrs[CLAIM]: trial for trial in trials if CLAIM in trial.user_attrs}


def queue_stale(study: optuna.Study) -> None:
    """Fail trials whose process sends no heartbeats any more, and queue them again; only for whoever's turn it is."""
    for trial in study.get_trials(states=(TrialState.RUNNING,), deepcopy=False):
        if CLAIM not in trial.user_attrs:  # claims are made in the turn in which a trial begins: its process was killed
            study.tell(trial.number, state=TrialState.FAIL)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        optuna.storages.fail_stale_trials(study)


def queued(study: optuna.Study) -> FrozenTrial | None:
    """Return the trial that is asked for next because it was queued, if one was."""
    return next(iter(study.get_trials(states=(TrialState.WAITING,), deepcopy=False)), None)


def next_index(study: optuna.Study) -> int:
    """Return the index of the next trial: that of the one that is queued, or the first that nobody has claimed."""
    waiting = queued(study)
    if waiting is not None and CLAIM in waiting.user_attrs:
        return int(waiting.user_attrs[CLAIM])
    taken = under_way(study).keys() | finished(study).keys()  # in this order: one that ends meanwhile is in both
    return next(index for index in range(len(taken) + 1) if index not in taken)


def claim(trial: optuna.Trial, work: Work) -> Work:
    """Claim a trial that has begun, and return the work that it is.

    Its index is that of the work that was chosen, unless Optuna, which looks for silent processes once more, has given
    a trial that one of them had claimed: it keeps its index, and what was chosen stays for the next turn.
    """
    work = replace(work, index=trial.user_attrs.get(CLAIM, work.index))
    trial.set_user_attr(CLAIM, work.index)
    return work


def check_survived(study: optuna.Study, index: int) -> None:
    """Check that a trial has not ended, again and again, the processes that made it.

    Raises
    ------
    UnavailableError
        If it has: it counts as failed then, so that the search comes to an end.
    """
    failed = study.get_trials(states=(TrialState.FAIL,), deepcopy=False)
    cut_off = [one for one in failed if not _is_finished(one) and INTERRUPTED not in one.user_attrs]
    n_times = sum(one.user_attrs.get(CLAIM) == index for one in cut_off)
    if n_times >= MOST_CUT_OFFS:
        raise UnavailableError(f"{n_times} processes ended while they made it, for want of memory perhaps")


def was_lost(study: optuna.Study, number: int) -> bool:
    """Tell whether a trial was given up by others while it was worked on here, as after a computer's sleep."""
    trial = study.trials[number]
    return trial.state == TrialState.FAIL and not _is_finished(trial)
