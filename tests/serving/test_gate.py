"""Who is answered, what every answer carries, and what a body may be."""

from __future__ import annotations

import asyncio
import re
import tracemalloc
from dataclasses import replace

import httpx
import pytest
from tests.serving.conftest import BASE, picture
from tests.serving.test_predicting import check_problem, only

from fashion_classifier.errors import UsageError
from fashion_classifier.serving.bodies import whole_body
from fashion_classifier.serving.lifecycle import Lifecycle
from fashion_classifier.serving.settings import Limits, ServeConfig

KEY = "a key of some length"
LIMITS = Limits()


def example(server):
    """Return the address of a picture on the page."""
    return re.search(r'data-example="([^"]*)"', server.ask("GET", "/").text)[1]


class TestKey:
    def test_without_it_nothing_is_told(self, make_server):
        server = make_server(key=KEY)
        for answer in (
            server.predict(picture()),
            server.predict(picture(), headers={"authorization": "Bearer wrong"}),
            server.predict(picture(), headers={"x-api-key": KEY + "x"}),
            server.ask("GET", "/v1/model"),
            server.ask("GET", "/metrics"),
            server.ask("GET", "/report"),
            server.ask("GET", "/nothing"),
        ):
            check_problem(answer, 401, "Authorization: Bearer")
            assert answer.headers["www-authenticate"] == "Bearer"

    def test_with_it_all_is(self, make_server):
        server = make_server(key=KEY)
        only(server.predict(picture(), headers={"authorization": f"Bearer {KEY}"}))
        only(server.predict(picture(), headers={"x-api-key": KEY}))
        for open_to_all in ("/", "/docs", "/openapi.json", "/healthz", "/readyz", example(server)):
            assert server.ask("GET", open_to_all).status_code == 200

    @pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.0.1", "garments.example.org"])
    def test_what_others_can_reach_needs_it_or_a_word(self, host):
        with pytest.raises(UsageError, match="other machines"):
            ServeConfig(host=host)
        ServeConfig(host=host, key=KEY)
        ServeConfig(host=host, open_to_all=True)

    @pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "localhost"])
    def test_loopback_does_not(self, host):
        assert ServeConfig(host=host).key == ""

    def test_faults_of_settings_are_told_together(self):
        with pytest.raises(UsageError, match=r"port.*; a key"):
            ServeConfig(port=70_000, key="short")
        with pytest.raises(UsageError, match="images is 0"):
            Limits(images=0)
        with pytest.raises(UsageError, match="json_bytes <= body_bytes"):
            Limits(body_bytes=10)


class TestNames:
    @pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost", "LOCALHOST:1", "[::1]:8000"])
    def test_its_own_are_known(self, server, host):
        only(server.predict(picture(), headers={"host": host}))

    @pytest.mark.parametrize(
        "host", ["evil.example", "127.0.0.1.evil.example", "", "a b", "10.0.0.1", "localhost:8000@evil"]
    )
    def test_others_are_not(self, server, host):
        check_problem(server.predict(picture(), headers={"host": host}), 400, "not called")

    def test_there_is_one(self, server):
        for hosts in (("evil.example", "localhost"), ("localhost", "localhost")):
            headers = [("host", host) for host in hosts]
            check_problem(server.ask("GET", "/healthz", headers=headers), 400, "several Host headers")

    def test_names_may_be_allowed_and_addresses_where_they_are_listened_to(self, make_server):
        server = make_server(host="0.0.0.0", open_to_all=True, names=("garments.example.org",))
        for host in ("garments.example.org", "192.168.0.7:8000", "[fe80::1]"):
            only(server.predict(picture(), headers={"host": host}))
        check_problem(server.predict(picture(), headers={"host": "evil.example"}), 400)

    def test_pages_of_other_sites_are_not_answered(self, server):
        check_problem(server.predict(picture(), headers={"origin": "https://evil.example"}), 403)
        check_problem(server.predict(picture(), headers={"origin": "null"}), 403)
        only(server.predict(picture(), headers={"origin": BASE}))
        assert "access-control-allow-origin" not in server.predict(picture()).headers


