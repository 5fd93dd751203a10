"""Real processes: how they begin and end, under load and with callers who are slow or go away."""

from __future__ import annotations

import json
import re
import resource
import select
import signal
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path

import httpx
import pytest
from tests.serving.conftest import Process, picture

from fashion_classifier.serving.server import MOST_AHEAD, SPARE, most_connections
from fashion_classifier.serving.settings import Limits

HEADERS = {"content-type": "image/png"}


def request(body: bytes, length: int | None = None) -> bytes:
    """Write a request by hand."""
    headers = ("Host: 127.0.0.1", "Content-Type: image/png", f"Content-Length: {length or len(body)}")
    return "\r\n".join(("POST /v1/predict HTTP/1.1", *headers, "", "")).encode() + body


def connect(process) -> socket.socket:
    return socket.create_connection((process.host, process.port), timeout=30)


def all_from(caller: socket.socket) -> bytes:
    """Receive until the other end closes."""
    return b"".join(iter(lambda: caller.recv(1 << 16), b""))


def n_open(process) -> int:
    """How many files and connections a server has open, the one that asks among them."""
    figures = httpx.get(process.base + "/metrics").text
    return int(float(re.search(r"^process_open_fds (\S+)", figures, re.MULTILINE)[1]))


def test_answers_and_ends_in_order(start):
    process = start("--drain", "0")
    with httpx.Client(base_url=process.base) as client:
        assert client.get("/readyz").status_code == 200
        assert client.post("/v1/predict", content=picture(), headers=HEADERS).status_code == 200
        assert client.post("/v1/predict", content=picture("JPEG"), headers=HEADERS).status_code == 200
        assert "server" not in client.get("/").headers
        assert f"{process.base}/v1/predict" in client.get("/docs").text  # which port it is, is known only now
    assert process.end(signal.SIGINT) == 0


def test_a_port_that_is_taken_is_told(fashion, folder):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        result = fashion("serve", folder, "--port", taken.getsockname()[1])
    assert result.code == 4
    assert "nobody can listen there" in result.err


def test_usage_is_checked_before_anything_is_opened(fashion, folder, monkeypatch):
    assert "other machines" in fashion("serve", folder, "--host", "0.0.0.0").err
    monkeypatch.setenv("FASHION_API_KEY", "short")
    result = fashion("serve", folder)
    assert (result.code, "key is at least 16" in result.err) == (2, True)


def test_a_missing_extra_is_named(fashion, folder, monkeypatch):
    monkeypatch.setattr("fashion_classifier.cli.serve.NEEDED", ("no_such_module",))
    result = fashion("serve", folder)
    assert result.code == 4
    assert "fashion-images-classifier[serve]" in result.err


@pytest.mark.slow
def test_told_to_end_under_load_it_answers_all_that_was_asked(start):
    process = start("--drain", "1.5")
    outcomes: Counter[str] = Counter()
    ready_after = []
    stop = threading.Event()

    def ask() -> None:
        with httpx.Client(base_url=process.base, timeout=30) as client:
            while not stop.is_set():
                answer = client.post("/v1/predict", content=picture(), headers=HEADERS)
                outcomes[str(answer.status_code)] += 1
                if answer.headers.get("connection") == "close":
                    outcomes["asked to close"] += 1
                    return

    callers = [threading.Thread(target=ask) for _ in range(8)]
    for caller in callers:
        caller.start()
    time.sleep(1)
    process.process.send_signal(signal.SIGTERM)
    time.sleep(0.3)
    ready_after.append(httpx.get(process.base + "/readyz").status_code)
    assert httpx.post(process.base + "/v1/predict", content=picture(), headers=HEADERS).status_code == 200
    for caller in callers:
        caller.join()
    stop.set()
    assert ready_after == [503]
    assert outcomes["asked to close"] == len(callers)
    assert set(outcomes) == {"200", "asked to close"}
    assert process.end() == 0


@pytest.mark.slow
def test_a_body_under_way_is_waited_for_at_the_end(start):
    process = start("--drain", "0.2")
    body = picture()
    with connect(process) as caller:
        caller.sendall(request(body)[:-20])
        time.sleep(0.3)
        process.process.send_signal(signal.SIGTERM)
        time.sleep(1)
        with pytest.raises(OSError):
            connect(process)
        caller.sendall(body[-20:])
        assert caller.recv(100).startswith(b"HTTP/1.1 200")
    assert process.end() == 0


@pytest.mark.slow
def test_slow_callers_are_given_up_and_hinder_nobody(start):
    process = start("--drain", "0")
    callers = [connect(process) for _ in range(40)]
    for caller in callers[:20]:
        caller.sendall(b"POST /v1/predict HTTP/1.1\r\nHost: loc")
    for caller in callers[20:]:
        caller.sendall(request(b"", 1000))
    assert httpx.post(process.base + "/v1/predict", content=picture(), headers=HEADERS).status_code == 200
    assert not select.select(callers, [], [], 0)[0]  # none of them had to go before that
    ends = [caller.recv(100) for caller in callers]
    assert ends[:20] == [b""] * 20
    assert all(end.startswith(b"HTTP/1.1 408") for end in ends[20:])
    for caller in callers:
        caller.close()
    assert process.end() == 0


