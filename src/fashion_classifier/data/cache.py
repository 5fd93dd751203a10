"""Parsed data kept as memory-mapped arrays, so that the second start is instant.

A small index file maps the state of the source's files (paths, sizes, modification times) and the options of
reading to a folder of arrays that is named by its content::

    <cache>/parsed/index/<state>.json        {"content": "<content>"}
    <cache>/parsed/<content>/collection.json, training_images.npy, …
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import platformdirs

from fashion_classifier.data.collection import ArrangedParts
from fashion_classifier.data.dataset import Dataset
from fashion_classifier.data.fingerprint import Duplicates, combine
from fashion_classifier.data.kept_arrays import read_kept_array
from fashion_classifier.errors import FashionError
from fashion_classifier.locks import in_turn
from fashion_classifier.storage import atomic_folder, clear_up, make_folder, read_json, write_json

FORMAT = 3  # raised whenever parsing or arranging changes what comes out
_REMEDY = "Remove it"  # nobody is told: what is damaged is parsed again


def cache_folder() -> Path:
    """Return the folder for what can be made again: `$FASHION_CACHE`, or the platform's cache folder."""
    configured = os.environ.get("FASHION_CACHE")
    return Path(configured) if configured else Path(platformdirs.user_cache_dir("fashion-classifier"))


def state_of(kind: str, files: Sequence[Path], options: dict[str, Any]) -> str:
    """Return a key that changes whenever a file, the list of files, or an option of reading changes."""
    state = hashlib.sha256(json.dumps([FORMAT, kind, options], sort_keys=True).encode())
    for file in files:
        status = file.stat()
        facts = f"\n{file.absolute()}\t{status.st_size}\t{status.st_mtime_ns}\t{status.st_ino}"
        state.update(os.fsencode(facts))  # a name need not be UTF-8
    return state.hexdigest()


def remember(state: str, arranged: ArrangedParts, folder: Path | None = None) -> None:
    """Keep parsed data.

    Parameters
    ----------
    state
        What `state_of` gave for its source.
    arranged
        The parts in canonical order.
    folder
        The cache; `cache_folder()` by default.

    Raises
    ------
    OSError
        If the cache cannot be written.
    """
    root = (folder or cache_folder()) / "parsed"
    description = {
        "name": arranged.name,
        "fingerprint": arranged.fingerprint,
        "duplicates": asdict(arranged.duplicates),
        "notes": list(arranged.notes),
        "classes": list(arranged.parts["training"].classes),
        "parts": {name: part.groups is not None for name, part in arranged.parts.items()},
    }
    content = _name_of(description, arranged.parts)
    make_folder(root)
    with in_turn(root):
        clear_up(root)
        if _recall(root, content) is None:
            with atomic_folder(root / content) as place:
                for name, part in arranged.parts.items():
                    np.save(place / f"{name}_images.npy", part.images)
                    np.save(place / f"{name}_labels.npy", part.labels)
                    if part.groups is not None:
                        np.save(place / f"{name}_groups.npy", part.groups)
                (place / "collection.json").write_text(json.dumps(description))
        write_json(root / "index" / f"{state}.json", {"content": content})


def recall(state: str, folder: Path | None = None) -> ArrangedParts | None:
    """Return what was kept for this state of a source, its images memory-mapped; None if there is nothing whole."""
    root = (folder or cache_folder()) / "parsed"
    try:
        content = read_json(root / "index" / f"{state}.json", "index of the cache", _REMEDY)["content"]
        return _recall(root, Path(content).name)
    except (FashionError, OSError, LookupError, TypeError):
        return None


def _recall(root: Path, content: str) -> ArrangedParts | None:
    """Return the arrays of one content; None if they are not there, or damaged, so that the source is parsed again.

    The name tells of all but the pixels, which are left in their file, and whose form alone is looked at.
    """
    place = root / content
    try:
        description = read_json(place / "collection.json", "description of data", _REMEDY)
        classes = tuple(description["classes"])
        parts = {name: _part(place, name, classes, grouped) for name, grouped in description["parts"].items()}
        if _name_of(description, parts) != content or len({part.shape for part in parts.values()}) > 1:
            return None
        return ArrangedParts(
            description["name"],
            parts,
            description["fingerprint"],
            Duplicates(**description["duplicates"]),
            tuple(description["notes"]),
        )
    except (FashionError, OSError, ValueError, LookupError, TypeError, AttributeError):
        return None


def _name_of(description: dict[str, Any], parts: dict[str, Dataset]) -> str:
    """Return what the folder of a content is called: all that it holds changes the name, the fingerprint for pixels."""
    of_labels = [hashlib.sha256(part.labels.tobytes()).hexdigest() for part in parts.values()]
    groups = [part.groups for part in parts.values() if part.groups is not None]
    of_groups = [hashlib.sha256(some.tobytes()).hexdigest() for some in groups]
    return combine([str(FORMAT), json.dumps(description, sort_keys=True), *of_labels, *of_groups])


def _part(place: Path, name: str, classes: tuple[str, ...], grouped: bool) -> Dataset:
    """Return a part, its images left in their file."""
    images = read_kept_array(place / f"{name}_images.npy", "the images", _REMEDY, mapped=True)
    labels = read_kept_array(place / f"{name}_labels.npy", "the labels", _REMEDY)
    groups = read_kept_array(place / f"{name}_groups.npy", "the groups", _REMEDY) if grouped else None
    n, kinds = len(labels), [images.dtype, labels.dtype]
    shapes = {(n,), labels.shape, images.shape[:1], (n,) if groups is None else groups.shape}
    if kinds != [np.uint8, np.int64] or len(shapes) > 1 or (images.ndim != 3 and images.shape[3:] != (3,)):
        raise ValueError(f"no images and labels, but {kinds} of {shapes}")
    return Dataset(images, labels, classes, groups)
