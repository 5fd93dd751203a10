"""What the cache holds, and taking it away: what the program itself put there, and nothing else."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from fashion_classifier.data.cache import cache_folder
from fashion_classifier.data.download import OFFICIAL_FILES, START_S
from fashion_classifier.limits import in_words
from fashion_classifier.locks import in_turn
from fashion_classifier.storage import OLD, PART, bytes_in, remove_folder

What = Literal["parsed", "downloads"]
PARSED, DOWNLOADS = "parsed", "fashion-mnist"  # folders in the cache
COLLECTION, INDEX = "collection.json", "index"


@dataclass(frozen=True)
class Kept:
    """One part of what the cache holds.

    Parameters
    ----------
    what
        "parsed": data that was read and need not be read again. "downloads": the official files.
    n
        Data sets, or files.
    n_bytes
        What they take.
    """

    what: What
    n: int
    n_bytes: int

    def __str__(self) -> str:
        noun = "parsed data set" if self.what == "parsed" else "downloaded file"
        return f"{self.n:,} {noun}{'' if self.n == 1 else 's'}: {in_words(self.n_bytes)}"


def contents(folder: Path | None = None) -> list[Kept]:
    """Return what the cache holds.

    Parameters
    ----------
    folder
        The cache; `cache_folder()` by default.
    """
    root = folder or cache_folder()
    sets, files = _parsed(root / PARSED), _downloads(root / DOWNLOADS)
    n_sets = sum((place / COLLECTION).is_file() for place in sets)
    return [Kept("parsed", n_sets, sum(map(bytes_in, sets))), Kept("downloads", len(files), sum(map(bytes_in, files)))]


def clear(what: What, folder: Path | None = None) -> int:
    """Take a part of the cache away; return how many bytes that freed.

    Whoever has parsed data open goes on with it; a download that is going on is left.

    Parameters
    ----------
    what
        As in `Kept`.
    folder
        The cache; `cache_folder()` by default.

    Raises
    ------
    UnavailableError
        If it cannot be removed.
    """
    place = (folder or cache_folder()) / (PARSED if what == "parsed" else DOWNLOADS)
    if not place.is_dir():
        return 0
    if what == "downloads":
        return _take_away(place, _downloads)
    with in_turn(place):  # nothing is kept meanwhile
        return _take_away(place, _parsed)


def _take_away(place: Path, listed: Callable[[Path], list[Path]]) -> int:
    """Remove what is listed; return how many bytes that freed."""
    freed = 0
    for path in listed(place):
        freed += bytes_in(path)
        if path.is_dir():
            remove_folder(path)
        else:
            path.unlink(missing_ok=True)
    return freed


def _parsed(place: Path) -> list[Path]:
    """Return the folders of parsed data, the index first, and what writers that were killed left."""
    if not place.is_dir():
        return []
    found = [path for path in place.iterdir() if path.is_dir() and not path.is_symlink()]
    ours = [
        path for path in found if path.name == INDEX or (path / COLLECTION).is_file() or path.name.endswith((PART, OLD))
    ]
    return sorted(ours, key=lambda path: (path.name != INDEX, path.name))


def _downloads(place: Path) -> list[Path]:
    """Return the downloaded files, and parts of such that nobody writes any more."""
    names = [name for file in OFFICIAL_FILES for name in (file.name, f"{file.name}{PART}")]
    there = [place / name for name in names if (place / name).is_file() and not (place / name).is_symlink()]
    since = time.time() - START_S
    return [path for path in there if not path.name.endswith(PART) or path.stat().st_mtime < since]