FEW = 20  # connections


@pytest.fixture
def start_with_few_descriptors(start) -> Callable[[], Process]:
    """Give a function that starts `fashion serve` where descriptors are enough for few connections."""

    def begin() -> Process:
        before = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (SPARE + FEW, before[1]))
        try:
            started: Process = start("--drain", "0")
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, before)
        return started

    return begin


@pytest.mark.slow
def test_connections_are_bounded_and_who_comes_then_is_told(start_with_few_descriptors):
    process = start_with_few_descriptors()
    callers = [connect(process) for _ in range(FEW)]
    for late in range(3):
        with connect(process) as caller:
            caller.sendall(request(picture()) if late else b"")
            head, _, content = all_from(caller).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 503 Service Unavailable\r\n")
        assert b"retry-after: 1" in head
        assert b"content-length: %d" % len(content) in head
        assert json.loads(content)["type"] == "/docs#busy"
    callers.pop().close()
    for _ in range(100):
        answer = httpx.post(process.base + "/v1/predict", content=picture(), headers=HEADERS)
        if answer.status_code == 200:
            break
        time.sleep(0.05)
    assert answer.status_code == 200
    for caller in callers:
        caller.close()
    assert process.end() == 0
    assert process.errors == ""


def test_a_flood_of_connections_takes_no_more_descriptors_than_there_are(start_with_few_descriptors):
    process = start_with_few_descriptors()
    most, descriptors = 0, Path(f"/proc/{process.process.pid}/fd")
    with ExitStack() as callers:
        for _ in range(400):
            callers.enter_context(connect(process))
            most = max(most, len(list(descriptors.iterdir())))
    assert most < SPARE + FEW
    for _ in range(100):
        answer = httpx.get(process.base + "/healthz")
        if answer.status_code == 200:
            break
        time.sleep(0.05)
    assert answer.status_code == 200
    assert process.end() == 0
    assert process.errors == ""


@pytest.mark.parametrize(("descriptors", "expected"), [(1024, 768), (256, 128), (100, 1), (-1, 768)])
def test_as_many_connections_are_open_as_there_are_descriptors_for(monkeypatch, descriptors, expected):
    monkeypatch.setattr("resource.getrlimit", lambda _: (descriptors, descriptors))
    assert most_connections(Limits()) == expected


def test_headers_that_do_not_end_are_not_kept(start):
    process = start("--drain", "0")
    for before in (b"", request(picture())):  # the first request of a connection, and one that is sent behind another
        with connect(process) as caller:
            caller.sendall(before + b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n")
            with pytest.raises(OSError):
                caller.sendall((b"X: " + b"a" * 50_000 + b"\r\n") * 400)
    with connect(process) as caller:
        caller.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nX: " + b"a" * 30_000)
        time.sleep(0.2)
        caller.sendall(b"a" * 30_000 + b"\r\n\r\n")
        assert caller.recv(100).startswith(b"HTTP/1.1 200")
    assert process.end() == 0


def test_many_requests_on_one_connection_are_not_taken_for_long_headers(start):
    process = start("--drain", "0")
    at_a_time = MOST_AHEAD - 1
    with connect(process) as caller:
        for _ in range(100):
            caller.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" * at_a_time)
            answers = b""
            while answers.count(b"HTTP/1.1 200 OK") < at_a_time or not answers.endswith(b"}"):
                more = caller.recv(1 << 20)
                assert more
                answers += more
            assert answers.count(b"HTTP/1.1 200 OK") == at_a_time
    assert process.end() == 0


@pytest.mark.slow
def test_a_body_that_goes_unread_is_said_to_have_gone_unread(start):
    """Java's HttpClient and `curl --http2` ask for another protocol; the parser passes over the body then."""
    process = start("--drain", "0")
    headers = {**HEADERS, "connection": "Upgrade", "upgrade": "h2c"}
    answer = httpx.post(process.base + "/v1/predict", content=picture(), headers=headers)
    assert (answer.status_code, "Upgrade" in answer.json()["detail"]) == (400, True)
    assert process.end() == 0


@pytest.mark.slow
def test_who_takes_no_answers_is_given_up(start):
    process = start("--drain", "0")
    before = n_open(process)
    with connect(process) as caller:
        caller.settimeout(1)
        with suppress(OSError):  # at some time nothing more is taken from it
            for _ in range(500):
                caller.sendall(b"GET /openapi.json HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" * (MOST_AHEAD // 4))
                time.sleep(0.01)
        for _ in range(150):
            if n_open(process) == before:
                break
            time.sleep(0.2)
        assert n_open(process) == before
    assert process.end() == 0


@pytest.mark.slow
def test_callers_who_go_away_leave_nothing_behind(start):
    process = start("--drain", "0")
    for number in range(60):
        with connect(process) as caller:
            caller.sendall((request(picture()) * (1 + number % 3))[: -10 * (number % 2) or None])
            caller.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    time.sleep(0.5)
    figures = httpx.get(process.base + "/metrics").text
    for name in ("fashion_requests_in_progress", "fashion_body_bytes", "fashion_waiting_images"):
        assert f"\n{name} 0.0\n" in figures
    assert process.end() == 0
    assert process.errors == ""
