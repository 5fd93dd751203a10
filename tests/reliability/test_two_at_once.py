"""Two processes on one folder: one is refused, and told by whom; a dead one holds nothing; a search is shared."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pytest
from optuna.trial import TrialState
from tests.conftest import blobs, write_npz

from fashion_classifier import locks
from fashion_classifier.data.dataset import SealedTestSet
from fashion_classifier.data.split import Split
from fashion_classifier.errors import UnavailableError
from fashion_classifier.experiment.full import evaluate_fully
from fashion_classifier.experiment.judging import compare_on_test, evaluate_on_test, open_model, prepare_for
from fashion_classifier.experiment.listener import Listener
from fashion_classifier.experiment.record import RunFolder
from fashion_classifier.experiment.run import resume, run
from fashion_classifier.experiment.settings import RunConfig
from fashion_classifier.inference.bundle import load_model
from fashion_classifier.locks import LOCK, sole_writer, who_works
from fashion_classifier.progress import silent
from fashion_classifier.training.train import Workshop
from fashion_classifier.tuning.config import TuneConfig
from fashion_classifier.tuning.study import CONFIRMATION, SEARCH, Search

HOLDING = """
import sys
from pathlib import Path
from fashion_classifier.locks import sole_writer
with sole_writer(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""
COUNTING = """
import sys
from pathlib import Path
from fashion_classifier.locks import in_turn
folder, n_times, more = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
for _ in range(n_times):
    with in_turn(folder):
        number = int((folder / "number").read_text()) if more else 0
        (folder / ("number" if more else "other")).write_text(str(number + more))
"""
ASKING = """
import sys
from pathlib import Path
from fashion_classifier.locks import who_works
print("asking", flush=True)
while True:
    who_works(Path(sys.argv[1]))
"""
SEARCHING = """
import sys, time
from pathlib import Path
import torch
from tests.reliability.test_two_at_once import CONFIG, SPLIT
from fashion_classifier.training.train import Workshop
from fashion_classifier.tuning import sharing, study
torch.set_num_threads(1)
sharing.HEARTBEAT_S, study.LOOK_EVERY_S = 1, 0.1
sharing.GRACE_S = int(sys.argv[4])
folder, stops_at, begins_alone = Path(sys.argv[1]), sys.argv[2], sys.argv[3] == "alone"
train = Workshop.train

def stopping(self, recipe, **settings):
    if settings["task"].startswith(stops_at):
        print("at", settings["task"], flush=True)
        sys.stdin.readline()
    return train(self, recipe, **settings)

Workshop.train = stopping
search = study.Search(folder, Workshop(SPLIT, exact=True), CONFIG, alone=begins_alone)
print("ready", flush=True)
sys.stdin.readline()
search.run(on_trial=lambda trial, _: print("made", trial.purpose, trial.index, flush=True))
"""
CONFIG = TuneConfig(trials=6, epochs=0.5, families=("mlp",), finalists=2)
SPLIT = Split(blobs(400), blobs(150, seed=1), SealedTestSet(blobs(50, seed=2)))


class Process(subprocess.Popen[str]):
    """Another process, which is spoken with by lines and is gone at the end."""

    def __init__(self, script: str, *arguments: object) -> None:
        root = str(Path(__file__).parents[2])
        paths = os.pathsep.join([root, *filter(None, [os.environ.get("PYTHONPATH")])])
        super().__init__(
            [sys.executable, "-c", script, *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "PYTHONPATH": paths},
        )

    def hears(self, word: str) -> str:
        """Wait for a line that begins with a word."""
        heard = []
        while line := self.stdout.readline():
            heard.append(line)
            if line.startswith(word):
                return line
        raise AssertionError("".join(heard))

    def go_on(self) -> None:
        self.stdin.write("\n")
        self.stdin.flush()

    def rest(self, timeout_s: float = 120.0) -> list[str]:
        """Wait for its end, which must be a good one, and return what else it said."""
        said, _ = self.communicate(timeout=timeout_s)
        assert self.returncode == 0, said
        return said.splitlines()


@pytest.fixture
def start() -> Iterator[Callable[..., Process]]:
    """Start other processes."""
    begun: list[Process] = []

    def begin(*arguments: Any) -> Process:
        begun.append(Process(*arguments))
        return begun[-1]

    yield begin
    for process in begun:
        process.kill()
        process.communicate()


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that got to its end."""
    folder = tmp_path_factory.mktemp("finished")
    data = write_npz(folder / "things.npz")
    run(RunConfig(data=str(data), minutes=None, trials=0, epochs=1, threads=1), folder / "run")
    return folder / "run"


@pytest.fixture
def folder(finished: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return Path(shutil.copytree(finished, tmp_path / "run"))


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != LOCK
    }


def test_the_second_is_told_who_the_first_is_and_takes_over_when_that_is_dead(tmp_path, start):
    first = start(HOLDING, tmp_path)
    first.hears("held")
    for state in ("at work", "asleep"):
        with pytest.raises(UnavailableError, match=rf"process {first.pid} on .*is at work here"), sole_writer(tmp_path):
            pass
        if state == "at work":
            first.send_signal(signal.SIGSTOP)
    first.kill()
    first.wait()
    assert json.loads((tmp_path / LOCK).read_bytes())["process"] == first.pid  # as a dead process leaves it
    with sole_writer(tmp_path):
        assert json.loads((tmp_path / LOCK).read_bytes())["process"] == os.getpid()
    assert list(tmp_path.iterdir()) == []


def test_one_process_does_not_write_into_a_folder_twice_either(tmp_path):
    with sole_writer(tmp_path), pytest.raises(UnavailableError, match=f"process {os.getpid()} "), sole_writer(tmp_path):
        pass


@pytest.mark.skipif(not hasattr(os, "O_NOFOLLOW"), reason="links are followed on this system")
def test_a_link_in_the_place_of_a_lock_is_not_followed(tmp_path):
    (tmp_path / "mine").write_text("worth keeping")
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / LOCK).symlink_to(tmp_path / "mine")
    with pytest.raises(UnavailableError, match="nothing can be written here"), sole_writer(tmp_path / "run"):
        pass
    assert (tmp_path / "mine").read_text() == "worth keeping"


def test_who_only_asks_who_works_keeps_nobody_from_working(tmp_path, start):
    asking = start(ASKING, tmp_path)
    asking.hears("asking")
    for _ in range(300):
        (tmp_path / LOCK).touch()  # as a dead process leaves it
        with sole_writer(tmp_path):
            pass
    assert asking.poll() is None


def test_a_lock_whose_file_was_taken_away_before_it_was_had_is_none(tmp_path, monkeypatch):
    lock = locks._lock
    ended: list[bool] = []

    def late(file: int, *, shared: bool) -> bool:
        if not ended:
            ended.append(True)
            (tmp_path / LOCK).unlink()  # as its owner does at the end, between our opening and our locking
        return lock(file, shared=shared)

    monkeypatch.setattr(locks, "_lock", late)
    with sole_writer(tmp_path), pytest.raises(UnavailableError), sole_writer(tmp_path):
        pass


def test_a_turn_is_one_processs_at_a_time_though_its_file_comes_and_goes_and_another_is_killed(tmp_path, start):
    (tmp_path / "number").write_text("0")
    n_processes, n_times = 4, 60
    others = [start(COUNTING, tmp_path, n_times, 1) for _ in range(n_processes)]
    victim = start(COUNTING, tmp_path, 1_000_000, 0)
    while not (tmp_path / "other").exists():
        assert victim.poll() is None
    victim.kill()
    for process in others:
        process.rest()
    assert int((tmp_path / "number").read_text()) == n_processes * n_times


@pytest.mark.parametrize("work", ["resume", "evaluate", "compare", "evaluate in full", "write"])
def test_a_run_that_is_at_work_is_not_written_into(folder, start, work):
    first = start(HOLDING, folder)
    first.hears("held")
    opened = open_model(folder)
    prepared = prepare_for(opened, "auto", group_by=None, seed=0, used_s=0.0, progress=silent)
    before = contents(folder)
    works: dict[str, Callable[[], object]] = {
        "resume": lambda: resume(folder),
        "evaluate": lambda: evaluate_on_test(opened, prepared.collection, prepared.split, progress=silent),
        "compare": lambda: compare_on_test(opened, opened, prepared.collection, prepared.split, progress=silent),
        "evaluate in full": lambda: evaluate_fully(folder, minutes=1.0),
        "write": lambda: RunFolder.writing(folder).__enter__(),
    }
    with pytest.raises(UnavailableError, match=f"process {first.pid} on"):
        works[work]()
    assert contents(folder) == before
    assert not prepared.split.test.openings
    load_model(folder / "optimized")  # reading is never refused


@pytest.mark.parametrize(
    "command",
    [["report"], *(pytest.param(words, marks=pytest.mark.slow) for words in (["evaluate"], ["run", "--resume"]))],
)
def test_the_command_says_so_and_ends_with_4(folder, start, command):
    first = start(HOLDING, folder)
    first.hears("held")
    done = subprocess.run(
        [sys.executable, "-m", "fashion_classifier", *command, str(folder)], check=False, capture_output=True, text=True
    )
    assert done.returncode == 4
    assert f"{folder}: process {first.pid} on" in done.stderr


def test_whoever_writes_into_a_run_holds_it_from_beginning_to_end(tmp_path):
    folder, told = tmp_path / "run", list[str]()

    def progress(task: str, done: float, total: float, detail: str = "") -> None:
        stage = task.split(maxsplit=1)[0]
        if folder.exists() and stage not in told:
            with pytest.raises(UnavailableError, match=f"process {os.getpid()} on"), sole_writer(folder):
                pass
            told.append(stage)

    data, begun = write_npz(tmp_path / "things.npz"), list[str]()

    def stop(task: str, done: float, total: float, detail: str = "") -> None:
        progress(task, done, total, detail)
        if task.startswith("Chosen") and not begun:
            begun.append(task)
            signal.raise_signal(signal.SIGINT)

    run(RunConfig(data=str(data), minutes=None, trials=0, epochs=1, threads=1), folder, listener=Listener(stop))
    assert {"Initial", "Chosen", "Drawing"} <= set(told)
    told.clear()
    resume(folder, listener=Listener(progress))
    assert {"Retraining", "Drawing"} <= set(told)
    opened = open_model(folder)
    prepared = prepare_for(opened, "auto", group_by=None, seed=0, used_s=0.0, progress=silent)
    for judge in (
        lambda: evaluate_on_test(opened, prepared.collection, prepared.split, progress=progress),
        lambda: compare_on_test(opened, opened, prepared.collection, prepared.split, progress=progress),
    ):
        told.clear()
        judge()
        assert "Evaluating" in told
    with sole_writer(folder):
        pass


def test_a_run_that_is_at_work_is_listed_as_such(folder, start):
    first = start(HOLDING, folder)
    first.hears("held")
    assert f"process {first.pid} on" in str(who_works(folder))
    listed = [sys.executable, "-m", "fashion_classifier", "runs", str(folder.parent), "--json"]
    told = subprocess.run(listed, check=True, capture_output=True, text=True).stdout
    assert json.loads(told)["runs"][0]["state"].startswith(f"at work: process {first.pid} on")
    first.kill()
    first.wait()
    assert who_works(folder) is None


def test_an_opening_that_others_noted_meanwhile_is_not_lost(folder):
    opened = open_model(folder)
    prepared = prepare_for(opened, "auto", group_by=None, seed=0, used_s=0.0, progress=silent)
    with RunFolder.writing(folder) as other:
        before = list(other.facts["openings"])
        other.update(openings=[*before, {"time": "2026-01-01T00:00:00+00:00", "reason": "another process"}])
    evaluate_on_test(opened, prepared.collection, prepared.split, progress=silent)
    reasons = [opening["reason"] for opening in RunFolder(folder).facts["openings"]]
    assert reasons == [*(opening["reason"] for opening in before), "another process", "evaluation of run/optimized"]


def trials_of(folder: Path, purpose: str) -> list[optuna.trial.FrozenTrial]:
    return optuna.load_study(study_name=purpose, storage=f"sqlite:///{folder / 'study.db'}").trials


def check_each_made_once(folder: Path) -> None:
    """Check that each trial and each confirmation was finished once, whoever made it, and nothing is left over."""
    for purpose, n_trials in ((SEARCH, CONFIG.trials), (CONFIRMATION, CONFIG.finalists)):
        trials = trials_of(folder, purpose)
        assert all(trial.state.is_finished() for trial in trials)
        ended = [trial for trial in trials if trial.state != TrialState.FAIL]  # none of these fails by itself
        assert Counter(trial.user_attrs["index"] for trial in ended) == Counter(range(n_trials))
        names = {path.name for path in (folder / "trials").glob(f"{purpose}-*")}
        assert names <= {f"{purpose}-{index:04d}.npy" for index in range(n_trials)}
        for path in (folder / "trials").glob(f"{purpose}-*"):
            assert np.load(path).shape == (150,)
    confirmed = [trial.user_attrs["confirms"] for trial in ended]
    assert len(set(confirmed)) == len(confirmed) == CONFIG.finalists


@pytest.mark.slow
def test_two_processes_share_a_search_and_neither_makes_a_trial_twice(tmp_path, start):
    busy = 60  # seconds that a busy machine may keep a process from its heartbeat
    processes = [start(SEARCHING, tmp_path, "nothing", "alone", busy)]
    processes[0].hears("ready")
    processes.append(start(SEARCHING, tmp_path, "nothing", "joining", busy))
    processes[1].hears("ready")
    for process in processes:
        process.go_on()
    made = [[line for line in process.rest() if line.startswith("made")] for process in processes]
    assert sorted(line for lines in made for line in lines) == sorted(
        [f"made search {index}" for index in range(6)] + [f"made confirmation {index}" for index in range(2)]
    )
    assert all(made)
    check_each_made_once(tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("end", ["killed", "asleep"])
def test_the_trial_of_a_process_that_is_silent_is_made_by_another(tmp_path, start, end):
    victim = start(SEARCHING, tmp_path, "Trial 2", "alone", 2)
    victim.hears("ready")
    victim.go_on()
    victim.hears("at Trial 2")
    lost = next(trial for trial in trials_of(tmp_path, SEARCH) if trial.state == TrialState.RUNNING)
    victim.send_signal(signal.SIGKILL if end == "killed" else signal.SIGSTOP)
    other = start(SEARCHING, tmp_path, "nothing", "joining", 2)
    other.hears("ready")
    other.go_on()
    said = other.rest()
    assert "made search 2" in said
    if end == "asleep":
        victim.send_signal(signal.SIGCONT)
        victim.go_on()
        assert not any(line.startswith("made") for line in victim.rest())
    check_each_made_once(tmp_path)
    trials = trials_of(tmp_path, SEARCH)
    retried = next(trial for trial in trials if trial.system_attrs.get("failed_trial") == lost.number)
    assert trials[lost.number].state == TrialState.FAIL
    assert retried.params == lost.params
    assert retried.user_attrs["index"] == 2


@pytest.mark.slow
def test_what_a_killed_search_left_under_way_is_done_again_at_once_by_one_that_is_alone(tmp_path, start):
    victim = start(SEARCHING, tmp_path, "Trial 2", "alone", 2)
    victim.hears("ready")
    victim.go_on()
    victim.hears("at Trial 2")
    victim.kill()
    victim.wait()
    told: list[tuple[str, int]] = []
    search = Search(tmp_path, Workshop(SPLIT, exact=True), CONFIG)
    search.run(on_trial=lambda trial, _: told.append((trial.purpose, trial.index)))
    assert told == [(SEARCH, index) for index in range(2, 6)] + [(CONFIRMATION, 0), (CONFIRMATION, 1)]
    check_each_made_once(tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_processes_that_are_killed_at_any_moment_lose_no_trial_and_leave_none_to_be_made_twice(tmp_path, start, seed):
    chance = random.Random(seed)
    stays = start(SEARCHING, tmp_path, "Trial 4", "alone", 2)  # from which on it waits until the others were killed
    stays.hears("ready")
    victims = [start(SEARCHING, tmp_path, "nothing", "joining", 2) for _ in range(4)]
    for victim in victims:
        victim.hears("ready")
    stays.go_on()
    for victim in victims:
        victim.go_on()
        time.sleep(chance.uniform(0.0, 1.0))
        victim.kill()
        victim.wait()
    stays.rest()  # which lets it go on, if it has come to wait
    check_each_made_once(tmp_path)


@pytest.mark.slow
def test_two_commands_share_one_study(tmp_path):
    data = write_npz(tmp_path / "things.npz")
    command = [sys.executable, "-m", "fashion_classifier", "tune", "--data", str(data), "--family", "mlp"]
    command += ["--trials", "12", "--trial-epochs", "20", "--threads", "1", "--out", str(tmp_path / "study"), "--json"]
    both = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path)
        for _ in range(2)
    ]
    said = [process.communicate(timeout=300) for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    results = [json.loads(out) for out, _ in said]
    assert [result["trials"] for result in results] == [12, 12]
    assert results[0]["chosen"] == results[1]["chosen"]
    assert sum("Another process is at work on this study" in told for _, told in said) == 1
    indices = [trial.user_attrs.get("index") for trial in trials_of(tmp_path / "study", SEARCH)]
    assert sorted(index for index in indices if index is not None) == list(range(12))
    load_model(tmp_path / "study" / "best")
