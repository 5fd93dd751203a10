"""Reading from the web within bounds: http and https alone, wherever an address leads, and an end to every answer."""

from __future__ import annotations

import http.client
import io
import time
from functools import partial
from http.client import HTTPMessage, HTTPResponse
from typing import IO, Any
from urllib import request


def web(until: float) -> request.OpenerDirector:
    """Return an opener that knows http and https and no other scheme, wherever an address or a redirect leads.

    Parameters
    ----------
    until
        When, by `time.monotonic`, to stop reading whatever comes, headers and body.
    """
    opener = request.OpenerDirector()
    for handler in (
        request.ProxyHandler(),
        _Http(until),
        _Https(until),
        request.HTTPDefaultErrorHandler(),
        request.HTTPErrorProcessor(),
        request.UnknownHandler(),
        _Redirects(),
    ):
        opener.add_handler(handler)
    return opener


class _Redirects(request.HTTPRedirectHandler):
    """Follows redirects within the web, without reading what an answer says beside its new address."""

    def redirect_request(
        self, req: request.Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> request.Request | None:
        fp.close()
        return super().redirect_request(req, fp, code, msg, headers, newurl)


class _InTime(request.AbstractHTTPHandler):
    """Has answers read until a time and no longer: the usual limit is for silence, which a slow drip never breaks."""

    def __init__(self, until: float) -> None:
        super().__init__()
        self._until = until

    def do_open(self, http_class: Any, req: request.Request, **how: Any) -> HTTPResponse:
        def connection(*place: Any, **settings: Any) -> http.client.HTTPConnection:
            made: http.client.HTTPConnection = http_class(*place, **settings)
            made.response_class = partial(_Response, until=self._until)  # type: ignore[assignment]
            return made

        return super().do_open(connection, req, **how)


class _Http(_InTime, request.HTTPHandler):
    """Opens http."""


class _Https(_InTime, request.HTTPSHandler):
    """Opens https."""


class _Response(HTTPResponse):
    """An answer whose reading ends in time."""

    def __init__(self, *connection: Any, until: float, **settings: Any) -> None:
        super().__init__(*connection, **settings)
        self.fp = io.BufferedReader(_Bounded(self.fp.detach(), until))


class _Bounded(io.RawIOBase):
    """What comes from a server, until a time."""

    def __init__(self, source: io.RawIOBase, until: float) -> None:
        self._source, self._until = source, until

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        if time.monotonic() > self._until:
            raise TimeoutError("it comes too slowly")
        return self._source.readinto(buffer)

    def close(self) -> None:
        self._source.close()
        super().close()
