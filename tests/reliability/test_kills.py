"""Kill anything, lose nothing: the short version of `benchmarks/reliability.py`, and what that rests on."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from tests.conftest import write_npz

from fashion_classifier.experiment.run import run
from fashion_classifier.experiment.settings import RunConfig
from fashion_classifier.storage import PART
from killing import CASES, Victims, drawn_for, finished_trials, outcome, stage_of, write_sample
from whole_files import left_over, unreadable

KILLS, MOST_ATTEMPTS = 10, 12


@pytest.mark.slow
def test_runs_that_are_killed_at_any_moment_lose_nothing_and_end_with_the_same_bits(tmp_path):
    data, victims, hit = write_sample(tmp_path / "drawn.npz"), dict[str, Victims](), list[str]()
    for number in range(MOST_ATTEMPTS):
        name = ("search", "average")[number % 2]
        if name not in victims:
            (tmp_path / name).mkdir()
            victims[name] = Victims(CASES[name], data, tmp_path / name)
        attempt = victims[name].attempt(drawn_for(f"short {name}", number), KILLS // 2)
        hit += [killed.stage for killed in attempt.kills]
        assert [killed.unreadable for killed in attempt.kills if killed.unreadable] == []
        assert (attempt.unreadable, attempt.left_over, attempt.lost, attempt.differs) == ((), (), (), ()), attempt
        if len(hit) >= KILLS:
            break
    assert len(hit) >= KILLS
    assert len(set(hit)) > 2


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that got to its end."""
    folder = tmp_path_factory.mktemp("finished")
    data = write_npz(folder / "things.npz")
    config = RunConfig(data=str(data), minutes=None, trials=2, epochs=1, families=("mlp",), threads=1)
    run(config, folder / "run")
    return folder / "run"


@pytest.fixture
def folder(finished: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return Path(shutil.copytree(finished, tmp_path / "run"))


def test_a_finished_run_is_whole(folder):
    assert unreadable(folder) == left_over(folder) == []
    assert stage_of(folder) == "finished"
    assert {"search 0", "search 1", "event of search 0", "confirmation 1"} <= set(finished_trials(folder))


@pytest.mark.parametrize(
    "name",
    [
        "run.json",
        "study.db",
        "evaluation.json",
        "predictions.parquet",
        "gallery.npz",
        "report.html",
        "model_card.md",
        "figures/splits.svg",
        "figures/splits.png",
        "optimized/weights.safetensors",
        "optimized/model.onnx",
        "trials/search-0000.npy",
        "checkpoints/training.safetensors",
        "stages/initial/probabilities.npz",
    ],
)
def test_half_a_file_is_found(folder, name):
    file = folder / name
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    assert any(said.startswith(name) for said in unreadable(folder))


def test_a_torn_line_is_found_unless_it_is_the_last(folder):
    events = folder / "events.jsonl"
    events.write_bytes(events.read_bytes()[:-9])
    assert unreadable(folder) == []
    events.write_bytes(events.read_bytes() + b"\n{}\n")
    assert [said.split(":")[0] for said in unreadable(folder)] == ["events.jsonl"]


def test_parts_are_no_files_yet_but_are_left_over(folder):
    (folder / "figures" / f".splits.svg.abcd{PART}").write_text("half")
    assert unreadable(folder) == []
    assert left_over(folder) == [f"figures/.splits.svg.abcd{PART}"]


def test_what_differs_by_one_bit_is_found(folder, finished):
    assert outcome(folder) == outcome(finished)
    weights = folder / "initial" / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + bytes([weights.read_bytes()[-1] ^ 1]))
    numbers = json.loads((folder / "evaluation.json").read_bytes())
    numbers["optimized"]["history"][0]["training_loss"] += 1e-15
    (folder / "evaluation.json").write_text(json.dumps(numbers))
    ended, whole = outcome(folder), outcome(finished)
    assert {name for name in whole if ended[name] != whole[name]} == {"initial/weights", "optimized/history"}
