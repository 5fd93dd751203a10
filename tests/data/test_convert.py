"""Writing data in other forms, and reading it back."""

from __future__ import annotations

import gzip
import hashlib
import struct
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from PIL import Image

from fashion_classifier.data.convert import FORMS, guess_form, write_collection
from fashion_classifier.data.dataset import Dataset
from fashion_classifier.data.known import FASHION_MNIST_CLASSES
from fashion_classifier.data.raw import RawPart
from fashion_classifier.data.sample import draw_sample
from fashion_classifier.data.sources import find_source
from fashion_classifier.errors import UnavailableError, UsageError

Parts = Mapping[str, Dataset]
NAMES = {"csv": "csv", "csv-parts": "parts", "idx": "idx", "png": "png", "npz": "data.npz", "parquet": "parquet"}


def made(
    n: int, *shape: int, classes: tuple[str, ...] = ("cat", 'dog, "big"', "T-shirt/top"), seed: int = 0
) -> Dataset:
    generator = np.random.default_rng(seed)
    labels = np.arange(n, dtype=np.int64) % len(classes)
    return Dataset(generator.integers(0, 256, (n, *shape), dtype=np.uint8), labels, classes)


def with_groups(dataset: Dataset) -> Dataset:
    groups = np.array([f"garment {number // 2}" for number in range(len(dataset))])
    return Dataset(dataset.images, dataset.labels, dataset.classes, groups)


@pytest.fixture(scope="module")
def fashion() -> Parts:
    """The drawn sample, its classes in an order that is not the official one."""
    sample = draw_sample(n_training=120, n_test=30)
    assert sample.test is not None
    classes = tuple(sorted(FASHION_MNIST_CLASSES))
    places = np.array([classes.index(name) for name in FASHION_MNIST_CLASSES], dtype=np.int64)
    parts = {"training": sample.training, "test": sample.test}
    return {name: Dataset(part.images, places[part.labels], classes) for name, part in parts.items()}


def rows(part: Dataset | RawPart, names: tuple[str, ...] | None = None) -> list[tuple[str, str, str]]:
    """Say what a part holds, whatever its order: label, image and group of each row."""
    names = names or part.classes
    groups = [""] * len(part.labels) if part.groups is None else part.groups.tolist()
    return sorted(
        (names[label], hashlib.sha256(image.tobytes()).hexdigest() + str(image.shape), group)
        for image, label, group in zip(part.images, part.labels.tolist(), groups, strict=True)
    )


def read(target: Path) -> dict[str, RawPart]:
    found = find_source(target).read()
    parts = {"training": found.training, "validation": found.validation, "test": found.test}
    return {name: part for name, part in parts.items() if part is not None}


@pytest.mark.parametrize("form", FORMS)
def test_fashion_comes_back_from_every_form(tmp_path: Path, fashion: Parts, form: str):
    target = tmp_path / NAMES[form]
    assert write_collection(fashion, target, form) == target
    back = read(target)
    assert set(back) == {"training", "test"}
    for name, part in fashion.items():
        numbered = set(back[name].classes) <= {str(number) for number in range(10)}
        names = tuple(FASHION_MNIST_CLASSES[int(c)] for c in back[name].classes) if numbered else None
        assert rows(back[name], names) == rows(part)


@pytest.mark.parametrize("form", ["csv", "png", "npz", "parquet"])
@pytest.mark.parametrize("shape", [(8, 8), (5, 9), (8, 8, 3)], ids=str)
def test_classes_of_any_name_and_images_of_any_size_come_back(tmp_path: Path, form: str, shape: tuple[int, ...]):
    parts = {"training": made(12, *shape), "validation": made(6, *shape, seed=1), "test": made(6, *shape, seed=2)}
    back = read(write_collection(parts, tmp_path / NAMES[form], form))
    assert {name: rows(part) for name, part in back.items()} == {name: rows(part) for name, part in parts.items()}


@pytest.mark.parametrize("shape", [(8, 6), (8, 6, 3)], ids=str)
def test_idx_holds_numbered_classes_colour_and_a_validation_part(tmp_path: Path, shape: tuple[int, ...]):
    parts = {
        "training": made(9, *shape, classes=("0", "7", "255")),
        "validation": made(3, *shape, classes=("0", "7", "255")),
    }
    back = read(write_collection(parts, tmp_path / "idx", "idx"))
    assert {name: rows(part) for name, part in back.items()} == {name: rows(part) for name, part in parts.items()}


