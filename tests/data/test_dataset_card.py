"""The card of Parquet files, as Hugging Face's site and `datasets` read it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import yaml  # type: ignore[import-untyped]
from tests.conftest import blobs

from fashion_classifier.data.convert import write_collection
from fashion_classifier.data.dataset import Dataset


def grouped(dataset: Dataset) -> Dataset:
    groups = np.array([f"garment {number // 2}" for number in range(len(dataset))])
    return Dataset(dataset.images, dataset.labels, ("T-shirt/top", 'a "b": c', "名前"), groups)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    parts = {"training": grouped(blobs(30)), "validation": grouped(blobs(6)), "test": grouped(blobs(9))}
    return write_collection(parts, tmp_path / "parquet", "parquet")


def test_files_are_called_and_told_of_as_hugging_face_does(folder):
    before, matter, text = (folder / "README.md").read_text().split("---\n", 2)
    assert before == ""
    found = yaml.safe_load(matter)
    splits = {"train": 30, "validation": 6, "test": 9}
    assert {path.name for path in folder.iterdir()} == {
        "README.md",
        *(f"{name}-00000-of-00001.parquet" for name in splits),
    }
    (config,) = found["configs"]
    assert {one["split"]: one["path"] for one in config["data_files"]} == {
        name: f"{name}-00000-of-00001.parquet" for name in splits
    }
    told = found["dataset_info"]["splits"]
    assert {one["name"]: one["num_examples"] for one in told} == splits
    for one in told:
        assert one["num_bytes"] == (folder / f"{one['name']}-00000-of-00001.parquet").stat().st_size
    assert found["size_categories"] == ["n<1K"]
    assert found["task_categories"] == ["image-classification"]
    image, label, group = found["dataset_info"]["features"]
    assert image == {"name": "image", "dtype": "image"}
    assert label["dtype"]["class_label"]["names"] == {"0": "T-shirt/top", "1": 'a "b": c', "2": "名前"}
    assert group == {"name": "group", "dtype": "string"}
    assert "45 images" in text


def test_card_and_files_describe_the_same_columns(folder):
    files = list(folder.glob("*.parquet"))
    assert files
    for file in files:
        features = json.loads(pl.read_parquet_metadata(file)["huggingface"])["info"]["features"]
        assert list(features) == ["image", "label", "group"]
        assert features["label"] == {"names": ["T-shirt/top", 'a "b": c', "名前"], "_type": "ClassLabel"}
        assert features["image"] == {"_type": "Image"}


def test_arrow_finds_the_description_in_the_schema_and_plain_columns(folder):
    arrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    files = list(folder.glob("*.parquet"))
    assert files
    for file in files:
        schema = parquet.read_schema(file)
        features = json.loads(schema.metadata[b"huggingface"])["info"]["features"]
        assert features["label"]["_type"] == "ClassLabel"
        picture = arrow.struct([("bytes", arrow.binary()), ("path", arrow.string())])
        assert schema.types == [picture, arrow.int64(), arrow.string()]
        assert parquet.read_table(file).num_rows > 0


def test_a_file_alone_has_no_card(tmp_path):
    write_collection({"training": blobs(9)}, tmp_path / "one.parquet", "parquet")
    assert [path.name for path in tmp_path.iterdir()] == ["one.parquet"]
