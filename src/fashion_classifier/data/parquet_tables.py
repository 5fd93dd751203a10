"""One Parquet file of images: its columns found, and read a few thousand rows at a time.

What its headers claim is looked at before Polars takes memory for it (`data.parquet_check`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fashion_classifier.data.dataset import Images
from fashion_classifier.data.labels import LABELS_EXPECTED, LabelColumn, LabelKind, canonical
from fashion_classifier.data.parquet_check.pages import Bounds, check_parquet
from fashion_classifier.data.picture_sets import Picture
from fashion_classifier.data.pixels import MAX_IMAGE_BYTES, Size, as_images, check_rest
from fashion_classifier.errors import DataError, Fault, FaultList, UsageError

MAX_ROWS = 50_000_000
_SLICE = 4096  # rows at a time, so that what a small file expands to is noticed while it is read
_FIRST = 64  # rows that tell what the others will take
_WRITE_AGAIN = "Write the file again"


@dataclass(frozen=True, eq=False)
class Shard:
    """The rows of one file.

    Parameters
    ----------
    pictures
        Encoded pictures; None where the file holds pixel values.
    images
        uint8 array of shape (n, height, width) or (n, height, width, 3); None where it holds pictures.
    labels
        The labels of n images.
    groups
        Array of shape (n,), or None where there is no such column.
    """

    pictures: list[Picture] | None
    images: Images | None
    labels: LabelColumn
    groups: NDArray[np.str_] | None


@dataclass(frozen=True)
class _Columns:
    """The names of the columns that are read."""

    image: str
    label: str
    group: str | None

    @property
    def wanted(self) -> list[str]:
        return [name for name in (self.image, self.label, self.group) if name is not None]


def read_shard(path: Path, place: str, size: Size | None, group_by: str | None, faults: FaultList) -> Shard | None:
    """Read and check one file.

    Parameters
    ----------
    path
        The file.
    place
        What to call it in messages.
    size
        Height and width of images in flat rows of pixel values, where they are known.
    group_by
        The column that tells which images show one garment; None: "group", if there is one.
    faults
        Takes what is wrong.

    Returns
    -------
    Shard or None
        None if there was a fault.

    Raises
    ------
    UsageError
        If there is no such column as the one to group by.
    NotEnoughMemoryError
        If its rows do not fit into memory.
    """
    found = FaultList()
    shard = None
    try:
        bounds = check_parquet(path, place)
        table = pl.scan_parquet(path, glob=False, hive_partitioning=False)
        schema = table.collect_schema()
        columns = _find_columns(schema, place, group_by)
        names = _class_names(pl.read_parquet_metadata(path), columns.label, place)
        table = table.select(columns.wanted)
        shard = _read_rows(table, columns, names, place=place, size=size, bounds=bounds, faults=found)
    except DataError as error:
        found.faults.extend(error.faults)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        reason = " ".join(str(error).split())[:100]
        found.add(place, f"this is no Parquet file, or it is damaged ({reason})", _WRITE_AGAIN)
    except OSError as error:
        found.add(
            place,
            f"the file cannot be read ({error.strerror or error})",
            "Check the file and its permissions",
        )
    faults.faults.extend(found.faults)
    return None if found else shard


def _find_columns(schema: Mapping[str, pl.DataType], place: str, group_by: str | None) -> _Columns:
    """Find the columns by their names."""
    image = find_image(schema, place)
    label = _first_of(("label", "labels"), schema, place)
    if group_by is not None and group_by not in schema:
        raise UsageError(
            f"{place}: there is no column {group_by!r} to group by; the columns are {', '.join(schema)}. "
            "Name one of these."
        )
    return _Columns(image, label, group_by or ("group" if "group" in schema else None))


def find_image(schema: Mapping[str, pl.DataType], place: str) -> str:
    """Find the column of images by its name.

    Raises
    ------
    DataError
        If there is none.
    """
    return _first_of(("image", "img"), schema, place)


def _first_of(names: Sequence[str], schema: Mapping[str, pl.DataType], place: str) -> str:
    """Return the first of some names that a column has."""
    found = next((name for name in names if name in schema), None)
    if found is None:
        problem = f"there is no column {names[0]}; the columns are {', '.join(schema)}"
        raise DataError(Fault(place, problem, "Rename or add the column"))
    return found


def _class_names(metadata: Mapping[str, str], label: str, place: str) -> tuple[str, ...] | None:
    """Read the names of the classes from Hugging Face's description of the columns, where there is one."""
    if "huggingface" not in metadata:
        return None
    try:
        names = json.loads(metadata["huggingface"])["info"]["features"][label].get("names")
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return None  # a description of something else
    if names is None:
        return None
    if not isinstance(names, list) or not all(isinstance(name, str) and name for name in names):
        raise DataError(Fault(place, f"the names of the column {label} are no list of texts", _WRITE_AGAIN))
    if len(set(names)) < len(names):
        raise DataError(Fault(place, f"the names of the column {label} are not all different", _WRITE_AGAIN))
    return tuple(names)


