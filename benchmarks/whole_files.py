"""Whether every file of a run folder can be read, each as those who need it read it."""

from __future__ import annotations

import json
import shutil
import sqlite3
import tempfile
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import onnx
import polars as pl
from PIL import Image
from safetensors import safe_open

from fashion_classifier.inference.bundle import load_model
from fashion_classifier.locks import LOCK, TURN
from fashion_classifier.storage import OLD, PART


def unreadable(folder: Path) -> list[str]:
    """Return which files are not whole, and why; what is hidden is no file of the folder yet."""
    found = []
    for path in sorted(folder.rglob("*")):
        place = path.relative_to(folder)
        if path.is_file() and not any(name.startswith(".") for name in place.parts):
            try:
                READERS[path.suffix](path)
            except Exception as error:  # noqa: BLE001 - whatever it is, it is what is looked for
                found.append(f"{place}: {type(error).__name__}: {error}")
    return found


def left_over(folder: Path) -> list[str]:
    """Return what writers that were killed left: parts of files, folders that were about to be replaced, locks."""
    return sorted(
        str(path.relative_to(folder))
        for path in folder.rglob(".*")
        if path.name.endswith((PART, OLD)) or path.name in {LOCK, TURN}
    )


def _json(path: Path) -> None:
    json.loads(path.read_bytes())
    if path.name == "manifest.json":
        load_model(path.parent)


def _json_lines(path: Path) -> None:
    *whole, _torn = path.read_bytes().split(b"\n")
    for line in whole:
        json.loads(line)


def _safetensors(path: Path) -> None:
    with safe_open(path, framework="pt") as file:
        for name in file.keys():  # noqa: SIM118 - no mapping
            file.get_tensor(name)


def _arrays(path: Path) -> None:
    with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
        for name in arrays.files:
            _ = arrays[name].shape


def _array(path: Path) -> None:
    np.load(path, allow_pickle=False)


def _picture(path: Path) -> None:
    with Image.open(path) as picture:
        picture.load()


def _page(path: Path) -> None:
    if not path.read_text(encoding="utf-8").rstrip().endswith("</html>"):
        raise ValueError("the page has no end")


def _words(path: Path) -> None:
    if not path.read_text(encoding="utf-8").endswith("\n"):
        raise ValueError("the text has no end")


def _database(path: Path) -> None:
    """Check a copy, in which SQLite may roll back what was under way."""
    with tempfile.TemporaryDirectory() as temporary:
        copy = copied_database(path, Path(temporary))
        with sqlite3.connect(copy) as database:
            said = database.execute("pragma integrity_check").fetchall()
        database.close()
    if said != [("ok",)]:
        raise ValueError(str(said))


def copied_database(path: Path, folder: Path) -> Path:
    """Copy a database with its journal, if there is one."""
    for there in (path, path.with_name(f"{path.name}-journal")):
        if there.exists():
            shutil.copy2(there, folder)
    return folder / path.name


READERS: dict[str, Callable[[Path], object]] = {
    ".json": _json,
    ".jsonl": _json_lines,
    ".safetensors": _safetensors,
    ".onnx": lambda path: onnx.checker.check_model(onnx.load(path)),
    ".npz": _arrays,
    ".npy": _array,
    ".parquet": pl.read_parquet,
    ".svg": ET.parse,
    ".png": _picture,
    ".html": _page,
    ".md": _words,
    ".db": _database,
    ".db-journal": Path.read_bytes,  # the database's check reads it
}
