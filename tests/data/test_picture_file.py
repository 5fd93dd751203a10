"""Files that hold more work than any honest picture are refused before it is done."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image
from tests.broken_pictures import FILES

from fashion_classifier.data.pictures import read_picture
from fashion_classifier.errors import DataError


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("many-passes.jpg", "its pixels come in more than 31 passes"),
        ("padded.jpg", "far too many parts"),
        ("many-segments.jpg", "far too many parts"),
        ("many-chunks.png", "far too many parts"),
        ("giant-chunk.png", "far too much beside its pixels"),
        ("giant-chunk-behind.png", "far too much beside its pixels"),
        ("million-strips.tif", "1,000,000 strips or tiles"),
        ("giant-tile.tif", "MB to decode"),
        ("one-column.png", "MB to decode"),
    ],
)
def test_too_much_work_is_refused_with_its_reason(tmp_path: Path, name: str, problem: str, monkeypatch):
    monkeypatch.setattr("fashion_classifier.data.picture_file.MAX_OPENING_S", 1000.0)
    content = FILES[name][1]()
    (tmp_path / name).write_bytes(content)
    for source in (tmp_path / name, content):
        with pytest.raises(DataError, match=problem):
            read_picture(source, near=(28, 28))


def test_what_takes_long_to_be_opened_is_given_up(monkeypatch):
    monkeypatch.setattr("fashion_classifier.data.picture_file.MAX_OPENING_S", 0.0)
    with pytest.raises(DataError, match="too long to be opened"):
        read_picture(FILES["many-profiles.png"][1]())


def test_many_pages_and_large_honest_pictures_are_read(tmp_path: Path):
    page = Image.new("RGB", (2000, 1500))
    content = io.BytesIO()
    page.save(content, "TIFF", save_all=True, append_images=[page] * 9)  # 90 MB, of which a tenth is read
    (tmp_path / "pages.tif").write_bytes(content.getvalue())
    assert read_picture(tmp_path / "pages.tif").size == page.size
