"""Patterns of file names that no shell has expanded: `photos/**/*.jpg`, one folder's names in memory at a time."""

from __future__ import annotations

import fnmatch
import os
import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

_SPECIAL = re.compile(r"[*?\[]")
ANY_DEPTH = "**"


def is_pattern(place: Path) -> bool:
    """Tell whether a place is a pattern: a file or folder that is there under this very name is none."""
    return bool(_SPECIAL.search(str(place))) and not os.path.lexists(place)


def expand(pattern: Path) -> Iterator[str]:
    """Yield what a pattern matches, in the order of names.

    As a shell does it: `*`, `?` and `[abc]` within a name, `**` for any number of folders; names that begin with a dot
    are matched by patterns that begin with one. `**` does not follow links, so that none is gone round in a circle.

    Parameters
    ----------
    pattern
        A relative or absolute pattern.
    """
    parts = [part for part, last in pairwise((*pattern.parts, "")) if not part == last == ANY_DEPTH]
    first = next(number for number, part in enumerate(parts) if _SPECIAL.search(part))
    yield from _matches(str(Path(*parts[:first])) if first else "", parts[first:])


def reaches(pattern: Path, folder: Path) -> bool:
    """Tell whether a pattern may match a folder, one that it lies in, or files in it."""
    parts = pattern.absolute().parts
    first = next(number for number, part in enumerate(parts) if _SPECIAL.search(part))
    base = Path(*parts[:first]).resolve()
    if not folder.resolve().is_relative_to(base):
        return False
    inside = folder.resolve().relative_to(base).parts
    return ANY_DEPTH in parts or all(map(fnmatch.fnmatchcase, inside, parts[first:]))


def _matches(folder: str, parts: Sequence[str]) -> Iterator[str]:
    """Yield what the parts of a pattern match below a folder, "" for the present one."""
    part, following = parts[0], parts[1:]
    if part == ANY_DEPTH:
        yield from _at_any_depth(folder, following or ("*",))
        return
    if not _SPECIAL.search(part):
        place = os.path.join(folder, part)  # noqa: PTH118 - for each of a million
        if os.path.lexists(place):
            yield from _matches(place, following) if following else (place,)
        return
    for name, is_folder in _names(folder):
        if fnmatch.fnmatchcase(name, part) and (part[0] == "." or name[0] != "."):
            place = os.path.join(folder, name)  # noqa: PTH118 - as above
            if not following:
                yield place
            elif is_folder:
                yield from _matches(place, following)


def _at_any_depth(folder: str, following: Sequence[str]) -> Iterator[str]:
    """Yield what is matched in a folder and in those below it."""
    waiting = [folder]
    while waiting:
        folder = waiting.pop()
        yield from _matches(folder, following)
        names = [name for name, is_folder in reversed(_names(folder)) if is_folder and name[0] != "."]
        below = [os.path.join(folder, name) for name in names]  # noqa: PTH118 - as above
        waiting += [place for place in below if not os.path.islink(place)]  # noqa: PTH114 - as above


def _names(folder: str) -> list[tuple[str, bool]]:
    """Return the names in a folder and whether each is a folder; nothing where it cannot be looked into."""
    try:
        with os.scandir(folder or ".") as entries:
            return sorted((entry.name, entry.is_dir()) for entry in entries)
    except OSError:
        return []
