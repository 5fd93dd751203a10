"""A writer for each form of data. What they write is what the readers beside them read."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import Enum
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray
from PIL import Image

from fashion_classifier.data.class_folders import folder_name
from fashion_classifier.data.dataset import Dataset
from fashion_classifier.data.dataset_card import CARD, dataset_card, features_of
from fashion_classifier.data.known import FASHION_MNIST_CLASSES
from fashion_classifier.progress import Progress

N_PARTS = 6
_EVERY = 1000  # images between two reports of progress
_GZIP_LEVEL = 6  # one percent larger than the highest level, in a third of the time


class Part(Enum):
    """The parts of data, by the names that this package gives them."""

    TRAINING = "training"
    VALIDATION = "validation"
    TEST = "test"

    @property
    def short(self) -> str:
        """The word that stands in names of files and folders."""
        return {Part.TRAINING: "train", Part.VALIDATION: "val", Part.TEST: "test"}[self]


Parts = Mapping[Part, Dataset]


def class_numbers(classes: Sequence[str]) -> list[int] | None:
    """Return the number that stands for each class where labels are numbers.

    Returns
    -------
    list of int, or None
        The official numbers of the ten Fashion-MNIST classes; of classes that are called by numbers, these; None
        where classes have names of their own.

    Examples
    --------
    >>> class_numbers(["7", "12"]), class_numbers(["cat", "dog"])
    ([7, 12], None)
    """
    if set(classes) == set(FASHION_MNIST_CLASSES):
        return [FASHION_MNIST_CLASSES.index(name) for name in classes]
    if all(name.isascii() and name.isdigit() for name in classes):
        return [int(name) for name in classes]
    return None


def write_csv_parts(parts: Parts, folder: Path, progress: Progress) -> None:
    """Write Fashion Train Data 1.csv to 6.csv, and Fashion Test Data.csv."""
    training = parts[Part.TRAINING]
    for number, rows in enumerate(np.array_split(np.arange(len(training)), N_PARTS)):
        progress("Writing CSV files", number, N_PARTS + 1)
        _write_csv(training.take(rows), folder / f"Fashion Train Data {number + 1}.csv")
    progress("Writing CSV files", N_PARTS, N_PARTS + 1)
    if Part.TEST in parts:
        _write_csv(parts[Part.TEST], folder / "Fashion Test Data.csv")
    progress("Writing CSV files", N_PARTS + 1, N_PARTS + 1)


def write_csv(parts: Parts, place: Path, progress: Progress) -> None:
    """Write train.csv, val.csv and test.csv; or the training part alone, if the place is a file."""
    for number, (part, dataset) in enumerate(parts.items()):
        progress("Writing CSV files", number, len(parts), part.value)
        _write_csv(dataset, place / f"{part.short}.csv" if place.is_dir() else place)
    progress("Writing CSV files", len(parts), len(parts))


def write_idx(parts: Parts, folder: Path, progress: Progress) -> None:
    """Write pairs of gzipped IDX files, the test set's called t10k as the official ones are."""
    for number, (part, dataset) in enumerate(parts.items()):
        progress("Writing IDX files", number, len(parts), part.value)
        prefix = "t10k" if part is Part.TEST else part.short
        labels = np.array(class_numbers(dataset.classes), dtype=np.uint8)[dataset.labels]
        _write_idx(folder / f"{prefix}-images-idx{dataset.images.ndim}-ubyte.gz", dataset.images)
        _write_idx(folder / f"{prefix}-labels-idx1-ubyte.gz", labels)
    progress("Writing IDX files", len(parts), len(parts))


def write_png(parts: Parts, folder: Path, progress: Progress) -> None:
    """Write class folders of PNG files, numbered from 1 within each class: train/Ankle boot/00001.png."""
    for part, dataset in parts.items():
        folders = [folder / part.short / folder_name(name) for name in dataset.classes]
        for class_folder in folders:
            class_folder.mkdir(parents=True)
        count = [0] * len(folders)
        for label, picture in zip(dataset.labels.tolist(), _pictures(dataset, part, progress), strict=True):
            count[label] += 1
            (folders[label] / f"{count[label]:05}.png").write_bytes(picture)


