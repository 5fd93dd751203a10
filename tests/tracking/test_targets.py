"""Which tracker and where to: all that is wrong with it is said before any work."""

from __future__ import annotations

import pytest

from fashion_classifier.errors import MissingExtraError, UsageError
from fashion_classifier.tracking import targets
from fashion_classifier.tracking.targets import Target, parse_target


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mlflow=http://127.0.0.1:5000", Target("mlflow", "http://127.0.0.1:5000")),
        ("mlflow=sqlite:///mlflow.db", Target("mlflow", "sqlite:///mlflow.db")),
        ("tensorboard=a=b", Target("tensorboard", "{here}/a=b")),
        ("tensorboard", Target("tensorboard", "{here}/tensorboard")),
        ("wandb", Target("wandb", "{here}")),
    ],
)
def test_a_tracker_and_where_to(tmp_path, monkeypatch, text, expected):
    monkeypatch.chdir(tmp_path)
    assert parse_target(text) == Target(expected.tracker, expected.where.format(here=tmp_path))


def test_the_address_may_stand_in_the_environment_and_is_not_repeated():
    target = parse_target("mlflow", {"MLFLOW_TRACKING_URI": "https://me:secret@host"})
    assert "secret" not in repr(target)
    assert str(target) == "mlflow"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("comet", "no tracker 'comet'; there are mlflow, tensorboard, wandb"),
        ("mlflow", "needs an address"),
        ("mlflow=127.0.0.1:5000", "begins with http://"),
        ("mlflow=postgresql://me:secret@host/studies", "begins with http://"),
        ("mlflow=me:secret@host", "begins with http://"),
        ("https://me:secret@host", "no tracker"),
        ("mlflow=https://me:secret@host", "MLFLOW_TRACKING_PASSWORD"),
        ("mlflow=https://token@host", "MLFLOW_TRACKING_TOKEN"),
        ("mlflow=https://host?token=secret", "MLFLOW_TRACKING_TOKEN"),
    ],
)
def test_what_cannot_be_is_said_and_a_secret_is_not_repeated(text, message):
    with pytest.raises(UsageError, match=message) as raised:
        parse_target(text)
    assert "secret" not in str(raised.value)


def test_a_file_is_no_folder_to_write_into(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="is no folder"):
        parse_target(f"tensorboard={tmp_path / 'file'}")


def test_a_database_without_a_server_needs_the_whole_of_mlflow(monkeypatch):
    monkeypatch.setattr(targets, "find_spec", lambda name: None if name == "cryptography" else object())
    assert parse_target("mlflow=http://127.0.0.1:5000").tracker == "mlflow"
    with pytest.raises(MissingExtraError, match="pip install mlflow"):
        parse_target("mlflow=sqlite:///mlflow.db")


@pytest.mark.parametrize("tracker", ["mlflow", "tensorboard", "wandb"])
def test_a_missing_extra_is_one_good_error(monkeypatch, tracker):
    monkeypatch.setattr(targets, "find_spec", lambda _: None)
    with pytest.raises(MissingExtraError, match=rf"pip install 'fashion-images-classifier\[{tracker}\]'"):
        parse_target(tracker)
