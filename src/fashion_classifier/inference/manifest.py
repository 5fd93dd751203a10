"""The files of a model folder: data, used only if it is what was written.

``manifest.json`` lists each file with its size and SHA-256. A file is read whole, and the bytes that were hashed are
the bytes that are used, so nothing can be put in its place between the two. What is not listed is not read.
"""

from __future__ import annotations

import errno
import hashlib
import json
import math
import os
import stat
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from fashion_classifier.errors import ModelError, UnavailableError, UsageError
from fashion_classifier.storage import write_json

FORMAT_VERSION = 1
MODEL, WEIGHTS, MANIFEST, RECORD = "model.json", "weights.safetensors", "manifest.json", "record.json"
ONNX, INT8 = "model.onnx", "model.int8.onnx"
MOST_SHOWN = 400  # letters
LARGEST_JSON = 4 << 20  # bytes
LARGEST = {MODEL: LARGEST_JSON, RECORD: LARGEST_JSON, WEIGHTS: 4 << 30, ONNX: 1 << 30, INT8: 1 << 30}
# Neither a link is followed nor a pipe waited for, should one be put there after it was looked at.
HOW = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)

T = TypeVar("T")


class Listed(NamedTuple):
    """What a manifest says of a file."""

    n_bytes: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """What a model folder holds.

    Parameters
    ----------
    folder
        The model folder.
    files
        What is listed, by name: `model.json`, `weights.safetensors`, and what else a model folder may hold.
    """

    folder: Path
    files: Mapping[str, Listed]

    def read(self, name: str) -> bytes:
        """Read a file that is listed.

        Raises
        ------
        ModelError
            If it is not the file that was written.
        """
        path, listed = self.folder / name, self.files[name]
        content = _read(path, listed.n_bytes)
        if len(content) != listed.n_bytes or hashlib.sha256(content).hexdigest() != listed.sha256:
            raise ModelError(
                f"{path}: its content is not what the manifest says: it was changed or damaged. Get the model again."
            )
        return content

    def read_json(self, name: str) -> dict[str, Any]:
        """Read a JSON object that is listed; errors as for `read`, and if it is none."""
        return _parsed(self.read(name), self.folder / name)

    def check(self) -> None:
        """Check every file that is listed; errors as for `read`."""
        for name in self.files:
            self.read(name)


def read_manifest(folder: Path) -> Manifest:
    """Read a model folder's manifest.

    Raises
    ------
    UnavailableError
        If there is no model folder at that place.
    ModelError
        If the manifest is damaged, of an unknown format, or lists what no model folder holds.
    """
    path = folder / MANIFEST
    if not path.is_file() and not (folder / MODEL).is_file():
        raise UnavailableError(f"{folder}: there is no model here; a model folder holds {MODEL} and {MANIFEST}.")
    content = read_object(path)
    check_version(content, path)
    files = content.get("files")
    if not isinstance(files, dict) or not {MODEL, WEIGHTS} <= set(files):
        raise ModelError(f"{path}: it does not list {MODEL} and {WEIGHTS}. Get the model again.")
    return Manifest(folder, {name: _listed(path, name, facts) for name, facts in files.items()})


def read_object(path: Path) -> dict[str, Any]:
    """Read a JSON object that no manifest lists.

    Raises
    ------
    ModelError
        If it is none, or too large.
    """
    text = _read(path, LARGEST_JSON)
    if len(text) > LARGEST_JSON:
        raise ModelError(f"{path}: it is larger than the {LARGEST_JSON:,} bytes that are read. Get the model again.")
    return _parsed(text, path)


def check_place(folder: Path, *, replace: bool) -> None:
    """Check that a model folder may be made at a place: nothing but model folders is replaced, even if that is asked.

    Raises
    ------
    UsageError
        If it is taken.
    """
    if not os.path.lexists(folder):
        return
    if not replace:
        raise taken(folder)
    if folder.is_symlink() or not folder.is_dir():
        raise UsageError(f"{folder}: this is a file or a link, which no folder replaces. Name another place.")
    # Either name alone may be another program's; a folder of a model's files alone is one, or what is left of one.
    names = {each.name for each in folder.iterdir()}
    if not names >= {MODEL, MANIFEST} and not names <= {*LARGEST, MANIFEST}:
        raise UsageError(
            f"{folder}: this is no model folder, as {MODEL} and {MANIFEST} are not both in it, but other files are; "
            "nothing but model folders is replaced. Name another folder."
        )