def _read_rows(
    table: pl.LazyFrame,
    columns: _Columns,
    names: tuple[str, ...] | None,
    *,
    place: str,
    size: Size | None,
    bounds: Bounds,
    faults: FaultList,
) -> Shard | None:
    """Read the rows slice by slice."""
    n_rows = table.select(pl.len()).collect().item()
    if not n_rows:
        raise DataError(Fault(place, "there are no rows in it", _WRITE_AGAIN))
    if n_rows > MAX_ROWS:
        raise DataError(Fault(place, f"it has {n_rows:,} rows; at most {MAX_ROWS:,} are read", "Use a smaller file"))
    encoded: list[bytes | None] = []
    values: list[Images] = []
    texts: list[pl.DataFrame] = []
    n_bytes = n_encoded = n_kept = 0
    at_a_time = min(_SLICE, bounds.n_rows)
    ends = [0, *range(min(_FIRST, at_a_time, n_rows), n_rows, at_a_time), n_rows]
    for start, end in pairwise(ends):
        rows = table.slice(start, end - start).collect()
        n_bytes += int(rows.estimated_size())
        if n_bytes > MAX_IMAGE_BYTES:
            problem = f"its rows take more than {MAX_IMAGE_BYTES // 1024**3} GiB"
            raise DataError(Fault(place, problem, "Use fewer or smaller images"))
        column = content_of(rows[columns.image], place)
        if column.dtype == pl.Binary:
            n_encoded += int(column.bin.size().sum())
            _check_repeated(n_encoded, column.name, bounds, place)
            encoded.extend(column.to_list())
            n_kept = n_bytes
        else:
            where = f"{place}, rows {start + 1:,} to {start + len(rows):,}"
            values.append(_images(column, where, size))
            n_kept += values[-1].nbytes
        check_rest(n_kept, end / n_rows, place, beside=n_bytes / end * min(at_a_time, n_rows - end))
        texts.append(rows.drop(columns.image))
        for some in texts[-1]:
            _check_repeated(4 * _longest(some) * n_rows, some.name, bounds, place)  # as NumPy's texts
    rest = pl.concat(texts)
    pictures = _pictures(encoded, place, faults) if encoded else None
    images = None if encoded else _joined(values, place)
    labels = _labels(rest[columns.label], names, place, faults)
    groups = None if columns.group is None else _groups(rest[columns.group], place, faults)
    return None if labels is None else Shard(pictures, images, labels, groups)


def _check_repeated(n_bytes: int, column: str, bounds: Bounds, place: str) -> None:
    """Check what values take where each is written out, though the file may have it once for many rows."""
    if n_bytes > bounds.n_bytes:
        problem = f"the values of {column} would take {n_bytes:,} bytes, far more than the file"
        raise DataError(Fault(place, problem, "Leave out what is there many times, or shorten it"))


def _longest(column: pl.Series) -> int:
    """Return the bytes of a column's longest text; numbers have none."""
    if isinstance(column.dtype, pl.Categorical | pl.Enum):
        column = column.unique().cast(pl.String)
    longest = column.str.len_bytes().max() if column.dtype == pl.String else 0
    return longest if isinstance(longest, int) else 0  # None where all are missing


def content_of(column: pl.Series, place: str) -> pl.Series:
    """Return what holds the pictures: of {bytes, path}, Hugging Face's form, the bytes.

    Raises
    ------
    DataError
        If it is a column of something else than pictures or lists of pixel values.
    """
    if isinstance(column.dtype, pl.Struct):
        fields = [field.name for field in column.dtype.fields]
        if "bytes" not in fields:
            problem = f"the column {column.name} has the fields {', '.join(fields)}; bytes is expected"
            raise DataError(Fault(place, problem, _WRITE_AGAIN))
        column = column.struct.field("bytes")
    if column.dtype == pl.Binary or isinstance(column.dtype, pl.List | pl.Array):
        return column
    problem = f"the column of images has type {column.dtype}"
    raise DataError(Fault(place, problem, "Write encoded pictures, or lists of pixel values"))


