"""Runs that are killed and continued: when, where that hits them, and whether all is as if nothing had happened."""

from __future__ import annotations

import fnmatch
import hashlib
import json
import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import polars as pl

from common import FASHION, HERE, Row
from fashion_classifier.data.sample import CLASSES, draw_sample
from fashion_classifier.experiment.lookup import RUN, is_finished
from fashion_classifier.seeds import derive_seed
from fashion_classifier.storage import read_json_lines
from fashion_classifier.tuning.sharing import finished
from whole_files import copied_database, left_over, unreadable

LOOK_EVERY_S = 0.002
MOST_KILLS = 4  # of one run, which is continued between them
START = 0.3  # of a run's length passes before a process that goes on with it is where the one before was killed
UNIFORM = 0.6  # of the kills come at any moment of the run; the others lie in wait for something
OWN_TO_A_RUN = {"seconds", "started_after", "timings", "created", "run", "openings", "made_with"}


@dataclass(frozen=True)
class Case:
    """A kind of run.

    Parameters
    ----------
    options
        Of `fashion run`.
    own
        What `killed_program.py` is to train, which saves checkpoints often; empty for the program as it is.
    """

    options: str
    own: str = ""

    def command(self, *arguments: str) -> list[str]:
        """Return the command line of the program with these arguments."""
        program = [sys.executable, str(HERE / "killed_program.py"), self.own] if self.own else FASHION
        return [*program, "run", *arguments]

    def begin(self, data: Path, run: Path) -> list[str]:
        """Return the command line that begins a run."""
        return self.command("--data", str(data), *self.options.split(), "--threads", "1", "--out", str(run))


CASES = {
    "search": Case("--family cnn --family mlp --trials 8 --trial-epochs 1 --epochs 6"),
    "fallback": Case("--family mlp --trials 2 --trial-epochs 20 --epochs 0.2"),
    "average": Case("--family cnn --trials 0 --epochs 8", "average"),
    "ensemble": Case("--family cnn --trials 0 --epochs 8", "ensemble"),
}
OFFICIAL = {"official": Case("--family cnn --trials 5 --trial-epochs 0.1 --epochs 0.6", "known")}


@dataclass(frozen=True)
class Moment:
    """When a process is killed: so long after a file of such a name has appeared so often, or after the start.

    Parameters
    ----------
    delay_s
        How long after.
    name, times
        A pattern, and how often; no name for the start.
    latest_s
        How long after the start even if it has not appeared so often.
    """

    delay_s: float
    name: str = ""
    times: int = 1
    latest_s: float = math.inf


def draw_moment(chance: np.random.Generator, length_s: float) -> Moment:
    """Draw a moment of a process that takes so long when nobody kills it."""
    if chance.random() < UNIFORM:
        return Moment(chance.uniform(0, length_s))
    lying_in_wait = (
        Moment(0.0, ".*.part", int(chance.integers(1, 60))),
        Moment(0.0, "study.db-journal", int(chance.integers(1, 20))),
        Moment(0.0, "search-*.npy", int(chance.integers(1, 5))),  # a trial that is about to be told
        Moment(chance.uniform(0, 0.1 * length_s), "training"),  # the retraining
        Moment(chance.uniform(0, 0.3 * length_s), "evaluation.json"),  # figures and report
    )
    latest_s = chance.uniform(0.4 * length_s, length_s)
    return replace(lying_in_wait[chance.integers(len(lying_in_wait))], latest_s=latest_s)


def write_sample(file: Path, n_training: int = 300, n_test: int = 40) -> Path:
    """Write drawn images as an NPZ file."""
    drawn = draw_sample(n_training=n_training, n_test=n_test)
    assert drawn.test is not None
    np.savez(
        file,
        x_train=drawn.training.images,
        y_train=drawn.training.labels,
        x_test=drawn.test.images,
        y_test=drawn.test.labels,
        classes=np.array(CLASSES),
    )
    return file


