"""Pictures decoded in batches, in order, by this process or by several beside it, with bounded memory.

Decoding small pictures is mostly Python's own work, which threads do not share; processes do.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
import warnings
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from fashion_classifier.data.dataset import Images, ImageShape
from fashion_classifier.data.pictures import Pixels, read_picture, to_array
from fashion_classifier.errors import DataError, UnavailableError
from fashion_classifier.inference.cores import available_cores

BATCH_SIZE = 250  # pictures, where so many are small
BATCH_BYTES = 16 << 20  # decoded pictures of a batch, at most
FIRST = 64  # pictures that are decoded here, to see how long the others will take
WORTH_S = 0.3  # decoding that takes longer than this is worth processes of its own: one starts in about 0.2 s
MOST_PROCESSES = 8
AHEAD_BYTES = 64 << 20  # decoded pictures that wait, at most, beyond one batch for each process


@dataclass(frozen=True, eq=False)
class DecodedBatch:
    """Pictures that were decoded together.

    Parameters
    ----------
    paths
        The files, in order.
    errors
        For each file why it could not be read; empty where it could.
    images
        uint8 array of shape (n, height, width[, 3]): those that could be read, in order.
    """

    paths: tuple[str, ...]
    errors: tuple[str, ...]
    images: Images


def decode(paths: Iterable[str], shape: ImageShape) -> DecodedBatch:
    """Read pictures in an image shape; a file that cannot be read is told with its error."""
    names, errors, images = tuple(paths), list[str](), list[Pixels]()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PIL warns of oddities in files whose pixels it reads all the same
        for name in names:
            image, error = _decode_one(name, shape)
            errors.append(error)
            images.extend([] if image is None else [image])
    form = (len(images), *shape[:2], *((3,) if shape.channels == 3 else ()))
    stacked = np.stack(images) if images else np.empty(form, np.uint8)
    return DecodedBatch(names, tuple(errors), stacked)


def _decode_one(name: str, shape: ImageShape) -> tuple[Pixels | None, str]:
    """Read one picture, or say why it cannot be read."""
    try:
        return to_array(read_picture(Path(name), near=shape[:2]), shape), ""
    except DataError as fault:
        return None, str(fault)
    except (MemoryError, OSError) as fault:
        reason = getattr(fault, "strerror", None) or str(fault) or "there is not enough memory"
        return None, f"{name}: it cannot be read ({reason})"


@contextmanager
def decoding(
    paths: Iterable[str], n: int, shape: ImageShape, *, processes: int = -1
) -> Iterator[Iterator[DecodedBatch]]:
    """Give the pictures of files in batches, which are decoded ahead, beside whatever is done in the block.

    Parameters
    ----------
    paths
        Of the files; they are taken as they are needed.
    n
        About how many there are.
    shape
        To which the pictures are brought.
    processes
        How many decode beside this one; 0 for none, -1 for as many as are of use.

    Raises
    ------
    UnavailableError
        While batches are taken: if a process that decodes was ended from outside.
    """
    rest = iter(paths)
    begun = time.perf_counter()
    first = decode(islice(rest, FIRST), shape)
    if processes < 0:
        seconds = (time.perf_counter() - begun) / max(1, len(first.paths)) * (n - FIRST)
        processes = min(MOST_PROCESSES, available_cores() - 1) if seconds > WORTH_S else 0
    picture_bytes = shape.height * shape.width * shape.channels
    size = max(1, min(BATCH_SIZE, BATCH_BYTES // picture_bytes))
    batches = iter(lambda: tuple(islice(rest, size)), ())
    if processes == 0:
        yield _after(first, (decode(batch, shape) for batch in batches))
        return
    pool = ProcessPoolExecutor(processes, multiprocessing.get_context("spawn"), _prepare_process)
    try:
        ahead = max(2 * processes, AHEAD_BYTES // (size * picture_bytes))
        waiting = deque(_Awaited.of(pool, batch, shape) for batch in islice(batches, ahead))
        yield _after(first, _ahead(pool, waiting, batches, shape))
    finally:
        pool.shutdown(cancel_futures=True)


@dataclass(eq=False)
class _Awaited:
    """A batch that a process will decode, unless this one does so first."""

    paths: tuple[str, ...]
    shape: ImageShape
    future: Future[DecodedBatch]

    @classmethod
    def of(cls, pool: ProcessPoolExecutor, paths: tuple[str, ...], shape: ImageShape) -> _Awaited:
        """Give a batch to the processes."""
        return cls(paths, shape, pool.submit(decode, paths, shape))

    def decoded_here(self) -> bool:
        """Decode the batch here, if no process has been given it yet; tell whether that was so."""
        if not self.future.cancel():
            return False
        self.future = Future()
        self.future.set_result(decode(self.paths, self.shape))
        return True


def _ahead(
    pool: ProcessPoolExecutor, waiting: deque[_Awaited], batches: Iterator[tuple[str, ...]], shape: ImageShape
) -> Iterator[DecodedBatch]:
    """Yield batches in order; while the next one is not ready, decode later ones instead of waiting for it."""
    try:
        while waiting:
            while not waiting[0].future.done() and any(batch.decoded_here() for batch in waiting):
                pass
            batch = waiting.popleft().future.result()
            waiting.extend(_Awaited.of(pool, following, shape) for following in islice(batches, 1))
            yield batch
    except BrokenProcessPool as error:
        raise UnavailableError(
            "A process that decodes pictures was ended from outside, probably for want of memory. Free some memory, or "
            "take fewer or smaller pictures."
        ) from error


def _after(first: DecodedBatch, others: Iterator[DecodedBatch]) -> Iterator[DecodedBatch]:
    """Yield the first batch, if there is anything in it, and the others."""
    if first.paths:
        yield first
    yield from others


def _prepare_process() -> None:
    """Leave Ctrl-C to the process that gives out the work, and end when that one is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    assert parent is not None

    def watch() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
