"""A process that decodes pictures, so that a decoder which crashes, hangs or hoards takes nobody else along.

It is sent a line of JSON and the file's bytes, and sends back a line of JSON and the pixels: nothing that it says can
make the server run code, as an object serialised by pickle could. Documents that are long to parse are read here, too:
what they hold comes back as such a line and all bytes in a row.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any

import numpy as np

from fashion_classifier.data.dataset import ImageShape
from fashion_classifier.data.garments.finding import find_garment  # noqa: F401 - starts slowly, so beforehand
from fashion_classifier.errors import DataError
from fashion_classifier.inference.photographs.seen import Seen
from fashion_classifier.serving.json_bodies import read_json
from fashion_classifier.serving.picture import Picture
from fashion_classifier.serving.problems import Problem
from fashion_classifier.serving.seeing import look

READY = b"ready"


def run(connection: Connection, memory_bytes: int) -> None:
    """Decode until the other end is closed."""
    _prepare(memory_bytes)
    with suppress(EOFError, ConnectionError):
        connection.send_bytes(READY)
        while True:
            order = json.loads(connection.recv_bytes())
            content = connection.recv_bytes()
            (_read if "most" in order else _answer)(connection, content, order)


def _answer(connection: Connection, content: bytes, order: dict[str, Any]) -> None:
    """Decode one picture and send what came of it."""
    try:
        shape = ImageShape(*order["shape"])
        seen = look(content, shape, order["way"], place=order["place"], max_pixels=order["max_pixels"])
    except DataError as error:
        fault = error.faults[0]
        connection.send_bytes(json.dumps({"problem": fault.problem, "remedy": fault.remedy}).encode())
        return
    except MemoryError:
        refusal = {"problem": "decoding the picture takes too much memory", "remedy": "Shrink the picture"}
        connection.send_bytes(json.dumps(refusal).encode())
        return
    told = {"weights": seen.weights.tolist(), "photograph": seen.photograph}
    connection.send_bytes(json.dumps(told).encode())
    connection.send_bytes(np.ascontiguousarray(seen.images).tobytes())


def _read(connection: Connection, body: bytes, order: dict[str, Any]) -> None:
    """Read a document and send what it holds: files, pixels, and what is wrong."""
    try:
        pictures = read_json(body, ImageShape(*order["shape"]), order["most"])
    except Problem as problem:
        connection.send_bytes(json.dumps({"problem": [problem.kind, problem.detail]}).encode())
        return
    except MemoryError:
        refusal = {"problem": ["too-large", "The JSON takes too much memory. Send files in a form."]}
        connection.send_bytes(json.dumps(refusal).encode())
        return
    connection.send_bytes(json.dumps({"pictures": [_told(picture) for picture in pictures]}).encode())
    connection.send_bytes(b"".join(_content(picture) for picture in pictures))


def _told(picture: Picture) -> dict[str, Any]:
    """Return what is said of a picture, its content aside."""
    found = picture.content
    problem = [found.kind, found.detail] if isinstance(found, Problem) else None
    return {
        "name": picture.name,
        "pixels": isinstance(found, Seen),
        "n_bytes": len(_content(picture)),
        "problem": problem,
    }


def _content(picture: Picture) -> bytes:
    """Return a picture's file, or its pixels in the model's form."""
    found = picture.content
    if isinstance(found, Seen):
        return np.ascontiguousarray(found.shown).tobytes()
    return found if isinstance(found, bytes) else b""


def _prepare(memory_bytes: int) -> None:
    """Leave signals to the server, end with it, and take no more memory than is allowed."""
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, signal.SIG_IGN)
    _watch_parent()
    if sys.platform == "linux":  # elsewhere address space says little of memory, or is not limited
        import resource  # noqa: PLC0415 - not there on Windows

        used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()  # noqa: SIM115, PTH123 - read once
        resource.setrlimit(resource.RLIMIT_AS, (used + memory_bytes, used + memory_bytes))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def _watch_parent() -> None:
    """End when the server is gone, however it went."""
    import multiprocessing  # noqa: PLC0415 - here alone

    parent = multiprocessing.parent_process()
    assert parent is not None

    def watch() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
