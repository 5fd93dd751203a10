"""What a second worker brings, and what sharing costs: trials and images by one and by two workers on this machine.

python benchmarks/scaling.py                          forty minutes; needs PostgreSQL, Ray and the official data
python benchmarks/scaling.py --what trials            one of trials, claims and images
python benchmarks/results_table.py                    writes the figures into RESULTS.md and docs/scale.md

trials: the same short training over and over, with one thread each; without a study, and as trials of one that lies
        in a folder, in PostgreSQL, or whose trials Ray trains. What it takes longer than without is what sharing costs.
claims: how long its turns and the whole of a trial that trains nothing take, with so many trials in the study before.
images: `fashion predict` for a Parquet file of the training images, alone and on a cluster with one place and two.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import optuna
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from common import FASHION, HERE, Row, model_folder, official_data, parser, record, rounds, timed
from fashion_classifier.data.load import load
from fashion_classifier.data.split import SplitConfig, split
from fashion_classifier.experiment.searching import keep_best
from fashion_classifier.training.recipes.recipe import Recipe
from fashion_classifier.training.train import TrainedModel, Workshop
from fashion_classifier.tuning.config import TuneConfig
from fashion_classifier.tuning.database import StudyDatabase
from fashion_classifier.tuning.storage import StudyFolder, StudyStorage
from fashion_classifier.tuning.study import SEARCH, Search
from fashion_classifier.tuning.trials import Trial
from own_cluster import own_cluster
from own_postgresql import server

NAME = "scaling"
WAYS = ("alone", "folder", "postgresql", "ray")
THERE = (100, 1_000, 10_000)  # trials of a study, before some more are timed
TIMED = 10
SHORT = 0.05  # epochs of the one training that all of them share


def main() -> None:
    """Measure, print and record."""
    made = parser(__doc__)
    made.add_argument("--what", choices=("trials", "claims", "images"))
    made.add_argument("--rounds", type=int, default=3)
    made.add_argument("--trials", type=int, default=12)
    made.add_argument("--steps", type=int, default=60, help="of a trial's training")
    made.add_argument("--model", type=Path, help="which classifies; by default one that is trained for half a minute")
    asked = made.parse_args()
    if asked.what in (None, "trials"):
        record(NAME, measure_trials(asked.rounds, asked.trials, asked.steps), folder=asked.results)
    if asked.what in (None, "claims"):
        for facts in measure_claims():
            record(NAME, facts, folder=asked.results)
    if asked.what in (None, "images"):
        record(NAME, measure_images(asked.rounds, asked.model), folder=asked.results)


def measure_trials(n_rounds: int, n: int, steps: int) -> Row:
    """Time trials of all ways, in turn."""
    works = {
        f"{way}, {workers}": lambda way=way, workers=workers: trials_of(way, workers, n, steps)
        for way in WAYS
        for workers in (1, 2)
    }
    seconds, medians = rounds(works, n_rounds)
    return {"what": "trials", "n": n_rounds, "trials": n, "steps": steps, "seconds": seconds, "medians": medians}


def trials_of(way: str, workers: int, n: int, steps: int) -> float:
    """Return the seconds that so many trials take so many workers, from the moment when all are ready."""
    with ExitStack() as stack:
        if way == "folder":
            place = stack.enter_context(tempfile.TemporaryDirectory())
        elif way == "postgresql":
            place = stack.enter_context(server()).url
        elif way == "ray":
            place = str(stack.enter_context(own_cluster(workers)).address)
        else:
            place = "-"
        each = n // workers if way == "alone" else n
        how = [f"ray-{workers}"] if way == "ray" else [way] * workers
        return longest([[*worker(one), place, str(each), str(steps)] for one in how])


def worker(way: str) -> list[str]:
    """Return the command of a worker."""
    return [sys.executable, str(HERE / "scaling_worker.py"), way]


def longest(commands: Sequence[Sequence[str]]) -> float:
    """Start workers, let them all go when all are ready, and return how long the last one took."""
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    working = [subprocess.Popen(command, **pipes) for command in commands]
    for one in working:
        while one.stdout is not None and (line := one.stdout.readline().strip()) != "ready":
            if not line:
                sys.exit(f"A worker ended before it was ready, with {one.wait()}.")
    for one in working:
        assert one.stdin is not None
        one.stdin.write("\n")
        one.stdin.flush()
    said = [one.communicate()[0] for one in working]
    return max(float(json.loads(out.splitlines()[-1])["seconds"]) for out in said)


class NoWork(Workshop):
    """Gives the same model for every recipe, at once."""

    made: TrainedModel | None = None

    def train(self, recipe: Recipe, **settings: Any) -> TrainedModel:
        """Train the first time only."""
        if self.made is None:
            self.made = super().train(recipe, **settings)
        return self.made


def measure_claims() -> Iterator[Row]:
    """Time trials that train nothing, in studies that hold more and more."""
    workshop = NoWork(split(load(official_data()), SplitConfig()), exact=True)
    with tempfile.TemporaryDirectory() as temporary, server() as running:
        places: dict[str, StudyStorage] = {
            "folder": StudyFolder(Path(temporary)),
            "postgresql": StudyDatabase(running.url, "claims"),
        }
        for name, place in places.items():
            for there in THERE:
                fill(place, workshop, there)
                turns, seconds = timed_trials(place, workshop, there + TIMED)
                yield {
                    "what": "claims",
                    "storage": name,
                    "there": there,
                    "n": TIMED,
                    "turn_s": round(sum(turns) / TIMED, 4),
                    "trial_s": round(seconds / TIMED, 4),
                    "bytes": size_of(place),
                }


def fill(place: StudyStorage, workshop: Workshop, n: int) -> None:
    """Bring a study to so many trials, copies of its first with other results."""
    with place.setting_up():
        search = Search(place, workshop, TuneConfig(trials=1, epochs=SHORT, finalists=1), alone=False)
    search.run()
    study = optuna.load_study(study_name=place.study_name(SEARCH), storage=place.url)
    first, taken = study.trials[0], len(study.trials)
    chance = np.random.default_rng(taken)
    content = place.kept("trials/search-0000.npy")
    assert content is not None
    for index in range(taken, n):
        facts = {**first.user_attrs, "index": index, "claim": index}
        study.add_trial(
            optuna.create_trial(
                params=first.params,
                distributions=first.distributions,
                user_attrs=facts,
                value=float(chance.uniform(0.5, 0.9)),
            )
        )
        place.keep(f"trials/search-{index:04d}.npy", content)


def timed_trials(place: StudyStorage, workshop: Workshop, until: int) -> tuple[list[float], float]:
    """Make trials up to a number; return how long each turn was held, and the seconds of all.

    Each takes three: to be claimed, and twice to see whether its model is the best.
    """
    turns: list[float] = []
    turn = place.turn

    @contextmanager
    def watched() -> Iterator[None]:
        with turn():
            begin = time.perf_counter()
            yield
            turns.append(time.perf_counter() - begin)

    place.turn = watched  # type: ignore[method-assign]
    try:
        with place.setting_up():
            config = TuneConfig(trials=until, epochs=SHORT, finalists=1)
            search = Search(place, workshop, config, alone=False)
        with tempfile.TemporaryDirectory() as folder:
            keep = keep_best(search, Path(folder))

            def told(trial: Trial, made: TrainedModel | None) -> None:
                if made is not None:
                    keep(trial.accuracy or 0.0, made)

            begin = time.perf_counter()
            search.run(on_trained=keep, on_trial=told)
            return turns, time.perf_counter() - begin
    finally:
        place.turn = turn  # type: ignore[method-assign]


def size_of(place: StudyStorage) -> int:
    """Return the bytes that a study takes."""
    if isinstance(place, StudyFolder):
        return sum(file.stat().st_size for file in place.folder.rglob("*") if file.is_file())
    with create_engine(place.url, poolclass=NullPool).connect() as connection:
        return int(connection.execute(text("SELECT pg_database_size(current_database())")).scalar_one())


def measure_images(n_rounds: int, model: Path | None) -> Row:
    """Time `fashion predict` for the training images, here and on clusters, in turn."""
    import polars as pl  # noqa: PLC0415 - takes a while, and only this needs it

    images = load(official_data()).training.images
    with tempfile.TemporaryDirectory() as temporary, model_folder(model) as folder:
        file = Path(temporary) / "images.parquet"
        pixels = images.reshape(len(images), -1)
        pl.DataFrame({"image": pixels}, schema={"image": pl.Array(pl.UInt8, pixels.shape[1])}).write_parquet(file)
        command = [*FASHION, "predict", str(file), "--model", str(folder), "--format", "jsonl"]

        def alone() -> float:
            return timed(command)[1]

        def there(places: int) -> float:
            with own_cluster(places) as cluster:
                return timed([*command, "--cluster", str(cluster.address)])[1]

        seconds, medians = rounds({"alone": alone, "ray, 1": lambda: there(1), "ray, 2": lambda: there(2)}, n_rounds)
    return {"what": "images", "n": n_rounds, "images": len(images), "seconds": seconds, "medians": medians}


if __name__ == "__main__":
    main()
