"""The files of a run folder that a report is made from, written whole and read strictly."""

from __future__ import annotations

import json
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from fashion_classifier.data.parquet_check.pages import check_parquet
from fashion_classifier.errors import DataError, Fault, UnavailableError
from fashion_classifier.reporting.gallery import Gallery
from fashion_classifier.reporting.results import SCHEMA, RunResults
from fashion_classifier.reporting.serialisation import from_json, to_json
from fashion_classifier.storage import atomic_path, write_bytes, write_json

RESULTS = "evaluation.json"
RECORD = "run.json"
PREDICTIONS = "predictions.parquet"
GALLERY = "gallery.npz"
DOUBTFUL = "doubtful.npz"

# A gallery is capped at 16 MiB when it is chosen; twice that and a header is more than any that we wrote.
_MAX_GALLERY_BYTES = 34 * 2**20

_AGAIN = "Let the run write it again"


def write_results(run: Path, results: RunResults) -> None:
    """Write every number of the report."""
    write_json(run / RESULTS, {"schema": SCHEMA} | to_json(results))


def read_results(run: Path) -> RunResults:
    """Read what `write_results` wrote.

    Raises
    ------
    UnavailableError
        If the run folder has none.
    DataError
        If the file is no such JSON: each key that is missing, unknown or of another type is named.
    """
    path = _existing(run, RESULTS)
    try:
        data = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise DataError(Fault(str(path), f"is no JSON ({error})", _AGAIN)) from error
    schema = data.pop("schema", None) if isinstance(data, dict) else None
    if schema != SCHEMA:
        found = f'has the schema "{schema}"' if isinstance(schema, str) else "has no schema"
        raise DataError(Fault(str(path), f'{found}; this version reads "{SCHEMA}"', _AGAIN))
    results = from_json(RunResults, data, place=str(path))
    return replace(results, openings=_openings(run, results.openings))


def _openings(run: Path, otherwise: tuple[dict[str, str], ...]) -> tuple[dict[str, str], ...]:
    """Give the openings of the test set that the run's record holds by now, if there is such a record."""
    record = run / RECORD
    if not record.is_file():
        return otherwise
    try:
        return tuple(
            {"time": str(entry["time"]), "reason": str(entry["reason"])}
            for entry in json.loads(record.read_bytes())["openings"]
        )
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise DataError(Fault(str(record), f"is no record of a run ({error})", _AGAIN)) from error


def write_predictions(run: Path, tables: Sequence[pl.DataFrame]) -> None:
    """Write the answers of both models, as `predictions_table` gives them, to one table."""
    content = BytesIO()  # Polars wraps the system's errors in its own
    pl.concat(tables).write_parquet(content, compression="zstd")
    write_bytes(run / PREDICTIONS, content.getvalue())


def read_predictions(run: Path) -> pl.DataFrame:
    """Read what `write_predictions` wrote.

    Raises
    ------
    UnavailableError
        If the run folder has none.
    DataError
        If the file is no such table.
    """
    path = _existing(run, PREDICTIONS)
    try:
        bounds = check_parquet(path, str(path))
        table = pl.scan_parquet(path, glob=False, hive_partitioning=False)
        problem = _problem_of_predictions(table.collect_schema())
        if not problem and table.select(pl.len()).collect().item() > bounds.n_rows:
            problem = "is packed in a way in which its rows may take far more memory than it"
        if problem:
            raise DataError(Fault(str(path), problem, _AGAIN))
        return table.collect()
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
        raise DataError(Fault(str(path), f"is no readable Parquet file ({error})", _AGAIN)) from error


def write_gallery(run: Path, gallery: Gallery) -> None:
    """Write the images that the report may show."""
    _write_images(run / GALLERY, gallery)


def write_doubtful(run: Path, gallery: Gallery) -> None:
    """Write the images whose labels are doubtful."""
    _write_images(run / DOUBTFUL, gallery)


def _write_images(target: Path, gallery: Gallery) -> None:
    """Write images with their hashes."""
    with atomic_path(target) as path, path.open("wb") as file:
        np.savez_compressed(file, images=gallery.images, image_sha256=gallery.image_sha256)


def read_gallery(run: Path) -> Gallery:
    """Read what `write_gallery` wrote.

    Raises
    ------
    UnavailableError
        If the run folder has none.
    DataError
        If the file holds no such images, or more than a gallery may hold.
    """
    return _read_images(_existing(run, GALLERY))


def read_doubtful(run: Path) -> Gallery | None:
    """Read what `write_doubtful` wrote; None if there is nothing.

    Raises
    ------
    DataError
        If the file holds no such images, or more than a gallery may hold.
    """
    path = run / DOUBTFUL
    return _read_images(path) if path.is_file() else None


def _read_images(path: Path) -> Gallery:
    """Read images with their hashes, strictly."""
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(member.file_size for member in archive.infolist())
        if size > _MAX_GALLERY_BYTES:
            problem = f"unpacks to {size:,} bytes; a gallery has at most {_MAX_GALLERY_BYTES:,}"
            raise DataError(Fault(str(path), problem, _AGAIN))
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            images, image_sha256 = arrays["images"], arrays["image_sha256"]
    except (zipfile.BadZipFile, zlib.error, KeyError, EOFError, OSError, ValueError) as error:
        raise DataError(Fault(str(path), f"is no gallery ({error})", _AGAIN)) from error
    problem = _problem_of_gallery(images, image_sha256)
    if problem:
        raise DataError(Fault(str(path), problem, _AGAIN))
    return Gallery(images, image_sha256)


def _existing(run: Path, name: str) -> Path:
    """Give the path of a file that must be there."""
    path = run / name
    if not path.is_file():
        raise UnavailableError(
            f"{run} has no {name}: it is no run folder, or its run was cut off before its end. Check its name, or go "
            "on with the run."
        )
    return path


def _problem_of_predictions(schema: pl.Schema) -> str:
    """Say what is wrong with a table's columns; empty when nothing is."""
    label = schema.get("label")
    if not isinstance(label, pl.Enum):
        return "has no column `label` with an enumeration of the class names"
    expected: dict[str, Any] = {
        "model": pl.String,
        "split": pl.String,
        "image_sha256": pl.String,
        "occurrence": pl.UInt32,
        "label": label,
        "predicted": label,
    } | {f"p_{i}": pl.Float32 for i in range(len(label.categories))}
    wrong = [name for name, kind in expected.items() if schema.get(name) != kind]
    extra = [name for name in schema if name not in expected]
    if wrong:
        return f"column `{wrong[0]}` is {schema.get(wrong[0], 'missing')}; {expected[wrong[0]]} is expected"
    return f"column `{extra[0]}` is unknown" if extra else ""


def _problem_of_gallery(images: Any, image_sha256: Any) -> str:
    """Say what is wrong with a gallery's arrays; empty when nothing is."""
    if images.dtype != np.uint8 or not (images.ndim == 3 or images.shape[3:] == (3,)):
        found = f"{images.dtype} of shape {images.shape}"
        return f"`images` is {found}; uint8 of (m, height, width[, 3]) is expected"
    if image_sha256.dtype.kind != "U" or image_sha256.shape != images.shape[:1]:
        found = f"{image_sha256.dtype} of shape {image_sha256.shape}"
        return f"`image_sha256` is {found}; text of shape ({len(images)},) is expected"
    return ""
