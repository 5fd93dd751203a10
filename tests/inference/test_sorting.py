"""Pictures are sorted by copies or links; names that meet are numbered, and no file is lost or found twice."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from fashion_classifier.errors import UsageError
from fashion_classifier.inference.answers import Answer
from fashion_classifier.inference.sorting import REFUSED, Sorter

TOP, BAG = Answer("T-shirt/top", 0.9), Answer("Bag", 0.4, ("Bag", "Shirt"), True)


@pytest.fixture
def pictures(tmp_path) -> Path:
    folder: Path = tmp_path / "in"
    for name in ("in/a.png", "in/more/a.png", "in/b.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    return folder


@pytest.mark.parametrize("link", [False, True])
def test_each_picture_lies_in_its_classs_folder(pictures, tmp_path, link):
    sorter = Sorter(tmp_path / "out", [pictures], link=link)
    for picture, answer in ((pictures / "a.png", TOP), (pictures / "more/a.png", TOP), (pictures / "b.png", BAG)):
        sorter.put(picture, answer)
    found = {str(path.relative_to(tmp_path / "out")): path for path in (tmp_path / "out").rglob("*.png")}
    assert {name: path.read_text() for name, path in found.items()} == {
        "T-shirt%2Ftop/a.png": "in/a.png",
        "T-shirt%2Ftop/a (2).png": "in/more/a.png",
        f"{REFUSED}/b.png": "in/b.png",
    }
    assert all(path.is_symlink() == link for path in found.values())
    assert len([path for path in pictures.rglob("*") if path.is_file()]) == 3


def test_a_link_to_nothing_is_not_overwritten(pictures, tmp_path):
    (tmp_path / "out/Bag").mkdir(parents=True)
    (tmp_path / "out/Bag/b.png").symlink_to(tmp_path / "gone")
    assert Sorter(tmp_path / "out", [pictures]).put(pictures / "b.png", Answer("Bag", 0.9)).name == "b (2).png"


@pytest.mark.parametrize("folder", ["in", "in/more", "in/new/sorted", "in/a.png"])
def test_what_would_be_found_again_is_refused(pictures, tmp_path, folder):
    with pytest.raises(UsageError, match=r"lies in|is a file"):
        Sorter(tmp_path / folder, [pictures])


def test_nothing_unfinished_is_left(pictures, tmp_path, monkeypatch):
    def full(_source: Path, target: Path) -> None:
        target.write_text("half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("fashion_classifier.inference.sorting.shutil.copy2", full)
    with pytest.raises(OSError, match="No space"):
        Sorter(tmp_path / "out", [pictures]).put(pictures / "a.png", TOP)
    assert not [path for path in (tmp_path / "out").rglob("*") if path.is_file()]


def test_many_pictures_of_one_name_are_numbered_without_asking_for_each_number(pictures, tmp_path, monkeypatch):
    taken = {tmp_path / f"out/Bag/b{end}.png" for end in ("", *(f" ({number})" for number in range(2, 10_001)))}
    asked: list[Path] = []

    def is_taken(place: Path) -> bool:
        asked.append(place)
        return place in taken

    monkeypatch.setattr("os.path.lexists", is_taken)
    assert Sorter(tmp_path / "out", [pictures]).put(pictures / "b.png", Answer("Bag", 0.9)).name == "b (10001).png"
    assert len(asked) < 40


@pytest.mark.parametrize("link", [False, True])
def test_the_longest_names_are_sorted_too(tmp_path, link):
    sorter, name = Sorter(tmp_path / "out", [tmp_path / "in"], link=link), "ä" * 125 + ".jpeg"
    for folder in ("in", "in/more"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / name).write_text(folder)
        sorter.put(tmp_path / folder / name, TOP)
    assert sorted(path.read_text() for path in (tmp_path / "out").rglob("*.jpeg")) == ["in", "in/more"]


def test_what_another_process_has_just_put_there_is_not_overwritten(pictures, tmp_path, monkeypatch):
    copy = shutil.copy2

    def meanwhile(source: Path, target: Path) -> None:
        (tmp_path / "out/Bag/b.png").write_text("another's")
        copy(source, target)

    monkeypatch.setattr("fashion_classifier.inference.sorting.shutil.copy2", meanwhile)
    place = Sorter(tmp_path / "out", [pictures]).put(pictures / "b.png", Answer("Bag", 0.9))
    assert place.name == "b (2).png"
    assert (tmp_path / "out/Bag/b.png").read_text() == "another's"
