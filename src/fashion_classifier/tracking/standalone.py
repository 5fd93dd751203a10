"""A model folder as trackers take it: its files, and the one ONNX file that answers by itself."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from fashion_classifier.inference.description import Description, read_description
from fashion_classifier.inference.export.completing import complete
from fashion_classifier.inference.export.metadata import describe
from fashion_classifier.inference.manifest import MANIFEST, ONNX, steadily


@dataclass(frozen=True, eq=False)
class Standalone:
    """A model folder read.

    Parameters
    ----------
    description
        What the model is.
    files
        Of the folder.
    onnx
        From images to probabilities; None where the folder has no ONNX, as that of a search that goes on.
    """

    description: Description
    files: tuple[Path, ...]
    onnx: bytes | None


def read_standalone(folder: Path, name: str) -> Standalone:
    """Read a model folder, checking every file.

    Parameters
    ----------
    folder
        The model folder.
    name
        What the model is called.
    """
    return steadily(folder, lambda: _read(folder, name))


def _read(folder: Path, name: str) -> Standalone:
    """Read a model folder."""
    description, manifest = read_description(folder)
    content = None
    if ONNX in manifest.files:
        facts = describe(description, name=name, precision="float32", accuracy=None)
        content = complete(manifest.read(ONNX), description, facts)
    return Standalone(description, tuple(folder / file for file in (*manifest.files, MANIFEST)), content)
