"""What a Parquet file claims is looked at before anything is taken for it, and sound files are read as ever."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from tests.hostile_parquet import HOSTILE, SOUND, ZSTD, page, parquet

from fashion_classifier.data.dataset import ImageShape
from fashion_classifier.data.load import load
from fashion_classifier.data.parquet_check import pages
from fashion_classifier.data.parquet_check.pages import check_parquet
from fashion_classifier.data.streams.recognition import find_stream
from fashion_classifier.errors import DataError

# 40 rows of 4x4 pixels in two row groups, by pyarrow 26.0.1 and DuckDB 2.0.1, in the ways that their names tell.
WRITTEN = sorted((Path(__file__).parent / "written").iterdir())
IMAGES = ((7 * np.arange(40)[:, None] + np.arange(16)) % 256).reshape(40, 4, 4).astype(np.uint8)


def loaded(file: Path) -> np.ndarray:
    """The images of a file as a data set, in the order of their first pixels."""
    images = load(file, use_cache=False).training.images
    return images[np.lexsort(images.reshape(len(images), -1).T[::-1])]


def streamed(file: Path) -> np.ndarray:
    """The images of a file as rows to predict for."""
    blocks = list(find_stream(file).blocks(ImageShape(4, 4, 1)))
    assert not any(error for block in blocks for error in block.errors)
    return np.concatenate([block.images for block in blocks])


@pytest.mark.parametrize("file", WRITTEN, ids=lambda file: file.stem)
def test_what_others_write_is_read(file):
    check_parquet(file, "x.parquet")
    assert np.array_equal(streamed(file), IMAGES)
    assert np.array_equal(loaded(file), IMAGES[np.lexsort(IMAGES.reshape(40, -1).T[::-1])])


@pytest.mark.parametrize("compression", ["uncompressed", "snappy", "gzip", "brotli", "zstd", "lz4"])
def test_what_polars_writes_is_read(compression, tmp_path):
    table = {"image": IMAGES.reshape(40, -1).tolist(), "label": [0, 1] * 20, "group": [*"abcd"] * 10}
    frame = pl.DataFrame(table, schema_overrides={"image": pl.Array(pl.UInt8, 16), "group": pl.Categorical})
    frame.write_parquet(tmp_path / "x.parquet", compression=compression, row_group_size=15, data_page_size=100)
    assert np.array_equal(streamed(tmp_path / "x.parquet"), IMAGES)


@pytest.mark.parametrize("name", SOUND)
def test_what_is_sound_is_let_through(name, tmp_path):
    (tmp_path / "x.parquet").write_bytes(SOUND[name])
    check_parquet(tmp_path / "x.parquet", "x.parquet")
    assert pl.read_parquet(tmp_path / "x.parquet").shape == (4, 2)


@pytest.mark.parametrize("name", HOSTILE)
def test_what_claims_too_much_is_refused(name, tmp_path):
    content, message = HOSTILE[name]
    (tmp_path / "x.parquet").write_bytes(content)
    with pytest.raises(DataError) as refused:
        check_parquet(tmp_path / "x.parquet", "x.parquet")
    assert str(refused.value).startswith("x.parquet: ")
    assert message in str(refused.value)


@pytest.mark.parametrize("place", range(40))
def test_what_is_cut_off_is_refused(place, tmp_path):
    content = SOUND["with a dictionary"]
    end = len(content) * place // 40
    (tmp_path / "x.parquet").write_bytes(content[:end] + content[end + 1 :])
    with pytest.raises(DataError):
        check_parquet(tmp_path / "x.parquet", "x.parquet")


def test_a_page_of_pictures_may_be_large(tmp_path):
    # of 128 MiB and more, where the file has a sixteenth of it: here a hole
    with (tmp_path / "x.parquet").open("wb") as file:
        file.write(parquet(page(body=bytes(10 << 20), unpacked=150 << 20), codec=ZSTD))
    check_parquet(tmp_path / "x.parquet", "x.parquet")


def test_a_file_has_so_many_pages_at_most(tmp_path, monkeypatch):
    (tmp_path / "x.parquet").write_bytes(SOUND["plain"])
    monkeypatch.setattr(pages, "MAX_PAGES", 1)
    with pytest.raises(DataError, match="it has more than 1 pages"):
        check_parquet(tmp_path / "x.parquet", "x.parquet")


def test_texts_that_begin_like_those_before_are_read_few_at_a_time(monkeypatch):
    file = next(file for file in WRITTEN if file.stem == "pyarrow-delta")
    assert check_parquet(file, "x").n_rows < 2**22
    monkeypatch.setattr(pages, "MAX_UNPACKED", 1000)
    assert check_parquet(file, "x").n_rows < 20
    assert np.array_equal(streamed(file), IMAGES)
    assert len(loaded(file)) == len(IMAGES)


BIG = "x" * 1_000_000
REPEATED = {
    "text": pl.Series([BIG] * 100),
    "category": pl.Series([BIG] * 100, dtype=pl.Categorical),
    "picture": pl.Series([BIG.encode()] * 300),
}


@pytest.mark.parametrize("kind", REPEATED)
def test_what_is_there_once_and_meant_often_is_counted_each_time(kind, tmp_path):
    column = REPEATED[kind]
    image = column if kind == "picture" else pl.Series([[0, 1, 2, 3]] * len(column), dtype=pl.List(pl.UInt8))
    frame = pl.DataFrame({"image": image, "label": [0, 1] * (len(column) // 2)})
    if kind != "picture":
        frame = frame.with_columns(group=column)
    frame.write_parquet(tmp_path / "x.parquet", compression="zstd")
    assert (tmp_path / "x.parquet").stat().st_size < len(BIG)
    with pytest.raises(DataError, match=f"the values of {frame.columns[0 if kind == 'picture' else 2]} would take"):
        load(tmp_path / "x.parquet", use_cache=False)