def write_npz(parts: Parts, file: Path, progress: Progress) -> None:
    """Write x_train, y_train, groups_train and their like for the other parts, and the names of the classes."""
    arrays: dict[str, NDArray[np.generic]] = {"classes": np.array(parts[Part.TRAINING].classes)}
    for part, dataset in parts.items():
        arrays[f"x_{part.short}"], arrays[f"y_{part.short}"] = dataset.images, dataset.labels
        if dataset.groups is not None:
            arrays[f"groups_{part.short}"] = dataset.groups.astype(np.str_)
    progress("Writing NPZ arrays", 0, 1)
    with file.open("wb") as target:
        # None is of objects. `allow_pickle=False` would say so, but NumPy before 2.2 takes it for one more array.
        np.savez_compressed(target, **arrays)  # type: ignore[arg-type]
    progress("Writing NPZ arrays", 1, 1)


def write_parquet(parts: Parts, place: Path, progress: Progress) -> None:
    """Write one Parquet shard a part, with PNG pictures, numbered labels and the names of the classes; and a card."""
    written: dict[str, tuple[str, int, int]] = {}
    for part, dataset in parts.items():
        its_name = part.value.removesuffix("ing")
        file = place / f"{its_name}-00000-of-00001.parquet" if place.is_dir() else place
        pictures = list(_pictures(dataset, part, progress))
        names = [f"{number:05}.png" for number in range(1, len(pictures) + 1)]
        image = pl.DataFrame({"bytes": pictures, "path": names}).to_struct("image")
        frame = pl.DataFrame([image, pl.Series("label", dataset.labels)])
        if dataset.groups is not None:
            frame = frame.with_columns(pl.Series("group", dataset.groups.tolist(), dtype=pl.String))
        features = features_of(dataset.classes, grouped=dataset.groups is not None)
        description = json.dumps({"info": {"features": features}}, ensure_ascii=False)
        content = io.BytesIO()  # a file's errors Polars wraps in its own
        frame.write_parquet(content, row_group_size=_EVERY, metadata={"huggingface": description})
        file.write_bytes(_described_to_arrow(content.getvalue()))
        written[its_name] = (file.name, len(dataset), file.stat().st_size)
    if place.is_dir():
        some = parts[Part.TRAINING]
        card = dataset_card(some.classes, written, grouped=some.groups is not None)
        (place / CARD).write_text(card, encoding="utf-8")


WRITERS: Mapping[str, Callable[[Parts, Path, Progress], None]] = {
    "csv-parts": write_csv_parts,
    "csv": write_csv,
    "idx": write_idx,
    "png": write_png,
    "npz": write_npz,
    "parquet": write_parquet,
}


def _described_to_arrow(parquet: bytes) -> bytes:
    """Have Arrow, and with it `datasets`, see the description of the columns.

    Polars keeps a schema of its own beside it, without the description, and Arrow looks at nothing else where it finds
    that: it is given another name in the file's footer.
    """
    footer = len(parquet) - 8 - int.from_bytes(parquet[-8:-4], "little")
    return parquet[:footer] + parquet[footer:].replace(b"ARROW:schema", b"polars:arrow")


def _write_csv(dataset: Dataset, file: Path) -> None:
    """Write label, pixels row by row, and a group where there are groups."""
    shape, numbers = dataset.shape, class_numbers(dataset.classes)
    rows = dataset.images.reshape(len(dataset), -1)
    columns = [f"pixel{number}" for number in range(1, rows.shape[1] + 1)]
    if shape.height != shape.width:
        columns = [f"{row}x{column}" for row in range(1, shape.height + 1) for column in range(1, shape.width + 1)]
    table = pl.from_numpy(rows, schema=columns, orient="row")
    labels = np.array(dataset.classes if numbers is None else numbers)[dataset.labels]
    table.insert_column(0, pl.Series("label", labels.tolist()))
    if dataset.groups is not None:
        table = table.with_columns(pl.Series("group", dataset.groups.tolist(), dtype=pl.String))
    table.write_csv(file)


def _write_idx(file: Path, array: NDArray[np.uint8]) -> None:
    """Write an array of bytes: two zeros, the type, the number of axes, their lengths, the content."""
    header = bytes((0, 0, 0x08, array.ndim)) + np.array(array.shape, dtype=">u4").tobytes()
    content = gzip.compress(header + np.ascontiguousarray(array).tobytes(), _GZIP_LEVEL, mtime=0)
    file.write_bytes(content)


def _pictures(dataset: Dataset, part: Part, progress: Progress) -> Iterator[bytes]:
    """Encode every image as PNG."""
    for number, image in enumerate(dataset.images):
        if number % _EVERY == 0:
            progress(f"Writing {part.value} pictures", number, len(dataset))
        buffer = io.BytesIO()
        Image.fromarray(image).save(buffer, "PNG")
        yield buffer.getvalue()
    progress(f"Writing {part.value} pictures", len(dataset), len(dataset))
