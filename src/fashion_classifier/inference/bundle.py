"""A model folder: data, never code.

::

    model.json            what it is: family, config, classes, image shape, preprocessing, how to predict, provenance
    weights.safetensors   the network's weights
    manifest.json         SHA-256 and size of each file
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from fashion_classifier.data.dataset import Images, ImageShape
from fashion_classifier.errors import DataError, Fault, ModelError, UnavailableError, UsageError
from fashion_classifier.inference.predictor import PredictConfig, predict_probabilities
from fashion_classifier.models.catalogue import ModelConfig, build, config_from, settings_of
from fashion_classifier.models.layers import ImageClassifier
from fashion_classifier.progress import Progress, silent
from fashion_classifier.storage import atomic_folder, write_json

FORMAT_VERSION = 1
MODEL, WEIGHTS, MANIFEST = "model.json", "weights.safetensors", "manifest.json"
LARGEST_JSON = 4 << 20  # bytes
LARGEST_WEIGHTS = 4 << 30


@dataclass(frozen=True, eq=False, kw_only=True)
class Model:
    """A trained classifier with all that predicting needs.

    Parameters
    ----------
    network
        From grey levels to logits.
    config
        Of its architecture.
    classes
        Names, in the order of the logits.
    shape
        Of the images that it takes.
    how
        Precision, views and temperature.
    provenance
        Where it came from: data fingerprint, recipe, seed, versions; as JSON holds it.
    """

    network: ImageClassifier
    config: ModelConfig
    classes: tuple[str, ...]
    shape: ImageShape
    how: PredictConfig
    provenance: dict[str, Any] = field(default_factory=dict)

    def predict(self, images: Images, *, progress: Progress = silent, task: str = "Predicting") -> NDArray[Any]:
        """Return probabilities as a float32 array of shape (n, n_classes).

        Parameters
        ----------
        images
            uint8 array of shape (n, height, width) or (n, height, width, 3), of the model's own shape.

        Raises
        ------
        DataError
            If the images have another shape.
        """
        found = ImageShape.of(images)
        if found != self.shape:
            raise DataError(
                Fault(
                    "images",
                    f"they are {found}, the model takes {self.shape}",
                    "Bring them to the model's form",
                )
            )
        return predict_probabilities(self.network, images, self.how, progress=progress, task=task)


def save_model(model: Model, folder: Path, *, replace: bool = False) -> None:
    """Write a model folder, whole or not at all.

    Raises
    ------
    UsageError
        If the folder is there and `replace` is false.
    """
    if folder.exists() and not replace:
        raise UsageError(f"{folder} is already there; nothing was overwritten. Name another folder.")
    with atomic_folder(folder) as place:
        tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in model.network.state_dict().items()}
        save_file(tensors, place / WEIGHTS)
        standardise = model.network.standardise
        description = {
            "format_version": FORMAT_VERSION,
            "family": model.config.family,
            "config": settings_of(model.config),
            "classes": list(model.classes),
            "image": model.shape._asdict(),
            "preprocessing": {
                "mean": standardise.mean.flatten().tolist(),
                "std": standardise.std.flatten().tolist(),
            },
            "precision": model.how.precision,
            "views": model.how.views,
            "temperature": model.how.temperature,
            "refusal": None,
            "conformal": None,
            "provenance": model.provenance,
        }
        (place / MODEL).write_text(json.dumps(description, indent=2, ensure_ascii=False) + "\n")
        files = {
            name: {"sha256": _sha256(place / name), "bytes": (place / name).stat().st_size} for name in (MODEL, WEIGHTS)
        }
        write_json(place / MANIFEST, {"format_version": FORMAT_VERSION, "files": files})


def load_model(folder: Path) -> Model:
    """Read a model folder, checking every file against the manifest.

    Raises
    ------
    UnavailableError
        If there is no model folder at that place.
    ModelError
        If it is damaged, altered, of an unknown format, or does not describe a network that there can be.
    """
    if not (folder / MANIFEST).is_file() and not (folder / MODEL).is_file():
        raise UnavailableError(f"{folder}: there is no model here; a model folder holds {MODEL} and {MANIFEST}.")
    _check_manifest(folder)
    description = _read_json(folder / MODEL)
    version = description.get("format_version")
    if version != FORMAT_VERSION:
        raise ModelError(
            f"{folder / MODEL}: format version {version!r} is not known here; this version of the program reads "
            f"{FORMAT_VERSION}. Use the version that wrote it, or train anew."
        )
    try:
        return _assemble(folder, description)
    except (KeyError, TypeError, ValueError, RuntimeError, SafetensorError, AttributeError) as error:
        raise ModelError(
            f"{folder}: this is no usable model ({type(error).__name__}: {error}). Get it again, or train anew."
        ) from error


def _assemble(folder: Path, description: Mapping[str, Any]) -> Model:
    """Build the network that `model.json` describes and give it its weights."""
    classes = tuple(str(name) for name in description["classes"])
    shape = ImageShape(**description["image"])
    if len(classes) < 2 or len(set(classes)) < len(classes):
        raise ValueError("the classes must be at least two different names")
    if shape.channels not in {1, 3} or not all(1 <= side <= 4096 for side in shape[:2]):
        raise ValueError(f"an image cannot be {tuple(shape)}")
    config = config_from(description["family"], description["config"])
    preprocessing = description["preprocessing"]
    statistics = (torch.tensor(preprocessing["mean"]), torch.tensor(preprocessing["std"]))
    how = PredictConfig(
        precision=description["precision"],
        views=description["views"],
        temperature=float(description["temperature"]),
    )
    if (
        how.precision not in {"float32", "bfloat16"}
        or how.views not in {"single", "mirrored"}
        or not how.temperature > 0
    ):
        raise ValueError(f"it cannot predict with {how}")
    network = build(config, shape, len(classes), statistics, seed=0)
    tensors = load_file(folder / WEIGHTS)
    broken = [name for name, tensor in tensors.items() if tensor.is_floating_point() and not tensor.isfinite().all()]
    if broken:
        raise ValueError(f"weights that are not numbers in {', '.join(broken[:3])}")
    network.load_state_dict(tensors)
    network.eval()
    provenance = description.get("provenance", {})
    return Model(network=network, config=config, classes=classes, shape=shape, how=how, provenance=dict(provenance))


def _check_manifest(folder: Path) -> None:
    """Check that the files are those that were written."""
    manifest = _read_json(folder / MANIFEST)
    files = manifest.get("files")
    if not isinstance(files, dict) or not {MODEL, WEIGHTS} <= set(files):
        raise ModelError(f"{folder / MANIFEST}: it does not list {MODEL} and {WEIGHTS}. Get the model again.")
    for name, facts in files.items():
        path = folder / name
        if Path(name).name != name or path.is_symlink() or not path.is_file():
            raise ModelError(
                f"{path}: the manifest lists this file, but there is no such plain file. Get the model again."
            )
        if path.stat().st_size > LARGEST_WEIGHTS or not isinstance(facts, dict) or _sha256(path) != facts.get("sha256"):
            raise ModelError(
                f"{path}: its content is not what the manifest says: it was changed or damaged. Get the model again."
            )


def _read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object of limited size."""
    if not path.is_file():
        raise ModelError(f"{path}: this file is missing from the model folder. Get the model again.")
    if path.stat().st_size > LARGEST_JSON:
        raise ModelError(f"{path}: {path.stat().st_size:,} bytes are too many for a description. Get the model again.")
    try:
        content = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise ModelError(f"{path}: this is not JSON ({error}). Get the model again.") from error
    if not isinstance(content, dict):
        raise ModelError(f"{path}: a JSON object was expected. Get the model again.")
    return content


def _sha256(path: Path) -> str:
    """Hash a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
