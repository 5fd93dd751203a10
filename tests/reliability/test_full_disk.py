"""A full disk, a folder that cannot be written, a folder that is lost: said clearly, and the last good state stays."""

from __future__ import annotations

import json
import os
import resource
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import polars as pl
import pytest
import torch
from PIL import Image
from safetensors import safe_open
from tests.conftest import blobs, write_npz

from fashion_classifier.data.dataset import SealedTestSet
from fashion_classifier.data.split import Split
from fashion_classifier.errors import UnavailableError
from fashion_classifier.experiment.judging import evaluate_on_test, open_model, prepare_for
from fashion_classifier.experiment.listener import Listener
from fashion_classifier.experiment.run import resume, run
from fashion_classifier.experiment.settings import RunConfig
from fashion_classifier.inference.bundle import load_model
from fashion_classifier.locks import LOCK, TURN, sole_writer
from fashion_classifier.progress import silent
from fashion_classifier.reporting.documents import write_documents
from fashion_classifier.storage import (
    OLD,
    PART,
    append_json_line,
    atomic_folder,
    clear_up,
    read_json_lines,
    write_bytes,
)
from fashion_classifier.training.checkpoint import load_checkpoint, save_checkpoint
from fashion_classifier.training.config import TrainConfig
from fashion_classifier.training.optimizers import make_optimizer
from fashion_classifier.training.train import TrainedModel, Workshop
from fashion_classifier.tuning.config import TuneConfig
from fashion_classifier.tuning.study import Search
from fashion_classifier.tuning.trials import Trial

MIB, KIB = 2**20, 2**10
NOBODY = 65534


@contextmanager
def files_limited_to(n_bytes: int) -> Iterator[None]:
    """Let no file grow beyond a size: writing more fails as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


class Disk:
    """A small file system in memory."""

    def __init__(self, place: Path) -> None:
        self.place = place
        place.mkdir()
        self._mount("-t", "tmpfs", "-o", f"size={64 * KIB}", "none", str(place))

    def resize(self, n_bytes: int) -> None:
        self._mount("-o", f"remount,size={n_bytes}", str(self.place))

    def close(self) -> None:
        subprocess.run(["umount", "--lazy", str(self.place)], check=True)

    @staticmethod
    def _mount(*arguments: str) -> None:
        subprocess.run(["mount", *arguments], check=True, capture_output=True)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    """A disk that is small."""
    try:
        small = Disk(tmp_path / "disk")
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("this process may not mount a file system")
    yield small
    small.close()


@pytest.fixture
def open_place() -> Iterator[Path]:
    """A folder in which somebody without any rights may write as well."""
    place = Path(tempfile.mkdtemp())
    place.chmod(0o777)
    yield place
    shutil.rmtree(place)


@contextmanager
def without_rights() -> Iterator[None]:
    """Be somebody whom a folder can refuse, if this process is root."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


def check_whole(folder: Path) -> None:
    """Check that each file in a run folder is whole, as those who read it find it, and that no part of one is left."""
    for path in folder.rglob("*"):
        assert not path.name.endswith((PART, OLD)), path
        assert path.name != LOCK
        if path.suffix == ".json":
            json.loads(path.read_bytes())
        elif path.suffix == ".jsonl":
            assert path.read_bytes().endswith(b"\n")
            assert all(isinstance(json.loads(line), dict) for line in path.read_bytes().splitlines())
        elif path.suffix == ".safetensors":
            with safe_open(path, framework="pt") as file:
                assert file.keys()
        elif path.suffix == ".npz":
            with np.load(path, allow_pickle=False) as arrays:
                assert all(arrays[name] is not None for name in arrays.files)
        elif path.suffix == ".npy":
            np.load(path, allow_pickle=False)
        elif path.suffix == ".parquet":
            pl.read_parquet(path)
        elif path.suffix == ".svg":
            ET.parse(path)
        elif path.suffix == ".png":
            with Image.open(path) as picture:
                picture.load()
        elif path.suffix == ".html":
            assert path.read_text().rstrip().endswith("</html>")
        elif path.suffix == ".db":
            with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as database:
                assert database.execute("pragma integrity_check").fetchall() == [("ok",)]
        elif path.name == "manifest.json":
            load_model(path.parent)


def check_message(error: UnavailableError, place: Path) -> None:
    """Check that a message names the place and says what to do."""
    assert str(error).startswith(str(place))
    assert "Make room" in str(error)


def settings(data: Path) -> RunConfig:
    return RunConfig(data=str(data), minutes=None, trials=2, epochs=2, families=("mlp",), threads=1)


