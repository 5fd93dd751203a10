"""A Ray cluster of two machines, one lost in the middle: nothing is lost with it, and nothing comes twice."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import polars as pl
import pytest
from optuna.trial import TrialState
from PIL import Image
from tests.conftest import blobs, write_npz
from tests.reliability.test_two_at_once import SPLIT, Process

from fashion_classifier.errors import MissingExtraError, UnavailableError, UsageError
from fashion_classifier.experiment.searching import Cluster
from fashion_classifier.inference import cluster as joining
from fashion_classifier.inference.bundle import load_model
from fashion_classifier.inference.cluster import joined
from fashion_classifier.tuning.study import CONFIRMATION, SEARCH
from own_cluster import own_cluster

N_TRIALS, FINALISTS, PORTION, TIMEOUT_S = 8, 3, 10, 400.0
# The command itself, whose work on one machine holds where a test wants it.
HELD = """
import copy, sys, time
from pathlib import Path
signs = Path(sys.argv.pop(1))

def hold():
    import ray
    here = ray.get_runtime_context().get_node_id()
    if (signs / f"hold {here}").exists():
        (signs / f"held {here}").touch()
        time.sleep(600)

from fashion_classifier.inference import distributed
from fashion_classifier.tuning import cluster
train, answered, distributed.PICTURES, distributed.ROWS = cluster._train, distributed._answered, PORTION, PORTION

def held_train(board, trial, recipe, settings, workshop):
    there = copy.copy(workshop)

    def train_and_hold(recipe, *, on_validation, **others):
        def validated(record):
            reason = on_validation(record)
            hold()
            return reason
        return workshop.train(recipe, on_validation=validated, **others)

    there.train = train_and_hold
    return train(board, trial, recipe, settings, there)

def held_answered(batch, **settings):
    hold()
    return answered(batch, **settings)

