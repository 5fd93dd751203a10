"""Trials trained on a Ray cluster, for a search that goes on here.

For each place on the cluster a thread here shares the study as a process would, and claims, judges and writes down its
trials; only the training itself is a task there. A task whose machine is lost Ray begins again on another one, so that
the study sees one trial that took longer.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from itertools import count
from typing import Any, TypeVar

import numpy as np

from fashion_classifier.data.dataset import SealedTestSet
from fashion_classifier.errors import UnavailableError
from fashion_classifier.inference.cluster import here
from fashion_classifier.progress import Progress
from fashion_classifier.reporting.results import Epoch
from fashion_classifier.training.early_stopping import StopReason
from fashion_classifier.training.recipes.recipe import Recipe
from fashion_classifier.training.train import TrainedModel, Workshop
from fashion_classifier.tuning.sharing import UnfinishedError
from fashion_classifier.tuning.study import Search
from fashion_classifier.tuning.trials import Trial

RETRIES = 5  # of a trial whose machine or process is lost; one that is lost each time is to blame itself
LOOK_EVERY_S = 0.2
SHOW_EVERY_S = 0.5

_Result = TypeVar("_Result")
_Shown = tuple[str, float, float, str]


@dataclass(eq=False)
class ClusterWorkshop(Workshop):
    """A workshop whose work is done on the cluster that this process has joined; its test set stays here.

    Parameters
    ----------
    cpus, gpus
        That a training takes.
    prepare
        Called before each work in the process that does it.
    """

    cpus: int = 1
    gpus: int = 0
    prepare: Callable[[], object] = field(default=lambda: None)

    def __post_init__(self) -> None:
        super().__post_init__()
        import ray  # noqa: PLC0415 - an extra

        nothing = SealedTestSet(self.split.training.take(np.empty(0, np.int64)))
        there = Workshop(replace(self.split, test=nothing), self.device, {}, self.provenance, self.exact)
        self._there = ray.put(there)  # which each machine fetches once
        self._numbers = count()
        self._board: Any = ray.remote(_Board).options(num_cpus=0, scheduling_strategy=here()).remote()

    def train(self, recipe: Recipe, **settings: Any) -> TrainedModel:
        """Train a recipe; parameters and errors as for `Workshop.train`.

        Raises
        ------
        UnavailableError
            If the training was lost with its process again and again.
        UnfinishedError
            If a stop was asked for.
        """
        stop_asked, judge = settings.pop("stop_asked"), settings.pop("on_validation")
        progress: Progress = settings.pop("progress")
        trial, board, answers = next(self._numbers), self._board, list[StopReason | None]()

        def look() -> None:
            if stop_asked() is not None:
                raise UnfinishedError
            record, shown = _get(board.exchange.remote(trial, answers))
            for each in shown:
                progress(*each)
            if record is not None:
                answers.append(judge(record))
                board.exchange.remote(trial, answers)

        try:
            return self._do(partial(_train, board, trial, recipe, settings), look)
        finally:
            board.forget.remote(trial)

    @property
    def images_per_second(self) -> float:
        """As `Workshop.images_per_second`, there."""
        return self._do(lambda workshop: workshop.images_per_second)

    def prediction_seconds(self, recipe: Recipe, n_images: int) -> float:
        """Measure as `Workshop.prediction_seconds` does, there."""
        return self._do(lambda workshop: workshop.prediction_seconds(recipe, n_images))

    def seconds_per_epoch(self, recipe: Recipe, *, n_steps: int = 8) -> float:
        """Measure as `Workshop.seconds_per_epoch` does, there."""
        return self._do(lambda workshop: workshop.seconds_per_epoch(recipe, n_steps=n_steps))

    def _do(self, work: Callable[[Workshop], _Result], look: Callable[[], None] = lambda: None) -> _Result:
        """Have something done there; meanwhile look after it, and cancel it if that raises."""
        import ray  # noqa: PLC0415
        from ray import exceptions  # noqa: PLC0415

        task: Any = ray.remote(_work).options(num_cpus=self.cpus, num_gpus=self.gpus, max_retries=RETRIES)
        # In a list a reference stays one: the process keeps what it fetched for the work before.
        doing = task.remote([self._there], self.prepare, work)
        try:
            while not ray.wait([doing], timeout=LOOK_EVERY_S)[0]:
                look()
            result: _Result = ray.get(doing)
        except exceptions.RayTaskError as error:
            raise error.cause from error
        except (exceptions.WorkerCrashedError, exceptions.NodeDiedError, exceptions.OutOfMemoryError) as error:
            raise UnavailableError(f"its process was lost {RETRIES + 1} times ({type(error).__name__})") from error
        except BaseException:
            ray.cancel(doing, force=True)
            raise
        return result


def _get(reference: Any) -> Any:
    """Wait for what an actor says."""
    import ray  # noqa: PLC0415

    return ray.get(reference)


def _work(there: Sequence[Any], prepare: Callable[[], object], work: Callable[[Workshop], _Result]) -> _Result:
    """Do something; called on the cluster."""
    prepare()
    return work(_fetched(there[0]))


@lru_cache(maxsize=1)
def _fetched(reference: Any) -> Workshop:
    """Fetch the workshop for a process that may do more than one work."""
    workshop: Workshop = _get(reference)
    return workshop


def _train(board: Any, trial: int, recipe: Recipe, settings: dict[str, Any], workshop: Workshop) -> TrainedModel:
    """Train a recipe; called on the cluster."""
    numbers, shown_at = iter(range(10_000)), float("-inf")

    def validated(record: Epoch) -> StopReason | None:
        reason: StopReason | None = _get(board.validated.remote(trial, next(numbers), record))
        return reason

    def progress(task: str, done: float, total: float, detail: str = "") -> None:
        nonlocal shown_at
        if done >= total or time.monotonic() - shown_at > SHOW_EVERY_S:
            shown_at = time.monotonic()
            board.show.remote(trial, (task, done, total, detail))

    trained = workshop.train(recipe, **settings, on_validation=validated, progress=progress)
    trained.model.network.to("cpu")
    return trained


class _Said:
    """What is known of one trial."""

    def __init__(self) -> None:
        self.record: tuple[int, Epoch] | None = None
        self.shown: dict[str, _Shown] = {}
        self.answers: Sequence[StopReason | None] = ()
        self.answered = asyncio.Event()


class _Board:
    """What trials say there until it is heard here, and what they are answered; an actor of Ray's.

    A trial that is begun anew says again what it said before, and is answered as before.
    """

    def __init__(self) -> None:
        self.said: dict[int, _Said] = defaultdict(_Said)

    async def validated(self, trial: int, number: int, record: Epoch) -> StopReason | None:
        """Say how a validation came out, and wait for the answer."""
        said = self.said[trial]
        if number >= len(said.answers):
            said.record = number, record
        while number >= len(said.answers):
            said.answered.clear()
            await said.answered.wait()
        return said.answers[number]

    async def show(self, trial: int, shown: _Shown) -> None:
        """Say how far a trial is."""
        self.said[trial].shown[shown[0]] = shown

    async def exchange(self, trial: int, answers: Sequence[StopReason | None]) -> tuple[Epoch | None, list[_Shown]]:
        """Answer a trial's validations, and hear which is to be answered next and how far it is."""
        said = self.said[trial]
        said.answers = answers
        said.answered.set()
        shown, said.shown = list(said.shown.values()), {}
        record = said.record if said.record is not None and said.record[0] == len(answers) else None
        return None if record is None else record[1], shown

    async def forget(self, trial: int) -> None:
        """Drop what is known of a trial that is over."""
        self.said.pop(trial, None)


