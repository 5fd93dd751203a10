"""Recognising what lies at a place."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fashion_classifier.data.sources import ReadOptions, find_source
from fashion_classifier.errors import DataError, UnavailableError, UsageError

EXPECTED = (
    "expected are Fashion Train Data 1.csv to 6.csv, IDX files (train-images-idx3-ubyte), an NPZ file, "
    "Parquet files, CSV files (label,pixel1,…), or class folders of pictures (train/<class>/…)"
)
FORMS = {
    "six CSV parts": "Fashion Train Data 1.csv",
    "IDX files": "train-images-idx3-ubyte.gz",
    "NPZ arrays": "data.npz",
    "Parquet files": "train.parquet",
    "CSV files": "train.csv",
    "class folders": "train/Bag/1.png",
}


def put(folder: Path, name: str) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if name.endswith(".png"):
        Image.fromarray(np.zeros((2, 2), np.uint8)).save(path)
    else:
        path.write_bytes(b"")


@pytest.mark.parametrize(("container", "name"), FORMS.items())
def test_every_form_is_recognised_by_one_file(tmp_path: Path, container: str, name: str):
    put(tmp_path, name)
    source = find_source(tmp_path)
    assert (source.container, source.files, source.notes) == (container, (tmp_path / name,), ())


def test_of_several_forms_the_first_is_taken_and_a_note_names_the_others(tmp_path: Path):
    containers = list(FORMS)
    for name in FORMS.values():
        put(tmp_path, name)
    for first in containers[:-1]:
        source = find_source(tmp_path)
        assert source.container == first
        assert len(source.notes) == 1
        assert source.notes[0].startswith(f"Only the {first} were read; left aside were ")
        assert source.notes[0].endswith("folders of pictures (train).")
        (tmp_path / FORMS[first]).unlink()
    assert find_source(tmp_path).container == "class folders"


def test_the_note_names_the_files_that_were_left_aside(tmp_path: Path):
    for name in (
        "train-labels-idx1-ubyte",
        "a.csv",
        "b.csv",
        "c.csv",
        "d.csv",
        "Bag/x/1.png",
        "text/x.txt",
        ".h/1.png",
    ):
        put(tmp_path, name)
    assert find_source(tmp_path).notes == (
        (
            "Only the IDX files were read; left aside were CSV files (a.csv, b.csv, c.csv and 1 more), "
            "folders of pictures (Bag)."
        ),
    )


@pytest.mark.parametrize(
    ("header", "container"),
    [
        ("filename,label", "class folders"),
        ("\ufeffid,Bag,Shirt\r\n1,0,1", "class folders"),
        ("label,pixel1,pixel2", "CSV files"),
        ("1x1,1x2,label", "CSV files"),
        ('"label";"pixel1"', "CSV files"),
        ("5,0,0,255", "CSV files"),
        ("", "CSV files"),
    ],
)
def test_a_list_of_pictures_beside_them_is_left_aside(tmp_path: Path, header: str, container: str):
    put(tmp_path, "train/Bag/1.png")
    (tmp_path / "labels.csv").write_text(header, encoding="utf-8")
    source = find_source(tmp_path)
    assert source.container == container
    assert "labels.csv" in source.notes[0] or "folders of pictures (train)" in source.notes[0]


def test_hidden_files_are_not_data(tmp_path: Path):
    put(tmp_path, ".train.csv")
    put(tmp_path, "train.npz")
    source = find_source(tmp_path)
    assert (source.container, source.notes) == ("NPZ arrays", ())


def test_a_place_that_is_not_there_cannot_be_had(tmp_path: Path):
    place = tmp_path / "nothing"
    with pytest.raises(UnavailableError) as caught:
        find_source(place)
    assert caught.value.exit_code == 4
    assert str(caught.value) == (f"{place}: there is no such file or folder; {EXPECTED}. Check the place's name.")


def test_a_name_that_no_file_can_have_cannot_be_had(tmp_path: Path):
    with pytest.raises(UnavailableError) as caught:
        find_source(tmp_path / ("x" * 300))
    assert str(caught.value).endswith(
        "x: it cannot be opened (File name too long). Check the name and the permissions."
    )


@pytest.mark.parametrize(
    ("names", "found"),
    [
        ([], "the folder is empty"),
        (["b/c.txt", "a.txt", "d.txt", "e.txt"], "there are b/, a.txt, d.txt and 1 more"),
    ],
)
def test_a_folder_in_which_nothing_is_recognised(tmp_path: Path, names: list[str], found: str):
    for name in names:
        put(tmp_path, name)
    with pytest.raises(DataError) as caught:
        find_source(tmp_path)
    assert caught.value.exit_code == 3
    assert str(caught.value) == (
        f"{tmp_path}: no labelled images were recognised: {found}; {EXPECTED}. "
        "Name the folder in which the data itself lies."
    )


def test_a_file_of_another_kind_is_refused(tmp_path: Path):
    put(tmp_path, "data.zip")
    with pytest.raises(DataError) as caught:
        find_source(tmp_path / "data.zip")
    assert str(caught.value) == (
        f"{tmp_path / 'data.zip'}: a file of this kind is not read; .csv, .npz and .parquet are, or a folder. "
        "Name the folder it lies in, if it is one of several files."
    )


@pytest.mark.parametrize("size", [(0, 28), (28, 5000), (-1, 3)])
def test_an_impossible_size_is_wrong_usage(size: tuple[int, int]):
    with pytest.raises(UsageError) as caught:
        ReadOptions(image_size=size)
    assert caught.value.exit_code == 2
    assert str(caught.value) == (
        f"image size: height and width must be 1 to 4096 pixels, but got {size}. Choose a size in this range."
    )
