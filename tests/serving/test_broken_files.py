"""Every broken file gets an answer or a clear refusal, soon, and the server goes on."""

from __future__ import annotations

import asyncio
import os
import threading
from contextlib import suppress
from multiprocessing import Pipe
from pathlib import Path

import httpx
import pytest
from tests.serving.broken import CORPUS
from tests.serving.conftest import CLASSES, picture

from fashion_classifier.data.dataset import ImageShape
from fashion_classifier.serving.decoders import Decoders
from fashion_classifier.serving.problems import Problem
from fashion_classifier.serving.settings import Limits


@pytest.mark.parametrize("name", CORPUS)
def test_each_has_an_answer_or_a_refusal(server, name):
    make, statuses = CORPUS[name]
    answer = server.predict(make())
    assert answer.status_code in statuses, answer.text
    if answer.status_code != 200:
        assert answer.json()["detail"].endswith(".")
        assert len(answer.json()["detail"]) > 30
    assert server.predict(picture()).status_code == 200


def test_all_of_them_at_once(server):
    files = [("images", (name, make())) for name, (make, _) in list(CORPUS.items())[:30]]
    answer = server.ask("POST", "/v1/predict", files=[*files, ("images", ("good.png", picture()))])
    *_, last = answer.json()["images"]
    assert last["class"] in CLASSES


def decoders_with(**limits) -> Decoders:
    made = Decoders(1, ImageShape(12, 12, 1), "resize", Limits(**limits))
    made.start()
    return made


def test_a_decoder_that_is_killed_is_replaced():
    decoders = decoders_with()
    try:
        process = decoders._all[0]._process
        process.kill()
        process.join()
        with pytest.raises(Problem) as told:
            asyncio.run(decoders.decode(picture("JPEG"), "a.jpg"))
        assert told.value.status == 422
        assert len(asyncio.run(decoders.decode(picture("JPEG"), "a.jpg")).images) == 1
        assert decoders.restarts == 1
    finally:
        decoders.close()


@pytest.mark.parametrize(
    "said",
    [
        [b"no JSON"],
        [b"[" * 60_000],
        [b"{}"],
        [b'{"weights": 1, "photograph": true}'],
        [b'{"weights": [1.0], "photograph": true}', b"too few pixels"],
        [b'{"weights": [1.0], "photograph": true}', bytes(10_000_000)],
    ],
)
def test_a_decoder_that_somebody_else_speaks_from_is_replaced(said):
    decoders = decoders_with()
    try:
        decoder = decoders._all[0]
        decoder.wait_until_ready()
        ours, theirs = Pipe()
        true, decoder._connection = decoder._connection, ours
        true.close()

        def speak() -> None:
            with suppress(OSError):  # not all of it is listened to
                for message in said:
                    theirs.send_bytes(message)

        threading.Thread(target=speak, daemon=True).start()
        with pytest.raises(Problem) as told:
            asyncio.run(decoders.decode(picture("JPEG"), "a.jpg"))
        assert told.value.status == 422
        assert len(asyncio.run(decoders.decode(picture("JPEG"), "a.jpg")).images) == 1
        assert decoders.restarts == 1
    finally:
        decoders.close()


def test_a_decoder_that_takes_too_long_is_replaced():
    decoders = decoders_with(decoding_s=1e-6)
    try:
        with pytest.raises(Problem, match="not decoded within"):
            asyncio.run(decoders.decode(CORPUS["a large picture"][0](), "a.png"))
        assert decoders.restarts == 1
    finally:
        decoders.close()


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is limited on Linux")
def test_a_decoder_that_takes_too_much_memory_says_so():
    decoders = decoders_with(decoding_bytes=8 << 20)
    try:
        with pytest.raises(Problem) as told:
            asyncio.run(decoders.decode(CORPUS["a large picture"][0](), "a.png"))
        assert told.value.status == 422
        assert len(asyncio.run(decoders.decode(picture("JPEG"), "a.jpg")).images) == 1
    finally:
        decoders.close()


def resident(pid: int) -> int:
    """Bytes of memory of a process and its children."""
    children = [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") + sum(map(resident, children))


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is read on Linux")
def test_through_a_process_none_takes_500_megabytes(start):
    process = start("--decoders", "1")
    most = idle = 0
    with httpx.Client(base_url=process.base, timeout=30) as client:
        headers = {"content-type": "image/png"}
        assert client.post("/v1/predict", content=picture(), headers=headers).status_code == 200
        idle = resident(process.process.pid)
        for name, (make, statuses) in CORPUS.items():
            content = make()
            answer = client.post("/v1/predict", content=content, headers=headers)
            assert answer.status_code in statuses, name
            most = max(most, resident(process.process.pid))
    assert most - idle < 500e6
    assert process.end() == 0


DOCUMENT = b'{"images": [{"pixels": [[0]]}]}'


def test_a_process_that_is_killed_before_it_reads_a_document_is_replaced():
    decoders = decoders_with()
    try:
        process = decoders._all[0]._process
        process.kill()
        process.join()
        with pytest.raises(Problem, match="The JSON ended the process") as told:
            asyncio.run(decoders.read_json(DOCUMENT, 32))
        assert told.value.status == 422
        assert len(asyncio.run(decoders.read_json(DOCUMENT, 32))) == 1
        assert decoders.restarts == 1
    finally:
        decoders.close()


def test_a_process_that_reads_for_too_long_is_replaced():
    decoders = decoders_with(request_s=1e-6)
    try:
        with pytest.raises(Problem, match="not read within"):
            asyncio.run(decoders.read_json(b'{"images": [{"pixels": [%s0]}]}' % (b"7," * 1_000_000), 32))
        assert decoders.restarts == 1
    finally:
        decoders.close()


PIXELS = b'{"pictures": [{"name": "", "pixels": true, "n_bytes": %d, "problem": null}]}'


@pytest.mark.parametrize(
    "said",
    [
        [b"no JSON"],
        [b"{}"],
        [b"[" * 60_000],
        [b'{"problem": 3}'],
        [b'{"problem": ["no such kind", "x"]}'],
        [b'{"pictures": [3]}', b""],
        [PIXELS % 144],
        [PIXELS % 3, b"abc"],
        [PIXELS % 144, bytes(100)],
        [PIXELS % 144, bytes(10_000_000)],
    ],
)
def test_a_process_that_somebody_else_speaks_from_is_replaced(said):
    decoders = decoders_with(request_s=1.0)
    try:
        decoder = decoders._all[0]
        decoder.wait_until_ready()
        ours, theirs = Pipe()
        true, decoder._connection = decoder._connection, ours
        true.close()

        def speak() -> None:
            with suppress(OSError):  # not all of it is listened to
                for message in said:
                    theirs.send_bytes(message)

        threading.Thread(target=speak, daemon=True).start()
        with pytest.raises(Problem, match=r"The JSON ended the process|not read within"):
            asyncio.run(decoders.read_json(DOCUMENT, 32))
        assert decoders.restarts == 1
    finally:
        decoders.close()
