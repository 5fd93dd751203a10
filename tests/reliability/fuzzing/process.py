"""Reads inputs of one format that libFuzzer makes, by way of Atheris; started by ``benchmarks/fuzzing.py``.

``python -m tests.reliability.fuzzing.process TARGET TOLD [libFuzzer's arguments]``: what was read is told in the folder
TOLD, even if the process is ended: how many inputs, the slowest, and each fault with its input.
"""

from __future__ import annotations

import hashlib
import json
import mmap
import resource
import struct
import sys
import tempfile
import time
import traceback
import warnings
from pathlib import Path

MEMORY = 1 << 30  # bytes that an input may take beside what the process has when it begins
COUNTS = struct.Struct("Qd")  # inputs, seconds of the slowest
INSTRUMENTED = ("fashion_classifier.data", "fashion_classifier.inference", "fashion_classifier.experiment", "PIL")


class Reader:
    """Has inputs read, and keeps what goes wrong."""

    def __init__(self, target: str, told: Path, folder: Path) -> None:
        from tests.reliability.fuzzing.targets import TARGETS

        self._read = TARGETS[target].read
        self._told, self._folder = told, folder
        with (told / "counts").open("w+b") as file:
            file.truncate(COUNTS.size)
            self._counts = mmap.mmap(file.fileno(), COUNTS.size)
        self._n, self._slowest = 0, 0.0
        self._known: set[str] = set()

    def __call__(self, content: bytes) -> None:
        """Have one input read."""
        self._n += 1
        began = time.perf_counter()
        try:
            self._read(content, self._folder)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 - each is told
            self._note(error, content)
        self._slowest = max(self._slowest, time.perf_counter() - began)
        COUNTS.pack_into(self._counts, 0, self._n, self._slowest)

    def _note(self, error: BaseException, content: bytes) -> None:
        """Keep an input that did what it must not, one for each place in the program."""
        ours = [frame for frame in traceback.extract_tb(error.__traceback__) if "fashion_classifier" in frame.filename]
        place = f"{Path(ours[-1].filename).name}:{ours[-1].lineno}" if ours else "elsewhere"
        what = f"{type(error).__name__} at {place}"
        if what in self._known:
            return
        self._known.add(what)
        name = hashlib.sha256(content).hexdigest()[:12]
        (self._told / f"{name}.input").write_bytes(content)
        words = "".join(traceback.format_exception(error))
        (self._told / f"{name}.json").write_text(json.dumps({"what": what, "traceback": words}))


def limit_memory(n_bytes: int = MEMORY) -> None:
    """Let the process take no more than so much beside what it has."""
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    most = used + n_bytes
    resource.setrlimit(resource.RLIMIT_AS, (most, most))


def main() -> None:
    """Read until libFuzzer ends the process."""
    import atheris  # which is not installed everywhere

    target, told, *arguments = sys.argv[1:]
    with atheris.instrument_imports(include=list(INSTRUMENTED)):
        from tests.reliability.fuzzing.targets import TARGETS
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        for content in TARGETS[target].seeds():
            TARGETS[target].read(content, Path(folder))  # imports what is imported late, before memory is limited
        reader = Reader(target, Path(told), Path(folder))
        limit_memory()
        warnings.simplefilter("error")
        atheris.Setup([sys.argv[0], *arguments], reader)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
