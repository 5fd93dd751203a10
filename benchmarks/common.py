"""What the benchmarks share: rows of results, the machine in words, timed processes, means with deviations."""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from fashion_classifier.experiment.machine import processor
from fashion_classifier.limits import available_cores

Row = dict[str, Any]

HERE = Path(__file__).parent
ROOT = HERE.parent
RESULTS = HERE / "results"
SOURCES = ("src", "pyproject.toml", "constraints.txt")  # what a measurement of ours depends on
FASHION = [sys.executable, "-m", "fashion_classifier"]
# A machine without AVX-512 and AMX, as far as oneDNN and PyTorch's own kernels are concerned.
ISA = {"native": {}, "avx2": {"ONEDNN_MAX_CPU_ISA": "AVX2", "ATEN_CPU_CAPABILITY": "avx2"}}
INSTRUCTIONS = {
    "amx_bf16": "AMX bfloat16",
    "avx512_bf16": "AVX-512 bfloat16",
    "avx512f": "AVX-512",
    "avx2": "AVX2",
}


def parser(doc: str | None) -> argparse.ArgumentParser:
    """Return a parser whose help is the script's docstring, with the option that every benchmark has."""
    made = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--results", type=Path, default=RESULTS, metavar="FOLDER", help="where the rows are appended")
    return made


def machine() -> str:
    """Describe the machine: cores, processor, the best of its instructions for matrix products, graphics cards."""
    info = Path("/proc/cpuinfo")
    flags = info.read_text().split() if info.is_file() else []
    best = next((f" ({words})" for flag, words in INSTRUCTIONS.items() if flag in flags), "")
    return ", ".join([f"{available_cores()} cores of {processor()}{best}", *_graphics_cards()])


def _graphics_cards() -> list[str]:
    """Name the NVIDIA cards, where their driver is installed."""
    ask = shutil.which("nvidia-smi")
    if ask is None:
        return []
    done = subprocess.run(
        [ask, "--query-gpu=name", "--format=csv,noheader"], capture_output=True, text=True, check=True
    )
    return done.stdout.strip().splitlines()


def versions() -> dict[str, str]:
    """Return the versions of Python and of what the figures depend on."""
    return {"python": platform.python_version(), **{name: version(name) for name in ("torch", "numpy", "polars")}}


def commit(paths: Sequence[str] = SOURCES) -> str:
    """Return the last commit that changed these paths, with a mark if they have changed since.

    Committing results or words changes neither: what was measured at that commit is still what there is.
    """
    last = _git("log", "-1", "--abbrev=8", "--format=%h", "--", *paths)
    return last + ("-dirty" if _git("status", "--porcelain", "--", *paths) else "")


def _git(*command: str) -> str:
    """Ask git about this checkout."""
    return subprocess.run(["git", "-C", str(ROOT), *command], capture_output=True, text=True, check=True).stdout.strip()


def check_committed(paths: Sequence[str] = SOURCES) -> None:
    """End the program where uncommitted sources would open the test set: no row could say what was measured."""
    if commit(paths).endswith("-dirty"):
        sys.exit("Commit the sources first: a row on the test set names the commit that it is of.")


def spread(values: Sequence[float], digits: int = 2) -> str:
    """Write mean ± standard deviation; of a single value, the value."""
    mean = f"{statistics.mean(values):.{digits}f}"
    return f"{mean} ± {statistics.stdev(values):.{digits}f}" if len(values) > 1 else mean


def official_data() -> Path:
    """Return the folder of the official IDX files, named by FASHION_DATA."""
    folder = os.environ.get("FASHION_DATA")
    if not folder:
        sys.exit("Name the folder of the official Fashion-MNIST files in FASHION_DATA.")
    return Path(folder)


def read_rows(name: str, folder: Path = RESULTS) -> list[Row]:
    """Return the rows of ``<name>.jsonl`` in the order in which they were measured; none if there is no file."""
    file = folder / f"{name}.jsonl"
    return [json.loads(line) for line in file.read_text().splitlines()] if file.is_file() else []


def record(name: str, facts: Row, *, folder: Path = RESULTS, paths: Sequence[str] = SOURCES) -> None:
    """Append a measurement to ``<name>.jsonl``; earlier ones stay.

    Parameters
    ----------
    name
        Of the file, without its ending.
    facts
        What was measured.
    folder
        Where the file lies.
    paths
        On what the measurement depends, for its commit.
    """
    folder.mkdir(parents=True, exist_ok=True)
    now = datetime.now(UTC).isoformat(timespec="seconds")
    line = json.dumps({"time": now, "commit": commit(paths), "machine": machine(), "versions": versions(), **facts})
    with (folder / f"{name}.jsonl").open("a") as file:
        file.write(line + "\n")
    print(line, flush=True)


def is_measured(name: str, identity: Row, *, folder: Path = RESULTS, paths: Sequence[str] = SOURCES) -> bool:
    """Tell whether there is a row with this identity, from this commit and this machine.

    Changed and uncommitted sources are never the same as before, so that nothing counts as measured with them.
    """
    now = commit(paths)
    wanted = {**identity, "commit": now, "machine": machine()}
    rows = read_rows(name, folder)
    return not now.endswith("-dirty") and any(wanted.items() <= _flat(row).items() for row in rows)


def _flat(row: Row) -> Row:
    """Return what of a row can be compared: plain values."""
    return {key: value for key, value in row.items() if not isinstance(value, dict | list)}


def timed(command: Sequence[str], environment: Mapping[str, str] | None = None) -> tuple[str, float]:
    """Run a process to its end; return its standard output and its wall time in seconds, taken from outside."""
    begin = time.perf_counter()
    done = subprocess.run(
        list(command), env={**os.environ, **(environment or {})}, check=True, stdout=subprocess.PIPE, text=True
    )
    return done.stdout, time.perf_counter() - begin


def rounds(works: Mapping[str, Callable[[], float]], n: int) -> tuple[dict[str, list[float]], dict[str, float]]:
    """Time several things in turn, so that a machine whose speed changes is as fast for one as for the other.

    Parameters
    ----------
    works
        Each does its work once, and returns the seconds that it took.
    n
        Rounds that count; one before them does not.

    Returns
    -------
    seconds, medians
        Of each.
    """
    seconds: dict[str, list[float]] = {name: [] for name in works}
    for number in range(n + 1):
        for name, work in works.items():
            taken = work()
            if number:
                seconds[name].append(round(taken, 4))
    return seconds, {name: statistics.median(values) for name, values in seconds.items()}


def last_json(output: str) -> Row:
    """Return the JSON object on the last line of an output."""
    found: Row = json.loads(output.splitlines()[-1])
    return found


def fashion(*command: str, environment: Mapping[str, str] | None = None) -> tuple[Row, float]:
    """Run a command of ours in a process of its own; return its JSON and the wall time of the whole process."""
    output, seconds = timed([*FASHION, *command, "--json"], environment)
    return last_json(output), seconds


def fill_cache() -> None:
    """Have the official data parsed and kept, so that no timed process is the first to read it."""
    fashion("data", "check", str(official_data()))


@contextmanager
def model_folder(named: Path | None) -> Iterator[Path]:
    """Give the model that is named, or one that is trained for half a minute and thrown away."""
    if named is not None:
        yield named
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "model"
        fashion("train", "--data", str(official_data()), "--minutes", "0.5", "--out", str(folder))
        yield folder
