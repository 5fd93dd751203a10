"""Files are found, decoded by one process or several, and classified in order; a broken one is a row of its own."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.conftest import blobs, deep_file
from tests.inference.shelves import put_model

from fashion_classifier.data.dataset import ImageShape
from fashion_classifier.errors import UnavailableError
from fashion_classifier.inference.bundle import load_model
from fashion_classifier.inference.decoding import decode, decoding
from fashion_classifier.inference.files import find_pictures, predict_files

N = 700
SHAPE = ImageShape(12, 12, 1)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory) -> Path:
    """A folder of many small pictures, one of them broken, one no picture at all."""
    folder: Path = tmp_path_factory.mktemp("pictures")
    for number, image in enumerate(blobs(N).images):
        Image.fromarray(image).save(folder / f"{number:04d}.png")
    (folder / "0400.png").write_bytes(b"\x89PNG nonsense")
    (folder / ".hidden.png").write_bytes(b"")
    (folder / "notes.txt").write_text("no picture")
    return folder


def test_pictures_are_found_in_order_each_time_they_are_asked_for(pictures, tmp_path):
    (tmp_path / "b").mkdir()
    for name in ("z.PNG", "b/y.jpg", "b/x.gif"):
        (tmp_path / name).write_bytes(b"")
    files = find_pictures([pictures / "notes.txt", tmp_path])
    expected = [str(pictures / "notes.txt"), *(str(tmp_path / name) for name in ("z.PNG", "b/x.gif", "b/y.jpg"))]
    assert list(files) == list(files) == expected
    assert len(files) == 4
    assert files.longest == max(map(len, expected))


def test_folders_may_lie_in_folders_deeper_than_functions_may_call_each_other(tmp_path):
    with deep_file(tmp_path, "x.png", b"") as deep:
        for place in (tmp_path, tmp_path / "**" / "*.png"):
            assert list(find_pictures([place])) == [str(deep)]


def test_places_without_pictures_are_refused(tmp_path):
    with pytest.raises(UnavailableError, match="there are no pictures here"):
        find_pictures([tmp_path])
    with pytest.raises(UnavailableError, match="there is no such file"):
        find_pictures([tmp_path / "nothing"])


@pytest.mark.parametrize("processes", [0, 1, 2])
def test_every_number_of_processes_gives_the_same_pictures_in_the_same_order(pictures, processes):
    files = find_pictures([pictures])
    with decoding(files, len(files), SHAPE, processes=processes) as batches:
        decoded = list(batches)
    assert [path for batch in decoded for path in batch.paths] == list(files)
    errors = {
        Path(path).name: error
        for batch in decoded
        for path, error in zip(batch.paths, batch.errors, strict=True)
        if error
    }
    assert list(errors) == ["0400.png"]
    assert "no picture in a known format" in errors["0400.png"] or "cannot be read" in errors["0400.png"]
    images = np.concatenate([batch.images for batch in decoded])
    np.testing.assert_array_equal(images, np.delete(blobs(N).images, 400, axis=0))


def test_processes_end_when_the_pictures_are_no_longer_wanted(pictures):
    files = find_pictures([pictures])
    with decoding(files, len(files), SHAPE, processes=1) as batches:
        assert len(next(batches).paths) > 0


def test_a_batch_in_which_nothing_can_be_read_has_no_images(tmp_path):
    batch = decode([str(tmp_path / "none.png")], ImageShape(5, 4, 3))
    assert batch.images.shape == (0, 5, 4, 3)
    assert "none.png" in batch.errors[0]


def test_each_file_has_its_prediction_or_its_error(pictures, tmp_path):
    model = load_model(put_model(tmp_path / "model"))
    files = find_pictures([pictures])
    told: list[tuple[float, float, str]] = []
    rows = list(
        predict_files(model, files, progress=lambda _, done, total, detail="": told.append((done, total, detail)))
    )
    assert [str(row.path) for row in rows] == list(files)
    assert [row.path.name for row in rows if row.error] == ["0400.png"]
    assert rows[400].answer is None
    sound = [row.answer for row in rows if row.answer is not None]
    probabilities = model.predict(np.delete(blobs(N).images, 400, axis=0))
    assert [row.predicted for row in sound] == [model.classes[label] for label in probabilities.argmax(1)]
    assert [row.probability for row in sound] == pytest.approx(probabilities.max(1).tolist(), abs=1e-5)
    assert told[-1][:2] == (N, N)
    assert told[-1][2].endswith("files/s")


def test_what_is_no_ordinary_file_is_told_and_not_waited_for(tmp_path):
    pipe = tmp_path / "pipe.png"
    os.mkfifo(pipe)
    batch = decode([str(pipe)], ImageShape(8, 8, 1))
    assert batch.images.shape == (0, 8, 8)
    assert "no ordinary file" in batch.errors[0]


def test_a_folder_that_cannot_be_listed_has_a_row_that_says_so(tmp_path, monkeypatch):
    locked = tmp_path / "locked"
    locked.mkdir()
    Image.new("L", (12, 12)).save(tmp_path / "a.png")
    walk = os.walk  # nothing is locked to root
    monkeypatch.setattr(os, "walk", lambda top: iter(()) if top == str(locked) else walk(top))
    files = find_pictures([tmp_path])
    assert list(files) == [str(tmp_path / "a.png"), str(locked)]
    assert "this folder cannot be listed. Give leave to read it" in decode(list(files), SHAPE).errors[1]
