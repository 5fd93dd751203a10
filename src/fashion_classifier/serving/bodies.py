"""A request's body, counted while it streams in."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from fashion_classifier.serving.lifecycle import Lifecycle
from fashion_classifier.serving.problems import Problem

Receive = Callable[[], Awaitable[Any]]


class Disconnected(Exception):  # noqa: N818 - an event rather than a mistake
    """The caller has gone away."""


@asynccontextmanager
async def whole_body(receive: Receive, announced: bytes, lifecycle: Lifecycle) -> AsyncIterator[bytes]:
    """Give the body while it is needed.

    Parameters
    ----------
    receive
        ASGI's.
    announced
        The header Content-Length; empty where there is none. A body that would be too large is refused before it is
        read, one that proves to be when it is.
    lifecycle
        Counts what is held.

    Raises
    ------
    Problem
        If it is too large, too slow, or there is no room for it now.
    Disconnected
        If the caller goes away.
    """
    largest = lifecycle.limits.body_bytes
    if announced and (not announced.isdigit() or len(announced) > 18 or int(announced) > largest):
        raise _too_large(largest)
    held = 0
    parts: list[bytes] = []
    try:
        async with asyncio.timeout(lifecycle.limits.body_s):
            more = True
            while more:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise Disconnected
                part = message.get("body", b"")
                if held + len(part) > largest:
                    raise _too_large(largest)
                lifecycle.hold(len(part))
                held += len(part)
                parts.append(part)
                more = message.get("more_body", False)
        parts[:] = [b"".join(parts)]
        yield parts.pop()  # whoever is given it can let it go
    except TimeoutError as error:
        seconds = lifecycle.limits.body_s
        raise Problem("too-slow", f"The body had not arrived after {seconds:g} s. Send it faster.") from error
    finally:
        lifecycle.let_go(held)


def _too_large(largest: int) -> Problem:
    """Say how large a body may be."""
    return Problem("too-large", f"A body of at most {largest:,} bytes is read. Shrink the picture, or send fewer.")
