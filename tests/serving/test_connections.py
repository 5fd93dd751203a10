"""What a connection may ask for before it is answered, by the protocol alone, with an application that does nothing."""

from __future__ import annotations

import asyncio

import pytest
import uvicorn

from fashion_classifier.serving.server import MOST_AHEAD, _Bounded

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


def answered(n_requests: int) -> bytes:
    """Return all that comes back to a connection that sends so many requests at once, until it is quiet or closed."""

    async def nothing(scope, receive, send) -> None:
        await asyncio.sleep(0)  # so that none is answered before the next is read
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def ask() -> bytes:
        config = uvicorn.Config(nothing, http=_Bounded, ws="none", lifespan="off", log_level="error")
        config.load()
        state = uvicorn.Server(config).server_state
        serving = await asyncio.get_running_loop().create_server(
            lambda: _Bounded(config=config, server_state=state, app_state={}), "127.0.0.1", 0
        )
        async with serving:
            reader, writer = await asyncio.open_connection(*serving.sockets[0].getsockname())
            writer.write(GET * n_requests)
            said = b""
            while said.count(b"HTTP/1.1 ") < n_requests and (more := await reader.read(1 << 16)):
                said += more
            writer.close()
            return said

    return asyncio.run(asyncio.wait_for(ask(), 60))


def test_some_requests_may_be_sent_before_the_first_is_answered():
    assert answered(MOST_AHEAD).count(b"HTTP/1.1 204") == MOST_AHEAD


@pytest.mark.parametrize("n_requests", [MOST_AHEAD + 2, 2_000])
def test_more_close_the_connection_as_each_takes_memory(n_requests):
    said = answered(n_requests)
    assert b"HTTP/1.1 400" in said
    assert said.count(b"HTTP/1.1 204") <= MOST_AHEAD + 1
