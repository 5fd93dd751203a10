"""Class folders of pictures."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.conftest import deep_file

from fashion_classifier.data.raw import RawCollection
from fashion_classifier.data.sources import ReadOptions, find_source
from fashion_classifier.errors import DataError, UsageError

GREY = np.arange(12, dtype=np.uint8).reshape(3, 4)
UNKNOWN = "this is no picture in a known format (PNG, JPEG, WEBP, GIF, BMP, TIFF). Replace or remove it."
EVERYWHERE = "every class needs images in every set. Add images of it there, or remove the class."


def encoded(array: np.ndarray, form: str = "PNG", **settings) -> bytes:
    content = io.BytesIO()
    Image.fromarray(array).save(content, form, **settings)
    return content.getvalue()


def write(folder: Path, files: dict[str, bytes | None]) -> Path:
    """Write files, making their folders; None makes an empty folder."""
    for name, content in files.items():
        path = folder / name
        (path if content is None else path.parent).mkdir(parents=True, exist_ok=True)
        if content is not None:
            path.write_bytes(content)
    return folder


def tree(*splits: str) -> dict[str, bytes | None]:
    """Two classes of two grey pictures each in every split, all different."""
    return {
        f"{split}{name}/{number}.png": encoded(GREY + 20 * (2 * kind + number) + 100 * (split == "test/"))
        for split in splits
        for kind, name in enumerate(("Bag", "T-shirt%2Ftop"))
        for number in range(2)
    }


def read(folder: Path, **options) -> RawCollection:
    return find_source(folder).read(options=ReadOptions(**options))


def message(folder: Path) -> str:
    with pytest.raises(DataError) as caught:
        read(folder)
    assert caught.value.exit_code == 3
    return str(caught.value).replace(str(folder), "FOLDER")


def test_train_and_test_are_read_with_the_names_of_their_folders(tmp_path: Path):
    collection = read(write(tmp_path, tree("train/", "test/")))
    assert collection.container == "class folders"
    assert collection.training.classes == ("Bag", "T-shirt/top")
    assert collection.training.labels.tolist() == [0, 0, 1, 1]
    np.testing.assert_array_equal(collection.training.images, [GREY, GREY + 20, GREY + 40, GREY + 60])
    assert collection.test is not None
    np.testing.assert_array_equal(collection.test.images, collection.training.images + 100)
    assert (collection.validation, collection.notes, collection.training.groups) == (None, (), None)


def test_classes_without_train_and_test_are_training(tmp_path: Path):
    collection = read(write(tmp_path, tree("")))
    assert collection.test is None
    np.testing.assert_array_equal(collection.training.images, [GREY, GREY + 20, GREY + 40, GREY + 60])


@pytest.mark.parametrize("name", ["val", "valid", "Validation"])
def test_a_validation_folder_is_taken(tmp_path: Path, name: str):
    validation = read(write(tmp_path, tree("train/", f"{name}/"))).validation
    assert validation is not None
    assert validation.labels.tolist() == [0, 0, 1, 1]


def test_files_are_sorted_and_all_are_listed(tmp_path: Path):
    source = find_source(write(tmp_path, tree("test/", "train/")))
    names = [file.relative_to(tmp_path).as_posix() for file in source.files]
    assert names == sorted(tree("train/")) + sorted(tree("test/"))


def test_folders_below_a_class_belong_to_it(tmp_path: Path):
    write(tmp_path, tree("") | {"Bag/red/small/x.png": encoded(GREY)})
    assert read(tmp_path).training.labels.tolist() == [0, 0, 0, 1, 1]


def test_what_is_no_picture_is_passed_over_and_counted(tmp_path: Path):
    others: dict[str, bytes | None] = {
        "train/Bag/Thumbs.db": b"",
        "train/Bag/.hidden.png": b"",
        "train/Bag/.cache/x.png": b"",
        "train/Bag/notes.txt": b"",
        "train/.git/x": b"",
        "train/outside.png": encoded(GREY),
        "more/Bag/1.png": encoded(GREY),
        "README.md": b"",
    }
    collection = read(write(tmp_path, tree("train/", "test/") | others))
    assert len(collection.training.labels) == 4
    assert collection.notes == (
        "4 files were passed over (.cache, .hidden.png, Thumbs.db, …): hidden, or no picture by its name.",
        "2 items were passed over (more/, train/outside.png): outside of the class folders.",
    )


def test_links_to_folders_are_not_followed_in_circles(tmp_path: Path):
    write(tmp_path, tree(""))
    (tmp_path / "Bag" / "again").symlink_to(tmp_path / "Bag")
    collection = read(tmp_path)
    assert len(collection.training.labels) == 4
    assert collection.notes == ("1 file was passed over (again): hidden, or no picture by its name.",)


def test_folders_may_lie_in_folders_deeper_than_functions_may_call_each_other(tmp_path: Path):
    write(tmp_path, tree(""))
    with deep_file(tmp_path / "Bag", "deep.png", encoded(GREY)):
        assert len(read(tmp_path).training.labels) == 5


@pytest.mark.parametrize(
    ("name", "form"),
    [("a.PNG", "PNG"), ("a.bmp", "BMP"), ("a.tif", "TIFF"), ("a.tiff", "TIFF"), ("a.gif", "GIF"), ("a.webp", "WEBP")],
)
def test_lossless_formats_give_the_pixels_that_were_written(tmp_path: Path, name: str, form: str):
    settings = {"lossless": True} if form == "WEBP" else {}
    write(tmp_path, {f"Bag/{name}": encoded(GREY, form, **settings), "Hat/a.jpg": encoded(GREY, "JPEG")})
    images = read(tmp_path).training.images
    np.testing.assert_array_equal(images[0], GREY)
    assert abs(images[1].astype(int) - GREY).max() < 10


def test_images_are_grey_if_every_one_of_them_is(tmp_path: Path):
    write(tmp_path, tree("") | {"Bag/0.png": encoded(np.stack([GREY] * 3, axis=2))})
    np.testing.assert_array_equal(read(tmp_path).training.images, [GREY, GREY + 20, GREY + 40, GREY + 60])


@pytest.mark.parametrize("place", ["train/Bag/0.png", "test/T-shirt%2Ftop/1.png"])
def test_one_colour_image_makes_all_parts_colour(tmp_path: Path, place: str):
    colour = np.stack([GREY, GREY + 1, GREY + 2], axis=2)
    collection = read(write(tmp_path, tree("train/", "test/") | {place: encoded(colour)}))
    assert collection.test is not None
    images = np.concatenate([collection.training.images, collection.test.images])
    assert images.shape == (8, 3, 4, 3)
    np.testing.assert_array_equal(images[0 if "train" in place else 7], colour)
    np.testing.assert_array_equal(images[1], np.stack([GREY + 20] * 3, axis=2))


def test_mixed_sizes_are_brought_to_their_median_and_a_note_says_so(tmp_path: Path):
    sizes = {"Bag/0.png": (40, 20), "Bag/1.png": (30, 24), "Hat/0.png": (48, 22), "Hat/1.png": (40, 20)}
    write(tmp_path, {name: encoded(np.full(size, 200, np.uint8)) for name, size in sizes.items()})
    collection = read(tmp_path)
    np.testing.assert_array_equal(collection.training.images, np.full((4, 40, 21), 200))
    note = "Images of 3 sizes were resized to 40x21 (height x width); the size can be set."
    assert collection.notes == (note,)


def test_one_large_size_is_shrunk_to_64_pixels(tmp_path: Path):
    write(tmp_path, {f"{name}/0.png": encoded(np.full((100, 300), 7, np.uint8)) for name in ("Bag", "Hat")})
    collection = read(tmp_path)
    np.testing.assert_array_equal(collection.training.images, np.full((2, 21, 64), 7))
    note = "Images of 100x300 were resized to 21x64 (height x width); the size can be set."
    assert collection.notes == (note,)


def test_one_size_of_64_pixels_is_kept(tmp_path: Path):
    image = np.random.default_rng(0).integers(0, 256, (64, 64), dtype=np.uint8)
    np.testing.assert_array_equal(read(write(tmp_path, {"Bag/0.png": encoded(image)})).training.images, [image])


def test_a_size_that_was_set_is_taken_exactly(tmp_path: Path):
    collection = read(write(tmp_path, tree("")), image_size=(70, 5))
    assert collection.training.images.shape == (4, 70, 5)
    assert collection.notes == ()


def test_turned_photographs_count_with_the_size_that_they_show(tmp_path: Path):
    """Photographs of one format, some held upright, are of two sizes."""
    exif = Image.Exif()
    exif[0x0112] = 6
    photograph = np.zeros((60, 80, 3), np.uint8)
    upright = encoded(photograph, "JPEG", exif=exif)
    write(tmp_path, {"Bag/0.jpg": upright, "Bag/1.jpg": upright, "Hat/0.jpg": encoded(photograph, "JPEG")})
    assert read(tmp_path).training.images.shape == (3, 64, 48)


def test_groups_are_found_in_the_path(tmp_path: Path):
    names = ["Bag/coat-1_front.png", "Bag/coat-1_back.png", "Hat/hat-2_front.png", "Hat/odd.png"]
    write(tmp_path, {name: encoded(GREY) for name in names})
    groups = read(tmp_path, group_by=r"/([a-z]+-\d+)_").training.groups
    assert groups is not None
    assert groups.tolist() == ["coat-1", "coat-1", "hat-2", "Hat/odd.png"]
    whole = read(tmp_path, group_by=r"[a-z]+-\d").training.groups
    assert whole is not None
    assert whole.tolist() == ["coat-1", "coat-1", "hat-2", "Hat/odd.png"]


def test_a_pattern_that_is_none_is_wrong_usage(tmp_path: Path):
    with pytest.raises(UsageError) as caught:
        read(write(tmp_path, tree("")), group_by="(")
    assert str(caught.value).startswith("group by: '(' is no regular expression (")


def test_a_pattern_that_finds_nothing_keeps_nothing_together_and_is_refused(tmp_path: Path):
    write(tmp_path, {name: encoded(GREY) for name in ("Bag/coat-1_front.png", "Bag/coat-1_back.png", "Hat/2.png")})
    with pytest.raises(UsageError) as caught:
        read(tmp_path, group_by=r"garment(\d+)")
    assert str(caught.value).startswith(r"group by: 'garment(\\d+)' is found in none of the 3 paths; the first is Bag/")


def test_progress_counts_pictures(tmp_path: Path):
    calls = []

    def note(task: str, done: float, total: float, detail: str = "") -> None:
        calls.append((task, done, total))

    find_source(write(tmp_path, tree("train/", "test/"))).read(progress=note)
    assert calls == [("Reading pictures", 8, 8)]


def png_header(width: int, height: int) -> bytes:
    """Return a PNG file that claims a size and holds hardly a pixel."""
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunks = (header, b"IDAT" + zlib.compress(bytes(9)))
    packed = (struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk)) for chunk in chunks)
    return b"\x89PNG\r\n\x1a\n" + b"".join(packed)


BAD_FOLDERS = {
    "an empty class folder": (
        {"Hat": None},
        ("Hat: there is no picture in the folder of this class. Add images of the class, or remove the folder."),
    ),
    "a class folder without pictures": (
        {"Hat/a.txt": b""},
        ("Hat: there is no picture in the folder of this class. Add images of the class, or remove the folder."),
    ),
    "an unreadable picture": ({"Bag/0.png": b"no picture"}, f"Bag/0.png: {UNKNOWN}"),
    "an empty picture": ({"Bag/0.png": b""}, f"Bag/0.png: {UNKNOWN}"),
    "another format under a picture's name": ({"Bag/0.png": b"%PDF-1.4"}, f"Bag/0.png: {UNKNOWN}"),
    "a truncated picture": (
        {"Bag/0.png": encoded(np.random.default_rng(0).integers(0, 256, (40, 40), np.uint8))[:200]},
        "Bag/0.png: the picture cannot be read (image file is truncated). Replace or remove it.",
    ),
    "a picture of more than 64 megapixels": (
        {"Bag/0.png": png_header(8000, 8001)},
        "Bag/0.png: the picture has 8001x8000 pixels; at most 64 megapixels are decoded. Shrink the picture.",
    ),
    "a decompression bomb": (
        {"Bag/0.png": png_header(60_000, 60_000)},
        "Bag/0.png: the picture has far too many pixels; at most 64 megapixels are decoded. Shrink the picture.",
    ),
    "all unreadable pictures together": (
        {"Bag/0.png": b"no", "Bag/x.jpg": b"\xff\xd8\xff", "T-shirt%2Ftop/1.png": b"no"},
        f"Bag/0.png: {UNKNOWN}\nBag/x.jpg: {UNKNOWN}\nT-shirt%2Ftop/1.png: {UNKNOWN}",
    ),
}


@pytest.mark.parametrize(("changes", "expected"), BAD_FOLDERS.values(), ids=BAD_FOLDERS)
@pytest.mark.parametrize("split", ["", "train/"])
def test_bad_folders_are_refused(tmp_path: Path, changes: dict[str, bytes | None], expected: str, split: str):
    write(tmp_path, tree(split) | {f"{split}{name}": content for name, content in changes.items()})
    assert message(tmp_path) == "\n".join(f"{split}{line}" for line in expected.splitlines())


def test_unreadable_large_pictures_are_all_reported(tmp_path: Path):
    """Those whose header is sound show only when they are decoded."""
    torn = encoded(np.random.default_rng(0).integers(0, 256, (90, 90), np.uint8))[:4000]
    write(tmp_path, tree("") | {"Bag/large.png": torn, "Bag/none.png": b"", "T-shirt%2Ftop/large.png": torn})
    truncated = "the picture cannot be read (image file is truncated). Replace or remove it."
    assert sorted(message(tmp_path).splitlines()) == [
        f"Bag/large.png: {truncated}",
        f"Bag/none.png: {UNKNOWN}",
        f"T-shirt%2Ftop/large.png: {truncated}",
    ]


def test_a_class_of_one_part_only_is_refused(tmp_path: Path):
    write(
        tmp_path, tree("train/", "test/") | {"train/Hat/1.png": encoded(GREY), "test/Hat": None, "test/Sock/1.png": b""}
    )
    assert message(tmp_path) == (
        f"test/Sock/1.png: {UNKNOWN}\n"
        f"FOLDER: class Hat has no image in the test set; {EVERYWHERE}\n"
        f"FOLDER: class Sock has no image in the training set; {EVERYWHERE}"
    )


def test_a_test_folder_without_training_is_refused(tmp_path: Path):
    assert message(write(tmp_path, tree("test/"))) == (
        "FOLDER: there are no training images, which are expected in train/<class>. "
        "Add them, or name the folder of the classes itself."
    )


def test_two_training_folders_are_refused(tmp_path: Path):
    assert message(write(tmp_path, tree("train/", "Training/"))) == (
        "FOLDER: the training images are in several folders: Training, train. Leave one of them."
    )


def test_a_folder_name_that_is_no_text_is_refused(tmp_path: Path):
    write(tmp_path, tree(""))
    bad = tmp_path / b"Schu\xf6".decode("utf-8", "surrogateescape")
    bad.mkdir()
    (bad / "0.png").write_bytes(encoded(GREY))
    assert message(tmp_path) == "Schu?: the folder's name is not UTF-8. Rename the folder."


def test_files_of_one_part_that_vanish_are_faults(tmp_path: Path):
    source = find_source(write(tmp_path, tree("")))
    source.files[0].unlink()
    with pytest.raises(DataError) as caught:
        source.read()
    assert str(caught.value) == (
        "Bag/0.png: the picture cannot be read (No such file or directory). Replace or remove it."
    )