class TestHeaders:
    @pytest.mark.parametrize("path", ["/", "/docs", "/v1/model", "/nothing", "an example", "/metrics"])
    def test_every_answer_is_guarded(self, server, path):
        headers = server.ask("GET", example(server) if path == "an example" else path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "no-referrer"
        policy = headers["content-security-policy"]
        assert policy.startswith("default-src 'none'")
        assert "unsafe" not in policy
        assert "server" not in headers

    def test_answers_are_not_kept(self, server):
        assert server.predict(picture()).headers["cache-control"] == "no-store"


class TestBodies:
    def test_one_that_is_announced_too_large_is_not_read(self, make_server):
        server = make_server(limits=replace(LIMITS, body_bytes=1000, json_bytes=1000))
        answer = server.predict(bytes(1001))
        check_problem(answer, 413, "1,000")
        assert answer.headers["connection"] == "close"

    def test_one_that_streams_is_counted(self, make_server):
        server = make_server(limits=replace(LIMITS, body_bytes=1000, json_bytes=1000))
        taken = []

        async def stream():
            for number in range(100):
                taken.append(number)
                yield bytes(100)

        check_problem(server.predict(stream()), 413)

    @pytest.mark.parametrize("length", ["-1", "x", "9" * 30, "1e3"])
    def test_lengths_that_cannot_be(self, server, length):
        check_problem(server.predict(picture(), headers={"content-length": length}), 413)

    def test_one_that_does_not_arrive_is_given_up(self, make_server):
        server = make_server(limits=replace(LIMITS, body_s=0.05))

        async def ask():
            sent = []

            async def receive():
                await asyncio.sleep(10)

            async def send(message):
                sent.append(message)

            scope = {
                "type": "http",
                "method": "POST",
                "path": "/v1/predict",
                "query_string": b"",
                "headers": [(b"host", b"127.0.0.1"), (b"content-type", b"image/png")],
            }
            await server.app(scope, receive, send)
            return sent[0]["status"]

        assert server.run(ask()) == 408
        assert server.lifecycle.n_requests == server.lifecycle.body_bytes == server.lifecycle.n_reading == 0

    def test_all_bodies_together_are_bounded(self, make_server):
        server = make_server(limits=replace(LIMITS, body_bytes=2000, json_bytes=2000, bodies_bytes=2000))
        server.lifecycle.hold(1950)
        answer = server.predict(picture())
        check_problem(answer, 503)
        assert answer.headers["retry-after"] == "1"
        server.lifecycle.let_go(1950)
        only(server.predict(picture()))

    def test_one_is_there_only_once(self):
        async def receive():
            return {"type": "http.request", "body": bytes(1 << 20), "more_body": next(more)}

        async def read():
            async with whole_body(receive, b"", Lifecycle(LIMITS)) as body:
                return len(body), tracemalloc.get_traced_memory()[0]

        more = iter([True] * 7 + [False])
        tracemalloc.start()
        try:
            size, held = asyncio.run(read())
        finally:
            tracemalloc.stop()
        assert size == 8 << 20
        assert held < 1.2 * size

    def test_large_json_is_refused(self, make_server):
        server = make_server(limits=replace(LIMITS, json_bytes=100))
        check_problem(server.predict(b" " * 101, kind="application/json"), 413, "JSON")


class TestOverload:
    def test_more_requests_than_are_taken_are_told_to_come_again(self, make_server):
        server = make_server(limits=replace(LIMITS, requests=4))
        transport = httpx.ASGITransport(server.app)

        async def ask_all():
            async with httpx.AsyncClient(transport=transport, base_url=BASE) as client:
                headers = {"content-type": "image/png"}
                return await asyncio.gather(
                    *(client.post("/v1/predict", content=picture(), headers=headers) for _ in range(40))
                )

        answers = server.run(ask_all())
        statuses = [answer.status_code for answer in answers]
        assert set(statuses) == {200, 503}
        assert statuses.count(200) >= 4
        assert all(answer.headers["retry-after"] == "1" for answer in answers if answer.status_code == 503)
        only(server.predict(picture()))

    def test_a_request_has_its_time(self, make_server):
        server = make_server(limits=replace(LIMITS, request_s=1e-9))
        check_problem(server.predict(picture()), 504)


def test_readiness(server):
    assert server.ask("GET", "/readyz").json() == {"status": "ready"}
    server.lifecycle.ending = True
    try:
        check_problem(server.ask("GET", "/readyz"), 503)
        assert server.ask("GET", "/healthz").status_code == 200
        assert server.predict(picture()).headers["connection"] == "close"
    finally:
        server.lifecycle.ending = False


def test_figures_are_told(server):
    server.predict(picture())
    server.predict(b"broken")
    text = server.ask("GET", "/metrics").text
    for line in ('fashion_requests_total{path="/v1/predict",status="200"}', 'fashion_images_total{outcome="problem"}'):
        assert line in text


def test_which_model_is_told(server):
    told = server.ask("GET", "/v1/model").json()
    assert told["model"] == "tiny"
    assert told["image"] == {"height": 12, "width": 12, "channels": 1}
    assert told["test"] is None
    assert told["runtime"]["name"] == "onnx"
