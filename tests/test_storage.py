"""Files are whole or not there; several that belong together are all there or none of them."""

from __future__ import annotations

import os

import pytest

from fashion_classifier.storage import atomic_files, write_text


def write(folder, *names):
    for name in names:
        (folder / name).write_text(name)


def test_several_files_get_their_places_together(tmp_path):
    first, second = tmp_path / "deep" / "a.xml", tmp_path / "deep" / "a.bin"
    with atomic_files(first, second) as folder:
        write(folder, "a.xml", "a.bin")
        assert not first.exists()
    assert sorted(path.name for path in first.parent.iterdir()) == ["a.bin", "a.xml"]
    assert first.read_text() == "a.xml"


def test_nothing_is_left_where_the_work_fails_or_a_file_is_missing(tmp_path):
    places = tmp_path / "a.xml", tmp_path / "a.bin"

    def stop():
        with atomic_files(*places) as folder:
            write(folder, "a.xml", "a.bin")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stop()
    with pytest.raises(FileNotFoundError), atomic_files(*places) as folder:
        write(folder, "a.bin")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("links", [True, False])
@pytest.mark.parametrize("taken", ["a.xml", "a.bin"])
def test_a_place_that_was_taken_meanwhile_is_not_overwritten_and_the_other_file_goes(
    tmp_path, monkeypatch, taken, links
):
    if not links:

        def refuse(*_places: object) -> None:
            raise PermissionError("this file system knows no links")

        monkeypatch.setattr(os, "link", refuse)
    place = tmp_path / taken

    def make():
        with atomic_files(tmp_path / "a.xml", tmp_path / "a.bin") as folder:
            write(folder, "a.xml", "a.bin")
            place.write_text("somebody's")

    with pytest.raises(FileExistsError) as raised:
        make()
    assert raised.value.filename == str(place)
    assert [path.read_text() for path in tmp_path.iterdir()] == ["somebody's"]


def test_a_file_system_without_links_will_do(tmp_path, monkeypatch):
    def refuse(*_places: object) -> None:
        raise PermissionError("this file system knows no links")

    monkeypatch.setattr(os, "link", refuse)
    with atomic_files(tmp_path / "a.onnx") as folder:
        write(folder, "a.onnx")
    assert [path.name for path in tmp_path.iterdir()] == ["a.onnx"]


def test_a_file_may_have_the_longest_name(tmp_path):
    target = tmp_path / ("x" * 251 + ".csv")
    write_text(target, "whole")
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [(target.name, "whole")]
