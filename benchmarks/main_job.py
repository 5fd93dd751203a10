"""The main job on the six CSV files: accuracy, time and memory of `fashion run`, over seeds, each a process of its own.

Accuracies are of the cross-validation images, for the optimized model before its retraining; with --final they are of
the test images, which each run opens by itself at its end.

python benchmarks/main_job.py --minutes 5 --seeds 3        16 minutes
python benchmarks/main_job.py --minutes 5 --seeds 3 --final
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from common import Row, check_committed, fashion, official_data, parser, record, spread


def main() -> None:
    """Measure and record."""
    made = parser(__doc__)
    made.add_argument("--minutes", type=float, default=5.0)
    made.add_argument("--seeds", type=int, default=3)
    made.add_argument("--keep", type=Path, help="keep the run folders here")
    made.add_argument("--final", action="store_true", help="score the test set")
    arguments = made.parse_args()
    kind = "test" if arguments.final else "validation"
    if arguments.final:
        check_committed()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        parts = folder / "parts"
        fashion("data", "convert", str(official_data()), str(parts), "--to", "csv-parts")
        runs = []
        for seed in range(arguments.seeds):
            out = (arguments.keep or folder) / f"seed-{seed}"
            command = ["run", "--data", str(parts), "--minutes", str(arguments.minutes), "--seed", str(seed)]
            facts, _ = fashion(*command, "--out", str(out))
            runs.append(facts)
            print(f"seed {seed}: {facts['optimized'][kind]['accuracy']:.2%} in {facts['seconds']:.0f} s", flush=True)
    _record(arguments.minutes, kind, runs, arguments.results)


def _record(minutes: float, kind: str, runs: list[Row], results: Path) -> None:
    """Write down the table's row."""
    accuracies = {model: [100 * run[model][kind]["accuracy"] for run in runs] for model in ("initial", "optimized")}
    record(
        "main_job",
        {
            "minutes": minutes,
            "kind": kind,
            "n": len(runs),
            **{model: spread(values) for model, values in accuracies.items()},
            "accuracies": accuracies,
            "seconds": spread([run["seconds"] for run in runs], 1),
            "longest_s": max(run["seconds"] for run in runs),
            "peak_memory_mb": max(run["peak_memory_mb"] for run in runs),
            "trials": [run["trials"] for run in runs],
            "families": [run["optimized"]["family"] for run in runs],
        },
        folder=results,
    )


if __name__ == "__main__":
    main()