@dataclass(frozen=True)
class Killed:
    """A run that was killed, as it was then."""

    moment: Moment
    at_s: float
    stage: str
    inside: tuple[str, ...]
    unreadable: tuple[str, ...]
    trials: dict[str, Any]

    def row(self) -> Row:
        """Return what is written down of it."""
        facts = asdict(self) | {"at_s": round(self.at_s, 3), "trials": len(self.trials)}
        moment = asdict(self.moment) | {"delay_s": round(self.moment.delay_s, 3)}
        latest = {} if math.isinf(self.moment.latest_s) else {"latest_s": round(self.moment.latest_s, 3)}
        del moment["latest_s"]
        return facts | {"moment": moment | latest}


@dataclass(frozen=True)
class Attempt:
    """What came of a run that was killed, perhaps more than once, and continued to its end.

    Parameters
    ----------
    lost
        Trials that were finished when it was killed, and are not there, or are others, at the end.
    differs
        What is not, to the bit, as in a run that nobody killed.
    """

    kills: tuple[Killed, ...]
    unreadable: tuple[str, ...]
    left_over: tuple[str, ...]
    lost: tuple[str, ...]
    differs: tuple[str, ...]


class Victims:
    """Runs of one kind, one of which nobody kills.

    Parameters
    ----------
    case
        Of what kind.
    data
        What they learn from.
    place
        A folder for all that they write.
    """

    def __init__(self, case: Case, data: Path, place: Path) -> None:
        self.case, self.data, self.place = case, data, place
        self.environment = {**os.environ, "FASHION_CACHE": str(place / "cache"), "COLUMNS": "200"}
        begin = time.perf_counter()
        self._end(case.begin(data, place / "whole" / "run"))
        self.length_s = time.perf_counter() - begin
        self.whole = outcome(place / "whole" / "run")

    def attempt(self, chance: np.random.Generator, most_kills: int = MOST_KILLS) -> Attempt:
        """Kill a run at moments that are drawn, go on with it each time, and compare what it ended with."""
        with tempfile.TemporaryDirectory(dir=self.place) as temporary:
            run, kills = Path(temporary) / "run", list[Killed]()
            while len(kills) < most_kills and not (run.exists() and is_finished(run)):
                moment = draw_moment(chance, self._left_s(kills))
                begin = time.perf_counter()
                at_s = self._kill(self._command(run), moment, run)
                if at_s is None:
                    if not kills:
                        self.length_s = (
                            time.perf_counter() - begin
                        )  # a machine is not as fast at one time as at another
                    break
                known = {name for killed in kills for name in killed.inside}  # of earlier kills, not cleared up yet
                found = _look_at(run, moment, at_s)
                kills.append(replace(found, inside=tuple(name for name in found.inside if name not in known)))
            if not (run.exists() and is_finished(run)):
                self._end(self._command(run))
            return self._judge(run, kills)

    def _left_s(self, kills: Sequence[Killed]) -> float:
        """Estimate how long a process takes that goes on after these kills."""
        start_s = START * self.length_s
        return max(start_s, self.length_s - sum(max(0.0, killed.at_s - start_s) for killed in kills))

    def _judge(self, run: Path, kills: Sequence[Killed]) -> Attempt:
        """Compare a run that was killed with the one that was not."""
        ended, trials = outcome(run), finished_trials(run)
        return Attempt(
            tuple(kills),
            tuple(unreadable(run)),
            tuple(left_over(run) if not kills or kills[-1].stage != "finished" else ()),
            tuple(name for kill in kills for name, trial in kill.trials.items() if trials.get(name) != trial),
            tuple(name for name in sorted(ended | self.whole) if ended.get(name) != self.whole.get(name)),
        )

    def _command(self, run: Path) -> list[str]:
        """Return what begins a run, or goes on with it if it is there."""
        return self.case.command("--resume", str(run)) if run.exists() else self.case.begin(self.data, run)

    def _kill(self, command: Sequence[str], moment: Moment, run: Path) -> float | None:
        """Kill a process at a moment; return after how many seconds, or None if it had come to its end before."""
        begin, seen, n_times = time.perf_counter(), set[str](), 0
        due = None if moment.name else begin + moment.delay_s
        with tempfile.TemporaryFile("w+") as said:
            victim = subprocess.Popen(command, stdout=said, stderr=said, env=self.environment)
            while victim.poll() is None:
                if due is None:
                    there = _named(run.parent, moment.name)
                    n_times, seen = n_times + len(there - seen), there
                    due = time.perf_counter() + moment.delay_s if n_times >= moment.times else None
                now = time.perf_counter()
                if now >= begin + moment.latest_s or (due is not None and now >= due):
                    victim.kill()
                    victim.wait()
                    return time.perf_counter() - begin if victim.returncode < 0 else None
                time.sleep(LOOK_EVERY_S)
            said.seek(0)
            if victim.returncode != 0:
                raise RuntimeError(f"{command} ended with {victim.returncode}:\n{said.read()}")
        return None

    def _end(self, command: Sequence[str]) -> None:
        """Run a process to its end."""
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"{command} ended with {done.returncode}:\n{done.stderr}")


