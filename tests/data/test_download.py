"""Fetching published files from servers that misbehave; all of them on this machine."""

from __future__ import annotations

import hashlib
import http.server
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest

from fashion_classifier.data.download import (
    OFFICIAL_FILES,
    PublishedFile,
    download_fashion_mnist,
    download_files,
)
from fashion_classifier.errors import UnavailableError, UsageError

CONTENT = bytes(range(256)) * 1000
FILE = PublishedFile("images.gz", len(CONTENT), hashlib.sha256(CONTENT).hexdigest())
OTHER = PublishedFile("labels.gz", 5, hashlib.sha256(b"01234").hexdigest())


class _Handler(http.server.BaseHTTPRequestHandler):
    """Leaves every answer to the server's `behave`."""

    server: _Server

    def do_GET(self) -> None:
        self.server.asked.append((self.path, self.headers.get("Range")))
        self.server.behave(self)

    def answer(self, content: bytes, *, status: int = 200, length: int | None = None, **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(content) if length is None else length))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


class _Server(http.server.ThreadingHTTPServer):
    """A server that does with each request what it was told to do."""

    daemon_threads = True

    def __init__(self, behave: Callable[[_Handler], None]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.behave = behave
        self.asked: list[tuple[str, str | None]] = []
        self.address = f"http://127.0.0.1:{self.server_port}/data/"


Serve = Callable[[Callable[[_Handler], None]], _Server]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start servers; they stop when the test ends."""
    servers: list[_Server] = []

    def start(behave: Callable[[_Handler], None]) -> _Server:
        servers.append(_Server(behave))
        threading.Thread(target=partial(servers[-1].serve_forever, poll_interval=0.01), daemon=True).start()
        return servers[-1]

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "fashion"


def good(request: _Handler) -> None:
    """Serve the file, from any byte on."""
    start = int((request.headers.get("Range") or "bytes=0-").removeprefix("bytes=").removesuffix("-"))
    if start:
        span = f"bytes {start}-{len(CONTENT) - 1}/{len(CONTENT)}"
        request.answer(CONTENT[start:], status=206, Content_Range=span)
    else:
        request.answer(CONTENT)


def breaks_off(request: _Handler) -> None:
    """Announce the whole file, send a half of it, and close."""
    request.answer(CONTENT[: len(CONTENT) // 2], length=len(CONTENT))


def ignores_range(request: _Handler) -> None:
    request.answer(CONTENT)


def wrong_content(request: _Handler) -> None:
    request.answer(bytes(len(CONTENT)))


def wrong_half(request: _Handler) -> None:
    request.answer(bytes(len(CONTENT) // 2), length=len(CONTENT))


def endless(request: _Handler) -> None:
    """Send without end, and without telling a length."""
    request.send_response(200)
    request.end_headers()
    try:
        while True:
            request.wfile.write(CONTENT)
    except OSError:
        request.server.asked.append(("hung up", None))


def missing(request: _Handler) -> None:
    request.answer(b"no such file", status=404)


def wrong_place(request: _Handler) -> None:
    """Answer from byte 0 on where a later one was asked for, and call it what was asked for."""
    request.answer(CONTENT, status=206, Content_Range=f"bytes 0-{len(CONTENT) - 1}/{len(CONTENT)}")


def fetch(folder: Path, *servers: _Server, file: PublishedFile = FILE, timeout_s: float = 5.0) -> bytes:
    download_files([file], folder, addresses=[server.address for server in servers], timeout_s=timeout_s)
    return (folder / file.name).read_bytes()


def begun(folder: Path, content: bytes) -> None:
    """Leave behind what an earlier download was broken off at."""
    folder.mkdir(parents=True)
    (folder / f"{FILE.name}.part").write_bytes(content)


def test_a_file_is_fetched_into_a_new_folder_and_nothing_else_is_left_there(serve: Serve, folder: Path):
    assert fetch(folder, serve(good)) == CONTENT
    assert [path.name for path in folder.iterdir()] == [FILE.name]


def test_what_is_there_and_right_is_not_fetched_again(serve: Serve, folder: Path):
    server = serve(good)
    fetch(folder, server)
    fetch(folder, server)
    assert server.asked == [("/data/images.gz", None)]


def test_what_was_begun_is_gone_on_with(serve: Serve, folder: Path):
    server = serve(good)
    begun(folder, CONTENT[:1000])
    assert fetch(folder, server) == CONTENT
    assert server.asked == [("/data/images.gz", "bytes=1000-")]


def test_what_one_server_broke_off_the_next_goes_on_with(serve: Serve, folder: Path):
    second = serve(good)
    assert fetch(folder, serve(breaks_off), second) == CONTENT
    assert second.asked == [("/data/images.gz", f"bytes={len(CONTENT) // 2}-")]


def test_a_server_that_ignores_where_to_start_is_read_from_the_start(serve: Serve, folder: Path):
    begun(folder, CONTENT[:1000])
    assert fetch(folder, serve(ignores_range)) == CONTENT


def test_a_beginning_of_another_file_is_thrown_away(serve: Serve, folder: Path):
    server = serve(good)
    begun(folder, b"\x01" * 1000)
    assert fetch(folder, server) == CONTENT
    assert [span for _, span in server.asked] == ["bytes=1000-", None]


def test_a_wrong_beginning_from_one_server_does_not_spoil_the_next(serve: Serve, folder: Path):
    assert fetch(folder, serve(wrong_half), serve(good)) == CONTENT


@pytest.mark.parametrize("content", [CONTENT, bytes(len(CONTENT)), CONTENT + b"more"])
def test_a_finished_part_is_taken_only_if_it_is_right(serve: Serve, folder: Path, content: bytes):
    server = serve(good)
    begun(folder, content)
    assert fetch(folder, server) == CONTENT
    assert len(server.asked) == (content != CONTENT)


@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [
        (missing, "HTTP 404 Not Found"),
        (breaks_off, "it ended after 128,000 of 256,000 bytes"),
        (wrong_content, f"what came has another SHA-256 than {FILE.sha256}"),
        (endless, "more came than the 256,000 bytes of the file"),
    ],
)
def test_a_failing_server_is_told_of_with_its_reason(
    serve: Serve, folder: Path, behaviour: Callable[[_Handler], None], reason: str
):
    server = serve(behaviour)
    with pytest.raises(UnavailableError) as caught:
        fetch(folder, server)
    assert f"{server.address}{FILE.name}: {reason}" in str(caught.value)
    assert caught.value.exit_code == 4
    assert not (folder / FILE.name).exists()


def test_a_server_that_answers_from_another_byte_is_not_believed(serve: Serve, folder: Path):
    begun(folder, CONTENT[:1000])
    with pytest.raises(UnavailableError, match="bytes from 1,000 on were asked for, others came"):
        fetch(folder, serve(wrong_place))


def test_a_server_that_falls_silent_is_given_up(serve: Serve, folder: Path):
    released = threading.Event()

    def silent(_: _Handler) -> None:
        released.wait(5)

    with pytest.raises(UnavailableError, match="timed out"):
        fetch(folder, serve(silent), timeout_s=0.2)
    released.set()


def test_an_address_where_nobody_listens_is_passed_over(serve: Serve, folder: Path):
    gone = serve(good)
    gone.server_close()
    assert fetch(folder, gone, serve(good)) == CONTENT


def test_a_redirect_within_the_web_is_followed(serve: Serve, folder: Path):
    elsewhere = serve(good)
    moved = serve(lambda request: request.answer(b"", status=302, Location=f"{elsewhere.address}{FILE.name}"))
    assert fetch(folder, moved) == CONTENT


@pytest.mark.parametrize("scheme", ["file", "ftp"])
def test_a_redirect_out_of_the_web_is_not_followed(serve: Serve, folder: Path, tmp_path: Path, scheme: str):
    secret = tmp_path / "secret"
    secret.write_bytes(CONTENT)
    moved = serve(lambda request: request.answer(b"", status=302, Location=f"{scheme}://{secret}"))
    with pytest.raises(UnavailableError):
        fetch(folder, moved)
    assert not (folder / FILE.name).exists()


def test_an_address_out_of_the_web_is_not_opened(folder: Path, tmp_path: Path):
    (tmp_path / FILE.name).write_bytes(CONTENT)
    with pytest.raises(UnavailableError, match="unknown url type: file"):
        download_files([FILE], folder, addresses=[tmp_path.as_uri()])


def test_the_error_lists_all_that_was_tried_and_what_can_be_done(serve: Serve, folder: Path):
    servers = [serve(missing), serve(wrong_content)]
    with pytest.raises(UnavailableError) as caught:
        download_files([FILE, OTHER], folder, addresses=[server.address for server in servers])
    first, *lines = str(caught.value).splitlines()
    assert first == f"images.gz could not be downloaded to {folder}; 2 addresses were tried."
    assert [line.split(": ")[0].strip() for line in lines[:2]] == [f"{s.address}images.gz" for s in servers]
    assert "put them into one folder and give that folder as the source" in lines[2]
    assert lines[3:] == [f"  {f.name} ({f.size:,} bytes, SHA-256 {f.sha256})" for f in (FILE, OTHER)]


def test_the_address_that_served_is_asked_first_for_the_next_file(serve: Serve, folder: Path):
    bad = serve(missing)
    fine = serve(lambda request: request.answer(CONTENT if request.path.endswith(FILE.name) else b"01234"))
    download_files([FILE, OTHER], folder, addresses=[bad.address, fine.address])
    assert [path for path, _ in bad.asked] == ["/data/images.gz"]


def test_a_file_that_is_another_one_is_not_overwritten(serve: Serve, folder: Path):
    server = serve(good)
    folder.mkdir(parents=True)
    (folder / FILE.name).write_bytes(b"somebody's own")
    with pytest.raises(UsageError, match="Move it away, or choose another folder"):
        fetch(folder, server)
    assert (folder / FILE.name).read_bytes() == b"somebody's own"
    assert server.asked == []


def test_a_place_where_nothing_can_be_stored_is_told_of(serve: Serve, tmp_path: Path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(UnavailableError, match="the download could not be stored"):
        fetch(tmp_path / "file" / "below", serve(good))


@dataclass
class _Listener:
    heard: list[tuple[str, float, float]] = field(default_factory=list)

    def __call__(self, task: str, done: float, total: float, detail: str = "") -> None:  # noqa: ARG002
        self.heard.append((task, done, total))


def test_progress_is_told_in_bytes(serve: Serve, folder: Path):
    listener = _Listener()
    download_files([FILE], folder, addresses=[serve(good).address], progress=listener)
    assert {(task, total) for task, _, total in listener.heard} == {("Downloading images.gz", len(CONTENT))}
    assert [done for _, done, _ in listener.heard] == sorted({done for _, done, _ in listener.heard})
    assert listener.heard[-1][1] == len(CONTENT)


@pytest.mark.real_data
def test_the_official_files_are_known(serve: Serve, folder: Path):
    """The sums are those of the files whose MD5 sums the authors publish."""
    official_files = Path(os.environ["FASHION_DATA"])
    md5 = {
        "train-images-idx3-ubyte.gz": "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
        "train-labels-idx1-ubyte.gz": "25c81989df183df01b3e8a0aad5dffbe",
        "t10k-images-idx3-ubyte.gz": "bef4ecab320f06d8554ea6380940ec79",
        "t10k-labels-idx1-ubyte.gz": "bb300cfdad3c16e7a12a480ee83cd310",
    }
    assert [file.name for file in OFFICIAL_FILES] == list(md5)
    for file in OFFICIAL_FILES:
        assert hashlib.md5((official_files / file.name).read_bytes()).hexdigest() == md5[file.name]
    server = serve(lambda request: request.answer((official_files / Path(request.path).name).read_bytes()))
    assert download_fashion_mnist(folder, addresses=[server.address]) == folder
    assert all(file.is_at(folder / file.name) for file in OFFICIAL_FILES)
