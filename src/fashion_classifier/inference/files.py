"""Predicting for files: pictures found, decoded and classified in batches, so that any number fits into memory."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fashion_classifier.data.picture_ways import PictureWay
from fashion_classifier.data.pictures import SUFFIXES
from fashion_classifier.errors import UnavailableError
from fashion_classifier.inference.answers import Answer, answers
from fashion_classifier.inference.decoding import DecodedBatch, decoding
from fashion_classifier.inference.globs import ANY_DEPTH, expand, is_pattern
from fashion_classifier.inference.photographs.answering import answer_photographs
from fashion_classifier.inference.photographs.seen import Seen
from fashion_classifier.progress import Progress, silent

if TYPE_CHECKING:
    from fashion_classifier.inference.predictor import Classifier


@dataclass(frozen=True)
class FilePrediction:
    """What a model says of one file.

    Parameters
    ----------
    path
        The file.
    answer
        What it says; None where the file could not be read.
    error
        Why it could not be read; empty otherwise.
    seen
        What the model was shown of it, where a garment was looked for.
    """

    path: Path
    answer: Answer | None
    error: str = ""
    seen: Seen | None = None


@dataclass(frozen=True)
class PictureFiles:
    """Files to classify, listed anew each time they are asked for: only one folder's names are held at a time.

    Parameters
    ----------
    places
        Files, folders and patterns.
    n
        How many files were found.
    longest
        Characters of the longest path.
    """

    places: tuple[Path, ...]
    n: int
    longest: int

    def __len__(self) -> int:
        return self.n

    def __iter__(self) -> Iterator[str]:
        return _walk(self.places)


def find_pictures(places: Sequence[Path]) -> PictureFiles:
    """Find the files to classify: each file that is named, and the pictures in each folder that is named.

    Parameters
    ----------
    places
        Files, folders, and patterns such as ``photos/**/*.jpg``; a pattern stands for the files and folders that it
        matches, one with ``**`` for files alone.

    Raises
    ------
    UnavailableError
        If a place does not exist, a pattern matches nothing, or no picture is found at all.
    """
    files = count_pictures(places)
    if not files.n:
        raise UnavailableError(
            f"{', '.join(map(str, places))}: there are no pictures here; files ending in "
            f"{', '.join(sorted(SUFFIXES))} are looked for."
        )
    return files


def count_pictures(places: Sequence[Path]) -> PictureFiles:
    """Find the files to classify, of which there may be none; see `find_pictures`."""
    for place in places:
        if is_pattern(place):
            if next(expand(place), None) is None:
                raise UnavailableError(f"{place}: nothing is called so, and no file matches it as a pattern. Check it.")
        elif not os.path.lexists(place):
            raise UnavailableError(f"{place}: there is no such file or folder. Check its name.")
    n = longest = 0
    for path in _walk(places):
        n, longest = n + 1, max(longest, len(path))
    return PictureFiles(tuple(places), n, longest)


def matched_files(pattern: Path) -> Iterator[str]:
    """Yield what a pattern stands for: the files that it matches, and the pictures in folders that it matches."""
    files_alone = ANY_DEPTH in pattern.parts  # which reaches what is in the folders, too
    for path in expand(pattern):
        if not os.path.isdir(path):  # noqa: PTH112 - for each of a million
            yield path
        elif not files_alone:
            yield from _in_folder(path)


def _walk(places: Sequence[Path]) -> Iterator[str]:
    """Yield the paths of files and of the pictures in folders, in the order of their names."""
    for place in places:
        if is_pattern(place):
            yield from matched_files(place)
        elif place.is_dir():
            yield from _in_folder(str(place))
        else:
            yield str(place)


def _in_folder(place: str) -> Iterator[str]:
    """Yield the pictures in a folder and in those below it, in the order of their names."""
    waiting = [place]  # as deep as folders lie in folders, `os.walk` would call itself
    while waiting:
        folder = waiting.pop()
        listed = next(os.walk(folder), None)
        if listed is None:
            yield folder  # it cannot be listed: its row says why, as one of a picture that cannot be read
            continue
        _, folders, files = listed
        for name in sorted(files):
            if os.path.splitext(name)[1].lower() in SUFFIXES and name[0] != ".":  # noqa: PTH122 - for each of a million
                yield os.path.join(folder, name)  # noqa: PTH118 - as above
        below = [os.path.join(folder, name) for name in sorted(folders, reverse=True)]  # noqa: PTH118 - as above
        waiting += [path for path in below if not os.path.islink(path)]  # noqa: PTH114 - as above


def predict_files(
    model: Classifier, files: PictureFiles, way: PictureWay = "resize", *, progress: Progress = silent
) -> Iterator[FilePrediction]:
    """Classify pictures, brought to the model as it wants them (`fashion_classifier.data.picture_ways`).

    Yields
    ------
    FilePrediction
        For each file, in order; a file that cannot be read is told with its error and does not stop the others.
    """
    with decoding(files, len(files), model.shape, way) as batches:
        yield from predict_batches(model, batches, len(files), progress=progress)


def predict_batches(
    model: Classifier, batches: Iterable[DecodedBatch], n: int, *, of: str = "files", progress: Progress = silent
) -> Iterator[FilePrediction]:
    """Classify pictures as they are decoded.

    Parameters
    ----------
    model
        Whose shape the pictures have.
    batches
        What `fashion_classifier.inference.decoding.decoding` or `fashion_classifier.inference.inputs.reading` gives.
    n, of
        About how many there are, and what they are called in the progress.
    """
    begun, done = time.perf_counter(), 0
    for batch in batches:
        yield from _predicted(model, batch)
        done += len(batch.paths)
        rate = done / (time.perf_counter() - begun)
        progress("Predicting", done, max(n, done), f"{rate:,.0f} {of}/s")


def _predicted(model: Classifier, batch: DecodedBatch) -> Iterator[FilePrediction]:
    """Classify one batch."""
    said: Iterator[Answer] = iter(())
    if batch.seen:
        said = iter(answer_photographs(model, batch.seen))
    elif len(batch.images):
        said = iter(answers(model, model.predict(batch.images)))
    seen = iter(batch.seen)
    for path, error in zip(batch.paths, batch.errors, strict=True):
        yield (
            FilePrediction(Path(path), None, error)
            if error
            else FilePrediction(Path(path), next(said), seen=next(seen, None))
        )
