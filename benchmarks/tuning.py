"""Searching at equal wall time: the best cross-validation accuracy so far of our tuner and of three others, in turn.

ours: the search of `fashion tune`: short trials, then their finalists trained longer. random, tpe: random search and
Optuna's plain TPE over the same space, each trial as long as if ten were to fill the time (as the notebook has ten),
without pruning and without the known recipes. keras-tuner: the notebook's Bayesian search over its
own space, each trial ten epochs at most with early stopping, in Keras's environment. Each search is a process that is
ended when its wall time, start included, is over; for each seed they run one after the other on the same machine.

python benchmarks/tuning.py                              5 minutes, 3 seeds: one hour
python benchmarks/tuning.py --minutes 10 --seeds 3
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from common import HERE, SOURCES, Row, fill_cache, is_measured, official_data, parser, read_rows, record
from figures import draw_searches
from keras_venv import KERAS_ENVIRONMENT, REQUIREMENTS, keras_command, keras_python
from splitting import save_split
from tables import print_table, summary_of_searches

NAME = "tuning"
METHODS = ("ours", "random", "tpe", "keras-tuner")
KERAS_PATHS = (str(HERE / "keras_models.py"), str(REQUIREMENTS))


def main() -> None:
    """Measure what is not measured yet, print the table and draw the figure."""
    made = parser(__doc__)
    made.add_argument("--minutes", type=float, default=5.0)
    made.add_argument("--seeds", type=int, default=3, help="seeds 0, 1, …")
    made.add_argument("--methods", nargs="+", choices=METHODS, default=list(METHODS))
    made.add_argument("--figures", type=Path, metavar="FOLDER", help="where the figure goes; docs/figures by default")
    arguments = made.parse_args()
    official_data()
    fill_cache()
    if "keras-tuner" in arguments.methods:
        keras_python()  # made before anything is timed
    for seed in range(arguments.seeds):
        for method in arguments.methods:
            _measure(method, arguments.minutes, seed, arguments.results)
    rows = read_rows(NAME, arguments.results)
    print_table(summary_of_searches(rows))
    draw_searches(rows, *([arguments.figures] if arguments.figures else []))


def _measure(method: str, minutes: float, seed: int, results: Path) -> None:
    """Let one search run for its time, and write down its curve."""
    identity: Row = {"method": method, "minutes": minutes, "seed": seed}
    paths = KERAS_PATHS if method == "keras-tuner" else (*SOURCES, str(HERE / "searches.py"))
    if is_measured(NAME, identity, folder=results, paths=paths):
        return
    with tempfile.TemporaryDirectory() as temporary:
        command = _command(method, minutes, seed, Path(temporary))
        begin = time.perf_counter()
        told = _run(command, 60 * minutes)
        seconds = time.perf_counter() - begin
    trials = [line for line in told if "state" in line]
    best = best_so_far(trials)
    if not best:
        sys.exit(f"{method}, seed {seed}: no trial was complete after {seconds:.0f} s. Give more --minutes.")
    facts = {
        "accuracy": best[-1][1],
        "seconds": round(seconds, 2),
        "trials": len(trials),
        **{name: value for line in told for name, value in line.items() if name == "epochs_per_trial"},
        "complete": sum(trial["state"] == "complete" for trial in trials),
        "curve": best,
    }
    record(NAME, {**identity, **facts}, folder=results, paths=paths)


def _command(method: str, minutes: float, seed: int, folder: Path) -> list[str]:
    """Return the command of a search's process."""
    if method != "keras-tuner":
        return [sys.executable, str(HERE / "searches.py"), method, str(minutes), str(seed), str(folder / "study")]
    save_split(folder / "pixels.npz", seed)
    return keras_command("search", folder / "pixels.npz", seed)


def _run(command: Sequence[str], limit_s: float) -> list[dict[str, Any]]:
    """Run a search, end it after its time, and return what it told, with the second at which it did.

    Raises
    ------
    subprocess.CalledProcessError
        If the search ended by a fault of its own.
    """
    begin = time.perf_counter()
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env={**os.environ, **KERAS_ENVIRONMENT}
    ) as process:
        assert process.stdout is not None
        end = threading.Timer(limit_s, process.kill)
        end.start()
        told = [
            {"at": round(time.perf_counter() - begin, 2), **json.loads(line)}
            for line in process.stdout
            if line.startswith("{")
        ]
        end.cancel()
    if process.returncode not in {0, -signal.SIGKILL}:
        raise subprocess.CalledProcessError(process.returncode, command)
    return told


def best_so_far(trials: Sequence[dict[str, Any]]) -> list[tuple[float, float]]:
    """Return (seconds, per cent) of each trial that was better than all before it."""
    best: list[tuple[float, float]] = []
    for trial in trials:
        accuracy = round(100 * (trial["accuracy"] or 0.0), 3)
        if trial["state"] == "complete" and (not best or accuracy > best[-1][1]):
            best.append((trial["at"], accuracy))
    return best


if __name__ == "__main__":
    main()
