"""The process that serves: a socket, uvicorn, and an orderly end."""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
import socket
import sys
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import ClassVar

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from fashion_classifier.errors import UnavailableError
from fashion_classifier.serving.lifecycle import Lifecycle
from fashion_classifier.serving.problems import PROBLEM_JSON, Problem
from fashion_classifier.serving.settings import Limits, ServeConfig

BACKLOG = 1024
SPARE = 128  # descriptors for all else: files, libraries, processes that decode
MOST_TURNED_AWAY, PARTING_S = 64, 1.0  # connections that are told so at a time, and how long they are kept for that
MOST_AHEAD = 32  # requests on a connection that wait for the one before; a packet may hold thousands
# The thread of the model gives Python's lock away for its computing and wants it back after each view; by default it
# may wait 5 ms for it, while the network is read.
SWITCH_S = 0.0005


class _Bounded(HttpToolsProtocol):
    """Closes connections on which headers do not arrive in time, or do not end, and those whose caller takes no answer.

    uvicorn itself would wait for ever, and keep what it was sent. It would also accept as many as there are
    descriptors: of those that are too many each is told so, and closed.
    """

    limits = Limits()
    most = limits.connections
    turned_away: ClassVar[set[_Bounded]] = set()
    _late: asyncio.TimerHandle | None = None
    _stuck: asyncio.TimerHandle | None = None
    _in_headers = False
    _header_bytes = 0

    def on_message_begin(self) -> None:
        while self._asked and self._asked[0].response_complete:
            self._asked.popleft()
        if len(self._asked) > MOST_AHEAD:
            raise ValueError("too many requests before the first was answered")  # uvicorn says 400, and closes
        super().on_message_begin()
        self._in_headers, self._header_bytes = True, 0

    def on_headers_complete(self) -> None:
        self._in_headers = False
        super().on_headers_complete()
        self._asked.append(self.cycle)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._asked: deque[RequestResponseCycle] = deque()
        if len(self.connections) > self.most:
            self._turn_away()
        else:
            self._wait()

    def data_received(self, data: bytes) -> None:
        if self in self.turned_away:
            return
        self._header_bytes += len(data)
        super().data_received(data)
        if self._in_headers and self._header_bytes > self.limits.header_bytes and not self.transport.is_closing():
            self.send_400_response(f"At most {self.limits.header_bytes:,} bytes of headers are read.")
        if self.cycle is None or self.cycle.response_complete:
            self._wait()
        elif self._late is not None:
            self._late.cancel()
            self._late = None

    def pause_writing(self) -> None:
        super().pause_writing()
        self._stuck = self.loop.call_later(self.limits.taking_s, self.transport.abort)

    def resume_writing(self) -> None:
        if self._stuck is not None:
            self._stuck.cancel()
            self._stuck = None
        super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        self.turned_away.discard(self)
        for cycle in self._asked:  # uvicorn tells the last one alone, and the others write to what is closed
            cycle.disconnected = True
            cycle.message_event.set()
        for timer in (self._late, self._stuck):
            if timer is not None:
                timer.cancel()
        super().connection_lost(exc)

    def _turn_away(self) -> None:
        """Say that there are too many, and drop what is still sent: if closed at once, the answer would be lost."""
        self.connections.discard(self)
        if len(self.turned_away) >= MOST_TURNED_AWAY:
            self.transport.abort()
            return
        self.turned_away.add(self)
        self.transport.write(TOO_MANY)
        self._late = self.loop.call_later(PARTING_S, self.transport.close)

    def _wait(self) -> None:
        """Give the headers their time, from the first byte on."""
        if self._late is None:
            self._late = self.loop.call_later(self.limits.header_s, self._close)

    def _close(self) -> None:
        """Close, unless a request is being answered."""
        self._late = None
        if (self.cycle is None or self.cycle.response_complete) and not self.transport.is_closing():
            self.transport.close()


