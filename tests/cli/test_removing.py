"""`fashion runs remove` and `fashion cache clear`: they ask, and take nothing away that is not theirs or is in use."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from fashion_classifier.data.cache_contents import contents

RUN = "runs/mine"


@pytest.fixture
def run(tmp_path, fashion) -> Path:
    """A run folder that has only been begun."""
    return put("mine")


def put(name: str) -> Path:
    folder = Path("runs", name)
    (folder / "checkpoints").mkdir(parents=True)
    (folder / "run.json").write_text(json.dumps({"schema": "fashion.run-record/1"}))
    (folder / "checkpoints" / "state").write_bytes(bytes(1000))
    return folder


@pytest.fixture
def answering(monkeypatch):
    """Sit at the terminal, and answer the question."""
    asked: list[str] = []

    def answer(yes: bool) -> list[str]:
        def confirm(question: str, **_settings: object) -> bool:
            asked.append(question)
            return yes

        monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
        monkeypatch.setattr("typer.confirm", confirm)
        return asked

    return answer


def test_a_run_is_removed_when_the_person_says_so(fashion, run, answering):
    asked = answering(True)
    other = put("other")
    result = fashion("runs", "remove", RUN, "--json")
    assert result.code == 0, result.err
    n_bytes = result.json["freed_bytes"]
    assert result.json["removed"] == [{"run": RUN, "bytes": n_bytes}]
    assert n_bytes > 1000
    assert [path.name for path in Path("runs").iterdir()] == [other.name]
    assert len(asked) == 1
    assert "Remove 1 run (1 kB) for good?" in asked[0]


def test_nothing_is_removed_when_the_person_says_no(fashion, run, answering):
    answering(False)
    result = fashion("runs", "remove", RUN)
    assert (result.code, run.is_dir()) == (0, True)
    assert "Nothing was removed." in result.out


def test_where_nobody_can_be_asked_it_is_refused_unless_said_beforehand(fashion, run, monkeypatch):
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    result = fashion("runs", "remove", RUN)
    assert (result.code, run.is_dir()) == (2, True)
    assert "--yes" in result.err
    assert fashion("runs", "remove", RUN, RUN + "/", "--yes").code == 0
    assert not run.exists()


def test_what_is_no_run_is_never_removed_nor_anything_beside_it(fashion, run):
    Path("photos").mkdir()
    Path("photos/run.json").write_text('{"scripts": {}}')
    Path("damaged").mkdir()
    Path("damaged/run.json").write_text("{")
    Path("link").symlink_to(run, target_is_directory=True)
    for place, words in (
        ("photos", "this is no run folder"),
        ("damaged", "this is no run folder"),
        ("runs", "this is no run folder"),
        ("link", "this is a link"),
        ("nowhere", "there is no such folder"),
        (f"{RUN}/run.json", "this is no run folder"),
    ):
        result = fashion("runs", "remove", RUN, place, "--yes")
        assert result.code in {2, 4}, place
        assert f"{place}: {words}" in result.err
        assert run.is_dir(), place


def test_what_a_link_in_a_run_leads_to_stays(fashion, run):
    Path("precious").mkdir()
    Path("precious/file").write_text("mine")
    (run / "link").symlink_to(Path("precious").absolute(), target_is_directory=True)
    assert fashion("runs", "remove", RUN, "--yes").code == 0
    assert Path("precious/file").read_text() == "mine"


@pytest.mark.parametrize("command", [("--yes",), ("--yes", "--json")])
def test_a_run_at_which_a_process_works_is_refused(fashion, run, command):
    holding = (
        "import sys; from pathlib import Path; from fashion_classifier.locks import sole_writer\n"
        f"with sole_writer(Path({str(run.absolute())!r})):\n    print('held', flush=True); sys.stdin.read()"
    )
    put("other")
    program = [sys.executable, "-c", holding]
    with subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as worker:
        assert worker.stdout.readline() == b"held\n"
        result = fashion("runs", "remove", "runs/other", RUN, *command)
        worker.stdin.close()
    assert result.code == 4
    assert f"process {worker.pid}" in result.err
    assert run.is_dir()
    assert Path("runs/other").is_dir()


def test_it_is_held_while_it_is_removed(fashion, run, monkeypatch):
    from fashion_classifier.experiment import removing

    def look(folder: Path) -> None:
        held = subprocess.run(
            [
                sys.executable,
                "-c",
                (
                    "import sys; from pathlib import Path; from fashion_classifier.locks import who_works\n"
                    "print(who_works(Path(sys.argv[1])))"
                ),
                str(folder),
            ],
            capture_output=True,
            text=True,
            check=True,
        )
        assert held.stdout.startswith("process ")

    monkeypatch.setattr(removing, "remove_folder", look)
    removing.remove_run(run)


def test_runs_are_listed_without_saying_so(fashion, run):
    for command in (("runs",), ("runs", "list"), ("runs", "runs"), ("runs", "list", "runs")):
        assert RUN in fashion(*command).out
    assert fashion("runs", "--json").json["runs"][0]["run"] == RUN


@pytest.fixture
def cache(fashion, tmp_path: Path, monkeypatch, npz) -> Path:
    """A cache with a data set, downloads, and what is not ours."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("FASHION_CACHE", str(folder))
    assert fashion("data", "check", npz).code == 0
    (folder / "fashion-mnist").mkdir()
    (folder / "fashion-mnist" / "train-labels-idx1-ubyte.gz").write_bytes(bytes(2000))
    (folder / "fashion-mnist" / "t10k-labels-idx1-ubyte.gz.part").write_bytes(bytes(10))
    for place in ("notes.txt", "parsed/notes.txt", "fashion-mnist/notes.txt"):
        (folder / place).write_text("mine")
    (folder / "parsed" / "mine").mkdir()
    return folder


