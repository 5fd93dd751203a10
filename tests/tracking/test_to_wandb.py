"""Weights & Biases offline: a folder to be sent later, with nothing in it about whoever made it."""

from __future__ import annotations

import getpass
import json
import socket

import pytest
import yaml  # type: ignore[import-untyped]
from tests.tracking.records import ALL, BEGUN

from fashion_classifier.tracking.following import send_all
from fashion_classifier.tracking.targets import parse_target

pytestmark = pytest.mark.slow


def test_all_is_in_one_folder_however_often_it_is_told(tmp_path, monkeypatch):
    monkeypatch.setenv("WANDB_API_KEY", "0" * 40)
    work = tmp_path / "work"
    (work / "figures").mkdir(parents=True)
    (work / "card.md").write_text("# A card")
    (work / "figures" / "curves.svg").write_text("<svg/>")
    for _ in range(2):
        (told,) = send_all([parse_target(f"wandb={tmp_path / 'there'}")], ALL, work)
        assert told.reason == ""
    (folder,) = (tmp_path / "there" / "wandb").glob("offline-run-*")
    assert told.place == str(folder)
    assert folder.name.endswith(BEGUN.identity)
    summary = json.loads((folder / "files" / "wandb-summary.json").read_text())
    assert summary["optimized/test/accuracy"] == 0.75
    assert summary["training/validation_loss"] == 1 / 20
    assert summary["trial/name"] == "search 1"
    config = yaml.safe_load((folder / "files" / "config.yaml").read_text())
    assert {name: config[name]["value"] for name in BEGUN.about} == BEGUN.about
    written = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    assert b"training/validation_loss" in written
    assert b"card.md" in written
    for secret in ("0" * 40, socket.gethostname(), f'"{getpass.getuser()}"'):
        assert secret.encode() not in written