def _pictures(encoded: Sequence[bytes | None], place: str, faults: FaultList) -> list[Picture]:
    """Name each picture by its row."""
    empty = [row for row, content in enumerate(encoded, start=1) if content is None]
    if empty:
        others = f" (nor in {len(empty) - 1:,} more)" if empty[1:] else ""
        problem = f"there is no picture in this row{others}; a path alone is not followed"
        faults.add(f"{place}, row {empty[0]}", problem, "Write the file with the pictures in it")
    return [Picture(f"{place}, row {row}", content or b"") for row, content in enumerate(encoded, start=1)]


def pixel_array(column: pl.Series, place: str) -> NDArray[np.generic]:
    """Turn lists of pixel values, perhaps in lists of rows, into an array of numbers, n rows first.

    Raises
    ------
    DataError
        If they differ in size, or hold something else than numbers.
    """
    axes = [len(column)]
    while isinstance(column.dtype, pl.List | pl.Array):
        column = column.arr.to_list() if isinstance(column.dtype, pl.Array) else column
        lengths = column.list.len()
        if column.null_count() or lengths.n_unique() != 1 or not lengths[0]:
            raise DataError(Fault(place, "the images differ in size, or some are empty", "Bring them to one size"))
        axes.append(lengths[0])
        column = column.explode()
    if not column.dtype.is_numeric() or column.null_count():
        problem = f"the pixel values are of type {column.dtype}, or some are missing"
        raise DataError(Fault(place, problem, "Write whole numbers from 0 to 255"))
    return column.to_numpy().reshape(axes)


def _images(column: pl.Series, place: str, size: Size | None) -> Images:
    """Turn lists of pixel values into images."""
    found = FaultList()
    images = as_images(pixel_array(column, place), place, size, found)
    found.raise_if_any()
    assert images is not None
    return images


def _joined(images: Sequence[Images], place: str) -> Images:
    """Put the images of all slices into one array."""
    if len({one.shape[1:] for one in images}) > 1:
        raise DataError(Fault(place, "the images differ in size", "Bring them to one size"))
    return np.concatenate(images)


def _labels(column: pl.Series, names: tuple[str, ...] | None, place: str, faults: FaultList) -> LabelColumn | None:
    """Encode labels, and call numbers by their names, if these are known."""
    if not (column.dtype.is_integer() or column.dtype in (pl.String, pl.Categorical, pl.Enum)):
        problem = f"the column {column.name} has type {column.dtype}; whole numbers or names are expected"
        faults.add(place, problem, "Write labels so")
        return None
    numbered = column.dtype.is_integer()
    texts = column.cast(pl.String).fill_null("")
    distinct: list[str] = texts.unique(maintain_order=True).to_list()
    kinds = {LabelKind.of(text) for text in distinct}
    before = len(faults.faults)
    for text in distinct:
        problem = f"label is {text or 'missing'}; {LABELS_EXPECTED}" if LabelKind.of(text) is LabelKind.UNFIT else ""
        if not problem and numbered and names is not None and int(text) >= len(names):
            problem = f"label is {text}, but there are names for 0 to {len(names) - 1} alone"
        if problem:
            row = int((texts == text).arg_max() or 0) + 1
            faults.add(f"{place}, row {row}", problem, "Correct the label, or remove the row")
    if len(kinds - {LabelKind.UNFIT}) > 1:
        faults.add(place, "there are both numbers and names among the labels", "Use one kind for all")
    if len(faults.faults) > before:
        return None
    known = [names[int(text)] if numbered and names is not None else canonical(text) for text in distinct]
    encoded = LabelColumn.of_names(known)
    codes = texts.replace_strict(distinct, encoded.codes.tolist(), return_dtype=pl.Int64)
    return LabelColumn(codes.to_numpy(), encoded.names)


def _groups(column: pl.Series, place: str, faults: FaultList) -> NDArray[np.str_]:
    """Return groups as text."""
    if column.null_count():
        row = int(column.is_null().arg_max() or 0) + 1
        problem = f"{column.name} is empty; every image belongs to a group"
        faults.add(f"{place}, row {row}", problem, "Fill it in")
    return column.cast(pl.String).fill_null("").to_numpy().astype(np.str_)