def test_the_cache_is_shown(fashion, cache):
    facts = fashion("cache", "--json").json
    assert facts["folder"] == str(cache)
    assert facts["parsed"]["n"] == 1
    assert facts["downloads"] == {"n": 1, "bytes": 2000}
    assert fashion("cache").out.splitlines()[0] == f"Cache in {cache}"


def test_what_the_program_put_into_the_cache_is_cleared_and_nothing_else(fashion, cache, npz):
    result = fashion("cache", "clear", "--yes", "--json")
    assert result.code == 0, result.err
    assert result.json["freed_bytes"] > 2000
    left = {str(path.relative_to(cache)) for path in cache.rglob("*") if path.is_file()}
    part = "fashion-mnist/t10k-labels-idx1-ubyte.gz.part"  # somebody is just downloading it
    assert left == {"notes.txt", "parsed/notes.txt", "fashion-mnist/notes.txt", part}
    assert (cache / "parsed" / "mine").is_dir()
    assert [part.n for part in contents(cache)] == [0, 0]
    assert "Nothing is to be cleared" in fashion("cache", "clear").out
    assert fashion("data", "check", npz).code == 0
    assert contents(cache)[0].n == 1


def test_one_part_alone_may_be_cleared(fashion, cache):
    assert fashion("cache", "clear", "--only", "parsed", "--yes").code == 0
    assert [part.n for part in contents(cache)] == [0, 1]


def test_the_cache_is_not_cleared_unasked(fashion, cache, answering, monkeypatch):
    asked = answering(False)
    before = contents(cache)
    assert fashion("cache", "clear").code == 0
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    assert fashion("cache", "clear").code == 2
    assert contents(cache) == before
    assert asked == [asked[0]]
    assert f"kB in {cache}?" in asked[0]


def test_what_is_being_kept_meanwhile_is_waited_for(fashion, cache, monkeypatch):
    from fashion_classifier.data.cache_contents import clear
    from fashion_classifier.errors import UnavailableError
    from fashion_classifier.locks import in_turn

    monkeypatch.setattr("fashion_classifier.data.cache_contents.in_turn", partial(in_turn, patience_s=0.0))
    holding = (
        "import sys; from pathlib import Path; from fashion_classifier.locks import in_turn\n"
        f"with in_turn(Path({str(cache / 'parsed')!r})):\n    print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen([sys.executable, "-c", holding], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as worker:
        assert worker.stdout.readline() == b"held\n"
        with pytest.raises(UnavailableError):
            clear("parsed", cache)
        worker.stdin.close()
    assert clear("parsed", cache) > 0
