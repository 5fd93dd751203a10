"""Where a study may lie, told without its password; what is kept there; a model folder as bytes."""

from __future__ import annotations

import json
import sys
import zipfile
from io import BytesIO

import pytest

from fashion_classifier.errors import MissingExtraError, ModelError, UnavailableError, UsageError
from fashion_classifier.inference.bundle import load_model
from fashion_classifier.inference.packing import packed, unpack
from fashion_classifier.locks import LOCK, sole_writer
from fashion_classifier.tuning import database
from fashion_classifier.tuning.database import StudyDatabase
from fashion_classifier.tuning.storage import StudyFolder

SECRET = "kwyjibo"


def test_a_folder_keeps_what_it_is_given_and_has_nothing_else(tmp_path):
    study = StudyFolder(tmp_path / "study")
    assert study.kept("trials/a.npy") is None
    for content in (b"first", b"second"):
        study.keep("trials/a.npy", content)
        assert study.kept("trials/a.npy") == (tmp_path / "study/trials/a.npy").read_bytes() == content


@pytest.mark.parametrize(
    "url",
    [
        "",
        "studies",
        "sqlite:///study.db",
        f"mysql://me:{SECRET}@host/studies",
        f"postgresql://me:{SECRET}@host",
        f"postgresql://me:{SECRET}@host:port/studies",
        f"postgresql://me:half@{SECRET}@host/studies",
        f"postgresql://me/myself:{SECRET}@host/studies",
    ],
)
def test_what_is_no_postgresql_database_is_refused_without_being_told(url):
    with pytest.raises(UsageError, match="PostgreSQL database, named like postgresql://user@host/database") as refusal:
        StudyDatabase(url, "study")
    assert SECRET not in str(refusal.value)


@pytest.mark.parametrize("name", ["", "a" * 101, "line\nbreak"])
def test_a_study_has_a_name_that_can_be_written(name):
    with pytest.raises(UsageError, match="1 to 100 letters"):
        StudyDatabase("postgresql://host/studies", name)


def test_without_its_driver_it_is_said_what_to_install(monkeypatch):
    monkeypatch.setattr(database, "find_spec", lambda _name: None)
    with pytest.raises(MissingExtraError, match=r"fashion-images-classifier\[postgresql\]"):
        StudyDatabase("postgresql://host/studies", "study")


@pytest.mark.parametrize(
    "url",
    [f"postgres://me:{SECRET}@127.0.0.1:9/studies", f"postgresql://me@127.0.0.1:9/studies?password={SECRET}"],
)
def test_a_database_that_is_not_there_is_told_by_its_place_alone(url):
    study = StudyDatabase(url, "shoes")
    assert study.shown == "postgresql://me@127.0.0.1:9/studies, study shoes"
    with pytest.raises(UnavailableError, match=r"me@127.0.0.1:9/studies, study shoes: .*refused") as refusal:
        study.kept("anything")
    assert SECRET not in str(refusal.value)


@pytest.mark.parametrize(
    "argument",
    [
        f"postgresql://me:{SECRET}@host/studies",
        f"--storage=postgresql://host/studies?a=b&password={SECRET}&c=d",
        f"postgresql://me:a&b/c '@{SECRET}@host/studies",
        f"postgresql://host:5432/studies?password=x@{SECRET}",
        f"postgresql://me@server:{SECRET}@host/studies",
        f"postgresql://me/myself:{SECRET}@host/studies",
    ],
)
def test_who_holds_a_folder_is_written_down_without_a_password(tmp_path, monkeypatch, argument):
    monkeypatch.setattr(sys, "argv", ["fashion", "tune", argument, "--seed", "1"])
    with sole_writer(tmp_path):
        command = json.loads((tmp_path / LOCK).read_text())["command"]
    assert SECRET not in command
    assert "***" in command
    assert command.endswith("--seed 1")


def test_a_model_is_the_same_after_its_way_as_bytes(finished_run, tmp_path):
    folder = finished_run / "optimized"
    for _ in range(2):  # the second takes the place of the first
        unpack(packed(folder), tmp_path / "best")
    there = {path.name: path.read_bytes() for path in (tmp_path / "best").iterdir()}
    assert there == {path.name: path.read_bytes() for path in folder.iterdir()}
    load_model(tmp_path / "best")


@pytest.mark.parametrize("harm", ["no archive", "another file", "outside", "changed"])
def test_what_is_no_packed_model_is_refused_and_leaves_what_was_there(finished_run, tmp_path, harm):
    content = packed(finished_run / "optimized")
    unpack(content, tmp_path / "best")
    before = {path.name: path.read_bytes() for path in (tmp_path / "best").iterdir()}
    if harm == "no archive":
        content = content[:100]
    else:
        altered = BytesIO()
        with zipfile.ZipFile(BytesIO(content)) as old, zipfile.ZipFile(altered, "w") as new:
            for part in old.infolist():
                new.writestr(part, old.read(part) + (b" " if harm == "changed" else b""))
            if harm != "changed":
                new.writestr({"another file": "sitecustomize.py", "outside": "../outside"}[harm], b"x")
        content = altered.getvalue()
    with pytest.raises(ModelError):
        unpack(content, tmp_path / "best")
    assert {path.name: path.read_bytes() for path in (tmp_path / "best").iterdir()} == before
    assert [path.name for path in tmp_path.iterdir()] == ["best"]
