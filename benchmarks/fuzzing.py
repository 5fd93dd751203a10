"""Whatever a file holds, reading it ends well or in an error of the project's own: inputs read, and what was found.

PYTHONPATH=. python benchmarks/fuzzing.py [--only csv idx …] [--seconds S]

For each format, libFuzzer (by way of Atheris) changes sound files until as many inputs were read as the format is
promised, in portions with a row each; it goes on where it was stopped. An input that raises another error, needs more
than 1 GiB of memory or takes more than 30 s is kept in tests/reliability/fuzzing/found/, where the tests read it from
then on. What libFuzzer has learned of a format, inputs that lead where no others did, lies in build/fuzzing/ and is
packed into tests/reliability/fuzzing/learned/, from where the next campaign has it. Takes hours; needs Linux on x86-64.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.reliability.fuzzing.process import COUNTS
from tests.reliability.fuzzing.targets import FOUND, TARGETS, packed

import common

NAME = "fuzzing"
PORTION = 50_000  # inputs of a row
PORTION_S = 300
LEAST = 100  # inputs of a portion that ended early, for another to be worth its start
LONGEST_S = 30  # that an input may take, of wall time on a machine that others use too
LEARNED = common.ROOT / "build" / "fuzzing"
PATHS = ("src", "pyproject.toml", "constraints.txt", "tests/reliability/fuzzing")


def portion(target: str, n_inputs: int, seconds: int, number: int) -> dict[str, Any]:
    """Have so many inputs read, or as many as the time allows; return what is told of them."""
    learned = LEARNED / target
    learned.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir="/dev/shm") as place:
        told, sound = Path(place, "told"), Path(place, "sound")
        told.mkdir()
        sound.mkdir()
        for index, content in enumerate(TARGETS[target].seeds()):
            (sound / str(index)).write_bytes(content)
        command = [
            *(sys.executable, "-m", "tests.reliability.fuzzing.process", target, told, learned, sound),
            *(f"-runs={n_inputs}", f"-max_total_time={seconds}", f"-timeout={LONGEST_S}", f"-seed={number + 1}"),
            *(f"-max_len={TARGETS[target].largest}", f"-artifact_prefix={told}/", "-rss_limit_mb=4096", "-verbosity=0"),
            *("-len_control=0", "-reload=0"),
        ]
        begin = time.perf_counter()
        done = subprocess.run(
            list(map(str, command)), cwd=common.ROOT, env=_environment(), check=False, capture_output=True, text=True
        )
        taken = time.perf_counter() - begin
        counts = told / "counts"
        if not counts.is_file():
            sys.exit(f"The process that reads {target} did not begin:\n{done.stderr[-3000:]}")
        n, slowest = COUNTS.unpack(counts.read_bytes())
        return {
            "target": target,
            "inputs": n,
            "seconds": round(taken, 1),
            "slowest_s": round(slowest, 3),
            "found": [*_raised(target, told), *_ended(target, told, done)],
        }


def _environment() -> dict[str, str]:
    """Return what a process that reads is told: one thread, and one arena, for its memory is limited."""
    paths = os.pathsep.join([str(common.ROOT / "src"), str(common.ROOT)])
    alone = {"OMP_NUM_THREADS": "1", "POLARS_MAX_THREADS": "1", "MALLOC_ARENA_MAX": "1", "RUST_BACKTRACE": "0"}
    return {**os.environ, "PYTHONPATH": paths, **alone}


def _raised(target: str, told: Path) -> list[str]:
    """Keep the inputs that raised what they must not; return what that was."""
    found = []
    for facts in sorted(told.glob("*.json")):
        content = json.loads(facts.read_text())
        _keep(target, facts.with_suffix(".input"))
        print(content["traceback"], file=sys.stderr)
        found.append(content["what"])
    return found


def _ended(target: str, told: Path, done: subprocess.CompletedProcess[str]) -> list[str]:
    """Keep the input that ended the process, if one did; return how."""
    if done.returncode == 0:
        return []
    inputs = [file for file in told.iterdir() if file.name.split("-")[0] in {"crash", "timeout", "oom", "leak"}]
    for file in inputs:
        _keep(target, file)
    print(done.stderr[-3000:], file=sys.stderr)
    return [f"{file.name.split('-')[0]}: the process ended with status {done.returncode}" for file in inputs] or [
        f"the process ended with status {done.returncode}, and left no input"
    ]


def _keep(target: str, file: Path) -> None:
    """Keep an input for the tests."""
    (FOUND / target).mkdir(parents=True, exist_ok=True)
    shutil.copy(file, FOUND / target / file.name.removesuffix(".input"))


def unpack(target: str) -> None:
    """Take over what earlier campaigns have learned."""
    learned = LEARNED / target
    if not learned.is_dir() and packed(target).is_file():
        with tarfile.open(packed(target)) as archive:
            archive.extractall(learned, filter="data")


def pack(target: str) -> None:
    """Keep what was learned; the same files are the same archive."""
    packed(target).parent.mkdir(exist_ok=True)
    with tarfile.open(packed(target), "w:xz") as archive:
        for file in sorted((LEARNED / target).iterdir()):
            entry = tarfile.TarInfo(file.name)
            entry.size = file.stat().st_size
            with file.open("rb") as content:
                archive.addfile(entry, content)


def main() -> None:
    """Go on with the campaign."""
    parser = common.parser(__doc__)
    parser.add_argument("--only", nargs="+", choices=TARGETS, default=list(TARGETS), metavar="FORMAT")
    parser.add_argument("--seconds", type=int, metavar="S", help="end after about so long, whatever is left to read")
    given = parser.parse_args()
    end = time.monotonic() + (given.seconds or float("inf"))
    for target in given.only:
        rows = [row for row in common.read_rows(NAME, given.results) if row["target"] == target]
        left = TARGETS[target].n_inputs - sum(row["inputs"] for row in rows)
        number = len(rows)
        unpack(target)
        while left > 0 and (seconds := min(PORTION_S, end - time.monotonic())) > 1:
            row = portion(target, min(left, PORTION), int(seconds), number)
            common.record(NAME, row, folder=given.results, paths=PATHS)
            if row["found"] and row["inputs"] < LEAST:
                sys.exit(f"What was found keeps {target} from being read on; mend it first.")
            left -= row["inputs"]
            number += 1
            pack(target)


if __name__ == "__main__":
    main()
