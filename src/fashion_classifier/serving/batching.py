"""Requests that arrive together are answered together: one queue, one thread that computes, bounds on both."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Generic, TypeVar

from fashion_classifier.serving.problems import Problem

Work = TypeVar("Work")
Result = TypeVar("Result")


@dataclass(eq=False)
class _Waiting(Generic[Work, Result]):
    """What one request wants computed."""

    work: Sequence[Work]
    size: int
    results: asyncio.Future[list[Result]] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Batcher(Generic[Work, Result]):
    """Collects what requests want computed and has it computed in batches, in the order in which it came.

    While one batch is computed the next one gathers. Only when nothing is computed is there any waiting, and only while
    other requests have arrived that are not read yet: somebody who is alone is answered at once.

    Parameters
    ----------
    compute
        From a batch of work to as many results; called in a thread, never twice at the same time.
    size_of
        How much one piece of work counts.
    largest
        Up to how much is computed at once; a single request may be more.
    most_waiting
        How much may wait.
    gather_s
        Seconds that the first of a batch waits for others at most.
    n_expected
        Tells how many requests have arrived and have not asked for anything yet.
    """

    def __init__(
        self,
        compute: Callable[[list[Work]], list[Result]],
        size_of: Callable[[Work], int],
        *,
        largest: int,
        most_waiting: int,
        gather_s: float,
        n_expected: Callable[[], int],
    ) -> None:
        self._compute, self._size_of = compute, size_of
        self._largest, self._most_waiting = largest, most_waiting
        self._gather_s, self._n_expected = gather_s, n_expected
        self._waiting: deque[_Waiting[Work, Result]] = deque()
        self._came = asyncio.Event()
        self._thread = ThreadPoolExecutor(1, "model")
        self._runner: asyncio.Task[None] | None = None
        self.n_waiting = 0

    def start(self) -> None:
        """Begin to compute what is asked for."""
        self._runner = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """End; whoever still waits is told so."""
        if self._runner is not None:
            self._runner.cancel()
            await asyncio.gather(self._runner, return_exceptions=True)
        for waiting in self._waiting:
            waiting.results.cancel()
        self._thread.shutdown()

    async def submit(self, work: Sequence[Work]) -> list[Result]:
        """Return the results of some work.

        Raises
        ------
        Problem
            If too much is waiting already.
        """
        size = sum(map(self._size_of, work))
        if self.n_waiting and self.n_waiting + size > self._most_waiting:
            raise Problem("busy", f"{self.n_waiting:,} images wait for the model already. Send it again in a second.")
        waiting: _Waiting[Work, Result] = _Waiting(work, size)
        self._waiting.append(waiting)
        self.n_waiting += size
        self._came.set()
        return await waiting.results

    async def _run(self) -> None:
        """Compute batch after batch."""
        loop = asyncio.get_running_loop()
        while True:
            await self._came.wait()
            await self._gather()
            batch = self._next_batch()
            if not batch:
                continue
            work = [one for waiting in batch for one in waiting.work]
            try:
                results = await loop.run_in_executor(self._thread, partial(self._compute, work))
            except Exception as error:  # noqa: BLE001 - each request that it concerns is told
                for waiting in batch:
                    _fail(waiting.results, error)
            else:
                _hand_out(batch, results)

    async def _gather(self) -> None:
        """Wait a little for requests that are being read."""
        loop = asyncio.get_running_loop()
        until = loop.time() + self._gather_s
        while self._n_expected() and self.n_waiting < self._largest and loop.time() < until:  # noqa: ASYNC110 - 2 ms at most
            await asyncio.sleep(self._gather_s / 10)

    def _next_batch(self) -> list[_Waiting[Work, Result]]:
        """Take what fits into one batch; nobody who has gone away is computed for."""
        batch: list[_Waiting[Work, Result]] = []
        size = 0
        while self._waiting and (not batch or size + self._waiting[0].size <= self._largest):
            waiting = self._waiting.popleft()
            self.n_waiting -= waiting.size
            if not waiting.results.done():
                batch.append(waiting)
                size += waiting.size
        if not self._waiting:
            self._came.clear()
        return batch


def _hand_out(batch: Sequence[_Waiting[Work, Result]], results: list[Result]) -> None:
    """Give each request its results."""
    start = 0
    for waiting in batch:
        if not waiting.results.done():
            waiting.results.set_result(results[start : start + len(waiting.work)])
        start += len(waiting.work)


def _fail(results: asyncio.Future[list[Result]], error: Exception) -> None:
    """Tell a request that there is no answer."""
    if not results.done():
        results.set_exception(error)
