"""Parquet files as Hugging Face writes them."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from PIL import Image

from fashion_classifier.data.raw import RawCollection
from fashion_classifier.data.sources import ReadOptions, find_source
from fashion_classifier.errors import DataError, UsageError

IMAGES = np.arange(4 * 2 * 3, dtype=np.uint8).reshape(4, 2, 3)
LABELS = [1, 0, 1, 0]
NUMBERS = "labels are whole numbers from 0 to 999,999,999, or names"


def encoded(array: np.ndarray) -> bytes:
    content = io.BytesIO()
    Image.fromarray(array).save(content, "PNG")
    return content.getvalue()


PICTURES = [{"bytes": encoded(image), "path": None} for image in IMAGES]


def description(**column: Any) -> dict[str, str]:
    """Return the metadata by which Hugging Face describes the column of labels."""
    return {"huggingface": json.dumps({"info": {"features": {"label": {"_type": "ClassLabel", **column}}}})}


def write(file: Path, columns: dict[str, Any] | None = None, metadata: dict[str, str] | None = None) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    frame = pl.DataFrame(columns or {"image": PICTURES, "label": LABELS})
    frame.write_parquet(file, metadata=metadata)
    return file


def read(place: Path, **options) -> RawCollection:
    return find_source(place).read(options=ReadOptions(**options))


def message(place: Path) -> str:
    with pytest.raises(DataError) as caught:
        read(place)
    assert caught.value.exit_code == 3
    return str(caught.value).replace(str(place), "PLACE")


@pytest.mark.parametrize("folder", ["", "data", "fashion_mnist"])
def test_shards_of_encoded_pictures_are_merged_in_order(tmp_path: Path, folder: str):
    names = description(names=["Bag", "T-shirt/top"])
    for number in range(2):
        half = {"image": PICTURES[2 * number : 2 * number + 2], "label": LABELS[2 * number : 2 * number + 2]}
        write(tmp_path / folder / f"train-0000{number}-of-00002.parquet", half, names)
    write(tmp_path / folder / "test-00000-of-00001.parquet", metadata=names)
    write(tmp_path / folder / "validation-00000-of-00001.parquet", metadata=names)
    source = find_source(tmp_path)
    assert len(source.files) == 4
    collection = source.read()
    assert collection.container == "Parquet files"
    np.testing.assert_array_equal(collection.training.images, IMAGES)
    assert [collection.training.classes[label] for label in collection.training.labels] == [
        "T-shirt/top",
        "Bag",
        "T-shirt/top",
        "Bag",
    ]
    assert collection.test is not None
    np.testing.assert_array_equal(collection.test.images, IMAGES)
    assert collection.validation is not None


@pytest.mark.parametrize(
    "column",
    [
        PICTURES,
        [picture["bytes"] for picture in PICTURES],
        IMAGES.tolist(),
        pl.Series(IMAGES.tolist(), dtype=pl.List(pl.List(pl.UInt8))),
        pl.Series(IMAGES, dtype=pl.Array(pl.UInt8, (2, 3))),
        IMAGES.astype(float).tolist(),
    ],
    ids=["bytes and path", "bytes", "lists", "lists of bytes", "arrays", "lists of decimals"],
)
@pytest.mark.parametrize("names", [("image", "label"), ("img", "labels")])
def test_pictures_may_be_written_in_several_ways(tmp_path: Path, column: Any, names: tuple[str, str]):
    training = read(write(tmp_path / "x.parquet", {names[0]: column, names[1]: LABELS, "more": LABELS})).training
    np.testing.assert_array_equal(training.images, IMAGES)
    assert (training.classes, training.labels.tolist()) == (("0", "1"), LABELS)


def test_colour_lists_have_a_third_axis(tmp_path: Path):
    colour = np.stack([IMAGES, IMAGES + 1, IMAGES + 2], axis=3)
    training = read(write(tmp_path / "x.parquet", {"image": colour.tolist(), "label": LABELS})).training
    np.testing.assert_array_equal(training.images, colour)


def test_flat_lists_are_squares_or_what_the_size_says(tmp_path: Path):
    file = write(tmp_path / "x.parquet", {"image": np.arange(64).reshape(4, 16).tolist(), "label": LABELS})
    assert read(file).training.images.shape == (4, 4, 4)
    assert read(file, image_size=(2, 8)).training.images.shape == (4, 2, 8)


@pytest.mark.parametrize("dtype", [pl.String, pl.Categorical, pl.Enum(["Bag", "Hat"])])
def test_labels_may_be_names(tmp_path: Path, dtype):
    labels = pl.Series(["Hat", "Bag", "Hat", "Bag"], dtype=dtype)
    training = read(write(tmp_path / "x.parquet", {"image": PICTURES, "label": labels})).training
    assert [training.classes[label] for label in training.labels] == ["Hat", "Bag", "Hat", "Bag"]


@pytest.mark.parametrize(
    "metadata",
    [
        {"huggingface": "no JSON"},
        {"huggingface": "[]"},
        {"huggingface": "{}"},
        {"huggingface": "[" * 100_000},
        description(),
        {"other": "x"},
    ],
)
def test_metadata_that_names_no_classes_leaves_numbers(tmp_path: Path, metadata: dict[str, str]):
    assert read(write(tmp_path / "x.parquet", metadata=metadata)).training.classes == ("0", "1")


def test_groups_are_taken(tmp_path: Path):
    columns = {"image": PICTURES, "label": LABELS, "group": [7, 7, 8, 8], "garment": ["a", "b", "b", "c"]}
    file = write(tmp_path / "x.parquet", columns)
    for group_by, expected in ((None, ["7", "7", "8", "8"]), ("garment", ["a", "b", "b", "c"])):
        groups = read(file, group_by=group_by).training.groups
        assert groups is not None
        assert groups.tolist() == expected


def test_grouping_by_what_is_not_there_is_wrong_usage(tmp_path: Path):
    with pytest.raises(UsageError) as caught:
        read(write(tmp_path / "x.parquet"), group_by="garment")
    assert str(caught.value) == (
        "x.parquet: there is no column 'garment' to group by; the columns are image, label. Name one of these."
    )


def test_more_rows_than_are_read_at_a_time_come_in_order(tmp_path: Path):
    levels = np.arange(10_000) % 251
    columns = {"image": levels[:, None].tolist(), "label": (levels % 2).tolist()}
    training = read(write(tmp_path / "x.parquet", columns)).training
    np.testing.assert_array_equal(training.images.ravel(), levels)
    np.testing.assert_array_equal(training.labels, levels % 2)


def test_pictures_of_several_sizes_are_resized_together(tmp_path: Path):
    small = [{"bytes": encoded(np.zeros((10, 20), np.uint8)), "path": None}] * 4
    write(tmp_path / "train.parquet", {"image": small, "label": LABELS})
    write(tmp_path / "test.parquet")
    collection = read(tmp_path)
    assert collection.test is not None
    assert collection.training.images.shape == collection.test.images.shape == (4, 6, 12)
    assert collection.notes == ("Images of 2 sizes were resized to 6x12 (height x width); the size can be set.",)


UNKNOWN = "this is no picture in a known format (PNG, JPEG, WEBP, GIF, BMP, TIFF). Replace or remove it."
BAD_COLUMNS = {
    "no labels": (
        {"image": PICTURES},
        "x.parquet: there is no column label; the columns are image. Rename or add the column.",
    ),
    "no images": (
        {"label": LABELS},
        "x.parquet: there is no column image; the columns are label. Rename or add the column.",
    ),
    "no rows": ({"image": [], "label": []}, "x.parquet: there are no rows in it. Write the file again."),
    "unreadable pictures": (
        {"image": [*PICTURES[:2], {"bytes": b"no", "path": None}, {"bytes": b"", "path": None}], "label": LABELS},
        f"x.parquet, row 3: {UNKNOWN}\nx.parquet, row 4: {UNKNOWN}",
    ),
    "only paths": (
        {"image": [*PICTURES[:2], *[{"bytes": None, "path": "x.png"}] * 2], "label": LABELS},
        (
            "x.parquet, row 3: there is no picture in this row (nor in 1 more); a path alone is not followed. "
            "Write the file with the pictures in it."
        ),
    ),
    "a struct of something else": (
        {"image": [{"a": 1, "b": 2}] * 4, "label": LABELS},
        "x.parquet: the column image has the fields a, b; bytes is expected. Write the file again.",
    ),
    "texts": (
        {"image": ["a.png"] * 4, "label": LABELS},
        "x.parquet: the column of images has type String. Write encoded pictures, or lists of pixel values.",
    ),
    "lists of different lengths": (
        {"image": [[1, 2, 3, 4], [1], [1], [1]], "label": LABELS},
        "x.parquet, rows 1 to 4: the images differ in size, or some are empty. Bring them to one size.",
    ),
    "empty lists": (
        {"image": [[], [], [], []], "label": LABELS},
        "x.parquet, rows 1 to 4: the images differ in size, or some are empty. Bring them to one size.",
    ),
    "missing pixels": (
        {"image": [[1, 2, 3, None]] * 4, "label": LABELS},
        (
            "x.parquet, rows 1 to 4: the pixel values are of type Int64, or some are missing. "
            "Write whole numbers from 0 to 255."
        ),
    ),
    "a grey level above 255": (
        {"image": [[1, 2, 3, 4], [1, 2, 3, 300], [0] * 4, [0] * 4], "label": LABELS},
        (
            "x.parquet, rows 1 to 4: image 2 of 4 holds 300; grey levels are whole numbers from 0 to 255. "
            "Bring the values to 0 to 255 and save them as uint8."
        ),
    ),
    "lists of no square": (
        {"image": [[1, 2, 3, 4, 5]] * 4, "label": LABELS},
        (
            "x.parquet, rows 1 to 4: 5 pixel values are neither a square (grey) nor three times one (colour). "
            "Give the images' height and width, or repair the data."
        ),
    ),
    "no test labels": (
        {"image": PICTURES, "label": [0, 1, -1, -1]},
        f"x.parquet, row 3: label is -1; {NUMBERS}. Correct the label, or remove the row.",
    ),
    "a missing label": (
        {"image": PICTURES, "label": [0, None, 1, 1]},
        f"x.parquet, row 2: label is missing; {NUMBERS}. Correct the label, or remove the row.",
    ),
    "decimal labels": (
        {"image": PICTURES, "label": [0.0, 1.0, 0.0, 1.0]},
        "x.parquet: the column label has type Float64; whole numbers or names are expected. Write labels so.",
    ),
    "names and numbers": (
        {"image": PICTURES, "label": ["Bag", "1", "Bag", "1"]},
        "x.parquet: there are both numbers and names among the labels. Use one kind for all.",
    ),
    "a missing group": (
        {"image": PICTURES, "label": LABELS, "group": [1, 1, None, 2]},
        "x.parquet, row 3: group is empty; every image belongs to a group. Fill it in.",
    ),
}


@pytest.mark.parametrize(("columns", "expected"), BAD_COLUMNS.values(), ids=BAD_COLUMNS)
def test_bad_columns_are_refused(tmp_path: Path, columns: dict[str, Any], expected: str):
    assert message(write(tmp_path / "x.parquet", columns)) == expected


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["Bag"], "row 1: label is 1, but there are names for 0 to 0 alone. Correct the label, or remove the row."),
        (["Bag", "Bag"], ": the names of the column label are not all different. Write the file again."),
        ([1, 2], ": the names of the column label are no list of texts. Write the file again."),
    ],
)
def test_names_that_do_not_fit_the_labels_are_refused(tmp_path: Path, names: list[Any], expected: str):
    found = message(write(tmp_path / "x.parquet", metadata=description(names=names)))
    assert found.removeprefix("x.parquet").removeprefix(", ") == expected


@pytest.mark.parametrize("content", [b"", b"PAR1 no Parquet PAR1"])
def test_what_is_no_parquet_is_refused(tmp_path: Path, content: bytes):
    (tmp_path / "x.parquet").write_bytes(content)
    assert message(tmp_path / "x.parquet").startswith("x.parquet: this is no Parquet file, or it is damaged (")


def test_a_missing_shard_is_named(tmp_path: Path):
    write(tmp_path / "data" / "train-00000-of-00003.parquet")
    write(tmp_path / "data" / "train-00002-of-00003.parquet")
    assert message(tmp_path) == ("data/train-00001-of-00003.parquet: the shard is missing. Put it beside the others.")


def test_pictures_and_pixel_values_do_not_mix(tmp_path: Path):
    write(tmp_path / "train.parquet")
    write(tmp_path / "test.parquet", {"image": IMAGES.tolist(), "label": LABELS})
    assert message(tmp_path) == (
        "PLACE: some files hold encoded pictures, others pixel values. Write all files in one way."
    )


def test_shards_of_different_sizes_do_not_mix(tmp_path: Path):
    write(tmp_path / "train-1.parquet", {"image": IMAGES.tolist(), "label": LABELS})
    write(tmp_path / "train-2.parquet", {"image": IMAGES[:, :1].tolist(), "label": LABELS})
    assert message(tmp_path) == "PLACE: the training files hold images of different sizes. Bring them to one size."


def test_faults_of_several_files_come_together(tmp_path: Path):
    write(tmp_path / "train.parquet", {"image": [{"bytes": b"", "path": None}] * 2, "label": [0, -1]})
    write(tmp_path / "test.parquet", {"image": PICTURES})
    assert message(tmp_path) == (
        f"train.parquet, row 2: label is -1; {NUMBERS}. Correct the label, or remove the row.\n"
        "test.parquet: there is no column label; the columns are image. Rename or add the column."
    )