def go_on(data: Path, folder: Path, listener: Listener | None = None) -> None:
    if (folder / "run.json").exists():
        resume(folder, listener=listener)
    else:
        run(settings(data), folder, listener=listener)


def outcome(folder: Path) -> dict[str, object]:
    """What must be the same, to the bit, whatever happened on the way."""
    numbers = json.loads((folder / "evaluation.json").read_bytes())
    models = {
        name: {part: numbers[name][part] for part in ("recipe", "steps", "validation", "test")}
        | {"weights": (folder / name / "weights.safetensors").read_bytes()}
        | {
            "history": [
                {key: value for key, value in epoch.items() if key != "seconds"} for epoch in numbers[name]["history"]
            ]
        }
        for name in ("initial", "optimized")
    }
    trials = [{key: trial[key] for key in ("settings", "state", "accuracy")} for trial in numbers["search"]["trials"]]
    return {**models, "trials": trials, "chosen": numbers["search"]["chosen"]}


@pytest.fixture(scope="module")
def data() -> Iterator[Path]:
    """Images that everybody may read."""
    place = Path(tempfile.mkdtemp())
    place.chmod(0o755)
    yield write_npz(place / "things.npz")
    shutil.rmtree(place)


@dataclass
class Watch:
    """What was opened for writing, and which files were forced to the disk."""

    on: bool = False
    opened: list[Path] = field(default_factory=list)
    forced: set[int] = field(default_factory=set)

    def hear(self, event: str, facts: tuple[Any, ...]) -> None:
        if self.on and event == "open" and isinstance(facts[0], str) and facts[2] & (os.O_WRONLY | os.O_RDWR):
            self.opened.append(Path(facts[0]))


@pytest.fixture(scope="module")
def watch() -> Watch:
    """Watches while it is on."""
    made = Watch()
    sys.addaudithook(made.hear)  # which stays to the process's end
    return made


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, data: Path, watch: Watch) -> Path:
    """A run that nothing disturbed, and that was watched."""
    folder, fsync = tmp_path_factory.mktemp("whole") / "run", os.fsync

    def noting(file: int) -> None:
        watch.forced.add(os.fstat(file).st_ino)
        fsync(file)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", noting)
        watch.on = True
        run(settings(data), folder)
        watch.on = False
    return folder