def drawn_for(name: str, number: int) -> np.random.Generator:
    """Return the chance by which the moments of an attempt are drawn."""
    return np.random.default_rng(derive_seed(0, "kill", name, number))


def outcome(run: Path) -> dict[str, str]:
    """Return what must not depend on kills: each number, what was predicted, the weights, as hashes of their bits."""
    found = {
        f"{name}/{key}": json.dumps(value)
        for name, part in _without(json.loads((run / "evaluation.json").read_bytes())).items()
        for key, value in (part.items() if isinstance(part, dict) else [("", part)])
    }
    rows = pl.read_parquet(run / "predictions.parquet").hash_rows().to_numpy().tobytes()
    weights = {
        f"{name}/weights": (run / name / "weights.safetensors").read_bytes() for name in ("initial", "optimized")
    }
    found |= {name: hashlib.sha256(bits).hexdigest() for name, bits in {"predictions": rows, **weights}.items()}
    return found


def _without(value: Any) -> Any:
    """Leave out of a value what each run has of its own: times, and how often it had to open the test set."""
    if isinstance(value, dict):
        return {name: _without(part) for name, part in value.items() if name not in OWN_TO_A_RUN}
    return [_without(part) for part in value] if isinstance(value, list) else value


def finished_trials(run: Path) -> dict[str, Any]:
    """Return the trials that a run's database and events say are finished, with how they ended."""
    found: dict[str, Any] = {}
    if (run / "study.db").exists():
        with tempfile.TemporaryDirectory() as temporary:
            copy = copied_database(run / "study.db", Path(temporary))
            storage = optuna.storages.RDBStorage(f"sqlite:///{copy}")
            for name in optuna.get_all_study_names(storage):
                for index, trial in finished(optuna.load_study(study_name=name, storage=storage)).items():
                    found[f"{name} {index}"] = [trial.state.name.lower(), trial.params, trial.value]
    for event in read_json_lines(run / "events.jsonl"):
        if event["event"] == "trial":
            name = f"event of {event['purpose']} {event['index']}"
            found[name] = [event["state"], event["accuracy"]]
    return found


def _look_at(run: Path, moment: Moment, at_s: float) -> Killed:
    """Look at a run that was just killed."""
    inside = [name for name in left_over(run.parent) if not name.endswith((".lock", ".turn"))]
    inside += ["study.db-journal"] if (run / "study.db-journal").exists() else []
    return Killed(moment, at_s, stage_of(run), tuple(inside), tuple(unreadable(run)), finished_trials(run))


def stage_of(run: Path) -> str:
    """Return in which stage a run is, by what lies in its folder."""
    if not (run / RUN).exists():
        return "loading"
    if is_finished(run):
        return "finished"
    stages = run / "stages"
    reached = [
        (run / "evaluation.json", "report"),
        (run / "initial" / "model.onnx", "evaluation"),
        (stages / "joining", "evaluation"),
        (stages / "retraining", "joining or evaluation"),
        (stages / "training", "retraining"),
        (stages / "search.json", "training"),
        (run / "trials" / "confirmation-0000.npy", "confirmation"),
        (run / "study.db", "search"),
        (stages / "initial", "search or training"),
    ]
    return next((stage for place, stage in reached if place.exists()), "initial model")


def _named(folder: Path, pattern: str) -> set[str]:
    """Return the paths in a folder whose last name is like a pattern."""
    return {
        os.path.join(place, name)  # noqa: PTH118 - hundreds of times a second
        for place, folders, files in os.walk(folder)
        for name in fnmatch.filter((*folders, *files), pattern)
    }
