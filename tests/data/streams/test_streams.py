"""Files of pixels are recognised by how they begin, read in blocks, and each wrong row is told and stops no other."""

from __future__ import annotations

import gzip
import io
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray
from PIL import Image

from fashion_classifier.data.dataset import ImageShape
from fashion_classifier.data.parquet_check.pages import check_parquet
from fashion_classifier.data.streams import csv_stream, parquet_stream
from fashion_classifier.data.streams.recognition import find_stream

SHAPE = ImageShape(4, 4, 1)
IMAGES = np.random.default_rng(0).integers(0, 256, (3000, 4, 4), dtype=np.uint8)
HEADER = ",".join(f"pixel{number}" for number in range(1, 17))


def lines(images=IMAGES) -> list[str]:
    return [",".join(map(str, image.ravel())) for image in images]


def csv_file(path: Path, rows: list[str], header: str = HEADER, end: str = "\n") -> Path:
    path.write_bytes((end.join([header, *rows]) + end).encode())
    return path


def idx(images: NDArray[np.uint8] = IMAGES, n: int | None = None) -> bytes:
    return (
        b"\0\0\x08\x03"
        + np.array([len(images) if n is None else n, *images.shape[1:]], ">u4").tobytes()
        + images.tobytes()
    )


def npz(shape: tuple[int, ...]) -> bytes:
    """An archive with one array of zeros."""
    content = io.BytesIO()
    np.savez_compressed(content, x=np.zeros(shape, np.uint8))
    return content.getvalue()


def parquet(columns: dict[str, list[object]]) -> bytes:
    content = io.BytesIO()
    pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.List(pl.UInt8))).write_parquet(content)
    return content.getvalue()


def read(path: Path, shape: ImageShape = SHAPE):
    """Return all images, and the errors by what the rows are called, "" for none."""
    stream = find_stream(path)
    assert stream is not None
    blocks = list(stream.blocks(shape))
    places = [place for block in blocks for place in block.places]
    errors = [error for block in blocks for error in block.errors]
    images = np.concatenate([block.images for block in blocks])
    assert len(images) == errors.count("")
    assert all(block.images.shape[1:] == (images.shape[1:]) for block in blocks)
    return images, dict(zip(places, errors, strict=True))


@pytest.mark.parametrize(
    "form", ["csv", "labelled csv", "idx", "gzipped idx", "npz", "flat npz", "parquet", "pictures"]
)
@pytest.mark.parametrize("name", ["data", "data.png"])
def test_each_form_is_recognised_by_its_content_and_read_in_order(tmp_path, form, name):
    path = tmp_path / name
    n = 200 if form == "pictures" else len(IMAGES)
    if form == "csv":
        csv_file(path, lines())
    elif form == "labelled csv":
        csv_file(path, [f"{row},Bag" for row in lines()], f"{HEADER},label")
    elif "idx" in form:
        path.write_bytes(gzip.compress(idx()) if "gzipped" in form else idx())
    elif "npz" in form:
        with path.open("wb") as file:
            np.savez_compressed(file, x_train=IMAGES.reshape(n, -1) if "flat" in form else IMAGES, y_train=np.zeros(n))
    elif form == "parquet":
        pl.DataFrame({"image": IMAGES.reshape(n, -1).tolist(), "label": [1] * n}).write_parquet(path)
    else:
        pl.DataFrame({"img": [png(image) for image in IMAGES[:n]]}).write_parquet(path)
    images, errors = read(path)
    np.testing.assert_array_equal(images, IMAGES[:n])
    first = 2 if "csv" in form else 1
    assert list(errors) == [f"{path}:{number}" for number in range(first, first + n)]
    stream = find_stream(path)
    assert stream is not None
    assert stream.labelled == (form in ("labelled csv", "npz", "flat npz", "parquet"))
    assert stream.n == pytest.approx(n, rel=0.2)


def png(image: np.ndarray) -> bytes:
    content = io.BytesIO()
    Image.fromarray(image).save(content, "PNG")
    return content.getvalue()


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("1,2", "the row has 2 fields, the header has 16"),
        ("300" + ",1" * 15, "pixel1 is 300; grey levels are 0 to 255"),
        ("x,-3" + ",1" * 14, "pixel1 is 'x'; .* 0 to 255 .and 1 more pixels are wrong"),
        ("", "the line is empty"),
        ('"' + ",1" * 15, "a quotation mark is opened and not closed"),
        ("1\0" + ",1" * 15, "there is a NUL byte"),
        ("1\udcff" + ",1" * 15, "the byte 0xFF is not UTF-8"),
        ('1"2"' + ",1" * 15, "16|pixel1 is"),
    ],
)
def test_a_wrong_row_of_a_csv_file_is_told_by_its_line_and_stops_no_other(tmp_path, row, problem):
    rows = lines()
    rows[1700:1700] = [row]
    path = tmp_path / "data.csv"
    path.write_bytes("\n".join([HEADER, *rows]).encode("utf-8", "surrogateescape"))
    images, errors = read(path)
    np.testing.assert_array_equal(images, IMAGES)
    wrong = {place: error for place, error in errors.items() if error}
    assert list(wrong) == [f"{path}:1702"]
    assert re.search(problem, wrong[f"{path}:1702"])
    assert "line 1702: " in wrong[f"{path}:1702"]


