"""Pictures decoded, and documents read, beside the server: in processes that are replaced when it is too much."""

from __future__ import annotations

import asyncio
import json
import math
import multiprocessing
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from queue import SimpleQueue
from typing import Any

import numpy as np

from fashion_classifier.data.dataset import ImageShape
from fashion_classifier.data.picture_ways import PictureWay
from fashion_classifier.inference.photographs.seen import Seen
from fashion_classifier.serving import decoder_process
from fashion_classifier.serving.picture import Picture
from fashion_classifier.serving.problems import KINDS, Problem
from fashion_classifier.serving.seeing import alone, told_by_a_process
from fashion_classifier.serving.settings import Limits

START_S = 30.0  # for a process to start on a busy machine
LONGEST_LINE = 1 << 20  # bytes; 32 names and what is wrong with each take some ten thousand


class Decoders:
    """A few processes that decode, each for one picture at a time.

    Parameters
    ----------
    n
        How many.
    shape, way
        To which pictures are brought, and how.
    limits
        Of which `pixels`, `decoding_s` and `decoding_bytes` matter here.
    """

    def __init__(self, n: int, shape: ImageShape, way: PictureWay, limits: Limits) -> None:
        self._free: SimpleQueue[_Decoder] = SimpleQueue()
        self._all = [_Decoder(shape, way, limits) for _ in range(n)]
        self._threads = ThreadPoolExecutor(n, "decoder")

    def start(self) -> None:
        """Start the processes; who first needs one waits until it is ready."""
        # Looking for a garment solves small systems of equations: on all cores they took half as much time again.
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
        for decoder in self._all:
            decoder.start()
            self._free.put(decoder)

    async def decode(self, content: bytes, place: str) -> Seen:
        """Decode a picture.

        Raises
        ------
        Problem
            If it cannot be decoded, or not within the limits.
        """
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._decode, content, place)

    async def read_json(self, body: bytes, most: int) -> list[Picture]:
        """Read a document of so many pictures at most.

        Raises
        ------
        Problem
            If it is none that can be read.
        """
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._read_json, body, most)

    def _decode(self, content: bytes, place: str) -> Seen:
        """Decode in a process that is free."""
        with self._one() as decoder:
            return decoder.decode(content, place)

    def _read_json(self, body: bytes, most: int) -> list[Picture]:
        """Read a document in a process that is free."""
        with self._one() as decoder:
            return decoder.read_json(body, most)

    @contextmanager
    def _one(self) -> Iterator[_Decoder]:
        """Give a process that is free; there is one, as there are as many threads."""
        decoder = self._free.get()
        try:
            yield decoder
        finally:
            self._free.put(decoder)

    def close(self) -> None:
        """End the processes."""
        self._threads.shutdown(cancel_futures=True)
        for decoder in self._all:
            decoder.end()

    @property
    def restarts(self) -> int:
        """How many processes were replaced."""
        return sum(decoder.restarts for decoder in self._all)