cluster._train, distributed._answered = held_train, held_answered
from fashion_classifier.cli import main
main()
""".replace("PORTION", str(PORTION))


@pytest.fixture
def two_machines() -> Iterator[Any]:
    """A cluster of two machines with a processor each."""
    with own_cluster(1, 1) as cluster:
        yield cluster


@pytest.fixture
def start(tmp_path) -> Iterator[Callable[..., Process]]:
    """Start commands."""
    (tmp_path / "signs").mkdir()
    begun: list[Process] = []

    def begin(*arguments: object) -> Process:
        begun.append(Process(HELD, tmp_path / "signs", *arguments))
        return begun[-1]

    yield begin
    for process in begun:
        process.kill()
        process.communicate()


def lose_the_second_when_it_holds(cluster: Any, signs: Path, process: Process) -> None:
    """Wait until work on the second machine holds, and take that away."""
    [machine] = cluster.worker_nodes
    until = time.monotonic() + TIMEOUT_S
    while not (signs / f"held {machine.node_id}").exists():
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < until
        time.sleep(0.05)
    cluster.remove_node(machine, allow_graceful=False)


def hold_the_second(cluster: Any, signs: Path) -> None:
    """Have work on the second machine hold from now on."""
    [machine] = cluster.worker_nodes
    (signs / f"hold {machine.node_id}").touch()


@pytest.mark.slow
def test_a_search_on_two_machines_loses_nothing_with_one_of_them(two_machines, start, tmp_path):
    data = write_npz(tmp_path / "things.npz")
    hold_the_second(two_machines, tmp_path / "signs")
    command = ["tune", "--data", data, "--family", "mlp", "--trials", N_TRIALS, "--trial-epochs", 2, "--json"]
    process = start(*command, "--out", tmp_path / "study", "--cluster", two_machines.address)
    lose_the_second_when_it_holds(two_machines, tmp_path / "signs", process)
    said = process.rest(TIMEOUT_S)
    result = json.loads(said[-1])
    assert result["trials"] == N_TRIALS
    assert result["study"] == str(tmp_path / "study" / "study.db")
    assert "On the cluster 2 trials are made at a time." in said
    told = Counter(line.split(":")[0] for line in said if line.startswith(("search ", "confirmation ")))
    assert told == Counter([f"search {n}" for n in range(N_TRIALS)] + [f"confirmation {n}" for n in range(FINALISTS)])
    for purpose, n_trials in ((SEARCH, N_TRIALS), (CONFIRMATION, FINALISTS)):
        trials = optuna.load_study(study_name=purpose, storage=f"sqlite:///{tmp_path / 'study' / 'study.db'}").trials
        assert sorted(trial.user_attrs["index"] for trial in trials) == list(range(n_trials))
        assert all(trial.state in {TrialState.COMPLETE, TrialState.PRUNED} for trial in trials)
    load_model(tmp_path / "study" / "best")


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["folder", "Parquet"])
def test_pictures_and_rows_are_classified_once_each_though_a_machine_is_lost(
    two_machines, start, tmp_path, finished_run, kind
):
    images = blobs(95, seed=5).images
    if kind == "folder":
        place = tmp_path / "pictures"
        place.mkdir()
        for number, image in enumerate(images):
            Image.fromarray(image).save(place / f"{number:03d}.png")
        (place / "037.png").write_bytes(b"no picture")
    else:
        place = tmp_path / "rows.parquet"
        rows = [row.ravel().tolist() for row in images]
        rows[37] = [300.0] * len(rows[0])
        pl.DataFrame({"image": rows}).write_parquet(place)
    command = ["predict", place, "--model", finished_run / "optimized", "--format", "csv"]
    alone = subprocess.run(
        [sys.executable, "-m", "fashion_classifier", *map(str, command)], check=False, capture_output=True, text=True
    )
    hold_the_second(two_machines, tmp_path / "signs")
    output = tmp_path / "answers.csv"
    process = start(*command, "--output", output, "--cluster", two_machines.address, "--json")
    lose_the_second_when_it_holds(two_machines, tmp_path / "signs", process)
    said, _ = process.communicate(timeout=TIMEOUT_S)
    assert process.returncode == 3, said  # for the one that is no image
    result = json.loads(said.splitlines()[-1])
    assert (result["n"], result["failed"]) == (95, 1)
    assert result["runtime"]["name"] in {"onnx", "openvino", "torch"}
    here, there = (list(csv.DictReader(text.splitlines())) for text in (alone.stdout, output.read_text()))
    assert [row["path"] for row in there] == [row["path"] for row in here]
    for name in ("class", "set", "refused", "reason"):
        assert [row[name] for row in there] == [row[name] for row in here]
    surest_here, surest_there = ([float(row["probability"] or "nan") for row in rows] for rows in (here, there))
    np.testing.assert_allclose(surest_there, surest_here, atol=1e-5)


@pytest.mark.slow
def test_the_test_set_stays_here_and_errors_come_as_they_were(two_machines):
    from fashion_classifier.tuning.cluster import ClusterWorkshop

    with joined(two_machines.address):
        workshop = ClusterWorkshop(SPLIT)
        assert workshop._do(lambda there: (len(there.split.test), len(there.split.training))) == (0, 400)
        with pytest.raises(UsageError, match="as it was"):
            workshop._do(_fail)
    with pytest.raises(UnavailableError, match=r"There is no Ray cluster at 127\.0\.0\.1:1"), joined("127.0.0.1:1"):
        pass


def _fail(_workshop: object) -> None:
    raise UsageError("It is as it was.")


def test_without_ray_it_is_said_what_to_install(monkeypatch):
    monkeypatch.setattr(joining, "find_spec", lambda _name: None)
    with pytest.raises(MissingExtraError, match=r"fashion-images-classifier\[cluster\]"), joined("auto"):
        pass


def test_there_are_no_fewer_than_no_workers():
    with pytest.raises(UsageError, match="workers >= 0"):
        Cluster("auto", -1)


def test_what_was_seen_is_not_drawn_on_a_cluster(tmp_path):
    command = [sys.executable, "-m", "fashion_classifier", "predict", ".", "--show", "seen", "--cluster", "auto"]
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=tmp_path, env=os.environ)
    assert done.returncode == 2
    assert "drawn where it is seen" in done.stderr
