"""A model as a Hugging Face repository holds it: `config.json` and `model.safetensors`; written, and read back.

`config.json` has what the site and other programs look for (`id2label`, image size), and under `OWN` all that
`model.json` says, with the hash of the weights. The network beside it is read from there and from nothing else.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load, save

from fashion_classifier.errors import ModelError, UnavailableError
from fashion_classifier.inference.bundle import Model, assemble
from fashion_classifier.inference.description import UNFIT, Description, content_of, described, usable
from fashion_classifier.inference.manifest import LARGEST, WEIGHTS, Listed, Manifest, check_version, read_object

CONFIG, TENSORS, CARD = "config.json", "model.safetensors", "README.md"
OWN = "fashion_classifier"
MODEL_TYPE = "fashion-images-classifier"


def write_repository(description: Description, manifest: Manifest, folder: Path) -> None:
    """Write configuration and weights into a folder; how a model folder's weights are stored does not change."""
    weights = save(load(manifest.read(WEIGHTS)), metadata={"format": "pt"})
    (folder / TENSORS).write_bytes(weights)
    shape = description.shape
    content = {
        "model_type": MODEL_TYPE,
        "architectures": [description.family],
        "num_labels": len(description.classes),
        **_labels(description.classes),
        "image_size": [shape.height, shape.width],
        "num_channels": shape.channels,
        OWN: {
            **content_of(description),
            "weights": {"sha256": hashlib.sha256(weights).hexdigest(), "bytes": len(weights)},
        },
    }
    (folder / CONFIG).write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def read_repository(folder: Path) -> Model:
    """Read a model back, checking its weights against the hash and everything else as in a model folder.

    Raises
    ------
    UnavailableError
        If there is no such folder.
    ModelError
        If it is another program's, damaged, altered, or no network that there can be.
    """
    path = folder / CONFIG
    if not path.is_file():
        raise UnavailableError(
            f"{folder}: there is no model in Hugging Face's form here; it holds {CONFIG} and {TENSORS}."
        )
    content = read_object(path)
    own = content.get(OWN)
    if not isinstance(own, dict):
        raise ModelError(
            f"{path}: this is another program's model (model_type {content.get('model_type')!r}). Only one that was "
            "exported by this program can be read."
        )
    check_version(own, path)
    with usable(folder, *UNFIT):
        description = described(own)
        _check_labels(content, description)
        listed = _listed(own["weights"])
    return assemble(description, Manifest(folder, {TENSORS: listed}), TENSORS)


def check_same(model: Model, folder: Path) -> None:
    """Check that reading a folder gives a model's very weights.

    Raises
    ------
    ModelError
        If not.
    """
    written, original = read_repository(folder).network.state_dict(), model.network.state_dict()
    if written.keys() != original.keys() or not all(torch.equal(written[name], original[name]) for name in original):
        raise ModelError(f"{folder}: what is read from it has other weights than the model. Nothing was written.")


def _labels(classes: tuple[str, ...]) -> dict[str, Any]:
    """Return which number stands for which class, and the other way round."""
    return {
        "id2label": {str(number): name for number, name in enumerate(classes)},
        "label2id": {name: number for number, name in enumerate(classes)},
    }


def _check_labels(content: Mapping[str, Any], description: Description) -> None:
    """Check that what other programs read of the classes is what this one reads."""
    expected = _labels(description.classes)
    if any(content.get(name) != value for name, value in expected.items()):
        raise ValueError(f"id2label and label2id are not of the classes that {OWN} names")


def _listed(weights: Mapping[str, Any]) -> Listed:
    """Check size and hash of the weights."""
    size, digest = weights["bytes"], weights["sha256"]
    if type(size) is not int or not isinstance(digest, str) or not 0 <= size <= LARGEST[WEIGHTS]:
        raise ValueError(f"the weights cannot have {size!r} bytes and the hash {digest!r}")
    return Listed(size, digest)