class _Decoder:
    """One process, started anew whenever it had to be ended."""

    def __init__(self, shape: ImageShape, way: PictureWay, limits: Limits) -> None:
        self._shape, self._way, self._limits = shape, way, limits
        self._process: BaseProcess | None = None
        self._connection: Connection | None = None
        self._ready = False
        self.restarts = 0

    def start(self) -> None:
        """Start the process; it imports what it needs meanwhile."""
        context = multiprocessing.get_context("spawn")
        self._connection, its_end = context.Pipe()
        arguments = (its_end, self._limits.decoding_bytes)
        self._process = context.Process(target=decoder_process.run, args=arguments, daemon=True, name="decoder")
        self._process.start()
        its_end.close()
        self._ready = False

    def wait_until_ready(self) -> None:
        """Wait until it decodes."""
        assert self._connection is not None
        if not self._ready:
            if not self._connection.poll(START_S) or self._connection.recv_bytes() != decoder_process.READY:
                raise Problem("out-of-time", "The process that decodes pictures does not start. Try again later.")
            self._ready = True

    def decode(self, content: bytes, place: str) -> Seen:
        """Have a picture decoded; a process that crashes on it or takes too long is replaced."""
        seconds = self._limits.decoding_s
        with self._replaced_if_need_be(
            f"{place}: the picture was not decoded within {seconds:g} s. Shrink it, or save it anew.",
            f"{place}: the picture ended the process that decoded it. Save it anew.",
        ):
            return self._asked(content, place)

    def read_json(self, body: bytes, most: int) -> list[Picture]:
        """Have a document read, likewise; it has the time of its request."""
        seconds = self._limits.request_s
        with self._replaced_if_need_be(
            f"The JSON was not read within {seconds:g} s. Send fewer pictures, or files in a form.",
            "The JSON ended the process that read it. Send files in a form.",
        ):
            told = self._told({"shape": self._shape, "most": most}, body, seconds)
            if "problem" in told:
                raise _problem(*told["problem"])
            pictures = told["pictures"]
            content = self._received(len(body) + most * math.prod(self._shape), seconds)
            return list(self._pictures(pictures, memoryview(content)))

    def _pictures(self, told: list[dict[str, Any]], content: memoryview) -> Iterator[Picture]:
        """Give the pictures of a document, which come one after the other."""
        form = self._shape if self._shape.channels == 3 else self._shape[:2]
        for one in told:
            own, content = content[: one["n_bytes"]], content[one["n_bytes"] :]
            if one["problem"] is not None:
                yield Picture(one["name"], _problem(*one["problem"]))
            elif one["pixels"]:
                yield Picture(one["name"], alone(np.frombuffer(own, np.uint8).reshape(form)))
            else:
                yield Picture(one["name"], bytes(own))

    @contextmanager
    def _replaced_if_need_be(self, late: str, gone: str) -> Iterator[None]:
        """Replace the process if it is late or gone, and tell the caller so."""
        try:
            self.wait_until_ready()
            yield
        except TimeoutError as error:
            self._replace()
            raise Problem("unfit", late) from error
        except (EOFError, OSError, LookupError, RecursionError, TypeError, ValueError) as error:  # gone, or not itself
            self._replace()
            raise Problem("unfit", gone) from error

    def _told(self, order: dict[str, Any], content: bytes, seconds: float) -> dict[str, Any]:
        """Send what is to be done and the bytes, and return what is told of them."""
        connection = self._connection
        assert connection is not None
        connection.send_bytes(json.dumps(order).encode())
        connection.send_bytes(content)
        told: dict[str, Any] = json.loads(self._received(LONGEST_LINE, seconds))
        return told

    def _received(self, most: int, seconds: float) -> bytes:
        """Return the next bytes that the process sends."""
        assert self._connection is not None
        if not self._connection.poll(seconds):
            raise TimeoutError
        return self._connection.recv_bytes(most)

    def _asked(self, content: bytes, place: str) -> Seen:
        """Send a picture and read what came of it."""
        order = {"shape": self._shape, "way": self._way, "place": place, "max_pixels": self._limits.pixels}
        told = self._told(order, content, self._limits.decoding_s)
        if "problem" in told:
            raise refused(place, told["problem"], told["remedy"])
        weights, size = told["weights"], self._shape
        form = (len(weights), size.height, size.width, *((3,) if size.channels == 3 else ()))
        images = np.frombuffer(self._received(math.prod(form), self._limits.decoding_s), np.uint8).reshape(form)
        return told_by_a_process(images, weights, photograph=told["photograph"])

    def _replace(self) -> None:
        """End the process and start another."""
        self.restarts += 1
        self.end()
        self.start()

    def end(self) -> None:
        """End the process."""
        if self._connection is not None:
            self._connection.close()
        if self._process is not None and self._process.is_alive():
            self._process.kill()
            self._process.join()


def _problem(kind: str, detail: str) -> Problem:
    """Return a problem that a process has told of; a LookupError shows that it was not itself."""
    KINDS[kind]
    return Problem(kind, str(detail))


def refused(place: str, problem: str, remedy: str) -> Problem:
    """Tell by what was found wrong with a picture which problem it is."""
    detail = f"{place}: {problem}. {remedy}."
    if "known format" in problem:
        return Problem("unknown-format", detail)
    return Problem("too-large" if "megapixels" in problem else "unfit", detail)
