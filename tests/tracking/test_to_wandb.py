"""Weights & Biases offline: a folder to be sent later, read back here record by record."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.tracking.records import ALL, BEGUN

from fashion_classifier.tracking.following import send_all
from fashion_classifier.tracking.targets import parse_target

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::DeprecationWarning")]

BLOCK, HEAD = 32_768, 7  # bytes: such a file is a log of records as LevelDB writes it, after a head of its own


def records_in(file: Path) -> list[Any]:
    """Read what `wandb sync` would send."""
    from wandb.proto.wandb_internal_pb2 import Record  # type: ignore[attr-defined]

    content, found = file.read_bytes(), []
    assert len(content) < BLOCK
    place = HEAD
    while place < len(content):
        length, kind = int.from_bytes(content[place + 4 : place + 6], "little"), content[place + 6]
        assert kind == 1, "a record is whole within its block"
        place += HEAD
        found.append(Record.FromString(content[place : place + length]))
        place += length
    return found


def values(items: Any) -> dict[str, Any]:
    """Return what a record holds, by name."""
    return {item.key or "/".join(item.nested_key): json.loads(item.value_json) for item in items}


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
    (file,) = folder.glob("*.wandb")
    records = records_in(file)
    (run,) = [record.run for record in records if record.HasField("run")]
    assert (run.run_id, run.display_name, run.project) == (BEGUN.identity, BEGUN.name, "fashion")
    config = values(run.config.update)
    assert {name: config[name] for name in BEGUN.about} == BEGUN.about
    rows = [values(record.history.item) for record in records if record.HasField("history")]
    curve = [(row["training/step"], row["training/validation_loss"]) for row in rows if "training/step" in row]
    assert curve == [(10, 1 / 10), (20, 1 / 20)]
    assert [row["trial/name"] for row in rows if "trial/name" in row] == ["search 0", "search 1"]
    summaries = [values(record.summary.update) for record in records if record.HasField("summary")]
    assert any(summary.get("optimized/test/accuracy") == 0.75 for summary in summaries)
    written = b"".join(path.read_bytes() for path in (tmp_path / "there").rglob("*") if path.is_file())
    assert b"figures/curves.svg" in written
    assert b"# A card" in written
    assert b"0" * 40 not in written
