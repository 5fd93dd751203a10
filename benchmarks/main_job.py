"""The main job on the six CSV files: accuracy, time and memory of `fashion run`, over seeds, each a process of its own.

python benchmarks/main_job.py --minutes 5 --seeds 3
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from common import official_data, record, spread


def main() -> None:
    """Measure and record."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--keep", type=Path, help="keep the run folders here")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        parts = folder / "parts"
        _fashion("data", "convert", str(official_data()), str(parts), "--to", "csv-parts")
        runs = []
        for seed in range(arguments.seeds):
            out = (arguments.keep or folder) / f"seed-{seed}"
            command = ["run", "--data", str(parts), "--minutes", str(arguments.minutes), "--seed", str(seed)]
            facts = _fashion(*command, "--out", str(out))
            runs.append(facts)
            print(f"seed {seed}: {facts['optimized']['test']['accuracy']:.2%} in {facts['seconds']:.0f} s", flush=True)
    _record(arguments.minutes, runs)


def _fashion(*command: str) -> dict[str, Any]:
    """Run a command of ours and return its JSON."""
    line = [sys.executable, "-m", "fashion_classifier", *command, "--json"]
    done = subprocess.run(line, check=True, stdout=subprocess.PIPE, text=True)
    facts: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return facts


def _record(minutes: float, runs: list[dict[str, Any]]) -> None:
    """Write down the table's row."""
    accuracies = {model: [100 * run[model]["test"]["accuracy"] for run in runs] for model in ("initial", "optimized")}
    record(
        "main_job",
        {
            "minutes": minutes,
            "n": len(runs),
            **{model: spread(values) for model, values in accuracies.items()},
            "accuracies": accuracies,
            "validation": [round(100 * run["optimized"]["validation"]["accuracy"], 2) for run in runs],
            "seconds": spread([run["seconds"] for run in runs], 1),
            "longest_s": max(run["seconds"] for run in runs),
            "peak_memory_mb": max(run["peak_memory_mb"] for run in runs),
            "trials": [run["trials"] for run in runs],
            "families": [run["optimized"]["family"] for run in runs],
        },
    )


if __name__ == "__main__":
    main()
