"""Predicting for files: pictures found, read and classified in batches, so that any number fits into memory."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fashion_classifier.data.pictures import SUFFIXES, read_picture, to_array
from fashion_classifier.errors import DataError, UnavailableError
from fashion_classifier.inference.predictor import Classifier
from fashion_classifier.progress import Progress, silent

BATCH_SIZE = 250


@dataclass(frozen=True)
class FilePrediction:
    """What a model says of one file.

    Parameters
    ----------
    path
        The file.
    predicted, probability
        The class and its probability; None where the file could not be read.
    error
        Why it could not be read; empty otherwise.
    """

    path: Path
    predicted: str | None
    probability: float | None
    error: str = ""


def find_pictures(places: Sequence[Path]) -> list[Path]:
    """List the files to classify: each file that is named, and the pictures in each folder that is named.

    Raises
    ------
    UnavailableError
        If a place does not exist, or no picture is found at all.
    """
    found: list[Path] = []
    for place in places:
        if place.is_dir():
            for folder, folders, files in os.walk(place):
                folders.sort()
                names = sorted(name for name in files if Path(name).suffix.lower() in SUFFIXES and name[0] != ".")
                found.extend(Path(folder) / name for name in names)
        elif place.exists():
            found.append(place)
        else:
            raise UnavailableError(f"{place}: there is no such file or folder.")
    if not found:
        raise UnavailableError(
            f"{', '.join(map(str, places))}: there are no pictures here; files ending in "
            f"{', '.join(sorted(SUFFIXES))} are looked for."
        )
    return found


def predict_files(model: Classifier, files: Sequence[Path], *, progress: Progress = silent) -> Iterator[FilePrediction]:
    """Classify pictures that already look like the model's training data.

    Yields
    ------
    FilePrediction
        For each file, in order; a file that cannot be read is told with its error and does not stop the others.
    """
    for start in range(0, len(files), BATCH_SIZE):
        batch = files[start : start + BATCH_SIZE]
        read = [_read(path, model) for path in batch]
        images = [image for image in read if isinstance(image, np.ndarray)]
        probabilities: Iterator[Any] = iter(model.predict(np.stack(images)) if images else ())
        for path, image in zip(batch, read, strict=True):
            if isinstance(image, str):
                yield FilePrediction(path, None, None, image)
                continue
            row = next(probabilities)
            yield FilePrediction(path, model.classes[row.argmax()], float(row.max()))
        progress("Predicting", start + len(batch), len(files))


def _read(path: Path, model: Classifier) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]] | str:
    """Read a picture in the model's shape, or say why that is not possible."""
    try:
        return to_array(read_picture(path, near=model.shape[:2]), model.shape)
    except DataError as error:
        return str(error)
    except OSError as error:
        return f"{path}: it cannot be read ({error.strerror or error})"
