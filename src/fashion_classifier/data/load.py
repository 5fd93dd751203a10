"""Getting data: a place that was named, or, by default, the first of the places where data may be."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from fashion_classifier.data import sample
from fashion_classifier.data.cache import cache_folder, recall, remember, state_of
from fashion_classifier.data.collection import SAMPLE, Collection, arrange
from fashion_classifier.data.download import OFFICIAL_FILES, download_fashion_mnist
from fashion_classifier.data.pixels import resized, with_channels
from fashion_classifier.data.raw import RawCollection, RawPart
from fashion_classifier.data.sources import ReadOptions, find_source
from fashion_classifier.errors import UnavailableError, UsageError
from fashion_classifier.progress import Progress, silent

AUTO = "auto"
SAMPLE_SOURCE = "sample"
FASHION_MNIST_SOURCE = "fashion-mnist"


@dataclass(frozen=True)
class Place:
    """Where data is, after looking and, where need be, downloading.

    Parameters
    ----------
    path
        A file or folder; None for the drawn sample.
    notes
        Why this place was taken, where that must be known.
    """

    path: Path | None
    notes: tuple[str, ...] = ()


def locate(source: str | Path = AUTO, *, progress: Progress = silent) -> Place:
    """Find the place of a source, downloading the official files if they are asked for and not there.

    Parameters
    ----------
    source
        A file or folder; "fashion-mnist" for the official files; "sample" for the built-in drawn garments; or
        "auto": the folder named by the environment variable FASHION_DATA, ``./data``, the official files in the
        user's cache, their download, and where none can be had, the sample. A place that is named, by argument or
        by FASHION_DATA, never falls back to another.
    progress
        Told of a download.

    Raises
    ------
    UnavailableError
        If the official files are asked for by name and cannot be had.
    """
    name = _named(source)
    if (place := _at_hand(name)) is not None:
        return place
    try:
        return Place(download_fashion_mnist(_official_folder(), progress=progress))
    except UnavailableError as error:
        if name == FASHION_MNIST_SOURCE:
            raise
        why = str(error).splitlines()[0]
        return Place(None, (f"No data was found, and the official files could not be downloaded: {why}",))


def at_hand(source: str | Path = AUTO) -> Place | None:
    """Find the place of a source as `locate` does, but without downloading anything; None where that would be done."""
    return _at_hand(_named(source))


def _named(source: str | Path) -> str:
    """Return what is meant by "auto" where the environment says it."""
    return (str(source) == AUTO and os.environ.get("FASHION_DATA")) or str(source)


def _at_hand(name: str) -> Place | None:
    """Find the place of a source whose name the environment has no say in any more."""
    if name == SAMPLE_SOURCE:
        return Place(None)
    if name not in {AUTO, FASHION_MNIST_SOURCE}:
        return Place(Path(name))
    if name == AUTO and Path("data").is_dir() and any(not entry.name.startswith(".") for entry in os.scandir("data")):
        return Place(Path("data"))
    folder = _official_folder()
    return Place(folder) if all(file.is_at(folder / file.name) for file in OFFICIAL_FILES) else None


def _official_folder() -> Path:
    """Return the cache's folder of the official files."""
    return cache_folder() / "fashion-mnist"


def load(
    source: str | Path | Place = AUTO,
    *,
    options: ReadOptions | None = None,
    use_cache: bool = True,
    progress: Progress = silent,
) -> Collection:
    """Load labelled images, checked, in canonical order, the test set sealed.

    Parameters
    ----------
    source
        As for `locate`, or what it returned.
    options
        Image size and grouping.
    use_cache
        Whether parsed data is kept, and taken from the cache where it was kept.
    progress
        Told of the reading.

    Raises
    ------
    DataError
        If the data is broken; the message lists every fault.
    UnavailableError
        If there is nothing at that place, or the official files cannot be downloaded.

    Examples
    --------
    >>> collection = load("sample", use_cache=False)
    >>> collection.classes[:2], str(collection.shape)
    (('T-shirt/top', 'Trouser'), '28x28 grey')
    """
    options = options or ReadOptions()
    place = source if isinstance(source, Place) else locate(source, progress=progress)
    if place.path is None:
        program = sorted(Path(sample.__file__).parent.glob("*.py"))  # drawn anew when the program that draws it changes
        if options.group_by is not None:
            raise UsageError("The drawn sample has no groups: each image stands for itself.")
        state = state_of(SAMPLE, program, asdict(options))
        collection = _load(lambda: _sample(options), state, SAMPLE, SAMPLE_SOURCE, use_cache)
    else:
        found = find_source(place.path)

        def read() -> RawCollection:
            return found.read(options=options, progress=progress)

        state = state_of(found.container, found.files, asdict(options))
        collection = _load(read, state, found.container, str(found.location), use_cache)
    return replace(collection, notes=(*place.notes, *collection.notes))


def _sample(options: ReadOptions) -> RawCollection:
    """Draw the sample, in another size if that is asked for."""
    drawn = sample.draw_sample()
    assert drawn.test is not None

    def brought(part: RawPart) -> RawPart:
        images = part.images if options.image_size is None else resized(part.images, options.image_size)
        return replace(part, images=images if options.channels is None else with_channels(images, options.channels))

    return replace(drawn, training=brought(drawn.training), test=brought(drawn.test))


def _load(read: Callable[[], RawCollection], state: str, container: str, location: str, use_cache: bool) -> Collection:
    """Take parsed data from the cache, or parse it and keep it there."""
    if use_cache and (kept := recall(state)) is not None:
        return kept.seal(container, location)
    arranged = arrange(read())
    if use_cache:
        try:
            remember(state, arranged)
        except OSError as error:
            note = f"The parsed data could not be kept in {cache_folder()}: {error}."
            arranged = replace(arranged, notes=(*arranged.notes, note))
    return arranged.seal(container, location)