@pytest.mark.parametrize("block", [64, 1000, 1 << 18])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_blocks_and_line_ends_change_nothing(tmp_path, monkeypatch, block, end):
    monkeypatch.setattr(csv_stream, "BLOCK", block)
    rows = [
        f'"a, {number}",{row}' if number % 50 == 0 else f"b,{row}" for number, row in enumerate(lines(IMAGES[:300]))
    ]
    images, errors = read(csv_file(tmp_path / "data.csv", [*rows, "", ""], f"label,{HEADER}", end))
    np.testing.assert_array_equal(images, IMAGES[:300])
    assert set(errors.values()) == {""}


def test_a_label_in_quotes_may_hold_line_ends_across_blocks(tmp_path, monkeypatch):
    monkeypatch.setattr(csv_stream, "BLOCK", 100)
    rows = [f'"one\ntwo\n{number}",{row}' for number, row in enumerate(lines(IMAGES[:20]))]
    path = csv_file(tmp_path / "data.csv", rows, f"label,{HEADER}")
    images, errors = read(path)
    np.testing.assert_array_equal(images, IMAGES[:20])
    assert list(errors)[:3] == [f"{path}:2", f"{path}:5", f"{path}:8"]


def test_a_byte_order_mark_and_names_by_row_and_column_are_understood(tmp_path):
    names = ",".join(f"{row}x{column}" for row in range(1, 5) for column in range(1, 5))
    images, _ = read(csv_file(tmp_path / "x", lines(IMAGES[:5]), "\ufeff" + names))
    np.testing.assert_array_equal(images, IMAGES[:5])


def test_images_are_brought_to_the_shape_that_is_wanted(tmp_path):
    images, errors = read(csv_file(tmp_path / "x.csv", lines(IMAGES[:5])), ImageShape(7, 5, 3))
    assert images.shape == (5, 7, 5, 3)
    assert set(errors.values()) == {""}
    images, _ = read(csv_file(tmp_path / "y.csv", lines(IMAGES[:5])), ImageShape(2, 8, 1))
    np.testing.assert_array_equal(images, IMAGES[:5].reshape(5, 2, 8))


@pytest.mark.parametrize(
    ("name", "content", "n", "problem"),
    [
        ("x.csv", b"", 0, "the file is empty"),
        ("x.csv", HEADER.encode(), 0, "there is a header but no row"),
        ("x.csv", b"1,2,3\n4,5,6\n", 0, "the first line holds numbers"),
        ("x.csv", b"label,size\nBag,3\n", 0, "there are no pixel columns, but size"),
        ("x-idx3-ubyte", b"", 0, "the file is empty"),
        ("x-idx3-ubyte", b"\0\0\x08\x01\0\0\0\x02ab", 0, "the magic number is 0x00000801; images have"),
        ("x", idx(n=3500), 3000, "only 3,000 images follow"),
        ("x", idx(n=2999), 2999, "but more follow"),
        ("x", gzip.compress(idx())[:-3000], None, "the gzip stream ends too early"),
        ("x.npz", b"PK\3\4 nonsense", 0, "this is no NPZ file"),
        ("x.npz", npz((1, 3000, 3000)), 0, "an image of that size is not read"),
        ("x.npz", npz((9_000_000,)), 0, "an image of that size is not read"),
        ("x.parquet", parquet({"image": []}), 0, "there are no rows in it"),
        ("x.parquet", b"PAR1 nonsense", 0, "this is no Parquet file, or it is damaged"),
    ],
)
def test_what_is_wrong_with_a_file_is_a_last_row_of_its_name(tmp_path, name, content, n, problem):
    path = tmp_path / name
    path.write_bytes(content)
    images, errors = read(path)
    *_, (place, error) = errors.items()
    assert place == str(path)
    assert problem in error
    assert n is None or len(images) == n
    assert len(errors) == len(images) + 1


