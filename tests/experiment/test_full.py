"""A full evaluation finds out all there is, goes on where it was stopped, and comes to the same."""

from __future__ import annotations

import json
import shutil
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fashion_classifier.errors import DataError, UnavailableError, UsageError
from fashion_classifier.experiment.full import FOLDER, evaluate_fully
from fashion_classifier.experiment.listener import Listener
from fashion_classifier.experiment.measuring import OPENING
from fashion_classifier.experiment.record import RunFolder
from fashion_classifier.reporting.evidence import Evidence
from fashion_classifier.reporting.run_folder import read_doubtful, read_results
from fashion_classifier.reporting.serialisation import to_json

N_SEEDS = 2


@pytest.fixture
def copied(finished_run: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(finished_run, tmp_path / "run"))


@pytest.fixture(scope="module")
def whole(finished_run, tmp_path_factory):
    """The run, evaluated in full without a break."""
    path = Path(shutil.copytree(finished_run, tmp_path_factory.mktemp("whole") / "run"))
    return path, evaluate_fully(path, minutes=None, n_seeds=N_SEEDS)


def interrupting_at(word: str) -> Listener:
    pressed: list[str] = []

    def progress(task: str, done: float, total: float, detail: str = "") -> None:
        if word in task and not pressed:
            pressed.append(task)
            signal.raise_signal(signal.SIGINT)

    return Listener(progress=progress)


@pytest.mark.slow
def test_all_is_found_out_and_told(whole):
    path, outcome = whole
    evidence = outcome.results.evidence
    assert outcome.finished
    assert len(evidence.seeds.accuracies) == N_SEEDS
    assert len(set(evidence.seeds.losses)) == N_SEEDS  # another seed is another training
    titles = [rung.title for rung in evidence.repeated_ladder]
    assert titles[0] == "Initial model"
    assert "Chosen configuration" in titles
    assert evidence.learning_curve[-1].share == 1
    sizes = [point.n_images for point in evidence.learning_curve]
    assert sizes == sorted(set(sizes))
    assert evidence.retraining.n_folds == 5
    assert set(evidence.attacks) == {"initial", "optimized"}
    assert len(evidence.robustness.kinds[0].cells) == 5
    assert [(pair.first, pair.second) for pair in evidence.near_duplicates] == [
        ("validation", "training"),
        ("test", "training"),
        ("test", "validation"),
    ]
    n_learned = sum(sum(outcome.results.data.counts[name].values()) for name in ("training", "validation"))
    assert evidence.labels.n == n_learned == evidence.retraining.step.n
    assert "has not been measured" not in outcome.report.read_text()
    assert read_results(path).evidence == evidence
    gallery = read_doubtful(path)
    named = {image.image_sha256 for image in (*evidence.labels.suspects, *evidence.labels.hardest)}
    assert set(gallery.image_sha256.tolist()) == named


@pytest.mark.slow
def test_the_opening_of_the_test_set_is_counted(whole):
    path, outcome = whole
    assert [opening["reason"] for opening in outcome.results.openings].count(OPENING) == 1
    assert RunFolder(path).facts["openings"] == list(outcome.results.openings)


@pytest.mark.slow
@pytest.mark.parametrize("where", ["Corrupting", "Initial model, seed 1", "Learning curve", "Fold 2", "more images"])
def test_what_was_stopped_goes_on_and_comes_to_the_same(copied, whole, where):
    stopped = evaluate_fully(copied, minutes=None, n_seeds=N_SEEDS, listener=interrupting_at(where))
    assert not stopped.finished
    assert stopped.report.stat().st_size > 10_000
    done = evaluate_fully(copied, minutes=None, n_seeds=N_SEEDS)
    assert done.finished
    assert _without_times(done.results.evidence) == _without_times(whole[1].results.evidence)


def _without_times(evidence: Evidence) -> dict[str, Any]:
    plain: dict[str, Any] = to_json(evidence)
    del plain["seeds"]["seconds"]
    return plain


@pytest.mark.slow
def test_what_is_done_is_not_done_again(whole):
    path, _ = whole
    with pytest.raises(UsageError, match=f"in full already. To do it anew, remove .*{FOLDER}"):
        evaluate_fully(path, minutes=None, n_seeds=N_SEEDS)


def test_too_little_time_is_told_before_any_training(copied):
    with pytest.raises(UsageError, match=r"Give .* minutes at least"):
        evaluate_fully(copied, minutes=0.05, n_seeds=N_SEEDS)
    assert not (copied / FOLDER / "trainings").exists()


PLANS = {
    "half": ('{"finished": fal', "it is no plan of a full evaluation"),
    "no object": ("[]", "is a list; an object is expected"),
    "no lengths": ('{"finished": false}', "lengths: is missing"),
    "words": ('{"finished": "no", "lengths": []}', "finished: is 'no'; true or false is expected"),
    "other lengths": ('{"finished": false, "lengths": [3]}', "is 3; an object is expected"),
    "no steps": ('{"finished": false, "lengths": [{"steps": 0, "seconds": null}]}', "`steps >= 1`"),
    "endless": ('{"finished": false, "lengths": [{"steps": 1, "seconds": NaN}]}', "a number is expected|seconds > 0"),
    "too few": (
        '{"finished": false, "lengths": [{"steps": 9, "seconds": null}]}',
        "it plans for 1 rungs; the run has ",
    ),
}


@pytest.mark.parametrize("plan", PLANS)
def test_a_damaged_plan_is_told_before_anything_is_measured(copied, plan):
    content, expected = PLANS[plan]
    (copied / FOLDER).mkdir()
    (copied / FOLDER / "plan.json").write_text(content)
    with pytest.raises(DataError, match=expected) as told:
        evaluate_fully(copied, minutes=None, n_seeds=N_SEEDS)
    assert str(told.value).startswith(str(copied / FOLDER / "plan.json"))
    assert [path.name for path in (copied / FOLDER).iterdir()] == ["plan.json"]


def test_changed_data_is_refused(copied):
    record = json.loads((copied / "run.json").read_text())
    moved = copied.parent / "things.npz"
    with np.load(record["settings"]["data"], allow_pickle=False) as arrays:
        changed = {name: arrays[name] for name in arrays.files}
    first = next(name for name in changed if changed[name].dtype == np.uint8)
    changed[first] = 255 - changed[first]
    np.savez(moved, **changed)
    record["settings"]["data"] = str(moved)
    (copied / "run.json").write_text(json.dumps(record))
    with pytest.raises(UsageError, match="the data has changed since this run began"):
        evaluate_fully(copied, minutes=None)


def test_a_run_that_has_not_ended_is_refused(copied):
    (copied / "evaluation.json").unlink()
    with pytest.raises(UnavailableError, match=r"has no evaluation\.json"):
        evaluate_fully(copied, minutes=None)


def test_one_seed_is_none(copied):
    with pytest.raises(UsageError, match="`seeds >= 2` must hold"):
        evaluate_fully(copied, minutes=None, n_seeds=1)