def taken(folder: Path) -> UsageError:
    """Return the error of a place that may not be replaced."""
    return UsageError(f"{folder} is already there; nothing was overwritten. Name another folder.")


def write_manifest(folder: Path) -> None:
    """Write down the hash and size of each file that a model folder holds."""
    contents = {name: (folder / name).read_bytes() for name in sorted(LARGEST) if (folder / name).exists()}
    files = {
        name: {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
        for name, content in contents.items()
    }
    write_json(folder / MANIFEST, {"format_version": FORMAT_VERSION, "files": files})


def steadily(folder: Path, use: Callable[[], T]) -> T:
    """Use a model folder, and start anew if another one took its place meanwhile: half of each would be no model.

    Parameters
    ----------
    folder
        The model folder.
    use
        What reads from it.
    """
    before = _identity(folder)
    try:
        return use()
    except (ModelError, UnavailableError):
        if _identity(folder) == before:
            raise
    return use()


def shown(text: str) -> str:
    """Return a text that a file may have made, short enough for a message."""
    return text if len(text) <= MOST_SHOWN else f"{text[:MOST_SHOWN]} …"


def check_version(content: Mapping[str, Any], path: Path) -> None:
    """Check that a file of a model folder is of the format that is known here.

    Raises
    ------
    ModelError
        If it is of another one.
    """
    version = content.get("format_version")
    if type(version) is not int or version != FORMAT_VERSION:
        raise ModelError(
            f"{path}: format version {shown(repr(version))} is not known here; this version of the program reads "
            f"{FORMAT_VERSION}. Use the version that wrote it, or train anew."
        )


def _listed(path: Path, name: str, facts: Any) -> Listed:
    """Check what a manifest says of a file."""
    if name not in LARGEST:
        raise ModelError(f"{path}: it lists {shown(repr(name))}, which no model folder holds. Get the model again.")
    size, digest = (facts.get("bytes"), facts.get("sha256")) if isinstance(facts, dict) else (None, None)
    if type(size) is not int or not isinstance(digest, str):
        raise ModelError(f"{path}: of {name} it does not give `bytes` and `sha256`. Get the model again.")
    if not 0 <= size <= LARGEST[name]:
        raise ModelError(
            f"{path}: it says that {name} has {shown(f'{size:,}')} bytes; at most {LARGEST[name]:,} are read. "
            "Get the model again."
        )
    return Listed(size, digest)


def _read(path: Path, most: int) -> bytes:
    """Read a plain file, or so much of it that it shows to be larger than it may be."""
    absent = ModelError(f"{path}: there is no such plain file in the model folder. Get the model again.")
    try:
        if not stat.S_ISREG(path.lstat().st_mode):
            raise absent
        with open(os.open(path, HOW), "rb") as file:  # noqa: PTH123 - a path alone would be looked up again
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise absent
            return file.read(most + 1)
    except OSError as error:
        if error.errno in {errno.ENOENT, errno.ELOOP}:
            raise absent from error
        raise UnavailableError(f"{path}: it cannot be read: {error.strerror or error}.") from error


def _parsed(content: bytes, path: Path) -> dict[str, Any]:
    """Read a JSON object: strictly, so that no two programs can read two different things in it."""
    try:
        found = json.loads(
            content.decode(), object_pairs_hook=_object, parse_constant=_no_constant, parse_float=_finite
        )
        json.dumps(found, ensure_ascii=False).encode()  # half a character could be neither shown nor written
    except (ValueError, RecursionError) as error:
        raise ModelError(f"{path}: this is not JSON ({error}). Get the model again.") from error
    if not isinstance(found, dict):
        raise ModelError(f"{path}: a JSON object was expected. Get the model again.")
    return found


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Make an object whose names are all different."""
    found = dict(pairs)
    if len(found) < len(pairs):
        [(name, _)] = Counter(name for name, _ in pairs).most_common(1)
        raise ValueError(f"{shown(repr(name))} is there twice")
    return found


def _no_constant(name: str) -> float:
    """Refuse what is no number."""
    raise ValueError(f"{name} is no number of JSON")


def _finite(text: str) -> float:
    """Read a number that a float can hold."""
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{shown(text)} is too large a number")
    return value


def _identity(folder: Path) -> tuple[int, int] | None:
    """Tell one folder from another of the same name."""
    try:
        facts = folder.stat()
    except OSError:
        return None
    return facts.st_dev, facts.st_ino
