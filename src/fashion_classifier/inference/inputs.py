"""All that can be predicted for: pictures, and files of pixels whose rows are images, read in one stream of batches."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from fashion_classifier.data.dataset import ImageShape
from fashion_classifier.data.picture_ways import PictureWay
from fashion_classifier.data.pictures import SUFFIXES
from fashion_classifier.data.streams.blocks import PixelFile
from fashion_classifier.data.streams.recognition import find_stream
from fashion_classifier.errors import UnavailableError, UsageError
from fashion_classifier.inference.decoding import DecodedBatch, decoding
from fashion_classifier.inference.files import PictureFiles, count_pictures, matched_files
from fashion_classifier.inference.globs import is_pattern

Part = PictureFiles | PixelFile


@dataclass(frozen=True)
class Inputs:
    """What was named to be predicted for, none of it read yet.

    Parameters
    ----------
    parts
        Pictures and files of pixels, in the order in which they were named.
    """

    parts: tuple[Part, ...]

    def __len__(self) -> int:
        """About how many images there are."""
        return sum(part.n for part in self.parts)

    @property
    def pixel_files(self) -> tuple[PixelFile, ...]:
        """The files of pixels among them."""
        return tuple(part for part in self.parts if isinstance(part, PixelFile))

    @property
    def longest(self) -> int:
        """Characters of the longest name of an image, about."""
        of_rows = (len(f"{file.path}:{file.n}") for file in self.pixel_files)
        return max(chain(of_rows, (part.longest for part in self.parts if isinstance(part, PictureFiles))), default=0)

    @property
    def labelled(self) -> str:
        """Which files of pixels have labels, in words; empty where none has."""
        names = [str(file.path) for file in self.pixel_files if file.labelled]
        return ", ".join(names[:3]) + (f" and {len(names) - 3:,} more" if len(names) > 3 else "")

    @property
    def unit(self) -> str:
        """What the images are called when they are counted."""
        return "images" if self.pixel_files else "files"


def find_inputs(places: Sequence[Path]) -> Inputs:
    """Find what to predict for.

    Parameters
    ----------
    places
        Pictures; files of pixels (CSV, IDX, NPZ, Parquet), told by how they begin; folders, of which the pictures are
        taken; and patterns, which stand for the files that they match.

    Raises
    ------
    UnavailableError
        If a place does not exist, a pattern matches nothing, or there is nothing at all to predict for.
    """
    parts: list[Part] = []
    pictures: list[Path] = []

    def close_pictures() -> None:
        if pictures:
            parts.append(count_pictures(pictures))
            pictures.clear()

    for place in _spread(places):
        stream = None if is_pattern(place) else find_stream(place)
        if stream is None:
            pictures.append(place)
        else:
            close_pictures()
            parts.append(stream)
    close_pictures()
    found = Inputs(tuple(parts))
    if not len(found):
        raise UnavailableError(_nothing_in(places))
    return found


@contextmanager
def reading(inputs: Inputs, shape: ImageShape, way: PictureWay = "resize") -> Iterator[Iterator[DecodedBatch]]:
    """Give all images in batches, in order; pictures that come first are decoded beside what is done in the block.

    Parameters
    ----------
    inputs
        What `find_inputs` found.
    shape
        To which the images are brought.
    way
        How pictures are; rows of pixels are never looked at for a garment.
    """
    first, *others = inputs.parts
    if isinstance(first, PixelFile):
        with closing(_batches(inputs.parts, shape, way)) as batches:
            yield batches
        return
    with decoding(first, len(first), shape, way) as decoded, closing(_batches(others, shape, way)) as batches:
        yield chain(decoded, batches)


def check_files(inputs: Inputs, purpose: str) -> None:
    """Check that every image is a file of its own, as it must be for some purpose ("sorted into folders", "shown").

    Raises
    ------
    UsageError
        If some are rows of a file.
    """
    if inputs.pixel_files:
        raise UsageError(
            f"{inputs.pixel_files[0].path}: its rows are no files that could be {purpose}. Name pictures alone, "
            "and write what is said of rows into a file."
        )


def _batches(parts: Sequence[Part], shape: ImageShape, way: PictureWay) -> Generator[DecodedBatch]:
    """Read one part after the other."""
    for part in parts:
        if isinstance(part, PixelFile):
            for block in part.blocks(shape):
                yield DecodedBatch(block.places, block.errors, block.images)
        else:
            with decoding(part, len(part), shape, way) as decoded:
                yield from decoded


def _spread(places: Sequence[Path]) -> Iterator[Path]:
    """Put the files that a pattern matches in its place where files of pixels are among them."""
    for place in places:
        if is_pattern(place) and any(find_stream(Path(path)) is not None for path in matched_files(place)):
            yield from map(Path, matched_files(place))
        else:
            yield place


def _nothing_in(places: Sequence[Path]) -> str:
    """Say that nothing was found, and which files of pixels lie in the folders that were named."""
    problem = (
        f"{', '.join(map(str, places))}: there are no pictures here; files ending in "
        f"{', '.join(sorted(SUFFIXES))} are looked for."
    )
    for place in places:
        if place.is_dir():
            for path in sorted(place.iterdir()):
                if path.name[0] != "." and find_stream(path) is not None:
                    return f"{problem} {path} holds pixels: name that file itself."
    return problem
