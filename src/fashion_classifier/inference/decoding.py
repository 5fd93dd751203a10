"""Pictures decoded and looked at in batches, in order, by this process or by several beside it, with bounded memory.

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
from fashion_classifier.data.garments.photograph import SIDE
from fashion_classifier.data.picture_ways import PictureWay
from fashion_classifier.data.pictures import Pixels, read_picture, to_array
from fashion_classifier.errors import DataError, UnavailableError
from fashion_classifier.inference.photographs.seen import Seen, look
from fashion_classifier.limits import available_cores

BATCH_SIZE = 250  # pictures, where so many are small
BATCH_BYTES = 16 << 20  # decoded pictures of a batch, at most
FIRST = 64  # pictures that are decoded here, to see how long the others will take
FIRST_S = 0.2  # seconds after which no further one is begun for that
BATCH_S = 0.5  # decoding of a batch, at most: about how long nothing is heard
WORTH_S = 0.3  # decoding that takes longer than this is worth processes of its own: one starts in about 0.2 s
MOST_PROCESSES = 8
MOST_SEEN = 20  # times the bytes of an image: a photograph's views and its mask, at most, for images of 28x28
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
    seen
        Of pictures that were looked at for a garment, what was seen, for each of the images; empty otherwise.
    """

    paths: tuple[str, ...]
    errors: tuple[str, ...]
    images: Images
    seen: tuple[Seen, ...] = ()


def decode(paths: Iterable[str], shape: ImageShape, way: PictureWay = "resize") -> DecodedBatch:
    """Read pictures in an image shape; a file that cannot be read is told with its error.

    Parameters
    ----------
    paths
        Of the files; each is taken when the one before it was read.
    shape
        Of the images wanted.
    way
        Whether pictures are brought to it as they are ("resize"), or a garment is looked for in them ("garment").
    """
    names, errors, images, seen = list[str](), list[str](), list[Pixels](), list[Seen]()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PIL warns of oddities in files whose pixels it reads all the same
        for name in paths:
            names.append(name)
            found, error = _decode_one(name, shape, way)
            errors.append(error)
            if isinstance(found, Seen):
                seen.append(found)
                images.append(found.shown)
            elif found is not None:
                images.append(found)
    form = (len(images), *shape[:2], *((3,) if shape.channels == 3 else ()))
    stacked = np.stack(images) if images else np.empty(form, np.uint8)
    return DecodedBatch(tuple(names), tuple(errors), stacked, tuple(seen))


def _decode_one(name: str, shape: ImageShape, way: PictureWay) -> tuple[Pixels | Seen | None, str]:
    """Read one picture, and look at it for a garment where that is wanted, or say why it cannot be read."""
    try:
        if way == "garment":
            return look(read_picture(Path(name), near=(SIDE, SIDE)), shape), ""
        return to_array(read_picture(Path(name), near=shape[:2]), shape), ""
    except DataError as fault:
        return None, str(fault)
    except (MemoryError, OSError) as fault:
        reason = getattr(fault, "strerror", None) or str(fault) or "there is not enough memory"
        return None, f"{name}: it cannot be read ({reason})"


@contextmanager
def decoding(
    paths: Iterable[str], n: int, shape: ImageShape, way: PictureWay = "resize", *, processes: int = -1
) -> Iterator[Iterator[DecodedBatch]]:
    """Give the pictures of files in batches, which are decoded ahead, beside whatever is done in the block.

    Parameters
    ----------
    paths
        Of the files; they are taken as they are needed.
    n
        About how many there are.
    shape, way
        To which the pictures are brought, and how.
    processes
        How many decode beside this one; 0 for none, -1 for as many as are of use.

    Raises
    ------
    UnavailableError
        While batches are taken: if a process that decodes was ended from outside.
    """
    rest = iter(paths)
    begun = time.perf_counter()
    first = decode(_while_quick(islice(rest, FIRST)), shape, way)
    each_s = (time.perf_counter() - begun) / max(1, len(first.paths))
    if processes < 0:
        worth = each_s * (n - len(first.paths)) > WORTH_S
        processes = min(MOST_PROCESSES, available_cores() - 1) if worth else 0
    picture_bytes = shape.height * shape.width * shape.channels * (1 if way == "resize" else MOST_SEEN)
    size = max(1, min(BATCH_SIZE, BATCH_BYTES // picture_bytes, round(BATCH_S / each_s)))
    batches = iter(lambda: tuple(islice(rest, size)), ())
    if processes == 0:
        yield _after(first, (decode(batch, shape, way) for batch in batches))
        return
    pool = ProcessPoolExecutor(processes, multiprocessing.get_context("spawn"), _prepare_process)
    try:
        ahead = max(2 * processes, AHEAD_BYTES // (size * picture_bytes))
        waiting = deque(_Awaited.of(pool, batch, shape, way) for batch in islice(batches, ahead))
        yield _after(first, _ahead(pool, waiting, batches))
    finally:
        pool.shutdown(cancel_futures=True)


@dataclass(eq=False)
class _Awaited:
    """A batch that a process will decode, unless this one does so first."""

    paths: tuple[str, ...]
    shape: ImageShape
    way: PictureWay
    future: Future[DecodedBatch]

    @classmethod
    def of(cls, pool: ProcessPoolExecutor, paths: tuple[str, ...], shape: ImageShape, way: PictureWay) -> _Awaited:
        """Give a batch to the processes."""
        return cls(paths, shape, way, pool.submit(decode, paths, shape, way))

    def decoded_here(self) -> bool:
        """Decode the batch here, if no process has been given it yet; tell whether that was so."""
        if not self.future.cancel():
            return False
        self.future = Future()
        self.future.set_result(decode(self.paths, self.shape, self.way))
        return True


def _ahead(
    pool: ProcessPoolExecutor, waiting: deque[_Awaited], batches: Iterator[tuple[str, ...]]
) -> Iterator[DecodedBatch]:
    """Yield batches in order; while the next one is not ready, decode later ones instead of waiting for it."""
    try:
        while waiting:
            while not waiting[0].future.done() and any(batch.decoded_here() for batch in waiting):
                pass
            next_one = waiting.popleft()
            batch = next_one.future.result()
            further = islice(batches, 1)
            waiting.extend(_Awaited.of(pool, paths, next_one.shape, next_one.way) for paths in further)
            yield batch
    except BrokenProcessPool as error:
        raise UnavailableError(
            "A process that decodes pictures was ended from outside, probably for want of memory. Free some memory, or "
            "take fewer or smaller pictures."
        ) from error


def _while_quick(paths: Iterable[str]) -> Iterator[str]:
    """Yield paths until the time for the first pictures is over."""
    until = time.perf_counter() + FIRST_S
    for path in paths:
        yield path
        if time.perf_counter() > until:
            return


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
