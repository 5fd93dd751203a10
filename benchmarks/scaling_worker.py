"""One worker of `scaling.py`: waits for a line, makes trials that are all the same work, says how long it took.

python benchmarks/scaling_worker.py alone - 12 60             trainings without a study: how many, steps of each
python benchmarks/scaling_worker.py folder FOLDER 12 60       trials of the study in a folder
python benchmarks/scaling_worker.py postgresql URL 12 60      trials of the study in a database
python benchmarks/scaling_worker.py ray-2 ADDRESS 12 60       trials of a study of its own, two at a time on a cluster
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import torch

from common import official_data
from fashion_classifier.data.load import load
from fashion_classifier.data.split import SplitConfig, split
from fashion_classifier.inference.cluster import joined
from fashion_classifier.training.recipes.one_minute import ONE_MINUTE
from fashion_classifier.training.recipes.recipe import Recipe
from fashion_classifier.training.train import TrainedModel, Workshop
from fashion_classifier.tuning.cluster import ClusterWorkshop, run_together
from fashion_classifier.tuning.config import TuneConfig
from fashion_classifier.tuning.database import StudyDatabase
from fashion_classifier.tuning.storage import StudyFolder, StudyStorage
from fashion_classifier.tuning.study import Search


class SameWork(Workshop):
    """Trains the same recipe whatever is asked for, to its end."""

    steps = 0

    def train(self, recipe: Recipe, **settings: Any) -> TrainedModel:  # noqa: ARG002 - that is the point
        """Train as many steps as are to be timed."""
        return super().train(ONE_MINUTE, **same_work(settings, self.steps))


class SameWorkThere(ClusterWorkshop):
    """As `SameWork`, on a cluster."""

    steps = 0

    def train(self, recipe: Recipe, **settings: Any) -> TrainedModel:  # noqa: ARG002 - as above
        """Train as many steps as are to be timed."""
        return super().train(ONE_MINUTE, **same_work(settings, self.steps))


def same_work(settings: dict[str, Any], steps: int) -> dict[str, Any]:
    """Return the settings of a training that none of its validations ends."""
    return {**settings, "epochs": None, "steps": steps, "validations": 1, "on_validation": lambda _: None}


def main() -> None:
    """Work when a line comes."""
    way, place, n, steps = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    torch.set_num_threads(1)
    parts = split(load(official_data()), SplitConfig())
    SameWork.steps = SameWorkThere.steps = steps
    workshop = SameWork(parts, exact=True)
    workshop.train(ONE_MINUTE, seed=0)  # what is slower the first time
    if way == "alone":
        timed(lambda: [workshop.train(ONE_MINUTE, seed=seed) for seed in range(n)])
    elif way.startswith("ray"):
        n_searches = int(way.removeprefix("ray-"))
        with joined(place), tempfile.TemporaryDirectory() as folder:
            there = SameWorkThere(parts, exact=True, prepare=partial(torch.set_num_threads, 1))
            searches = [searching(StudyFolder(Path(folder)), there, n) for _ in range(n_searches)]
            timed(partial(run_together, searches, **told_to_nobody()))
    else:
        storage = StudyFolder(Path(place)) if way == "folder" else StudyDatabase(place, "scaling")
        search = searching(storage, workshop, n)
        timed(partial(search.run, **told_to_nobody()))


def searching(storage: StudyStorage, workshop: Workshop, n: int) -> Search:
    """Open the study that all workers share."""
    with storage.turn(), storage.setting_up():
        return Search(storage, workshop, TuneConfig(trials=n, families=("cnn",), finalists=1), alone=False)


def told_to_nobody() -> dict[str, Any]:
    """Return what a search asks and tells."""
    return {
        "stop_asked": lambda: None,
        "on_trained": lambda _accuracy, _model: None,
        "on_trial": lambda _trial, _model: None,
        "progress": lambda _task, _done, _total, _detail="": None,
    }


def timed(work: Callable[[], object]) -> None:
    """Say that all is prepared, wait for a line, work, and say how long that took."""
    print("ready", flush=True)
    sys.stdin.readline()
    begin = time.perf_counter()
    work()
    print(json.dumps({"seconds": time.perf_counter() - begin}), flush=True)


if __name__ == "__main__":
    main()
