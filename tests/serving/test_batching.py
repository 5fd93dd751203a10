"""What arrives together is computed together, in order, within bounds, and a failure concerns its batch alone."""

from __future__ import annotations

import asyncio
import threading

import pytest

from fashion_classifier.serving.batching import Batcher
from fashion_classifier.serving.problems import Problem


def run_with(work, compute=None, **settings):
    """Run a coroutine that is given a batcher; return what it gave and the sizes of the batches."""
    sizes = []

    def count(batch):
        sizes.append(len(batch))
        return compute(batch) if compute else [2 * one for one in batch]

    async def run():
        given = {"largest": 4, "most_waiting": 100, "gather_s": 0.0, "n_expected": lambda: 0, **settings}
        batcher = Batcher(count, lambda _: 1, **given)
        batcher.start()
        try:
            return await work(batcher)
        finally:
            await batcher.stop()

    return asyncio.run(run()), sizes


def test_results_come_back_in_order_and_batches_are_bounded():
    async def work(batcher):
        return await asyncio.gather(*(batcher.submit([number]) for number in range(10)))

    results, sizes = run_with(work)
    assert results == [[2 * number] for number in range(10)]
    assert sum(sizes) == 10
    assert max(sizes) <= 4


def test_one_request_may_be_larger_than_a_batch():
    results, sizes = run_with(lambda batcher: batcher.submit(range(9)))
    assert results == [2 * number for number in range(9)]
    assert sizes == [9]


def test_more_than_may_wait_is_refused():
    go = threading.Event()

    def slow(batch):
        go.wait(10)
        return batch

    async def work(batcher):
        first = asyncio.create_task(batcher.submit([0]))
        await asyncio.sleep(0.05)
        second = asyncio.create_task(batcher.submit([1, 2]))
        await asyncio.sleep(0.05)
        with pytest.raises(Problem, match="2 images wait"):
            await batcher.submit([3])
        go.set()
        return await first, await second

    assert run_with(work, slow, most_waiting=2)[0] == ([0], [1, 2])


def test_whoever_has_gone_is_not_computed_for():
    go = threading.Event()

    def slow(batch):
        go.wait(10)
        return batch

    async def work(batcher):
        first = asyncio.create_task(batcher.submit([0]))
        await asyncio.sleep(0.05)
        gone = asyncio.create_task(batcher.submit([1]))
        await asyncio.sleep(0)
        gone.cancel()
        last = asyncio.create_task(batcher.submit([2]))
        await asyncio.sleep(0)
        go.set()
        return await first, await last, batcher.n_waiting

    results, sizes = run_with(work, slow)
    assert results == ([0], [2], 0)
    assert sizes == [1, 1]


def test_a_failure_is_told_to_its_batch_and_no_other():
    def fail_on_one(batch):
        if 1 in batch:
            raise ValueError("one")
        return batch

    async def work(batcher):
        with pytest.raises(ValueError, match="one"):
            await batcher.submit([1])
        return await batcher.submit([2])

    assert run_with(work, fail_on_one)[0] == [2]


def test_it_waits_for_those_who_have_arrived():
    expected = [2]

    async def work(batcher):
        async def later():
            await asyncio.sleep(0.02)
            expected[0] = 0
            return await batcher.submit([2])

        return await asyncio.gather(batcher.submit([1]), later())

    assert run_with(work, gather_s=5.0, n_expected=lambda: expected[0])[1] == [2]
