"""Answers as ASGI sends them."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.types import Send

from fashion_classifier.serving.problems import PROBLEM_JSON, Problem

Headers = list[tuple[bytes, bytes]]


async def reply(
    send: Send, status: int, content: bytes, kind: str = "application/json", more: Mapping[str, str] | None = None
) -> None:
    """Send an answer.

    Parameters
    ----------
    send
        ASGI's.
    status
        Of HTTP.
    content
        The body.
    kind
        Its type.
    more
        Further headers.
    """
    headers: Headers = [(b"content-type", kind.encode()), (b"content-length", str(len(content)).encode())]
    headers += [(name.encode(), value.encode()) for name, value in (more or {}).items()]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": content})


async def reply_problem(send: Send, problem: Problem) -> None:
    """Send why there is no answer."""
    await reply(send, problem.status, problem.content, PROBLEM_JSON, problem.headers)