def run_together(
    searches: Sequence[Search],
    *,
    stop_asked: Callable[[], StopReason | None],
    on_trained: Callable[[float, TrainedModel], None],
    on_trial: Callable[[Trial, TrainedModel | None], None],
    progress: Progress,
) -> None:
    """Go on with several searches on one study at a time; parameters and errors as for `Search.run`.

    Where one fails, the others are asked to stop.
    """
    failed, one_at_a_time = threading.Event(), threading.Lock()

    def asked() -> StopReason | None:
        return StopReason.INTERRUPTED if failed.is_set() else stop_asked()

    def told(trial: Trial, trained: TrainedModel | None) -> None:
        with one_at_a_time:
            on_trial(trial, trained)

    def shown(task: str, done: float, total: float, detail: str = "") -> None:
        with one_at_a_time:
            progress(task, done, total, detail)

    told_of: Any = {"stop_asked": asked, "on_trained": on_trained, "on_trial": told, "progress": shown}
    if len(searches) == 1:  # in this thread, where signals arrive
        searches[0].run(**told_of)
        return
    with ThreadPoolExecutor(len(searches)) as pool:
        running = [pool.submit(search.run, **told_of) for search in searches]
        try:
            for one in wait(running, return_when=FIRST_EXCEPTION).done:
                one.result()
        except BaseException:
            failed.set()
            raise
