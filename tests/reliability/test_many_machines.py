"""Processes that share nothing but a database: one study, no trial lost or made twice, one choice and one model."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pytest
from optuna.storages import RDBStorage
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy.pool import NullPool
from tests.conftest import write_npz
from tests.reliability.test_two_at_once import CONFIG, SPLIT, Process

from fashion_classifier.errors import UnavailableError, UsageError
from fashion_classifier.experiment.preparation import prepare
from fashion_classifier.experiment.searching import search_only
from fashion_classifier.experiment.settings import RunConfig
from fashion_classifier.inference.bundle import load_model
from fashion_classifier.progress import silent
from fashion_classifier.training.train import Workshop
from fashion_classifier.tuning import database
from fashion_classifier.tuning.database import StudyDatabase
from fashion_classifier.tuning.study import CONFIRMATION, SEARCH, Search
from fashion_classifier.tuning.trials import Trial
from own_postgresql import PASSWORD, Server, server

pytestmark = pytest.mark.slow

N_TRIALS, FINALISTS, GRACE_S, TIMEOUT_S = 8, 3, 4, 400.0
# The command itself, whose trials a test can wait for, and whose silence is taken for death sooner.
WORKING = f"""
import sys
stops_at = sys.argv.pop(1)
from fashion_classifier.cli import main
from fashion_classifier.training.train import Workshop
from fashion_classifier.tuning import sharing, study
sharing.HEARTBEAT_S, sharing.GRACE_S, study.LOOK_EVERY_S = 1, {GRACE_S}, 0.1
train = Workshop.train

def stopping(self, recipe, **settings):
    if settings["task"].startswith(stops_at):
        print("at", settings["task"], flush=True)
        sys.stdin.readline()
    return train(self, recipe, **settings)

Workshop.train = stopping
main()
"""
HOLDING = """
import sys
from fashion_classifier.tuning.database import StudyDatabase
with StudyDatabase(sys.argv[1], "study").turn():
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture(scope="module")
def postgresql() -> Iterator[Server]:
    """A server for the tests of this module, each of which has its own study."""
    try:
        with server() as running:
            yield running
    except FileNotFoundError as absent:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(str(absent))


@pytest.fixture
def start() -> Iterator[Callable[..., Process]]:
    """Start other processes."""
    begun: list[Process] = []

    def begin(script: str, *arguments: object) -> Process:
        begun.append(Process(script, *arguments))
        return begun[-1]

    yield begin
    for process in begun:
        process.kill()
        process.communicate()


def trials_of(place: StudyDatabase, purpose: str) -> list[FrozenTrial]:
    storage = RDBStorage(place.url, engine_kwargs={"poolclass": NullPool})  # which leaves no connection open
    return optuna.load_study(study_name=place.study_name(purpose), storage=storage).trials


def check_each_made_once(place: StudyDatabase, n_images: int) -> None:
    """Check that each trial and each confirmation was finished once, whoever made it, and nothing is left over."""
    for purpose, n_trials in ((SEARCH, N_TRIALS), (CONFIRMATION, FINALISTS)):
        trials = trials_of(place, purpose)
        assert all(trial.state.is_finished() for trial in trials)
        ended = [trial for trial in trials if trial.state != TrialState.FAIL]  # none of these fails by itself
        assert Counter(trial.user_attrs["index"] for trial in ended) == Counter(range(n_trials))
        for index in range(n_trials):
            assert place.kept(f"trials/{purpose}-{index:04d}.npy").startswith(b"\x93NUMPY")
    confirmed = [trial.user_attrs["confirms"] for trial in ended]
    assert len(set(confirmed)) == len(confirmed) == FINALISTS


