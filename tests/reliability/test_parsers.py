"""Whatever a file holds, reading it ends well or in an error of the project's own, in memory that has bounds.

Here a few hundred inputs of each format are read; ``make fuzz`` has the numbers that are promised read.
"""

from __future__ import annotations

import gzip
import io
import os
import pickle
import subprocess
import sys
import tracemalloc
import zipfile
from collections.abc import Callable
from contextlib import nullcontext
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from tests.hostile_parquet import HOSTILE
from tests.hostile_parquet import SOUND as SOUND_PARQUET
from tests.reliability.fuzzing import targets
from tests.reliability.fuzzing.targets import (
    IDX,
    SHAPE,
    SOUND,
    TARGETS,
    found_before,
    learned_before,
    read_in_new_folder,
)

from fashion_classifier.data.load import load
from fashion_classifier.data.sources import ReadOptions
from fashion_classifier.data.streams.blocks import BLOCK_BYTES
from fashion_classifier.data.streams.recognition import find_stream
from fashion_classifier.errors import DataError

MANY = 10**12
MEGABYTE = 1 << 20


@cache
def sound(target: str) -> list[bytes]:
    """The inputs of which others are made."""
    return TARGETS[target].seeds()


def changed(target: str) -> st.SearchStrategy[bytes]:
    """Sound inputs of which some stretches were left out, written over or put in."""
    change = st.tuples(st.floats(0, 1), st.integers(0, 40), st.binary(max_size=12) | st.sampled_from(NASTY))
    return st.builds(_change, st.sampled_from(sound(target)), st.lists(change, max_size=4))


NASTY = (
    b"\xff" * 4,
    b"\0" * 8,
    b"\x7f\xff\xff\xff",
    b"-1",
    b"1e999",
    b"NaN",
    b'"',
    b"[" * 3000,
    b"\xff\xff\xff\xff\x0f",
)


def _change(content: bytes, changes: list[tuple[float, int, bytes]]) -> bytes:
    """Put bytes in the place of others."""
    for where, n, put in changes:
        start = int(where * len(content))
        content = content[:start] + put + content[start + n :]
    return content


@pytest.mark.parametrize("target", TARGETS)
def test_what_was_changed_is_read_or_refused(target, tmp_path):
    @settings(max_examples=60, suppress_health_check=list(HealthCheck))
    @given(content=changed(target) | st.binary(max_size=200))
    @example(content=b"")
    def check(content: bytes) -> None:
        read_in_new_folder(target, content, tmp_path)

    check()


@pytest.mark.parametrize("target", TARGETS)
def test_what_was_sound_is_read(target, tmp_path, monkeypatch):
    monkeypatch.setattr(targets, "suppress", lambda _: nullcontext())  # errors come through
    monkeypatch.setattr(targets, "OPTIONS", (ReadOptions(),))
    for content in sound(target):
        read_in_new_folder(target, content, tmp_path)


@pytest.mark.parametrize(
    ("target", "content"),
    [(target, content) for target in TARGETS for content in found_before(target)],
    ids=lambda value: value if isinstance(value, str) else f"{len(value)} bytes",
)
def test_what_once_did_harm_is_read_or_refused(target, content, tmp_path):
    read_in_new_folder(target, content, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("target", TARGETS)
def test_what_leads_where_nothing_else_does_is_read_or_refused(target, tmp_path):
    n = 0
    for content in learned_before(target):
        read_in_new_folder(target, content, tmp_path)
        n += 1
    assert n > 10


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="libFuzzer and limits of memory are Linux's")
@pytest.mark.parametrize("target", TARGETS)
def test_libfuzzer_finds_nothing_in_some_seconds(target, tmp_path, monkeypatch):
    pytest.importorskip("atheris", reason="Atheris has wheels for Linux on x86-64 alone")
    import fuzzing

    monkeypatch.setattr(fuzzing, "LEARNED", tmp_path / "learned")
    monkeypatch.setattr(fuzzing, "FOUND", tmp_path / "found")
    told = fuzzing.portion(target, 1_000_000, seconds=10, number=0)
    assert told["found"] == []
    assert told["inputs"] > 100


def by_loading(folder: Path) -> str:
    """What loading a folder says that is wrong with it."""
    with pytest.raises(DataError) as refused:
        load(folder, use_cache=False)
    return str(refused.value)


def by_streaming(folder: Path) -> str:
    """What reading the images to predict for says that is wrong with them."""
    stream = find_stream(folder / IDX[0])
    assert stream is not None
    return "\n".join(error for block in stream.blocks(SHAPE) for error in block.errors)