def _too_many() -> bytes:
    """Return the whole answer to a connection that is one too many."""
    problem = Problem("busy", "Too many connections are open. Close some, or come again.")
    content = problem.content
    headers = {"content-type": PROBLEM_JSON, "content-length": str(len(content)), "connection": "close"}
    lines = ["HTTP/1.1 503 Service Unavailable", *map(": ".join, (headers | problem.headers).items()), "", ""]
    return "\r\n".join(lines).encode() + content


TOO_MANY = _too_many()


def most_connections(limits: Limits) -> int:
    """Return how many connections may be open: some descriptors are left for all else."""
    if sys.platform == "win32":
        return limits.connections
    import resource  # noqa: PLC0415 - not on Windows

    descriptors, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return limits.connections if descriptors < 0 else max(1, min(limits.connections, descriptors - SPARE))


class _Orderly(uvicorn.Server):
    """Ends in steps: readiness goes down, callers are asked to close, then no more is accepted and all is answered."""

    def __init__(
        self, settings: uvicorn.Config, lifecycle: Lifecycle, drain_s: float, on_start: Callable[[], None]
    ) -> None:
        super().__init__(settings)
        self._lifecycle, self._drain_s, self._on_start = lifecycle, drain_s, on_start

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 - uvicorn's signature
        """Begin to end at the first signal; only Ctrl-C, pressed twice, does not wait for what is still worked on."""
        if not self._lifecycle.ending:
            self._lifecycle.ending, self._first = True, sig
            self._loop.call_soon_threadsafe(self._loop.call_later, self._drain_s, self._stop)
        elif sig == self._first == signal.SIGINT:
            self.force_exit = self.should_exit = True

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take signals; one that comes once all is answered is ignored, as it would make of the end a failure."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)  # which is what stands again afterwards
        with super().capture_signals():
            yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Remember the loop, for signals, and tell once connections are accepted."""
        self._loop = asyncio.get_running_loop()
        await super().startup(sockets)
        self._on_start()

    def _stop(self) -> None:
        """Accept no more."""
        self.should_exit = True


def listen(host: str, port: int) -> socket.socket:
    """Open the socket.

    Raises
    ------
    UnavailableError
        If nobody can listen there.
    """
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        return socket.create_server((str(address[0]), int(address[1])), family=family, backlog=BACKLOG)
    except OSError as error:
        raise UnavailableError(
            f"{host}, port {port}: nobody can listen there ({error.strerror or error}). Name another port or address."
        ) from error


def serve(
    app: ASGIApp, config: ServeConfig, lifecycle: Lifecycle, listening: socket.socket, on_start: Callable[[], None]
) -> None:
    """Serve until a signal ends it: SIGTERM, or Ctrl-C.

    Parameters
    ----------
    app
        What answers.
    config
        How.
    lifecycle
        Of which the end is told.
    listening
        As `listen` gives it.
    on_start
        Called once connections are accepted.
    """
    own = {"limits": config.limits, "most": most_connections(config.limits), "turned_away": set()}
    protocol = type("Bounded", (_Bounded,), own)
    settings = uvicorn.Config(
        app,
        http=protocol,
        ws="none",
        lifespan="on",
        log_level="error",  # what is no HTTP is answered 400; whoever sends it does not fill the log
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=config.limits.keep_alive_s,
        timeout_graceful_shutdown=round(config.limits.request_s + config.limits.body_s),
        limit_concurrency=None,
    )
    logging.getLogger("python_multipart").setLevel(logging.ERROR)  # nor whoever sends what is no form
    server = _Orderly(settings, lifecycle, config.drain_s, on_start)
    sys.setswitchinterval(SWITCH_S)
    gc.collect()
    gc.freeze()  # what is there now stays: going through it again takes 100 ms, in which nobody is answered
    with asyncio.Runner(loop_factory=settings.get_loop_factory()) as runner:
        runner.run(server.serve([listening]))