def test_of_four_workers_one_is_killed_and_the_others_end_with_all_trials_and_the_same_choice(
    postgresql, start, tmp_path
):
    data = write_npz(tmp_path / "things.npz")
    settings = ["--data", data, "--family", "mlp", "--trials", N_TRIALS, "--trial-epochs", 2, "--threads", 1]

    def begin(name: str, stops_at: str = "nothing") -> Process:
        command = ["tune", *settings, "--storage", postgresql.url, "--study", "four", "--out", tmp_path / name]
        process: Process = start(WORKING, stops_at, *command, "--json")
        return process

    place = StudyDatabase(postgresql.url, "four")
    victim = begin("victim", "Trial 2")
    victim.hears("at Trial 2")
    lost = next(trial for trial in trials_of(place, SEARCH) if trial.state == TrialState.RUNNING)
    written = (tmp_path / "victim" / ".lock").read_text()
    victim.kill()
    workers = [begin(f"worker {number}") for number in range(3)]
    said = [worker.rest(TIMEOUT_S) for worker in workers]
    late = begin("late").rest(TIMEOUT_S)
    records = [json.loads(lines[-1]) for lines in (*said, late)]
    for record in records:
        del record["seconds"], record["model"]
        assert record["trials"] == N_TRIALS
        assert record == records[0]
    check_each_made_once(place, 48)
    trials = trials_of(place, SEARCH)
    assert trials[lost.number].state == TrialState.FAIL
    retried = next(trial for trial in trials if trial.system_attrs.get("failed_trial") == lost.number)
    assert retried.user_attrs["index"] == 2
    assert retried.params == lost.params
    folders = [tmp_path / name for name in ("worker 0", "worker 1", "worker 2", "late")]
    models = [{path.name: path.read_bytes() for path in (folder / "best").iterdir()} for folder in folders]
    assert all(model == models[0] for model in models)
    load_model(folders[0] / "best")
    assert sum(line.startswith("search ") for lines in said for line in lines) == N_TRIALS - 2  # the victim made two
    assert "***@127.0.0.1" in written
    files = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert not any(PASSWORD.encode() in content for content in (*files, written.encode()))
    assert not any(PASSWORD in line for lines in (*said, late) for line in lines)


def test_a_process_that_was_only_asleep_finds_its_trial_given_up(postgresql, start, tmp_path):
    data = write_npz(tmp_path / "things.npz")
    command = ["tune", "--data", data, "--family", "mlp", "--trials", N_TRIALS, "--trial-epochs", 2, "--threads", 1]
    command += ["--storage", postgresql.url, "--study", "asleep", "--json"]
    sleeper = start(WORKING, "Trial 1", *command, "--out", tmp_path / "sleeper")
    sleeper.hears("at Trial 1")
    sleeper.send_signal(signal.SIGSTOP)
    other = start(WORKING, "nothing", *command, "--out", tmp_path / "other").rest(TIMEOUT_S)
    sleeper.send_signal(signal.SIGCONT)
    sleeper.go_on()
    assert not any(line.startswith("search 1:") for line in sleeper.rest(TIMEOUT_S))
    assert sum(line.startswith("search 1:") for line in other) == 1
    check_each_made_once(StudyDatabase(postgresql.url, "asleep"), 48)


def test_other_data_and_other_settings_are_refused_and_change_nothing(postgresql, tmp_path):
    config = RunConfig(
        data=str(write_npz(tmp_path / "things.npz")), minutes=None, trials=1, epochs=1, families=("mlp",), threads=1
    )

    def search(config: RunConfig, name: str, folder: str) -> None:
        place = StudyDatabase(postgresql.url, name)
        search_only(config, prepare(config), tmp_path / folder, storage=place, tell=lambda _: None, progress=silent)

    search(config, "settings", "first")
    others = {
        "data": replace(config, data=str(write_npz(tmp_path / "others.npz", seed=7))),
        "seed": replace(config, seed=1),
        "families": replace(config, families=("mlp", "cnn")),
        "trial_epochs": replace(config, trial_epochs=2),
        "limit": replace(config, minutes=0.2),
    }
    for number, (named, other) in enumerate(others.items()):
        with pytest.raises(UsageError, match=rf"study settings: the study there was made with other .*{named}"):
            search(other, "settings", f"refused {number}")
        assert not list((tmp_path / f"refused {number}").iterdir())
    with pytest.raises(UsageError, match=r"first: it belongs to the study in .*study settings\. Name another folder"):
        search(config, "another", "first")
    with pytest.raises(UsageError, match="it belongs to the study in"):
        search_only(config, prepare(config), tmp_path / "first", tell=lambda _: None, progress=silent)
    search(replace(config, trials=2), "settings", "second")  # more trials are no other setting
    assert len(trials_of(StudyDatabase(postgresql.url, "settings"), SEARCH)) == 2