@pytest.mark.parametrize("form", ["csv", "npz", "parquet"])
def test_groups_come_back(tmp_path: Path, form: str):
    parts = {"training": with_groups(made(12, 6, 6)), "test": with_groups(made(6, 6, 6, seed=1))}
    back = read(write_collection(parts, tmp_path / NAMES[form], form))
    assert {name: rows(part) for name, part in back.items()} == {name: rows(part) for name, part in parts.items()}


def test_the_six_parts_are_those_of_the_notebook(tmp_path: Path, fashion: Parts):
    write_collection(fashion, tmp_path / "out", "csv-parts")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "Fashion Test Data.csv",
        *(f"Fashion Train Data {number}.csv" for number in range(1, 7)),
    ]
    first = pl.read_csv(tmp_path / "out" / "Fashion Train Data 1.csv")
    assert first.columns == ["label", *(f"pixel{number}" for number in range(1, 785))]
    training = fashion["training"]
    assert first.height == 20
    official = [FASHION_MNIST_CLASSES.index(training.classes[label]) for label in training.labels[:20]]
    assert first["label"].to_list() == official
    assert np.array_equal(first.drop("label").to_numpy().reshape(-1, 28, 28), training.images[:20])


def test_idx_files_are_laid_out_as_the_official_ones(tmp_path: Path, fashion: Parts):
    write_collection(fashion, tmp_path / "out", "idx")
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert names == [
        "t10k-images-idx3-ubyte.gz",
        "t10k-labels-idx1-ubyte.gz",
        "train-images-idx3-ubyte.gz",
        "train-labels-idx1-ubyte.gz",
    ]
    content = gzip.decompress((tmp_path / "out" / "train-images-idx3-ubyte.gz").read_bytes())
    assert struct.unpack(">4I", content[:16]) == (0x803, 120, 28, 28)
    assert content[16:] == fashion["training"].images.tobytes()


def test_the_same_data_gives_the_same_idx_files(tmp_path: Path, fashion: Parts):
    one, other = (write_collection(fashion, tmp_path / name, "idx") for name in ("one", "other"))
    assert all((other / path.name).read_bytes() == path.read_bytes() for path in one.iterdir())


def test_pictures_are_numbered_within_escaped_class_folders(tmp_path: Path, fashion: Parts):
    write_collection(fashion, tmp_path / "out", "png")
    folder = tmp_path / "out" / "train" / "T-shirt%2Ftop"
    assert sorted(path.name for path in folder.iterdir()) == [f"{number:05}.png" for number in range(1, 13)]
    with Image.open(folder / "00001.png") as picture:
        assert (picture.mode, picture.size) == ("L", (28, 28))


def test_parquet_is_described_as_hugging_face_does(tmp_path: Path, fashion: Parts):
    write_collection(fashion, tmp_path / "out", "parquet")
    file = tmp_path / "out" / "train-00000-of-00001.parquet"
    assert pl.read_parquet_schema(file) == {
        "image": pl.Struct({"bytes": pl.Binary, "path": pl.String}),
        "label": pl.Int64,
    }
    assert '"_type": "ClassLabel"' in pl.read_parquet_metadata(file)["huggingface"]
    assert (tmp_path / "out" / "test-00000-of-00001.parquet").exists()


def test_npz_holds_arrays_by_their_usual_names_and_no_objects(tmp_path: Path):
    parts = {"training": with_groups(made(6, 4, 4)), "validation": with_groups(made(3, 4, 4))}
    write_collection(parts, tmp_path / "a.npz", "npz")
    with np.load(tmp_path / "a.npz", allow_pickle=False) as arrays:
        wanted = ["classes", "x_train", "y_train", "groups_train", "x_val", "y_val", "groups_val"]
        assert sorted(arrays) == sorted(wanted)
        assert arrays["classes"].tolist() == list(parts["training"].classes)
        assert np.array_equal(arrays["x_val"], parts["validation"].images)


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_one_part_can_be_one_file(tmp_path: Path, ending: str):
    parts = {"training": made(6, 4, 4)}
    target = write_collection(parts, tmp_path / f"all.{ending}", ending)
    assert target.is_file()
    assert rows(read(target)["training"]) == rows(parts["training"])


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_several_parts_do_not_go_into_one_file(tmp_path: Path, ending: str):
    parts = {"training": made(6, 4, 4), "test": made(6, 4, 4)}
    with pytest.raises(UsageError, match=f"one .{ending} file holds one part, but there are training, test"):
        write_collection(parts, tmp_path / f"all.{ending}", ending)


