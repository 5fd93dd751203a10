"""Whatever a server does, nothing wrong reaches the cache, an error says why, and the next good server is enough."""

from __future__ import annotations

import errno
import gzip
import hashlib
import socket
import socketserver
import threading
from collections.abc import Callable, Iterator
from functools import partial
from itertools import count, repeat
from pathlib import Path

import pytest
from tests.cli import conftest as command_line

from fashion_classifier.data import download
from fashion_classifier.data.download import PublishedFile, download_fashion_mnist, download_files
from fashion_classifier.errors import UnavailableError

fashion = command_line.fashion
CONTENT = bytes(range(256)) * 1000
FILE = PublishedFile("images.gz", len(CONTENT), hashlib.sha256(CONTENT).hexdigest())
SILENT_S = 0.5  # after which a server is given up here
HANG_S = 20.0  # longer than anybody here waits

Answer = Callable[["Server"], Iterator[bytes]]


class Server(socketserver.ThreadingTCPServer):
    """A server that answers every request with the same bytes, as slowly as they are given."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, answer: Answer) -> None:
        super().__init__(("127.0.0.1", 0), _Request)
        self.answer, self.n_asked, self.ended = answer, 0, threading.Event()
        self.address = f"http://127.0.0.1:{self.server_address[1]}/data"

    def handle_error(self, request, client_address) -> None:
        """Whoever asked has had enough."""


class _Request(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        assert isinstance(self.server, Server)
        self.server.n_asked += 1
        asked = b""
        while b"\r\n\r\n" not in asked:
            asked += self.request.recv(1 << 16)
        for piece in self.server.answer(self.server):
            if self.server.ended.is_set():
                return
            self.request.sendall(piece)
        self.request.shutdown(socket.SHUT_WR)


Serve = Callable[[Answer], Server]


@pytest.fixture
def serve() -> Iterator[Serve]:
    servers: list[Server] = []

    def start(answer: Answer) -> Server:
        servers.append(Server(answer))
        threading.Thread(target=partial(servers[-1].serve_forever, poll_interval=0.01), daemon=True).start()
        return servers[-1]

    yield start
    for server in servers:
        server.ended.set()
        server.shutdown()
        server.server_close()


def said(*headers: str, body: bytes = b"", status: str = "200 OK") -> Answer:
    head = "".join(f"{line}\r\n" for line in (f"HTTP/1.1 {status}", *headers, ""))
    return lambda _: iter([head.encode() + body])


def of_length(length: object, body: bytes = CONTENT) -> Answer:
    return said(f"Content-Length: {length}", body=body)


def moved(to: str) -> Answer:
    return said(f"Location: {to}", "Content-Length: 0", status="302 Found")


def dripping(head: bytes, drop: bytes) -> Answer:
    """Never silent for long, and never done."""

    def answer(server: Server) -> Iterator[bytes]:
        yield head
        while not server.ended.wait(0.02):
            yield drop

    return answer


def hanging(head: bytes) -> Answer:
    def answer(server: Server) -> Iterator[bytes]:
        yield head
        server.ended.wait(HANG_S)

    return answer


def endless(head: bytes, piece: bytes) -> Answer:
    def answer(_: Server) -> Iterator[bytes]:
        yield head
        yield from repeat(piece)

    return answer


good = of_length(len(CONTENT))
OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
WRONG = "what came has another SHA-256"
SLOW = "it comes too slowly"
MORE = "more came than the 256,000 bytes"
ENDED = "it ended after|IncompleteRead"

ANSWERS: dict[str, tuple[Answer, str]] = {
    "other content": (of_length(len(CONTENT), bytes(len(CONTENT))), WRONG),
    "a changed bit": (of_length(len(CONTENT), CONTENT[:-1] + b"\xfe"), WRONG),
    "half a file": (of_length(len(CONTENT), CONTENT[:128_000]), ENDED),
    "half a file that is called whole": (of_length(128_000), ENDED),
    "nothing": (of_length(0), ENDED),
    "no content": (said(status="204 No Content"), ENDED),
    "a part that nobody asked for": (
        said("Content-Length: 1000", "Content-Range: bytes 5-1004/256000", body=CONTENT[5:1005], status="206 Partial"),
        "bytes from 0 on were asked for, others came",
    ),
    "a page": (said(status="404 Not Found", body=b"<html>"), "HTTP 404 Not Found"),
    "an excuse without end": (said(status="500 " + "sorry " * 10_000), "HTTP 500 sorry .{0,200} …|LineTooLong|line"),
    "a length that is too small": (of_length(1000), ENDED),
    "a length that is too large": (of_length(1 << 40, CONTENT[:1000]), ENDED),
    "a length beyond all numbers": (of_length("9" * 4000, CONTENT[:1000]), ENDED),
    "a negative length": (of_length(-1, CONTENT[:1000]), ENDED),
    "a length that is none": (of_length("many", CONTENT[:1000]), ENDED),
    "a body without end": (endless(OK + b"\r\n", CONTENT), MORE),
    "chunks without end": (endless(CHUNKED, b"10000\r\n" + bytes(65536) + b"\r\n"), MORE),
    "chunks that are none": (said("Transfer-Encoding: chunked", body=b"x\r\n" + CONTENT), ENDED),
    "a chunk of exabytes": (said("Transfer-Encoding: chunked", body=b"f" * 15 + b"\r\n" + CONTENT[:1000]), ENDED),
    "a chunk of -5 bytes": (said("Transfer-Encoding: chunked", body=b"-5\r\n" + CONTENT[:1000]), ENDED),
    "a chunk of -1 byte, without end": (endless(CHUNKED + b"-1\r\n", CONTENT), MORE),
    "packed content": (
        said("Content-Encoding: gzip", body=gzip.compress(CONTENT)),
        ENDED,
    ),
    "a bomb": (said("Content-Encoding: gzip", body=gzip.compress(bytes(100 << 20))), ENDED),
    "headers without end": (endless(OK, b"X: y\r\n"), "got more than 100 headers"),
    "a header without end": (endless(OK, b"X" * 65536), "got more than 65536 bytes when reading header line"),
    "no web": (lambda _: iter([b"SSH-2.0-OpenSSH\r\n\r\n" + CONTENT]), "SSH-2.0-OpenSSH"),
    "silence": (hanging(b""), "timed out"),
    "silence after the status": (hanging(OK), "timed out"),
    "silence after a half": (hanging(OK + b"Content-Length: 256000\r\n\r\n" + CONTENT[:128_000]), "timed out"),
    "a drip": (dripping(OK + b"Content-Length: 256000\r\n\r\n", b"x"), SLOW),
    "a drip of chunks": (dripping(CHUNKED, b"1\r\nx\r\n"), SLOW),
    "a drip of headers": (dripping(OK, b"x"), SLOW),
    "a drip of promises": (dripping(b"", b"HTTP/1.1 100 Continue\r\n\r\n"), SLOW),
    "a hang-up": (lambda _: iter([]), "closed connection without response"),
    "a circle": (moved("/data/images.gz"), "infinite loop"),
    "a circle that grows": (lambda _: moved_on(), "infinite loop|redirect"),
    "a way to nowhere": (said(status="302 Found"), "HTTP 302 Found"),
    **{
        f"a way to {to}": (moved(to), "not allowed|unknown url type|Invalid IPv6 URL")
        for to in ("file:///etc/passwd", "ftp://127.0.0.1/x", "data:,x", "gopher://127.0.0.1/", "jar:x", "//[")
    },
}
STEPS = count()


def moved_on() -> Iterator[bytes]:
    return moved(f"/data/{next(STEPS)}")(None)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def fetch(folder: Path, *servers: Server) -> bytes:
    download_files([FILE], folder, addresses=[server.address for server in servers], timeout_s=SILENT_S)
    return (folder / FILE.name).read_bytes()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "START_S", 1.0)
    monkeypatch.setattr(download, "SLOWEST", 1e9)


@pytest.mark.parametrize("what", ANSWERS)
@pytest.mark.usefixtures("impatient")
def test_a_server_that_misbehaves_spoils_nothing(serve, folder, what):
    answer, reason = ANSWERS[what]
    server = serve(answer)
    with pytest.raises(UnavailableError, match=rf"{server.address}/{FILE.name}: .*({reason})") as caught:
        fetch(folder, server)
    assert caught.value.exit_code == 4
    assert len(str(caught.value)) < 1500
    assert server.n_asked <= 12
    assert all(path.name == f"{FILE.name}.part" and path.stat().st_size <= FILE.size for path in folder.iterdir())
    assert fetch(folder, serve(good)) == CONTENT
    assert [path.name for path in folder.iterdir()] == [FILE.name]


@pytest.mark.parametrize("what", ANSWERS)
@pytest.mark.usefixtures("impatient")
def test_the_next_address_serves_where_one_misbehaves(serve, folder, what):
    assert fetch(folder, serve(ANSWERS[what][0]), serve(good)) == CONTENT
    assert [path.name for path in folder.iterdir()] == [FILE.name]


def test_another_host_of_the_web_may_serve_but_is_believed_no_more(serve, folder):
    liar = serve(of_length(len(CONTENT), bytes(len(CONTENT))))
    with pytest.raises(UnavailableError, match=WRONG):
        fetch(folder, serve(moved(f"{liar.address}/{FILE.name}")))
    assert list(folder.iterdir()) == []
    honest = serve(good)
    assert fetch(folder, serve(moved(f"{honest.address}/{FILE.name}"))) == CONTENT


def test_a_server_may_take_its_time_in_proportion_to_the_file(serve, folder, monkeypatch):
    """A slow line is no drip: what comes at the rate that is asked for arrives."""
    monkeypatch.setattr(download, "START_S", 0.0)
    monkeypatch.setattr(download, "SLOWEST", FILE.size / HANG_S)

    def slowly(server: Server) -> Iterator[bytes]:
        yield OK + b"Content-Length: 256000\r\n\r\n"
        for start in range(0, FILE.size, 16_000):
            server.ended.wait(0.02)
            yield CONTENT[start : start + 16_000]

    assert fetch(folder, serve(slowly)) == CONTENT


def in_pieces(server: Server) -> Iterator[bytes]:
    yield OK + b"Content-Length: 256000\r\n\r\n"
    for start in range(0, FILE.size, 4_000):
        server.ended.wait(0.001)
        yield CONTENT[start : start + 4_000]


def at_once(attempt: Callable[[], object], n: int = 4) -> None:
    threads = [threading.Thread(target=attempt) for _ in range(n)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_of_several_that_want_the_same_one_fetches_and_the_others_wait(serve, folder):
    server, seen, told = serve(in_pieces), [], []

    def attempt() -> None:
        download_files([FILE], folder, addresses=[server.address], progress=lambda *said: told.append(said[:2]))
        seen.append((folder / FILE.name).read_bytes())

    for n in range(1, 6):
        at_once(attempt)
        assert (server.n_asked, seen) == (n, [CONTENT] * 4 * n)
        assert [path.name for path in folder.iterdir()] == [FILE.name]
        (folder / FILE.name).unlink()
    waited = [done for task, done in told if task == download.WAITING]
    assert (waited.count(0.0) > 0, waited.count(1.0) > 0) == (True, True)


def test_one_that_fails_lets_the_next_try(serve, folder):
    bad, good_one, seen = serve(of_length(1000)), serve(good), []

    def attempt() -> None:
        try:
            seen.append(fetch(folder, bad))
        except UnavailableError:
            seen.append(b"")

    at_once(attempt)
    assert (seen, bad.n_asked) == ([b""] * 4, 4)
    assert fetch(folder, good_one) == CONTENT


def test_where_no_locks_are_kept_several_never_leave_a_wrong_file(serve, folder, monkeypatch):
    def no_locks(*_: object) -> None:
        raise OSError(errno.ENOSYS, "Function not implemented")

    monkeypatch.setattr("fcntl.flock", no_locks)
    server, seen = serve(in_pieces), []

    def attempt() -> None:
        try:
            seen.append(fetch(folder, server))
        except UnavailableError:
            seen.append(CONTENT)  # it was told of, and nothing was taken for the file
        if (folder / FILE.name).exists():
            seen.append((folder / FILE.name).read_bytes())

    for _ in range(10):
        at_once(attempt)
        (folder / FILE.name).unlink(missing_ok=True)
    assert len(seen) >= 40
    assert all(content == CONTENT for content in seen)
    assert fetch(folder, server) == CONTENT


@pytest.mark.usefixtures("impatient")
def test_a_command_ends_with_its_code_and_the_cache_is_empty(fashion, serve, tmp_path, monkeypatch):
    server = serve(of_length(10, b"0123456789"))
    fetching = partial(download_fashion_mnist, addresses=[server.address], timeout_s=SILENT_S)
    monkeypatch.setattr("fashion_classifier.data.load.download_fashion_mnist", fetching)
    monkeypatch.setenv("FASHION_CACHE", str(tmp_path / "cache"))
    result = fashion("data", "check", "fashion-mnist")
    assert result.code == 4
    assert "train-images-idx3-ubyte.gz could not be downloaded" in result.err
    assert "Traceback" not in result.err
    left = [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]
    assert [path.name for path in left] == ["train-images-idx3-ubyte.gz.part"]
