"""NPZ files."""

from __future__ import annotations

import io
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fashion_classifier.data.raw import RawCollection
from fashion_classifier.data.sources import ReadOptions, find_source
from fashion_classifier.errors import DataError, UsageError

IMAGES = np.arange(4 * 2 * 3, dtype=np.uint8).reshape(4, 2, 3)
LABELS = np.array([3, 0, 3, 0])
WHOLE = {"x_train": IMAGES, "y_train": LABELS, "x_test": IMAGES[::-1], "y_test": LABELS}
SAVE = "Save the arrays again with numpy.savez."
SAVE_IT = "Save it again with numpy.savez, as numbers or text."


def write(folder: Path, **changes) -> Path:
    """Write data.npz, some of whose arrays are other than usual, or lack (None)."""
    arrays = {name: array for name, array in (WHOLE | changes).items() if array is not None}
    np.savez_compressed(folder / "data.npz", **arrays)
    return folder / "data.npz"


def write_members(folder: Path, members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(folder / "data.npz", "w", method) as archive:
        for name, content in members.items():
            archive.writestr(f"{name}.npy", content)
    return folder / "data.npz"


def npy(array: np.ndarray) -> bytes:
    content = io.BytesIO()
    np.save(content, array)
    return content.getvalue()


def claim(shape: tuple[int, ...], descr: str = "|u1") -> bytes:
    """Return the header of an array of any size."""
    content = io.BytesIO()
    fields = {"descr": descr, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(content, fields)
    return content.getvalue()


def read(place: Path, **options) -> RawCollection:
    return find_source(place).read(options=ReadOptions(**options))


def message(place: Path) -> str:
    with pytest.raises(DataError) as caught:
        read(place)
    assert caught.value.exit_code == 3
    return str(caught.value).replace(str(place), "PLACE")


@pytest.mark.parametrize("by_folder", [False, True])
def test_arrays_are_read_as_they_were_saved(tmp_path: Path, by_folder: bool):
    file = write(tmp_path, x_val=IMAGES, y_val=LABELS)
    collection = read(tmp_path if by_folder else file)
    assert collection.container == "NPZ arrays"
    np.testing.assert_array_equal(collection.training.images, IMAGES)
    assert collection.training.classes == ("0", "3")
    assert collection.training.labels.tolist() == [1, 0, 1, 0]
    assert collection.validation is not None
    assert collection.test is not None
    np.testing.assert_array_equal(collection.test.images, IMAGES[::-1])


def test_test_and_validation_may_lack(tmp_path: Path):
    collection = read(write(tmp_path, x_test=None, y_test=None))
    assert (collection.validation, collection.test) == (None, None)


@pytest.mark.parametrize("dtype", [np.int64, np.uint16, np.float32, np.float64, ">i4"])
def test_whole_numbers_of_any_type_are_grey_levels(tmp_path: Path, dtype):
    images = read(write(tmp_path, x_train=IMAGES.astype(dtype))).training.images
    assert images.dtype == np.uint8
    np.testing.assert_array_equal(images, IMAGES)


def test_arrays_in_fortran_order_are_the_same(tmp_path: Path):
    images = read(write(tmp_path, x_train=np.asfortranarray(IMAGES))).training.images
    np.testing.assert_array_equal(images, IMAGES)
    assert images.flags.c_contiguous


@pytest.mark.parametrize(
    ("shape", "expected"),
    [((2, 3, 1), (2, 3)), ((2, 3, 3), (2, 3, 3)), ((9,), (3, 3)), ((12,), (2, 2, 3))],
    ids=["grey with an axis", "colour", "flat grey", "flat colour"],
)
def test_images_may_have_several_shapes(tmp_path: Path, shape: tuple[int, ...], expected: tuple[int, ...]):
    images = np.arange(4 * np.prod(shape), dtype=np.uint8).reshape(4, *shape)
    training = read(write(tmp_path, x_train=images, x_test=images)).training
    np.testing.assert_array_equal(training.images, images.reshape(4, *expected))


def test_a_size_tells_the_shape_of_flat_images(tmp_path: Path):
    flat = IMAGES.reshape(4, 6)
    np.testing.assert_array_equal(
        read(write(tmp_path, x_train=flat, x_test=flat), image_size=(2, 3)).training.images, IMAGES
    )


def test_labels_may_have_an_axis_of_their_own(tmp_path: Path):
    assert read(write(tmp_path, y_train=LABELS[:, None])).training.labels.tolist() == [1, 0, 1, 0]


def test_labels_may_be_names(tmp_path: Path):
    names = np.array(["T-shirt/top", "Bag", "T-shirt/top", "Bag"])
    training = read(write(tmp_path, y_train=names, y_test=names)).training
    assert [training.classes[label] for label in training.labels] == names.tolist()


def test_names_may_be_given_for_numbers(tmp_path: Path):
    training = read(write(tmp_path, classes=np.array(["Hat", "Coat", "Dress", "Bag"]))).training
    assert [training.classes[label] for label in training.labels] == ["Bag", "Hat", "Bag", "Hat"]


def test_groups_are_taken(tmp_path: Path):
    groups = read(write(tmp_path, groups_train=np.array([7, 7, 8, 9]))).training.groups
    assert groups is not None
    assert groups.tolist() == ["7", "7", "8", "9"]
    file = write(tmp_path, garment_train=np.array(["a", "b", "b", "c"]))
    groups = read(file, group_by="garment").training.groups
    assert groups is not None
    assert groups.tolist() == ["a", "b", "b", "c"]


def test_grouping_by_what_is_not_there_is_wrong_usage(tmp_path: Path):
    with pytest.raises(UsageError) as caught:
        read(write(tmp_path), group_by="garment")
    assert str(caught.value) == ("data.npz: there is no array garment_train to group by. Name one of its arrays so.")


LEVELS = "grey levels are whole numbers from 0 to 255"
BRING = "Bring the values to 0 to 255 and save them as uint8."
SHAPES = "images are (n, height, width), (n, height, width, 3) or (n, pixels). Put the axes into this order."
KINDS = "labels are whole numbers from 0 on, or names. Correct the labels."
BAD_ARRAYS = {
    "no images": (
        {"x_train": None},
        "data.npz: there is no array x_train; the arrays are x_test, y_test, y_train. Rename or add it.",
    ),
    "images of test without labels": (
        {"y_test": None},
        "data.npz: there is an array x_test, but no y_test. Add the array.",
    ),
    "images and labels differ in number": (
        {"y_train": LABELS[:3]},
        "data.npz, y_train: it has shape (3,), but x_train has shape (4, 2, 3). Save arrays that belong together.",
    ),
    "levels from 0 to 1": (
        {"x_train": IMAGES / 255},
        (
            f"data.npz, x_train: image 1 of 4 holds 0.00392156862745098; {LEVELS}. "
            "Multiply by 255, round, and save as uint8."
        ),
    ),
    "levels above 255": (
        {"x_train": IMAGES.astype(int) + 240},
        f"data.npz, x_train: image 3 of 4 holds 256; {LEVELS}. {BRING}",
    ),
    "levels below 0": (
        {"x_train": IMAGES.astype(float) - 1},
        f"data.npz, x_train: image 1 of 4 holds -1.0; {LEVELS}. {BRING}",
    ),
    "not a number": (
        {"x_train": np.where(IMAGES == 7, np.nan, IMAGES)},
        f"data.npz, x_train: image 2 of 4 holds nan; {LEVELS}. {BRING}",
    ),
    "images of truth values": (
        {"x_train": IMAGES > 3},
        "data.npz, x_train: the images are of type bool; expected are numbers from 0 to 255. Save them as uint8.",
    ),
    "channels first": (
        {"x_train": np.zeros((4, 3, 8, 8), np.uint8)},
        f"data.npz, x_train: it has shape (4, 3, 8, 8); {SHAPES}",
    ),
    "one image": (
        {"x_train": IMAGES[0, 0]},
        (
            f"data.npz, x_train: it has shape (3,); {SHAPES}\n"
            "data.npz, y_train: it has shape (4,), but x_train has shape (3,). Save arrays that belong together."
        ),
    ),
    "flat images of no square": (
        {"x_train": np.zeros((4, 13), np.uint8)},
        (
            "data.npz, x_train: 13 pixel values are neither a square (grey) nor three times one (colour). "
            "Give the images' height and width, or repair the data."
        ),
    ),
    "one-hot labels": (
        {"y_train": np.eye(4)},
        (
            "data.npz, y_train: it has shape (4, 4) and type float64; labels have shape (n,). "
            "Save one whole number or name for each image (of one-hot rows, the argmax)."
        ),
    ),
    "negative labels": ({"y_train": -LABELS}, f"data.npz, y_train: there is a label '-3'; {KINDS}"),
    "names and numbers": (
        {"y_train": np.array(["Bag", "1", "Bag", "1"]), "x_test": None, "y_test": None},
        f"data.npz, y_train: there are both numbers and names among the labels; {KINDS}",
    ),
    "an empty name": (
        {"y_train": np.array(["Bag", "", "Bag", ""]), "x_test": None, "y_test": None},
        f"data.npz, y_train: there is a label ''; {KINDS}",
    ),
    "no rows": (
        {"x_train": IMAGES[:0], "y_train": LABELS[:0]},
        (
            f"data.npz, y_train: there are no labels in it. Save one label an image.\n"
            f"data.npz, x_train: it has shape (0, 2, 3); {SHAPES}"
        ),
    ),
    "too few names": (
        {"classes": np.array(["Hat", "Bag"])},
        (
            "data.npz, y_train: there is a label 3, but classes has names for 0 to 1 alone. "
            "Correct the labels, or add the name.\n"
            "data.npz, y_test: there is a label 3, but classes has names for 0 to 1 alone. "
            "Correct the labels, or add the name."
        ),
    ),
    "a name twice": (
        {"classes": np.array(["Hat", "Hat", "Bag", "Sock"])},
        (
            "data.npz, classes: it has shape (4,) and type <U4; a list of different names is expected. "
            "Save the names as text, in the order of the labels."
        ),
    ),
    "groups that differ in number": (
        {"groups_train": np.arange(3)},
        (
            "data.npz, groups_train: it has shape (3,), but x_train has shape (4, 2, 3). "
            "Save arrays that belong together."
        ),
    ),
    "groups of decimals": (
        {"groups_train": np.arange(4) / 2},
        "data.npz, groups_train: it has shape (4,) and type float64. Save one number or text for each image.",
    ),
    "Python objects": (
        {"y_train": np.array([1, "a", None, 2], dtype=object)},
        f"data.npz, y_train: it holds Python objects, which are not read. {SAVE_IT}",
    ),
    "a class without images": (
        {"y_test": np.zeros(4, int)},
        (
            "PLACE: class 3 has no image in the test set; every class needs images in every set. "
            "Add images of it there, or remove the class."
        ),
    ),
}


@pytest.mark.parametrize(("changes", "expected"), BAD_ARRAYS.values(), ids=BAD_ARRAYS)
def test_bad_arrays_are_refused(tmp_path: Path, changes: dict[str, np.ndarray | None], expected: str):
    assert message(write(tmp_path, **changes)) == expected


SMALL = {"x_train": npy(IMAGES), "y_train": npy(LABELS)}
BAD_MEMBERS = {
    "a claim of 10^12 bytes": (
        {"x_train": claim((10**6, 1000, 1000)) + b"abc"},
        (
            f"data.npz, x_train: its header claims shape (1000000, 1000, 1000) and type uint8, "
            f"but 3 bytes follow. {SAVE_IT}"
        ),
    ),
    "a claim of less than there is": (
        {"x_train": claim((4, 2, 2)) + bytes(24)},
        f"data.npz, x_train: its header claims shape (4, 2, 2) and type uint8, but 24 bytes follow. {SAVE_IT}",
    ),
    "values without size": (
        {"y_train": claim((10**12,), "<U0")},
        f"data.npz, y_train: its header claims shape (1000000000000,) and type <U0, but 0 bytes follow. {SAVE_IT}",
    ),
    "another version": (
        {"x_train": b"\x93NUMPY\x09\x00" + bytes(100)},
        f"data.npz, x_train: it is in version 9.0 of NumPy's format; 1.0 and 2.0 are read. {SAVE_IT}",
    ),
    "no array": (
        {"x_train": b"text"},
        "data.npz, x_train: the array cannot be read (EOF: reading magic string, expected 8 bytes got 4). " + SAVE,
    ),
}


@pytest.mark.parametrize(("changes", "expected"), BAD_MEMBERS.values(), ids=BAD_MEMBERS)
def test_bad_members_are_refused_before_memory_is_taken(tmp_path: Path, changes: dict[str, bytes], expected: str):
    assert message(write_members(tmp_path, SMALL | changes)) == expected


def test_other_compressions_are_refused(tmp_path: Path):
    """How far LZMA may expand has no bound."""
    packed = "it is packed in a way in which NumPy does not write"
    assert message(write_members(tmp_path, SMALL, zipfile.ZIP_LZMA)) == (
        f"data.npz, x_train: {packed}. {SAVE}\ndata.npz, y_train: {packed}. {SAVE}"
    )


def test_a_file_size_that_deflate_cannot_reach_is_refused(tmp_path: Path):
    """The archive's directory claims 4 GB for a member of a few bytes."""
    content = bytearray(write_members(tmp_path, SMALL).read_bytes())
    entry = content.index(b"PK\x01\x02")
    content[entry + 24 : entry + 28] = struct.pack("<I", 2**32 - 2)
    (tmp_path / "data.npz").write_bytes(content)
    assert message(tmp_path / "data.npz") == (
        f"data.npz, x_train: it is packed in a way in which NumPy does not write. {SAVE}"
    )


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x05\x06"])
def test_what_is_no_archive_is_refused(tmp_path: Path, content: bytes):
    (tmp_path / "data.npz").write_bytes(content)
    assert message(tmp_path / "data.npz") == f"data.npz: this is no NPZ file (File is not a zip file). {SAVE}"


def test_several_files_are_refused(tmp_path: Path):
    for name in ("a.npz", "b.npz"):
        (tmp_path / name).write_bytes(b"")
    assert message(tmp_path) == "PLACE: there are several NPZ files: a.npz, b.npz. Name the one that is to be read."


def test_a_file_that_has_gone_is_a_fault(tmp_path: Path):
    source = find_source(write(tmp_path))
    source.files[0].unlink()
    with pytest.raises(DataError, match=r"^data.npz: the file cannot be read \(No such file or directory\)\."):
        source.read()


@given(
    changes=st.lists(st.tuples(st.integers(0, 900), st.binary(max_size=4)), min_size=1, max_size=5),
    compressed=st.booleans(),
)
@pytest.mark.filterwarnings("ignore:Reading `.npy`")
def test_damaged_archives_end_in_data_or_in_a_fault(tmp_path_factory, changes, compressed: bool):
    method = zipfile.ZIP_DEFLATED if compressed else zipfile.ZIP_STORED
    file = write_members(tmp_path_factory.getbasetemp(), SMALL, method)
    content = bytearray(file.read_bytes())
    for position, replacement in changes:
        content[position : position + 2] = replacement
    file.write_bytes(content)
    try:
        training = read(file).training
    except DataError:
        return
    assert len(training.images) == len(training.labels) > 0
