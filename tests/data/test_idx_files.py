"""IDX files, gzipped and raw."""

from __future__ import annotations

import gzip
import os
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fashion_classifier.data.raw import RawCollection
from fashion_classifier.data.sources import ReadOptions, find_source
from fashion_classifier.errors import DataError, UsageError

IMAGES = np.arange(4 * 2 * 3, dtype=np.uint8).reshape(4, 2, 3)
LABELS = np.array([3, 0, 3, 7], dtype=np.uint8)
TRAIN = "train-images-idx3-ubyte"
TRAIN_LABELS = "train-labels-idx1-ubyte"
TEST = "t10k-images-idx3-ubyte"
TEST_LABELS = "t10k-labels-idx1-ubyte"
AGAIN = "Download or copy the file again."


def header(*lengths: int) -> bytes:
    return bytes((0, 0, 8, len(lengths))) + np.array(lengths, dtype=">u4").tobytes()


def idx(array: np.ndarray) -> bytes:
    return header(*array.shape) + array.tobytes()


def whole() -> dict[str, bytes]:
    return {TRAIN: idx(IMAGES), TRAIN_LABELS: idx(LABELS), TEST: idx(IMAGES[::-1]), TEST_LABELS: idx(LABELS)}


def write(folder: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


def read(folder: Path, **options) -> RawCollection:
    return find_source(folder).read(options=ReadOptions(**options))


def message(folder: Path) -> str:
    with pytest.raises(DataError) as caught:
        read(folder)
    assert caught.value.exit_code == 3
    return str(caught.value).replace(str(folder), "FOLDER")


@pytest.mark.parametrize("zipped", [False, True])
def test_images_and_labels_are_read_as_they_were_written(tmp_path: Path, zipped: bool):
    files = {f"{name}.gz": gzip.compress(content) for name, content in whole().items()} if zipped else whole()
    collection = read(write(tmp_path, files))
    assert collection.container == "IDX files"
    np.testing.assert_array_equal(collection.training.images, IMAGES)
    assert collection.training.classes == ("0", "3", "7")
    assert collection.training.labels.tolist() == [1, 0, 1, 2]
    assert collection.test is not None
    np.testing.assert_array_equal(collection.test.images, IMAGES[::-1])
    assert collection.test.classes == ("0", "3", "7")
    assert not collection.claims_fashion_mnist


def test_a_file_is_unzipped_by_its_content_not_its_name(tmp_path: Path):
    files = whole() | {TRAIN: gzip.compress(idx(IMAGES))}
    np.testing.assert_array_equal(read(write(tmp_path, files)).training.images, IMAGES)


@pytest.mark.parametrize("rename", ["emnist-letters-{}.gz", "{}"])
def test_a_prefix_and_a_dot_in_the_names_are_accepted(tmp_path: Path, rename: str):
    files = {rename.format(name.replace("-idx", ".idx")): content for name, content in whole().items()}
    assert len(read(write(tmp_path, files)).training.labels) == 4


def test_the_test_pair_may_lack_and_may_be_called_test(tmp_path: Path):
    files = {TRAIN: idx(IMAGES), TRAIN_LABELS: idx(LABELS)}
    assert read(write(tmp_path, files)).test is None
    renamed = {name.replace("t10k", "test"): content for name, content in whole().items()}
    assert read(write(tmp_path, renamed)).test is not None


def test_a_validation_pair_is_taken(tmp_path: Path):
    more = {name.replace("train", "val"): content for name, content in whole().items() if "train" in name}
    validation = read(write(tmp_path, whole() | more)).validation
    assert validation is not None
    np.testing.assert_array_equal(validation.images, IMAGES)


def test_colour_has_a_fourth_axis(tmp_path: Path):
    images = np.arange(4 * 2 * 2 * 3, dtype=np.uint8).reshape(4, 2, 2, 3)
    write(tmp_path, {TRAIN: idx(images), TRAIN_LABELS: idx(LABELS)})
    np.testing.assert_array_equal(read(tmp_path).training.images, images)


def test_a_fourth_axis_of_length_one_is_grey(tmp_path: Path):
    write(tmp_path, {TRAIN: idx(IMAGES[..., None]), TRAIN_LABELS: idx(LABELS)})
    np.testing.assert_array_equal(read(tmp_path).training.images, IMAGES)


def test_a_size_resizes_all_parts(tmp_path: Path):
    collection = read(write(tmp_path, whole()), image_size=(5, 4))
    assert collection.training.images.shape == (4, 5, 4)
    assert collection.test is not None
    assert collection.test.images.shape == (4, 5, 4)


def test_a_folder_called_fashion_mnist_claims_to_be_it(tmp_path: Path):
    folder = tmp_path / "Fashion_MNIST"
    folder.mkdir()
    assert read(write(folder, whole())).claims_fashion_mnist


def test_of_a_file_raw_and_zipped_the_raw_one_is_read_and_a_note_says_so(tmp_path: Path):
    write(tmp_path, whole() | {f"{TRAIN}.gz": b"anything"})
    source = find_source(tmp_path)
    assert tmp_path / f"{TRAIN}.gz" not in source.files
    assert source.read().notes == (f"{TRAIN}.gz was left aside, since the same file is there unzipped.",)


def test_grouping_is_wrong_usage(tmp_path: Path):
    with pytest.raises(UsageError, match="IDX files hold nothing to group images by"):
        read(write(tmp_path, whole()), group_by="garment")


ZIPPED = gzip.compress(idx(IMAGES), mtime=0)
BAD_FILES = {
    "empty": ({TRAIN: b""}, f"{TRAIN}: the file is empty. {AGAIN}"),
    "wrong magic number": (
        {TRAIN: idx(LABELS)},
        f"{TRAIN}: the magic number is 0x00000801; images have 0x00000803 or 0x00000804. {AGAIN}",
    ),
    "wrong magic number of labels": (
        {TRAIN_LABELS: idx(IMAGES)},
        f"{TRAIN_LABELS}: the magic number is 0x00000803; labels have 0x00000801. {AGAIN}",
    ),
    "another kind of file": (
        {TRAIN: b"\x89PNG\r\n\x1a\n"},
        f"{TRAIN}: the magic number is 0x89504e47; images have 0x00000803 or 0x00000804. {AGAIN}",
    ),
    "torn magic number": (
        {TRAIN: b"\0\0\x08"},
        f"{TRAIN}: the magic number is 0x000008; images have 0x00000803 or 0x00000804. {AGAIN}",
    ),
    "torn header": ({TRAIN: idx(IMAGES)[:9]}, f"{TRAIN}: the file ends within its header. {AGAIN}"),
    "torn": (
        {TRAIN: idx(IMAGES)[:-3]},
        f"{TRAIN}: the header announces 4 x 2 x 3 bytes, but 21 follow. {AGAIN}",
    ),
    "trailing bytes": (
        {TRAIN: idx(IMAGES) + b"\0"},
        f"{TRAIN}: the header announces 4 x 2 x 3 bytes, but more follow. {AGAIN}",
    ),
    "trailing bytes within gzip": (
        {TRAIN: gzip.compress(idx(IMAGES) + b"\0")},
        f"{TRAIN}: the header announces 4 x 2 x 3 bytes, but more follow. {AGAIN}",
    ),
    "no images": (
        {TRAIN: header(0, 28, 28)},
        (
            f"{TRAIN}: there are no images in it. "
            "Use files that hold grey images, or colour images with the axis of colours last."
        ),
    ),
    "no labels": (
        {TRAIN_LABELS: header(0)},
        (
            f"{TRAIN_LABELS}: there are no labels in it. "
            "Use files that hold grey images, or colour images with the axis of colours last."
        ),
    ),
    "images of no width": (
        {TRAIN: header(4, 28, 0)},
        (
            f"{TRAIN}: the axes have lengths (4, 28, 0). "
            "Use files that hold grey images, or colour images with the axis of colours last."
        ),
    ),
    "four channels": (
        {TRAIN: idx(np.zeros((4, 2, 2, 4), np.uint8))},
        (
            f"{TRAIN}: the axes have lengths (4, 2, 2, 4). "
            "Use files that hold grey images, or colour images with the axis of colours last."
        ),
    ),
    "a claim of 10^12 images": (
        {TRAIN: header(10**9, 10**3, 1)},
        f"{TRAIN}: the header announces 1,000,000,000 x 1,000 x 1 bytes; at most 8 GiB are read. Use a smaller file.",
    ),
    "a claim that the file cannot hold": (
        {TRAIN: header(5000, 1000, 1000)},
        f"{TRAIN}: the header announces 5,000 x 1,000 x 1,000 bytes, more than the file can hold. {AGAIN}",
    ),
    "a claim that the gzip file cannot hold": (
        {TRAIN: gzip.compress(header(5000, 1000, 1000))},
        f"{TRAIN}: the header announces 5,000 x 1,000 x 1,000 bytes, more than the file can hold. {AGAIN}",
    ),
    "truncated gzip": (
        {TRAIN: ZIPPED[:-12]},
        f"{TRAIN}: the gzip stream ends too early; the file was not copied whole. {AGAIN}",
    ),
    "gzip without its last bytes": (
        {TRAIN: ZIPPED[:-2]},
        f"{TRAIN}: the gzip stream ends too early; the file was not copied whole. {AGAIN}",
    ),
    "corrupt gzip": (
        {TRAIN: ZIPPED[:12] + b"\xff\xff\xff" + ZIPPED[15:]},
        f"{TRAIN}: the gzip stream is damaged. {AGAIN}",
    ),
    "gzip with a wrong checksum": (
        {TRAIN: ZIPPED[:-8] + bytes(4) + ZIPPED[-4:]},
        f"{TRAIN}: the gzip stream is damaged. {AGAIN}",
    ),
    "bytes behind gzip": ({TRAIN: ZIPPED + b"x"}, f"{TRAIN}: the gzip stream is damaged. {AGAIN}"),
    "images and labels differ in number": (
        {TRAIN_LABELS: idx(LABELS[:3])},
        f"{TRAIN_LABELS}: it holds 3 labels, but {TRAIN} 4 images. Take both files from one source.",
    ),
    "no label file": (
        {TRAIN_LABELS: None},
        f"{TRAIN_LABELS}: the file with the training labels is missing, gzipped or not. Put it beside the others.",
    ),
    "no image file": (
        {TEST: None},
        f"{TEST}: the file with the test images is missing, gzipped or not. Put it beside the others.",
    ),
    "no training pair": (
        {TRAIN: None, TRAIN_LABELS: None},
        (
            f"{TRAIN}: the file with the training images is missing, gzipped or not. Put it beside the others.\n"
            f"{TRAIN_LABELS}: the file with the training labels is missing, gzipped or not. Put it beside the others."
        ),
    ),
    "a part twice": (
        {"test-images-idx3-ubyte": idx(IMAGES)},
        f"test-images-idx3-ubyte: the test images are also in {TEST}. Remove one of the two.",
    ),
    "two data sets": (
        {"emnist-train-images-idx3-ubyte": idx(IMAGES)},
        (
            "FOLDER: there are IDX files of several data sets, whose names begin with '', 'emnist-'. "
            "Put each data set into a folder of its own."
        ),
    ),
    "a class without images": (
        {TEST_LABELS: idx(np.array([3, 0, 3, 3], np.uint8))},
        (
            "FOLDER: class 7 has no image in the test set; every class needs images in every set. "
            "Add images of it there, or remove the class."
        ),
    ),
    "faults of several files": (
        {TRAIN: ZIPPED[:-9], TEST: b"", TEST_LABELS: idx(LABELS)[:-1]},
        (
            f"{TRAIN}: the gzip stream ends too early; the file was not copied whole. {AGAIN}\n"
            f"{TEST}: the file is empty. {AGAIN}\n"
            f"{TEST_LABELS}: the header announces 4 bytes, but 3 follow. {AGAIN}"
        ),
    ),
}


@pytest.mark.parametrize(("changes", "expected"), BAD_FILES.values(), ids=BAD_FILES)
def test_bad_files_are_refused(tmp_path: Path, changes: dict[str, bytes | None], expected: str):
    files = {name: content for name, content in (whole() | changes).items() if content is not None}
    assert message(write(tmp_path, files)) == expected


def test_a_gzip_bomb_is_not_unpacked_beyond_what_its_header_announces(tmp_path: Path):
    bomb = gzip.compress(idx(IMAGES) + bytes(100_000_000))
    write(tmp_path, whole() | {TRAIN: bomb})
    tracemalloc.start()
    try:
        assert message(tmp_path) == f"{TRAIN}: the header announces 4 x 2 x 3 bytes, but more follow. {AGAIN}"
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
    finally:
        tracemalloc.stop()


mutations = st.lists(st.tuples(st.integers(0, 200), st.binary(max_size=4)), max_size=4)


@pytest.mark.slow
@given(mutations=mutations, zipped=st.booleans(), name=st.sampled_from([TRAIN, TRAIN_LABELS]))
def test_damaged_files_end_in_data_or_in_a_fault(tmp_path_factory, mutations, zipped: bool, name: str):
    folder = write(tmp_path_factory.getbasetemp(), {TRAIN: idx(IMAGES), TRAIN_LABELS: idx(LABELS)})
    content = bytearray(gzip.compress((folder / name).read_bytes()) if zipped else (folder / name).read_bytes())
    for position, replacement in mutations:
        content[position : position + 2] = replacement
    (folder / name).write_bytes(content)
    try:
        training = read(folder).training
    except DataError:
        return
    assert len(training.images) == len(training.labels) > 0


@pytest.mark.slow
@given(content=st.binary(max_size=40))
def test_random_bytes_are_refused(tmp_path_factory, content: bytes):
    folder = write(tmp_path_factory.getbasetemp(), {TRAIN: content, TRAIN_LABELS: idx(LABELS)})
    with pytest.raises(DataError):
        read(folder)


@pytest.mark.real_data
def test_the_official_files_and_their_csv_form_hold_the_same(tmp_path: Path):
    """The official files, and a CSV file written from them, give equal images and labels."""
    official = read(Path(os.environ["FASHION_DATA"]))
    assert official.training.images.shape == (60_000, 28, 28)
    assert official.test is not None
    assert np.bincount(official.test.labels).tolist() == [1000] * 10
    names = ",".join(f"pixel{number}" for number in range(1, 785))
    table = np.hstack([official.test.labels[:, None], official.test.images.reshape(-1, 784)])
    np.savetxt(tmp_path / "test.csv", table, fmt="%d", delimiter=",", header=f"label,{names}", comments="")
    copy = read(tmp_path / "test.csv").training
    np.testing.assert_array_equal(copy.images, official.test.images)
    np.testing.assert_array_equal(copy.labels, official.test.labels)
