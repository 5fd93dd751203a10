"""Class names as folder names."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fashion_classifier.data.class_folders import class_name_of, folder_name


@pytest.mark.parametrize(
    ("name", "folder"),
    [
        ("T-shirt/top", "T-shirt%2Ftop"),
        ("Ankle boot", "Ankle boot"),
        ("Größe 38 – schön", "Größe 38 – schön"),
        ("100%", "100%25"),
        ("a%2Fb", "a%252Fb"),
        ('<>:"\\|?*', "%3C%3E%3A%22%5C%7C%3F%2A"),
        ("a\nb\x7f", "a%0Ab%7F"),
        (".hidden", "%2Ehidden"),
        ("..", "%2E%2E"),
        ("etc.", "etc%2E"),
        ("blank ", "blank%20"),
        ("CON", "%43ON"),
        ("nul.txt", "%6Eul.txt"),
        ("com¹", "%63om¹"),
        ("console", "console"),
    ],
)
def test_what_a_file_system_refuses_is_escaped(name: str, folder: str):
    assert folder_name(name) == folder
    assert class_name_of(folder) == name


@pytest.mark.parametrize("folder", ["100% wool", "50%20off", "a%2fb", "%", "%zz", "a%FFb", "x:y", "%41"])
def test_a_name_that_escaping_would_not_have_written_stands_for_itself(folder: str):
    assert class_name_of(folder) == folder


@given(st.text(min_size=1))
def test_every_name_comes_back(name: str):
    assert class_name_of(folder_name(name)) == name


@given(st.text(min_size=1, max_size=40).filter(lambda name: len(folder_name(name).encode(errors="replace")) < 250))
def test_every_name_makes_a_folder(tmp_path_factory: pytest.TempPathFactory, name: str):
    try:
        name.encode()
    except UnicodeEncodeError:
        return
    root = Path(tmp_path_factory.mktemp("names"))
    (root / folder_name(name)).mkdir()
    assert [class_name_of(path.name) for path in root.iterdir()] == [name]
