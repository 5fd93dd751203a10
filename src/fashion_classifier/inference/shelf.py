"""The models that come with the package, and what any model folder says of itself: read without the model's weights.

A shipped model is a model folder in ``inference/shipped/<name>/`` with, beside the files that every model folder has,
the record of its making, ``record.json``::

    {
      "schema": "fashion.model-record/1",
      "made": "2026-01-31",
      "command": "fashion train --minutes 30 --on all",
      "seed": 0,
      "commit": "…",
      "data": {"name": "Fashion-MNIST", "fingerprint": "…"},
      "test": {"n": 10000, "accuracy": 0.95, "accuracy_interval": [0.945, 0.954]},
      "licence": "MIT"
    }

It may hold more: ``teacher`` has command, commit, settings, seed and steps of the model that it learned from, which the
command calls TEACHER; ``rules`` says on what the numbers that go with its answers were fitted.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fashion_classifier.data.dataset import ImageShape
from fashion_classifier.data.picture_ways import PictureWay
from fashion_classifier.errors import ModelError, UnavailableError
from fashion_classifier.inference.description import UNFIT, check_takes_images, classes_and_shape, usable, way_of
from fashion_classifier.inference.manifest import (
    MANIFEST,
    MODEL,
    RECORD,
    WEIGHTS,
    check_version,
    read_manifest,
    steadily,
)

SHIPPED = Path(__file__).with_name("shipped")
RECORD_SCHEMA = "fashion.model-record/1"


@dataclass(frozen=True, kw_only=True)
class Accuracy:
    """A test accuracy as it was recorded.

    Parameters
    ----------
    value, low, high
        Shares between 0 and 1: the accuracy and its 95 % interval.
    n
        Test images.
    """

    value: float
    low: float
    high: float
    n: int

    def __post_init__(self) -> None:
        if not (0 <= self.low <= self.value <= self.high <= 1 and self.n > 0):
            raise ValueError(f"`0 <= low <= value <= high <= 1` and `n > 0` must hold, but got {self}")


@dataclass(frozen=True, kw_only=True)
class ModelFacts:
    """What a model folder says of itself.

    Parameters
    ----------
    name
        The folder's name.
    path
        The folder.
    family
        Of networks.
    classes
        Names, in the order of the probabilities.
    shape
        Of the images that it takes.
    n_bytes
        Size of all its files.
    accuracy
        On a test set, as recorded; None where nothing is recorded.
    made, command, commit, licence
        When and how it was made and what its licence is, as recorded; empty where nothing is recorded.
    seed
        From which all chance was derived; None where it is not recorded.
    data
        Name and fingerprint of the data; empty where they are not recorded.
    """

    name: str
    path: Path
    family: str
    classes: tuple[str, ...]
    shape: ImageShape
    pictures: PictureWay
    n_bytes: int
    accuracy: Accuracy | None = None
    made: str = ""
    command: str = ""
    commit: str = ""
    licence: str = ""
    seed: int | None = None
    data: dict[str, str]


def model_facts(folder: Path) -> ModelFacts:
    """Read what a model folder says of itself, in `model.json` and, where there is one, `record.json`.

    Raises
    ------
    UnavailableError
        If there is no model folder at that place.
    ModelError
        If one of the two is damaged.
    """
    return steadily(folder, lambda: _read_facts(folder))


def _read_facts(folder: Path) -> ModelFacts:
    """Read the two files."""
    manifest = read_manifest(folder)
    description = manifest.read_json(MODEL)
    check_version(description, folder / MODEL)
    check_takes_images(description, folder)
    record = manifest.read_json(RECORD) if RECORD in manifest.files else {"schema": RECORD_SCHEMA}
    with usable(folder, *UNFIT):
        return _facts(folder, description, record)


def shipped_folders() -> list[Path]:
    """Return the folders of the models that come with the package, by name."""
    return model_folders(SHIPPED)


def default_model(shipped: Sequence[Path]) -> ModelFacts | None:
    """Return the model with the highest recorded accuracy, or None where there is no sound model.

    Parameters
    ----------
    shipped
        Model folders, as `shipped_folders` gives them.
    """
    sound = []
    for folder in shipped:
        with suppress(ModelError, UnavailableError):  # `fashion models` lists it with its error
            sound.append(model_facts(folder))
    return max(sound, key=lambda model: model.accuracy.value if model.accuracy else 0.0, default=None)


def model_folders(parent: Path) -> list[Path]:
    """Return the model folders in a folder, by name, the damaged ones among them."""
    return sorted(filter(is_model_folder, parent.iterdir())) if parent.is_dir() else []


def is_model_folder(folder: Path) -> bool:
    """Tell whether a folder holds a model, or what is left of one: a file of it, or a link that leads nowhere."""
    return any(os.path.lexists(folder / name) for name in (MODEL, WEIGHTS, MANIFEST))


def _facts(folder: Path, description: dict[str, Any], record: dict[str, Any]) -> ModelFacts:
    """Put together what the two files say; the record of the making goes before the description."""
    if record["schema"] != RECORD_SCHEMA:
        raise ValueError(f"{RECORD} has the schema {record['schema']!r}; this version reads {RECORD_SCHEMA!r}")
    provenance, test = description.get("provenance", {}), record.get("test")
    made_from = record.get("data", {"name": provenance.get("data"), "fingerprint": provenance.get("fingerprint")})
    seed = record.get("seed", provenance.get("seed"))
    classes, shape = classes_and_shape(description)
    return ModelFacts(
        name=folder.name,
        path=folder,
        family=str(description["family"]),
        classes=classes,
        shape=shape,
        pictures=way_of(description),
        n_bytes=sum(path.stat().st_size for path in folder.iterdir() if path.is_file()),
        accuracy=None if test is None else _accuracy(test),
        seed=None if seed is None else int(seed),
        data={str(name): str(value) for name, value in made_from.items() if value is not None},
        **{name: str(record.get(name, "")) for name in ("made", "command", "commit", "licence")},
    )


def _accuracy(test: dict[str, Any]) -> Accuracy:
    """Read a recorded test result."""
    low, high = test["accuracy_interval"]
    return Accuracy(value=float(test["accuracy"]), low=float(low), high=float(high), n=int(test["n"]))
