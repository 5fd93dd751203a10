"""TensorBoard: its event files are read back with its own reader."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tests.tracking.records import ALL, BEGUN, CONCLUDED, VALIDATIONS

from fashion_classifier.tracking.sending import send
from fashion_classifier.tracking.to_tensorboard import ToTensorboard


@pytest.fixture
def work(tmp_path: Path) -> Path:
    (tmp_path / "work" / "figures").mkdir(parents=True)
    Image.new("L", (5, 4), 200).save(tmp_path / "work" / "figures" / "curves.png")
    (tmp_path / "work" / "figures" / "curves.svg").write_text("<svg/>")
    (tmp_path / "work" / "card.md").write_text("# A card")
    return tmp_path / "work"


def read(folder: Path) -> Any:
    found = EventAccumulator(str(folder))
    found.Reload()
    return found


def test_all_is_there_once_however_often_it_is_told(work, tmp_path):
    for _ in range(2):
        assert send(iter(ALL), ToTensorboard(tmp_path / "curves"), work) == str(tmp_path / "curves" / "work")
    events = read(tmp_path / "curves" / "work")
    points = [(one.step, one.wall_time, one.value) for one in events.Scalars("training/validation_loss")]
    expected: list[Any] = [(one.step, one.time, pytest.approx(one.figures["validation_loss"])) for one in VALIDATIONS]
    assert points == expected
    assert events.Tags()["images"] == ["curves"]
    texts = {tag: events.Tensors(tag)[0].tensor_proto.string_val[0].decode() for tag in events.Tags()["tensors"]}
    assert texts["card/text_summary"] == "# A card"
    assert texts["ended/text_summary"] == "finished"
    assert '"data": "things.npz"' in texts["settings/text_summary"]


def test_each_trial_has_its_settings_and_what_came_of_them(work, tmp_path):
    send(iter(ALL), ToTensorboard(tmp_path), work)
    for number in range(2):
        trial = read(tmp_path / BEGUN.name / "trials" / f"search {number}")
        assert [one.value for one in trial.Scalars("accuracy")] == [pytest.approx(0.5 + number / 10)]
        assert "_hparams_/session_start_info" in trial.summary_metadata
    results = read(tmp_path / BEGUN.name / "results")
    assert [one.value for one in results.Scalars("optimized/test/accuracy")] == [
        CONCLUDED.figures["optimized/test/accuracy"]
    ]


def test_a_training_is_followed_by_the_command(fashion, npz, tmp_path):
    done = fashion(
        *("train", "--data", npz, "--recipe", "perceptron", "--epochs", 2, "--threads", 1),
        *("--out", "model", "--track", "tensorboard=curves", "--json"),
    )
    assert done.code == 0, done.err
    assert done.json["tracked"] == [
        {"tracker": "tensorboard", "place": str(tmp_path / "curves" / "model"), "reason": ""}
    ]
    events = read(tmp_path / "curves" / "model")
    assert [one.step for one in events.Scalars("training/validation_loss")][-1] == done.json["steps"]
    again = fashion("track", "model", "tensorboard=again")
    assert again.code == 0, again.err
    assert read(tmp_path / "again" / "model").Scalars("training/training_loss") == events.Scalars(
        "training/training_loss"
    )
