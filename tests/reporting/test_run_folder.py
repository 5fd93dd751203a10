"""What a run folder holds comes back as it was, and what is damaged is refused by name."""

import json

import numpy as np
import polars as pl
import pytest
from tests.hostile_parquet import HOSTILE

from fashion_classifier.data.parquet_check.pages import Bounds
from fashion_classifier.errors import DataError, UnavailableError
from fashion_classifier.reporting import run_folder
from fashion_classifier.reporting.gallery import Gallery
from fashion_classifier.reporting.results import SCHEMA
from fashion_classifier.reporting.run_folder import (
    read_gallery,
    read_predictions,
    read_results,
    write_gallery,
    write_predictions,
    write_results,
)


@pytest.mark.parametrize("changes", [{}, {"search": False, "image_shape": (9, 7, 3), "classes": ("a", "b/ü")}])
def test_everything_comes_back_as_it_was(tmp_path, make_run, changes):
    run = make_run(**changes)
    run.write(tmp_path)
    assert read_results(tmp_path) == run.results
    assert read_predictions(tmp_path).equals(run.predictions)
    gallery = read_gallery(tmp_path)
    np.testing.assert_array_equal(gallery.images, run.gallery.images)
    np.testing.assert_array_equal(gallery.image_sha256, run.gallery.image_sha256)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "evaluation.json",
        "gallery.npz",
        "predictions.parquet",
    ]


def test_tables_of_models_and_splits_are_written_as_one(tmp_path, fake_run):
    tables = fake_run.predictions.partition_by("model", "split")
    write_predictions(tmp_path, tables)
    assert len(tables) == 6
    assert read_predictions(tmp_path).equals(fake_run.predictions)


@pytest.mark.parametrize("read", [read_results, read_predictions, read_gallery])
def test_a_folder_without_the_file_is_named(tmp_path, read):
    with pytest.raises(UnavailableError, match=r"has no (evaluation\.json|predictions\.parquet|gallery\.npz)"):
        read(tmp_path)


def test_the_file_says_which_form_it_has(tmp_path, fake_run):
    write_results(tmp_path, fake_run.results)
    assert json.loads((tmp_path / "evaluation.json").read_text())["schema"] == SCHEMA


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "is no JSON"),
        ("[]", "has no schema"),
        ("{}", "has no schema"),
        ('{"schema": "fashion.results/0"}', '"fashion.results/0"; this version reads "fashion.results/3"'),
        (f'{{"schema": "{SCHEMA}"}}', "comparison: is missing"),
    ],
)
def test_results_that_cannot_be_read_are_refused(tmp_path, content, message):
    (tmp_path / "evaluation.json").write_text(content)
    with pytest.raises(DataError) as error:
        read_results(tmp_path)
    assert message in str(error.value)
    assert "evaluation.json" in str(error.value)


def test_results_of_another_shape_are_refused_by_key(tmp_path, fake_run):
    write_results(tmp_path, fake_run.results)
    path = tmp_path / "evaluation.json"
    data = json.loads(path.read_text())
    del data["initial"]["test"]["accuracy"]["low"]
    data["search"]["trials"][3]["number"] = "three"
    path.write_text(json.dumps(data))
    with pytest.raises(DataError) as error:
        read_results(tmp_path)
    assert "initial.test.accuracy.low: is missing" in str(error.value)
    assert "search.trials[3].number: is 'three'; a whole number is expected" in str(error.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda table: table.drop("p_1"), "column `p_1` is missing"),
        (lambda table: table.with_columns(extra=1), "column `extra` is unknown"),
        (lambda table: table.with_columns(pl.col("p_0").cast(pl.Float64)), "column `p_0` is Float64"),
        (lambda table: table.with_columns(pl.col("label").cast(pl.String)), "no column `label`"),
        (
            lambda table: table.with_columns(pl.col("predicted").cast(pl.String)),
            "column `predicted` is String",
        ),
    ],
)
def test_another_table_is_refused(tmp_path, fake_run, change, message):
    change(fake_run.predictions).write_parquet(tmp_path / "predictions.parquet")
    with pytest.raises(DataError) as error:
        read_predictions(tmp_path)
    assert message in str(error.value)


def test_a_damaged_table_is_refused(tmp_path):
    (tmp_path / "predictions.parquet").write_bytes(b"PAR1 not at all PAR1")
    with pytest.raises(DataError, match="no Parquet file, or it is damaged"):
        read_predictions(tmp_path)


def test_a_table_that_claims_too_much_is_refused(tmp_path):
    content, message = HOSTILE["a page of 2 GiB"]
    (tmp_path / "predictions.parquet").write_bytes(content)
    with pytest.raises(DataError) as error:
        read_predictions(tmp_path)
    assert message in str(error.value)


def test_a_table_that_is_to_be_read_by_few_rows_is_none_of_ours(tmp_path, fake_run, monkeypatch):
    fake_run.predictions.write_parquet(tmp_path / "predictions.parquet")
    monkeypatch.setattr(run_folder, "check_parquet", lambda *_: Bounds(n_bytes=1 << 20, n_rows=1))
    with pytest.raises(DataError, match="its rows may take far more memory"):
        read_predictions(tmp_path)


IMAGES, NAMES = np.zeros((2, 3, 4), np.uint8), np.array(["a", "b"])


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"images": IMAGES}, "image_sha256"),
        ({"images": IMAGES.astype(float), "image_sha256": NAMES}, "float64 of shape"),
        ({"images": IMAGES[0], "image_sha256": NAMES}, "(m, height, width[, 3]) is expected"),
        ({"images": IMAGES, "image_sha256": NAMES[:1]}, "text of shape (2,) is expected"),
        ({"images": IMAGES, "image_sha256": np.array([1, 2])}, "text of shape (2,) is expected"),
        ({"images": np.array([{}, 1], dtype=object), "image_sha256": NAMES}, "allow_pickle=False"),
        ({"images": np.zeros((40, 1000, 1000), np.uint8), "image_sha256": NAMES}, "a gallery has at most"),
    ],
)
def test_a_gallery_of_another_form_is_refused(tmp_path, arrays, message):
    """Among them a pickle, and a small file that would unpack to a large one."""
    np.savez_compressed(tmp_path / "gallery.npz", **arrays)
    with pytest.raises(DataError) as error:
        read_gallery(tmp_path)
    assert message in str(error.value)


def test_a_damaged_gallery_is_refused(tmp_path):
    write_gallery(tmp_path, Gallery(IMAGES, NAMES))
    path = tmp_path / "gallery.npz"
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(DataError, match="is no gallery"):
        read_gallery(tmp_path)
