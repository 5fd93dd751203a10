"""Who is let in, and what every answer carries: host names, keys, other sites, security headers, figures."""

from __future__ import annotations

import hmac
import ipaddress
import logging
import re
import time
from collections.abc import Iterable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from fashion_classifier.serving.lifecycle import Lifecycle
from fashion_classifier.serving.metrics import Metrics
from fashion_classifier.serving.problems import Problem
from fashion_classifier.serving.replies import reply_problem
from fashion_classifier.serving.settings import ServeConfig, is_loopback

log = logging.getLogger(__name__)

OPEN = frozenset({"/", "/healthz", "/readyz", "/docs", "/openapi.json"})  # what needs no key
OPEN_BELOW = "/page/"
LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
NOTHING = "default-src 'none'; frame-ancestors 'none'"
_SECURITY = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"x-frame-options", b"DENY"),
)
_UNLESS_GIVEN = ((b"content-security-policy", NOTHING.encode()), (b"cache-control", b"no-store"))
_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::\d{1,5})?", re.IGNORECASE)


class Gate:
    """Stands before everything else.

    Parameters
    ----------
    app
        What answers those who are let in.
    config
        Names, key and address of the server.
    lifecycle
        Tells when callers are to close their connections.
    metrics
        Told of every request.
    """

    def __init__(self, app: ASGIApp, config: ServeConfig, lifecycle: Lifecycle, metrics: Metrics) -> None:
        self._app, self._lifecycle, self._metrics = app, lifecycle, metrics
        self._key = config.key.encode()
        self._names = {name.lower() for name in (*LOOPBACK_NAMES, config.host, *config.names)}
        self._any_address = not is_loopback(config.host)  # an address cannot be rebound as a name can
        self._known_hosts: set[bytes] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request in, or tell why not."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = time.perf_counter()
        sent = _Sent(send, ending=self._lifecycle)
        try:
            self._check(scope)
            await self._app(scope, receive, sent)
        except Problem as problem:
            await self._tell(sent, problem)
        except Exception:
            log.exception("%s %r: unexpected", scope["method"], scope["path"])
            await self._tell(sent, Problem("unexpected", "The server's log says what it was. Please report it."))
        finally:
            self._metrics.count(scope["path"], sent.status, time.perf_counter() - begun)

    async def _tell(self, sent: _Sent, problem: Problem) -> None:
        """Send a problem, unless an answer has begun."""
        if sent.status is None:
            await reply_problem(sent, problem)

    def _check(self, scope: Scope) -> None:
        """Check where the request wants to go and where it is from.

        Raises
        ------
        Problem
            If it is not let in.
        """
        headers: dict[bytes, bytes] = dict(scope["headers"])
        host = headers.get(b"host", b"")
        if len(headers) < len(scope["headers"]) and [name for name, _ in scope["headers"]].count(b"host") > 1:
            raise Problem("unknown-host", "There are several Host headers. Send one.")  # RFC 9112, section 3.2
        if host not in self._known_hosts:
            self._check_host(host)
        if b"origin" in headers and scope["method"] == "POST":
            _check_origin(headers[b"origin"], host)
        if self._key and scope["path"] not in OPEN and not scope["path"].startswith(OPEN_BELOW):
            self._check_key(headers)

    def _check_host(self, host: bytes) -> None:
        """Refuse names that are not this server's: a page elsewhere may have a name of its own point here."""
        found = _HOST.fullmatch(host.decode("latin-1"))
        name = found[1].strip("[]").lower() if found else ""
        if name not in self._names and not (self._any_address and _is_address(name)):
            detail = (
                f"This server is not called {host.decode('latin-1')[:80]!r}. Use its address, or have the name allowed."
            )
            raise Problem("unknown-host", detail)
        if len(self._known_hosts) < 64:
            self._known_hosts.add(host)

    def _check_key(self, headers: dict[bytes, bytes]) -> None:
        """Compare the key in constant time."""
        scheme, _, given = headers.get(b"authorization", b"").partition(b" ")
        given = given.strip() if scheme.lower() == b"bearer" else headers.get(b"x-api-key", b"")
        if not hmac.compare_digest(given, self._key):
            detail = "Send the server's key as 'Authorization: Bearer KEY' or 'X-API-Key: KEY'."
            raise Problem("key-required", detail)


class _Sent:
    """Sends on what is answered, with the headers that every answer has, and remembers the status."""

    def __init__(self, send: Send, ending: Lifecycle) -> None:
        self._send, self._lifecycle = send, ending
        self.status: int | None = None

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message["headers"] = [*message["headers"], *self._more(message["headers"])]
        await self._send(message)

    def _more(self, there: Iterable[tuple[bytes, bytes]]) -> Iterable[tuple[bytes, bytes]]:
        """Return the headers to add."""
        names = {name for name, _ in there}
        yield from _SECURITY
        yield from (header for header in _UNLESS_GIVEN if header[0] not in names)
        if self._lifecycle.ending and b"connection" not in names:
            yield b"connection", b"close"


def _check_origin(origin: bytes, host: bytes) -> None:
    """Refuse what a page of another site has a browser send."""
    if origin.partition(b"://")[2] != host:
        raise Problem(
            "other-site", "A page of another site may not ask this server. Ask from its own page, or no page."
        )


def _is_address(name: str) -> bool:
    """Tell whether a host is an IP address."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