def idx_folder(folder: Path, images: bytes) -> Path:
    """Put a file of images beside sound labels."""
    (folder / IDX[0]).write_bytes(images)
    (folder / IDX[1]).write_bytes((SOUND / "idx" / IDX[1]).read_bytes())
    return folder


def memory_of(work: Callable[[], object]) -> int:
    """Return the most bytes that a piece of work had at a time."""
    work()  # what it imports and keeps is not its own
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("read", [by_loading, by_streaming])
@pytest.mark.parametrize("zipped", [False, True])
def test_a_million_million_images_are_refused_before_memory_is_taken(read, zipped, tmp_path):
    # n x height x width = 10^12, in three axes of four bytes each
    head = bytes([0, 0, 8, 3]) + b"".join(length.to_bytes(4, "big") for length in (MANY // 10**4, 100, 100))
    content = head + bytes(100)
    folder = idx_folder(tmp_path, gzip.compress(content) if zipped else content)
    assert IDX[0] in read(folder)
    assert memory_of(lambda: read(folder)) < 2 * BLOCK_BYTES


@pytest.mark.parametrize("read", [by_loading, by_streaming])
def test_a_gzip_bomb_is_refused_while_it_streams(read, tmp_path, monkeypatch):
    head = bytes([0, 0, 8, 3]) + b"".join(length.to_bytes(4, "big") for length in (10, 4, 4))
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", compresslevel=1) as bomb:
        bomb.write(head)
        for _ in range(200):
            bomb.write(bytes(MEGABYTE))
    folder = idx_folder(tmp_path, packed.getvalue())
    assert IDX[0] in read(folder)
    assert memory_of(lambda: read(folder)) < 2 * BLOCK_BYTES


READ_EACH = """
import sys
from pathlib import Path
from tests.reliability.fuzzing.process import limit_memory
from tests.reliability.test_parsers import read_both_ways

for number, file in enumerate(map(Path, sys.argv[1:])):
    print(file.name, flush=True)
    print(repr(read_both_ways(file)), flush=True)
    if not number:
        limit_memory(64 << 20)  # now that all is imported
"""


def read_both_ways(file: Path) -> str:
    """What reading a file as a data set and as rows to predict for says that is wrong with it; each the same."""
    with pytest.raises(DataError) as refused:
        load(file, use_cache=False)
    stream = find_stream(file)
    assert stream is not None
    told = [error for block in stream.blocks(SHAPE) for error in block.errors]
    assert [text.removeprefix(f"{file.parent}/") for text in told] == [str(refused.value)]
    return str(refused.value)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="limits of memory are Linux's")
def test_whatever_a_parquet_file_claims_it_is_refused_within_64_mib(tmp_path):
    damaged = SOUND_PARQUET["plain"].replace(b"image", b"other")  # which Polars finds
    for number, content in enumerate([damaged, *(content for content, _ in HOSTILE.values())]):
        (tmp_path / f"{number}.parquet").write_bytes(content)
    files = sorted(tmp_path.iterdir(), key=lambda file: int(file.stem))
    done = subprocess.run(
        [sys.executable, "-c", READ_EACH, *map(str, files)],
        env=os.environ | {"POLARS_MAX_THREADS": "1", "MALLOC_ARENA_MAX": "1", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-300:] + done.stderr[-3000:]
    told = done.stdout.splitlines()[3::2]
    assert len(told) == len(HOSTILE)
    assert [name for name, text in zip(HOSTILE, told, strict=True) if HOSTILE[name][1] not in text] == []


class Harm:
    """What a pickle could do: make a file, here."""

    def __init__(self, place: Path) -> None:
        self.place = place

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return Path.touch, (self.place,)


@pytest.mark.parametrize("name", ["x_train", "y_train", "classes", "groups_train"])
def test_no_array_is_unpickled(name, tmp_path):
    place = tmp_path / "harm"
    hostile = np.array([Harm(place)], dtype=object)
    arrays = {array: np.load(SOUND / "npz" / f"{array}.npy") for array in ("x_train", "y_train", "classes")}
    np.savez(tmp_path / "data.npz", **{**arrays, name: hostile}, allow_pickle=True)
    with pytest.raises(DataError, match="Python objects"):
        load(tmp_path / "data.npz", use_cache=False)
    with zipfile.ZipFile(tmp_path / "bare.npz", "w") as archive:
        archive.writestr(f"{name}.npy", pickle.dumps(Harm(place)))
    with pytest.raises(DataError):
        load(tmp_path / "bare.npz", use_cache=False)
    stream = find_stream(tmp_path / "data.npz")
    assert stream is not None
    refused = [error for block in stream.blocks(SHAPE) for error in block.errors if "Python objects" in error]
    assert len(refused) == (name == "x_train")
    assert not place.exists()
