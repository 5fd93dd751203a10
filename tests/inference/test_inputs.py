"""Patterns stand for what a shell would make of them; pictures and files of pixels are read in one stream."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.conftest import blobs

from fashion_classifier.data.dataset import ImageShape
from fashion_classifier.errors import UnavailableError, UsageError
from fashion_classifier.inference.globs import expand, is_pattern
from fashion_classifier.inference.inputs import check_files, find_inputs, reading
from fashion_classifier.inference.sorting import Sorter

SHAPE = ImageShape(12, 12, 1)
IMAGES = blobs(6).images


@pytest.fixture
def places(tmp_path: Path, monkeypatch) -> Path:
    """Pictures in folders, and two files of pixels."""
    monkeypatch.chdir(tmp_path)
    for number, name in enumerate(
        ("a.png", "b[1].png", "shoes/c.png", "shoes/old/d.png", "bags/e.png", ".hidden/f.png")
    ):
        Path(name).parent.mkdir(exist_ok=True, parents=True)
        Image.fromarray(IMAGES[number]).save(name)
    Path("shoes/notes.txt").write_text("no picture")
    np.savez("x.npz", x=IMAGES)
    np.savez("y.npz", x_test=IMAGES[:2], y_test=[0, 1])
    return tmp_path


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("*.png", ["a.png", "b[1].png"]),
        ("**/*.png", ["a.png", "b[1].png", "bags/e.png", "shoes/c.png", "shoes/old/d.png"]),
        ("shoes/**", ["shoes/c.png", "shoes/notes.txt", "shoes/old", "shoes/old/d.png"]),
        ("**/**/d.png", ["shoes/old/d.png"]),
        ("*/?.png", ["bags/e.png", "shoes/c.png"]),
        ("[sx]*/c.png", ["shoes/c.png"]),
        (".hid*/*", [".hidden/f.png"]),
        ("*/none", []),
        ("none/*", []),
    ],
)
def test_a_pattern_matches_what_a_shell_would_find(places, pattern, found):
    assert list(expand(Path(pattern))) == found
    absolute = [str(places / name) for name in found]
    assert list(expand(places / pattern)) == absolute


def test_a_file_that_is_there_under_a_name_with_brackets_is_no_pattern(places):
    assert not is_pattern(Path("b[1].png"))
    assert is_pattern(Path("b[2].png"))
    assert read(["b[1].png"]) == ["b[1].png"]


def test_a_link_in_a_circle_is_not_followed(places):
    Path("shoes/again").symlink_to(places)
    assert "shoes/again/a.png" not in list(expand(Path("**/*.png")))


def read(names: list[str]) -> list[str]:
    """Return what the images are called."""
    with reading(find_inputs([Path(name) for name in names]), SHAPE) as batches:
        return [place for batch in batches for place in batch.paths]


def test_all_is_read_in_the_order_in_which_it_was_named(places):
    assert read(["y.npz", "shoes", "x.npz", "*.png"]) == [
        "y.npz:1",
        "y.npz:2",
        "shoes/c.png",
        "shoes/old/d.png",
        *(f"x.npz:{number}" for number in range(1, 7)),
        "a.png",
        "b[1].png",
    ]


def test_a_pattern_finds_files_of_pixels_and_what_lies_in_folders(places):
    assert read(["[xy].npz"]) == [*(f"x.npz:{number}" for number in range(1, 7)), "y.npz:1", "y.npz:2"]
    assert read(["s*"]) == ["shoes/c.png", "shoes/old/d.png"]
    assert read(["shoes/**"]) == ["shoes/c.png", "shoes/notes.txt", "shoes/old/d.png"]


def test_what_was_found_is_described(places):
    found = find_inputs([Path("a.png"), Path("x.npz"), Path("y.npz")])
    assert len(found) == 9
    assert found.labelled == "y.npz"
    assert found.unit == "images"
    assert found.longest == len("x.npz:6")
    assert find_inputs([Path("a.png")]).unit == "files"


def test_rows_cannot_be_sorted_into_folders(places):
    check_files(find_inputs([Path("a.png")]), "shown")
    with pytest.raises(UsageError, match=r"x\.npz: its rows are no files"):
        check_files(find_inputs([Path("a.png"), Path("x.npz")]), "shown")


def test_places_with_nothing_say_so(places):
    Path("pixels/empty").mkdir(parents=True)
    np.savez("pixels/x.npz", x=IMAGES)
    with pytest.raises(UnavailableError, match=r"no pictures here.* pixels/x\.npz holds pixels: name that file itself"):
        find_inputs([Path("pixels")])
    with pytest.raises(UnavailableError, match="no pictures here"):
        find_inputs([Path("pixels/empty")])
    with pytest.raises(UnavailableError, match="no file matches it as a pattern"):
        find_inputs([Path("*.gif")])
    with pytest.raises(UnavailableError, match="there is no such file or folder"):
        find_inputs([Path("nothing.png")])


@pytest.mark.parametrize(
    ("pattern", "folder", "found_again"),
    [
        ("*.png", "sorted", False),
        ("*", "sorted", True),
        ("**/*.png", "sorted", True),
        ("shoes/**/*.png", "sorted", False),
        ("*/*.png", "sorted", True),
        ("s*/*/*.png", "sorted/new", True),
        ("[ab]/*.png", "sorted", False),
    ],
)
def test_sorting_into_a_folder_that_a_pattern_reaches_is_refused(places, pattern, folder, found_again):
    for given in (Path(pattern), places / pattern):
        if found_again:
            with pytest.raises(UsageError, match="from which pictures are taken: name a folder elsewhere"):
                Sorter(Path(folder), [given])
        else:
            Sorter(Path(folder), [given])