def test_wrong_rows_of_arrays_and_lists_are_told_one_by_one(tmp_path):
    floats = IMAGES.astype(np.float64)
    floats[7, 0, 0], floats[2500, 1, 1] = 0.5, np.nan
    np.savez(tmp_path / "x.npz", x=floats)
    lists = IMAGES.reshape(3000, -1).tolist()
    lists[7], lists[2500] = lists[7][:3], None
    pl.DataFrame({"image": lists}).write_parquet(tmp_path / "x.parquet")
    for name in ("x.npz", "x.parquet"):
        images, errors = read(tmp_path / name)
        np.testing.assert_array_equal(images, np.delete(IMAGES, [7, 2500], axis=0))
        assert [place for place, error in errors.items() if error] == [f"{tmp_path / name}:{row}" for row in (8, 2501)]


def test_a_parquet_file_is_checked_once_until_it_changes(tmp_path, monkeypatch):
    checked = []

    def check(path: Path, place: str):
        checked.append(path)
        return check_parquet(path, place)

    monkeypatch.setattr(parquet_stream, "check_parquet", check)
    path = tmp_path / "x.parquet"
    pl.DataFrame({"img": [png(image) for image in IMAGES[:9]]}).write_parquet(path)
    assert len(read(path)[0]) == len(read(path)[0]) == 9
    stream = find_stream(path)
    path.write_bytes(b"PAR1 nonsense")
    [block] = stream.blocks(SHAPE)
    assert "this is no Parquet file, or it is damaged" in block.errors[0]
    assert checked == [path, path]


def test_a_wrong_picture_in_a_parquet_file_is_a_row_of_its_own(tmp_path):
    pl.DataFrame({"image": [png(IMAGES[0]), b"nothing", None, png(IMAGES[1])]}).write_parquet(tmp_path / "x")
    images, errors = read(tmp_path / "x")
    np.testing.assert_array_equal(images, IMAGES[:2])
    assert [error != "" for error in errors.values()] == [False, True, True, False]


def test_of_several_arrays_each_row_says_in_which_it_is(tmp_path):
    np.savez(tmp_path / "x.npz", x_train=IMAGES[:2], x_test=IMAGES[2:3], other=np.zeros(3))
    images, errors = read(tmp_path / "x.npz")
    np.testing.assert_array_equal(images, IMAGES[:3])
    assert list(errors) == [f"{tmp_path / 'x.npz'}{end}" for end in ("[x_train]:1", "[x_train]:2", "[x_test]:1")]
    np.savez(tmp_path / "y.npz", a=IMAGES[:2], b=IMAGES[:2])
    assert "none of its arrays is called x, x_train" in next(iter(read(tmp_path / "y.npz")[1].values()))


def test_an_array_in_fortran_order_is_read_as_it_was_meant(tmp_path):
    np.savez(tmp_path / "x.npz", x=np.asfortranarray(IMAGES[:50]))
    np.testing.assert_array_equal(read(tmp_path / "x.npz")[0], IMAGES[:50])


def test_a_large_array_in_fortran_order_is_refused_for_it_is_held_as_a_whole(tmp_path, monkeypatch):
    monkeypatch.setattr("fashion_classifier.data.streams.npz_stream.MOST_AT_ONCE", 800)
    np.savez(tmp_path / "x.npz", x=np.asfortranarray(IMAGES[:51]))
    assert "are in Fortran's order" in "".join(read(tmp_path / "x.npz")[1].values())


@pytest.mark.parametrize("content", [png(IMAGES[0]), b"", b"\xff\xd8\xff", b"hello, world\n", b"\x1f\x8b broken"])
def test_other_files_are_no_files_of_pixels(tmp_path, content):
    (tmp_path / "x.png").write_bytes(content)
    assert find_stream(tmp_path / "x.png") is None
    assert find_stream(tmp_path) is None
    assert find_stream(tmp_path / "nothing") is None


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory is measured by what Linux tells of a process")
def test_a_large_row_group_is_not_held_in_memory(tmp_path):
    levels = np.random.default_rng(0).integers(0, 256, (100_000, 784), dtype=np.uint8)
    rows = pl.Series(levels).cast(pl.List(pl.Int64))
    pl.DataFrame({"image": rows}).write_parquet(tmp_path / "x.parquet", row_group_size=100_000)
    code = (
        "import resource, sys; from pathlib import Path\n"
        "from fashion_classifier.data.dataset import ImageShape\n"
        "from fashion_classifier.data.streams.recognition import find_stream\n"
        "stream, peak = find_stream(Path(sys.argv[1])), lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "idle = peak()\n"
        "n = sum(len(block.images) for block in stream.blocks(ImageShape(28, 28, 1)))\n"
        "print(n, (peak() - idle) // 1000)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "x.parquet")], capture_output=True, text=True, check=True
    )
    n, megabytes = map(int, done.stdout.split())
    assert n == 100_000
    assert megabytes < 350  # of 630 that the rows take as they are stored
