"""What an estimator has learned, kept: in a model folder, which is data and no code, or for another process."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError

from fashion_classifier.classifier.parameters import plain
from fashion_classifier.classifier.tables import TableModel, pack_table, unpack_table
from fashion_classifier.errors import UsageError
from fashion_classifier.inference.bundle import LARGEST_HEADER, Model, load_model, pack, save_model, unpack
from fashion_classifier.inference.description import TABLE, UNFIT, usable
from fashion_classifier.inference.manifest import (
    MODEL,
    WEIGHTS,
    Manifest,
    check_place,
    check_version,
    read_manifest,
    steadily,
    taken,
    write_manifest,
)
from fashion_classifier.storage import atomic_folder, write_json

Learned = Model | TableModel
ESTIMATOR = "estimator"  # the part of a model's provenance that says what the estimator knows beside
TEXT = "str"
LABEL_TYPES = {TEXT, "object", *(np.dtype(code).name for code in "?bhilqBHILQefd")}


@dataclass(frozen=True, eq=False)
class Facts:
    """What an estimator knows beside its network.

    Parameters
    ----------
    labels
        In the order of the probabilities, of whatever type they were given.
    feature_names
        Of the columns of a data frame; None where there was none.
    recipe
        Name of the recipe.
    parameters
        Of the constructor, as far as JSON can hold them.
    """

    labels: NDArray[Any]
    feature_names: NDArray[Any] | None
    recipe: str
    parameters: dict[str, Any]

    def to_json(self) -> dict[str, Any]:
        """Return what JSON can hold.

        Raises
        ------
        UsageError
            If labels are of a type that JSON has not.
        """
        dtype = TEXT if self.labels.dtype.kind == "U" else self.labels.dtype.name
        labels = self.labels.tolist()
        if dtype not in LABEL_TYPES or (dtype == "object" and not all(isinstance(label, str) for label in labels)):
            raise UsageError(
                f"Labels of type {dtype} cannot be saved: whole numbers, texts and booleans can. Train on such."
            )
        named = None if self.feature_names is None else self.feature_names.tolist()
        parameters = {name: plain(value) for name, value in self.parameters.items()}
        kept = {name: value for name, value in parameters.items() if _is_plain(value)}
        return {
            "labels": {"type": dtype, "values": labels},
            "feature_names": named,
            "recipe": self.recipe,
            "parameters": kept,
        }

    @classmethod
    def of(cls, model: Learned, known: set[str]) -> Facts:
        """Read what a model's provenance says; of a model that no estimator has made, what follows from it.

        Parameters
        ----------
        model
            The model.
        known
            Names of the constructor's parameters.

        Raises
        ------
        KeyError, TypeError, ValueError, AttributeError, OverflowError
            If it does not say what it must.
        """
        if ESTIMATOR not in model.provenance:
            return cls(np.array(model.classes), None, "", {})
        told = model.provenance[ESTIMATOR]
        dtype, names = told["labels"]["type"], told["feature_names"]
        if dtype not in LABEL_TYPES:
            raise ValueError(f"labels cannot be of type {dtype!r}")
        labels = np.array(told["labels"]["values"], dtype=dtype)
        if labels.shape != (len(model.classes),) or tuple(map(str, labels.tolist())) != model.classes:
            raise ValueError("the labels are not those of its classes")
        if names is not None and not (isinstance(names, list) and all(isinstance(name, str) for name in names)):
            raise ValueError("the columns' names must be texts")
        if names is not None and len(names) != n_features(model):
            raise ValueError(f"{len(names)} columns have a name, of {n_features(model)}")
        parameters = {name: _as_given(value) for name, value in told["parameters"].items()}
        if not set(parameters) <= known:
            raise ValueError(f"there is no parameter {', '.join(sorted(set(parameters) - known))}")
        named = None if names is None else np.array(names, dtype=object)
        return cls(labels, named, str(told["recipe"]), parameters)


def n_features(model: Learned) -> int:
    """Return how many numbers there are to what a model classifies: pixels with their channels, or columns."""
    return model.n_columns if isinstance(model, TableModel) else int(np.prod(model.shape))


def save_learned(model: Learned, facts: Facts, folder: Path, *, replacing: bool) -> None:
    """Write a model folder, whole or not at all; one of images serves every command.

    Raises
    ------
    UsageError
        If the folder is there and may not be replaced or is no model folder, or labels are of a type that JSON has not.
    """
    provenance = {**model.provenance, ESTIMATOR: facts.to_json()}
    if isinstance(model, Model):
        save_model(replace(model, provenance=provenance), folder, replace=replacing)
        return
    content, weights = pack_table(replace(model, provenance=provenance))
    check_place(folder, replace=replacing)
    try:
        with atomic_folder(folder, replace=replacing) as place:
            (place / WEIGHTS).write_bytes(weights)
            write_json(place / MODEL, content)
            write_manifest(place)
    except FileExistsError as error:
        raise taken(folder) from error


def load_learned(folder: Path, known: set[str]) -> tuple[Learned, Facts]:
    """Read a model folder, checking every file against the manifest.

    Raises
    ------
    UnavailableError
        If there is no model folder at that place.
    ModelError
        If it is damaged, altered, of an unknown format, or does not describe a model that there can be.
    """

    def opened() -> tuple[Learned, Facts]:
        manifest = read_manifest(folder)
        content = manifest.read_json(MODEL)
        check_version(content, folder / MODEL)
        model = _table(manifest, content) if TABLE in content else load_model(folder)
        with usable(folder, *UNFIT):
            return model, Facts.of(model, known)

    return steadily(folder, opened)


def pack_learned(model: Learned) -> tuple[dict[str, Any], bytes]:
    """Return what a model folder would hold, to hand a model to another process."""
    return pack_table(model) if isinstance(model, TableModel) else pack(model)


def unpack_learned(content: dict[str, Any], weights: bytes) -> Learned:
    """Return the model that `pack_learned` was given."""
    return unpack_table(content, weights) if TABLE in content else unpack(content, weights)


def _table(manifest: Manifest, content: dict[str, Any]) -> TableModel:
    """Read a model of tables."""
    with usable(manifest.folder, *UNFIT, RuntimeError, SafetensorError, AssertionError):
        manifest.check()
        weights = manifest.read(WEIGHTS)
        if int.from_bytes(weights[:8], "little") > LARGEST_HEADER:
            raise ValueError(f"{WEIGHTS} tells of more tensors than a network here can have")
        return unpack_table(content, weights)


def _is_plain(value: Any) -> bool:
    """Tell whether JSON can hold a parameter so that it comes back."""
    if isinstance(value, tuple):
        return all(type(part) is int for part in value)
    return value is None or type(value) in {bool, int, float, str}


def _as_given(value: Any) -> Any:
    """Turn a parameter as JSON holds it into what the constructor was given."""
    given = plain(value)
    if not _is_plain(given):
        raise ValueError(f"a parameter cannot be {value!r}")
    return given
