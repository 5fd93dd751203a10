"""What the benchmarks share: the machine in words, means with deviations, and where results are written."""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from fashion_classifier.experiment.machine import processor
from fashion_classifier.inference.cores import available_cores

RESULTS = Path(__file__).parent / "results"


def machine() -> str:
    """Describe the machine and the versions."""
    names = ("torch", "numpy", "polars")
    versions = ", ".join(f"{name} {version(name)}" for name in names)
    return f"{available_cores()} cores of {processor()}, Python {platform.python_version()}, {versions}"


def commit() -> str:
    """Return the commit that is measured, with a mark if the tree has changed since."""
    found = subprocess.run(["git", "describe", "--always", "--dirty"], capture_output=True, text=True, check=True)
    return found.stdout.strip()


def spread(values: Sequence[float], digits: int = 2) -> str:
    """Write mean ± standard deviation."""
    deviation = statistics.stdev(values) if len(values) > 1 else float("nan")
    return f"{statistics.mean(values):.{digits}f} ± {deviation:.{digits}f}"


def official_data() -> Path:
    """Return the folder of the official IDX files, named by FASHION_DATA."""
    folder = os.environ.get("FASHION_DATA")
    if not folder:
        sys.exit("Name the folder of the official Fashion-MNIST files in FASHION_DATA.")
    return Path(folder)


def record(name: str, facts: dict[str, Any]) -> None:
    """Append a measurement to ``results/<name>.jsonl``; earlier ones stay."""
    RESULTS.mkdir(exist_ok=True)
    now = datetime.now(UTC).isoformat(timespec="seconds")
    line = json.dumps({"time": now, "commit": commit(), "machine": machine(), **facts})
    with (RESULTS / f"{name}.jsonl").open("a") as file:
        file.write(line + "\n")
    print(line)