def test_within_a_time_trials_are_as_long_as_the_first_process_planned_them(postgresql, tmp_path, monkeypatch):
    config = RunConfig(data=str(write_npz(tmp_path / "things.npz")), minutes=0.2, trials=2, families=("mlp",))
    lengths = []
    for seconds in (0.02, 2.0):
        monkeypatch.setattr(Workshop, "seconds_per_epoch", lambda _self, _recipe, seconds=seconds: seconds)
        place, prepared = StudyDatabase(postgresql.url, "timed"), prepare(config)
        found, _, _ = search_only(
            config, prepared, tmp_path / str(seconds), storage=place, tell=lambda _: None, progress=silent
        )
        lengths.append((found.config.epochs, found.config.n_images))
    assert lengths[0] == lengths[1]


def test_what_is_kept_is_had_by_others_under_its_study_and_name(postgresql):
    for study in ("mine", "yours"):
        place = StudyDatabase(postgresql.url, study)
        with place.setting_up():
            assert place.kept("labels") is None
        for content in (np.arange(10_000).tobytes(), b"", study.encode()):
            place.keep("labels", content)
            assert StudyDatabase(postgresql.url, study).kept("labels") == content
    assert StudyDatabase(postgresql.url, "mine").kept("labels") == b"mine"


def test_a_turn_is_anothers_when_its_process_is_killed_or_silent_for_too_long(postgresql, start, monkeypatch):
    monkeypatch.setattr(database, "PATIENCE_S", 1)
    place = StudyDatabase(postgresql.url, "study")
    holder = start(HOLDING, postgresql.url)
    holder.hears("held")
    with pytest.raises(UnavailableError, match="lock timeout"), place.turn():
        pass
    with StudyDatabase(postgresql.url, "another").turn():  # whose turns are its own
        pass
    holder.kill()
    holder.wait()
    _wait_for_turn(place)
    with pytest.raises(UnavailableError, match="study"), place.turn():
        _wait_for_turn(place)


def _wait_for_turn(place: StudyDatabase) -> None:
    """Try to have a turn until it can be had."""
    for last in (*[False] * 100, True):
        try:
            with place.turn():
                return
        except UnavailableError:
            if last:
                raise


@pytest.mark.filterwarnings("ignore:Heartbeat of storage is supposed to be used with Study.optimize")
def test_heartbeats_are_compared_on_one_clock_wherever_server_and_clients_are(postgresql, monkeypatch):
    monkeypatch.setenv("PGTZ", "Asia/Kathmandu")
    place = StudyDatabase(postgresql.url, "clocks")
    with place.setting_up():
        search = Search(place, Workshop(SPLIT, exact=True), replace(CONFIG, trials=1), alone=False)
    storage: Any = search._studies[SEARCH]._storage
    storage, trial = storage._backend, search._studies[SEARCH].ask()
    with storage.engine.connect() as connection:
        for _ in range(2):  # the first is the column's default, the second what our clock says
            storage.record_heartbeat(trial._trial_id)
            asked = "SELECT now() AT TIME ZONE 'UTC' - heartbeat FROM trial_heartbeats WHERE trial_id = "
            assert abs(connection.exec_driver_sql(f"{asked}{trial._trial_id}").scalar_one()) < timedelta(minutes=1)
            connection.rollback()


def test_a_server_that_goes_ends_the_work_with_a_reason_and_what_was_finished_is_gone_on_from(postgresql):
    told: list[int] = []
    place = StudyDatabase(postgresql.url, "gone")
    with place.setting_up():
        search = Search(place, Workshop(SPLIT, exact=True), CONFIG, alone=False)

    def going(trial: Trial, _model: object) -> None:
        told.append(trial.index)
        if len(told) == 3:
            postgresql.stop()

    try:
        with pytest.raises(UnavailableError, match=r"127\.0\.0\.1.*and go on: trials that are finished are kept"):
            search.run(on_trial=going)
    finally:
        postgresql.start()
    again = Search(StudyDatabase(postgresql.url, "gone"), Workshop(SPLIT, exact=True), CONFIG, alone=False)
    again.run(on_trial=lambda trial, _model: told.append(trial.index))
    assert told[:6] == list(range(6))


def test_a_wrong_password_is_not_told(postgresql, tmp_path):
    wrong = postgresql.url.replace(PASSWORD, "shibboleth")
    command = [sys.executable, "-m", "fashion_classifier", "--debug", "tune", "--data", "sample", "--trials", "1"]
    environment = {**os.environ, "FASHION_STORAGE": wrong}
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=tmp_path, env=environment)
    assert done.returncode == 4
    assert "password authentication failed" in done.stderr
    assert "shibboleth" not in done.stderr + done.stdout
    assert not any(b"shibboleth" in path.read_bytes() for path in Path(tmp_path).rglob("*") if path.is_file())