@pytest.fixture
def finished(whole: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return Path(shutil.copytree(whole, tmp_path / "finished"))


def test_every_file_of_a_run_is_written_aside_and_forced_to_the_disk(whole, watch):
    written = [path.relative_to(whole) for path in watch.opened if path.is_relative_to(whole)]
    in_place = {path for path in written if not any(part.endswith(PART) for part in path.parts)}
    assert len(written) > 100
    assert {str(path) for path in in_place} == {"events.jsonl", LOCK, TURN}  # which grows by whole lines; who writes
    files = [path for path in whole.rglob("*") if path.is_file() and path.name != "study.db"]  # which SQLite forces
    assert [path for path in files if path.stat().st_ino not in watch.forced] == []


def through_all_sizes(data: Path, disk: Disk, step: int) -> int:
    """Give a run more room, and more, until it gets to its end; return how often it ran out of it."""
    folder, n_bytes, n_failures = disk.place / "run", 64 * KIB, 0
    while True:
        disk.resize(n_bytes)
        try:
            go_on(data, folder)
        except UnavailableError as error:
            check_message(error, folder)
            check_whole(disk.place)
            n_failures, n_bytes = n_failures + 1, n_bytes + step
        else:
            check_whole(disk.place)
            return n_failures


def test_a_run_on_a_full_disk_says_so_and_goes_on_to_the_same_bits_once_there_is_room(data, whole, disk):
    assert through_all_sizes(data, disk, 3 * MIB) >= 2
    assert outcome(disk.place / "run") == outcome(whole)


@pytest.mark.slow
def test_whichever_write_of_a_run_fills_the_disk(data, whole, disk):
    assert through_all_sizes(data, disk, 64 * KIB) > 40
    assert outcome(disk.place / "run") == outcome(whole)


@pytest.mark.slow
def test_whichever_file_of_a_run_is_too_large(data, whole, tmp_path):
    sizes = sorted({path.stat().st_size for path in whole.rglob("*") if path.is_file()})
    n_failures = 0
    for n_bytes in (*sizes[:-1:2], 4 * MIB):
        try:
            with files_limited_to(n_bytes):
                go_on(data, tmp_path / "run")
        except UnavailableError as error:
            n_failures += 1
            check_message(error, tmp_path / "run")
            check_whole(tmp_path)
        else:
            break
    assert n_failures > 10
    assert outcome(tmp_path / "run") == outcome(whole)


@pytest.mark.slow
def test_the_command_names_the_place_and_ends_with_4(data, disk):
    command = [sys.executable, "-m", "fashion_classifier", "run", "--data", str(data), "--trials", "0", "--epochs", "1"]
    done = subprocess.run(
        [*command, "--out", str(disk.place / "run")], check=False, capture_output=True, text=True, env=dict(os.environ)
    )
    assert done.returncode == 4
    errors = [line for line in done.stderr.splitlines() if line.startswith("Error:")]
    assert len(errors) == 1
    assert errors[0].startswith(f"Error: {disk.place}/run/")
    assert "No space left on device" in errors[0]
    assert "Traceback" not in done.stderr
    check_whole(disk.place)


def put_bytes(place: Path) -> None:
    write_bytes(place / "file", b"new" * 50)


def put_folder(place: Path) -> None:
    with atomic_folder(place / "folder") as folder:
        (folder / "a").write_bytes(b"a" * 20)
        (folder / "b").write_bytes(b"b" * 120)


def put_line(place: Path) -> None:
    append_json_line(place / "lines.jsonl", {"long": "x" * 100})


def put_checkpoint(place: Path) -> None:
    network = torch.nn.Linear(3, 2)
    optimizer = make_optimizer(network, TrainConfig(optimizer="adam"))
    save_checkpoint(place / "state.safetensors", {"network": network}, optimizer, {}, {})


def state(place: Path) -> dict[str, bytes]:
    return {str(path.relative_to(place)): path.read_bytes() for path in place.rglob("*") if path.is_file()}


@pytest.mark.parametrize("put", [put_bytes, put_folder, put_line, put_checkpoint])
@pytest.mark.parametrize("there_before", [False, True])
def test_however_much_fits_what_was_there_stays_until_all_of_the_new_is_there(tmp_path, put, there_before):
    torch.manual_seed(0)
    if there_before:
        put(tmp_path)
    before, n_bytes, n_failures = state(tmp_path), 0, 0
    while True:
        try:
            with files_limited_to(n_bytes):
                put(tmp_path)
        except UnavailableError as error:
            check_message(error, tmp_path)
            assert state(tmp_path) == before
            n_bytes, n_failures = n_bytes + 1, n_failures + 1
        else:
            break
    assert n_failures == max(map(len, state(tmp_path).values()))
    if put is put_checkpoint:
        network = torch.nn.Linear(3, 2)
        load_checkpoint(
            tmp_path / "state.safetensors", {"network": network}, make_optimizer(network, TrainConfig(optimizer="adam"))
        )


def test_a_torn_line_is_ended_and_passed_over(tmp_path):
    file = tmp_path / "lines.jsonl"
    append_json_line(file, {"number": 1})
    file.write_bytes(file.read_bytes() + b'{"numb')  # as a kill leaves it
    append_json_line(file, {"number": 2})
    assert read_json_lines(file) == [{"number": 1}, {"number": 2}]


def test_a_search_keeps_its_trials_when_its_database_cannot_grow(tmp_path):
    split = Split(blobs(200), blobs(100, seed=1), SealedTestSet(blobs(50, seed=2)))
    config = TuneConfig(trials=3, epochs=0.2, families=("mlp",), finalists=1)
    made: list[int] = []
    search = Search(tmp_path, Workshop(split, exact=True), config)

    def note(trial: Trial, _: TrainedModel | None) -> None:
        made.append(trial.index)
        size = (tmp_path / "study.db").stat().st_size
        resource.setrlimit(resource.RLIMIT_FSIZE, (size // 2, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        with pytest.raises(UnavailableError, match=r"study\.db: the search's database could not be .*Make room"):
            search.run(on_trial=note)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    again = Search(tmp_path, Workshop(split, exact=True), config)
    assert [trial.index for trial in again.trials()] == made == [0]
    again.run()
    assert [trial.index for trial in again.trials()] == [0, 1, 2]


@pytest.mark.parametrize("left", ["part", "replaced", "replacing"])
def test_what_a_killed_writer_left_is_cleared_up_by_the_next(tmp_path, left):
    put_folder(tmp_path)
    before = state(tmp_path)
    if left == "part":
        (tmp_path / "deep").mkdir()
        (tmp_path / "deep" / f".file.abcd{PART}").write_bytes(b"half")
        (tmp_path / f".folder.abcd{PART}").mkdir()
    elif left == "replaced":  # between the renaming and the removal of what was there before
        shutil.copytree(tmp_path / "folder", tmp_path / f".folder.abcd{OLD}")
    else:  # between the two renamings
        (tmp_path / "folder").rename(tmp_path / f".folder.abcd{OLD}")
    clear_up(tmp_path)
    assert state(tmp_path) == before


def test_a_folder_that_cannot_be_replaced_is_put_back(tmp_path, monkeypatch):
    put_folder(tmp_path)
    before, rename = state(tmp_path), Path.rename

    def refusing(self: Path, target: Path) -> Path:
        if self.name.endswith(PART):
            raise PermissionError(1, "Operation not permitted", str(self))
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", refusing)
    with pytest.raises(UnavailableError, match="folder: it could not be written"):
        put_folder(tmp_path)
    assert state(tmp_path) == before


@pytest.mark.parametrize("work", ["resume", "evaluate", "report"])
def test_a_run_folder_that_cannot_be_written_is_read_and_not_written(finished, open_place, work):
    folder = Path(shutil.copytree(finished, open_place / "run"))
    opened = open_model(folder)
    prepared = prepare_for(opened, "auto", group_by=None, seed=0, used_s=0.0, progress=silent)
    before = state(folder)
    works: dict[str, Callable[[], object]] = {
        "resume": lambda: resume(folder),
        "evaluate": lambda: evaluate_on_test(opened, prepared.collection, prepared.split, progress=silent),
        "report": lambda: write_documents(folder),
    }
    folder.chmod(0o555)
    with without_rights(), pytest.raises(UnavailableError, match=rf"{folder}.*Permission denied.*leave to write there"):
        works[work]()
    folder.chmod(0o755)
    assert state(folder) == before
    assert not prepared.split.test.openings


def test_a_run_that_could_not_be_begun_leaves_nothing(data, open_place):
    open_place.chmod(0o555)
    with without_rights(), pytest.raises(UnavailableError, match="could not be written"):
        run(settings(data), open_place / "run")
    open_place.chmod(0o777)
    with files_limited_to(100), pytest.raises(UnavailableError, match="Make room"):
        run(settings(data), open_place / "run")
    assert list(open_place.iterdir()) == []


def at(word: str, act: Callable[[], object]) -> Listener:
    """Do something as soon as a task's name holds a word."""
    acted: list[str] = []

    def progress(task: str, done: float, total: float, detail: str = "") -> None:
        if word in task and not acted:
            acted.append(task)
            act()

    return Listener(progress=progress)


STAGES = ["Retraining", *(pytest.param(word, marks=pytest.mark.slow) for word in ("Initial", "Trial 1", "Chosen"))]


@pytest.mark.parametrize("word", STAGES)
def test_a_run_whose_folder_is_moved_in_mid_run_ends_and_goes_on_where_it_is_now(data, whole, tmp_path, word):
    folder, elsewhere = tmp_path / "run", tmp_path / "elsewhere"
    with pytest.raises(UnavailableError, match=rf"{folder}: the folder was removed, moved or replaced"):
        run(settings(data), folder, listener=at(word, lambda: folder.rename(elsewhere)))
    assert not folder.exists()
    (elsewhere / LOCK).unlink()
    check_whole(elsewhere)
    resume(elsewhere)
    assert outcome(elsewhere) == outcome(whole)


@pytest.mark.parametrize("word", STAGES)
def test_a_folder_that_has_come_into_its_place_is_left_as_it_is(data, finished, tmp_path, word):
    folder, before = tmp_path / "run", state(finished)

    def replace() -> None:
        shutil.rmtree(folder)
        finished.rename(folder)

    with pytest.raises(UnavailableError, match="removed, moved or replaced"):
        run(settings(data), folder, listener=at(word, replace))
    assert state(folder) == before


@pytest.mark.parametrize("word", STAGES)
def test_a_run_whose_folder_becomes_unwritable_says_so_and_goes_on_when_it_is_writable_again(
    data, whole, open_place, word
):
    folder = open_place / "run"

    def forbid() -> None:
        for path in (folder, *(path for path in folder.rglob("*") if path.is_dir())):
            path.chmod(0o555)

    with without_rights(), pytest.raises(UnavailableError, match=rf"{folder}.*leave to write there"):
        run(settings(data), folder, listener=at(word, forbid))
    for path in (folder, *(path for path in folder.rglob("*") if path.is_dir())):
        path.chmod(0o777)
    with sole_writer(folder):
        clear_up(folder)
    check_whole(folder)
    resume(folder)
    assert outcome(folder) == outcome(whole)