@pytest.mark.parametrize(
    ("form", "parts", "why"),
    [
        ("csv-parts", {"training": made(12, 8, 8)}, "28x28 grey images of the ten Fashion-MNIST classes"),
        ("csv-parts", {"training": made(60, 28, 28, classes=("0", "1"))}, "these are 28x28 grey of 2 classes"),
        ("idx", {"training": made(6, 8, 8)}, "numbers from 0 to 255 as labels"),
        ("idx", {"training": made(6, 8, 8, classes=("0", "256"))}, "numbers from 0 to 255 as labels"),
        ("csv", {"training": made(6, 8, 6, 3)}, "its rows do not tell height and width of 8x6 colour images"),
        ("csv", {"training": made(6, 8, 8, classes=("7", "Bag"))}, "all numbers or all names"),
        ("png", {"training": with_groups(made(6, 8, 8))}, "which images show one garment has no place in it"),
        ("idx", {"training": with_groups(made(6, 8, 8, classes=("0", "1")))}, "which images show one garment"),
    ],
)
def test_a_form_that_cannot_hold_the_data_is_refused(tmp_path: Path, form: str, parts: Parts, why: str):
    with pytest.raises(UsageError) as caught:
        write_collection(parts, tmp_path / "out", form)
    assert str(caught.value).startswith(f"The form {form} cannot hold this data: ")
    assert why in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_six_parts_have_no_place_for_a_validation_set(tmp_path: Path, fashion: Parts):
    parts = {**fashion, "validation": fashion["test"]}
    with pytest.raises(UsageError, match="a validation set has no place in it"):
        write_collection(parts, tmp_path / "out", "csv-parts")


def test_what_is_there_is_not_overwritten(tmp_path: Path):
    target = tmp_path / "out"
    target.mkdir()
    (target / "mine").write_text("mine")
    with pytest.raises(UsageError, match="already there; nothing was overwritten"):
        write_collection({"training": made(6, 4, 4)}, target, "png")
    assert [path.name for path in target.iterdir()] == ["mine"]


@pytest.mark.parametrize("form", ["csv", "png", "npz"])
def test_nothing_half_written_stays_behind(tmp_path: Path, form: str):
    class StopError(Exception):
        pass

    def stop(task: str, done: float, total: float, detail: str = "") -> None:
        if done > 0:
            raise StopError

    with pytest.raises(StopError):
        write_collection({"training": made(6, 4, 4)}, tmp_path / NAMES[form], form, stop)
    assert list(tmp_path.iterdir()) == []


def test_a_place_where_nothing_can_be_written_is_told_of(tmp_path: Path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(UnavailableError, match="it could not be written"):
        write_collection({"training": made(6, 4, 4)}, tmp_path / "file" / "out", "png")


def test_a_form_that_there_is_not_is_refused(tmp_path: Path):
    with pytest.raises(UsageError, match="There is no form 'xls'"):
        write_collection({"training": made(6, 4, 4)}, tmp_path / "out", "xls")


def test_an_npz_file_is_called_so(tmp_path: Path):
    with pytest.raises(UsageError, match=r"an NPZ file's name ends in \.npz"):
        write_collection({"training": made(6, 4, 4)}, tmp_path / "out", "npz")


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("a.csv", "csv"),
        ("A.NPZ", "npz"),
        ("a.parquet", "parquet"),
        ("png", "png"),
        ("my idx", "idx"),
        ("x-csv-parts", "csv-parts"),
    ],
)
def test_the_form_is_guessed_from_the_name(name: str, form: str):
    assert guess_form(Path("folder") / name) == form


@pytest.mark.parametrize("name", ["out", "fashionpng", "data.txt", "idx2"])
def test_a_name_that_says_nothing_is_not_guessed_at(name: str):
    with pytest.raises(UsageError, match="the name does not say in which form to write"):
        guess_form(Path(name))
