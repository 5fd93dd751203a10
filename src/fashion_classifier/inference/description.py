"""A model folder's description: written, read and checked without any network.

::

    model.json            what it is: family, config, classes, image shape, preprocessing, how to predict, provenance
    weights.safetensors   the network's weights
    model.onnx            the same network for other runtimes; may be missing where nobody but this program will read it
    model.int8.onnx       the same quantised to whole numbers, if that was asked for and costs no accuracy
    manifest.json         SHA-256 and size of each file
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from fashion_classifier.data.dataset import ImageShape
from fashion_classifier.data.picture_ways import WAYS, PictureWay
from fashion_classifier.errors import ModelError
from fashion_classifier.evaluation.prediction_sets import ConformalRule, checked_sets
from fashion_classifier.evaluation.refusal import SCORES, RefusalRule
from fashion_classifier.inference.manifest import FORMAT_VERSION, MODEL, Manifest, check_version, read_manifest, shown
from fashion_classifier.inference.photograph_rules import PhotographRules, checked_rules
from fashion_classifier.inference.predictor import VIEWS, PredictConfig

TABLE = "table"  # the part of `model.json` that says that rows of numbers are classified (`classifier.tables`)
LEAST_TEMPERATURE = 1e-3  # and its inverse the largest: beyond, probabilities are all 0 and 1, or all the same
UNFIT = (KeyError, TypeError, ValueError, AttributeError, OverflowError)


@dataclass(frozen=True, eq=False, kw_only=True)
class Description:
    """What `model.json` says, checked.

    Parameters
    ----------
    family, settings
        Which network it is, as JSON holds it; the catalogue makes a config of it.
    classes
        Names, in the order of the logits.
    shape
        Of the images that the model takes.
    mean, std
        Of each channel, in grey levels.
    how
        Precision, views, smoothing and temperature.
    sets
        How sets of classes are made of the probabilities; None where that was not fitted.
    refusal
        Which images are refused; None where that was not fitted.
    photographs
        How it answers to photographs; None where that was not fitted.
    pictures
        Which way pictures are brought to it.
    provenance
        Where the model came from.
    """

    family: str
    settings: dict[str, Any]
    classes: tuple[str, ...]
    shape: ImageShape
    mean: tuple[float, ...]
    std: tuple[float, ...]
    how: PredictConfig
    sets: ConformalRule | None
    refusal: RefusalRule | None
    photographs: PhotographRules | None
    pictures: PictureWay
    provenance: dict[str, Any]


def write_description(folder: Path, description: Description) -> None:
    """Write `model.json`."""
    content = json.dumps(content_of(description), indent=2, ensure_ascii=False)
    (folder / MODEL).write_text(content + "\n", encoding="utf-8")


def content_of(description: Description) -> dict[str, Any]:
    """Return what `model.json` holds."""
    how = description.how
    return {
        "format_version": FORMAT_VERSION,
        "family": description.family,
        "config": description.settings,
        "classes": list(description.classes),
        "image": description.shape._asdict(),
        "pictures": description.pictures,
        "preprocessing": {"mean": list(description.mean), "std": list(description.std)},
        "precision": how.precision,
        "views": how.views,
        "smoothing": how.smoothing,
        "temperature": how.temperature,
        "refusal": None if description.refusal is None else asdict(description.refusal),
        "photographs": None if description.photographs is None else asdict(description.photographs),
        "conformal": None if description.sets is None else asdict(description.sets),
        "provenance": description.provenance,
    }


def read_description(folder: Path) -> tuple[Description, Manifest]:
    """Read what a model folder holds, checking every file against the manifest.

    Returns
    -------
    Description, Manifest
        What it is, and its files.

    Raises
    ------
    UnavailableError
        If there is no model folder at that place.
    ModelError
        If it is damaged, altered or of an unknown format.
    """
    manifest = read_manifest(folder)
    manifest.check()
    content = manifest.read_json(MODEL)
    check_version(content, folder / MODEL)
    check_takes_images(content, folder)
    with usable(folder, *UNFIT):
        return described(content), manifest


def check_takes_images(content: Mapping[str, Any], folder: Path) -> None:
    """Check that a model is one of images.

    Raises
    ------
    ModelError
        If it is one of the scikit-learn estimator's that take rows of numbers.
    """
    if TABLE in content:
        raise ModelError(
            f"{folder}: this model classifies rows of numbers, not images. Open it with FashionClassifier.load."
        )


@contextmanager
def usable(folder: Path, *kinds: type[Exception]) -> Iterator[None]:
    """Say of which model folder it was that something in it could not be used.

    Raises
    ------
    ModelError
        In place of an error of these kinds.
    """
    try:
        yield
    except ModelError:
        raise
    except kinds as error:
        raise ModelError(
            f"{folder}: this is no usable model ({type(error).__name__}: {shown(str(error))}). "
            "Get it again, or train anew."
        ) from error


def classes_and_shape(content: Mapping[str, Any]) -> tuple[tuple[str, ...], ImageShape]:
    """Check what `model.json` says of classes and images.

    Raises
    ------
    KeyError, TypeError, ValueError
        If it is missing or cannot be.
    """
    names, shape = content["classes"], ImageShape(**content["image"])
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise TypeError("the classes must be a list of names")
    classes = tuple(names)
    if len(classes) < 2 or len(set(classes)) < len(classes):
        raise ValueError("the classes must be at least two different names")
    if shape.channels not in {1, 3} or not all(type(side) is int and 1 <= side <= 4096 for side in shape[:2]):
        raise ValueError(f"an image cannot be {tuple(shape)}")
    return classes, shape


def way_of(content: Mapping[str, Any]) -> PictureWay:
    """Check which way `model.json` says that pictures are brought to the model; older ones do not say it.

    Raises
    ------
    ValueError
        If there is no such way.
    """
    way: PictureWay = content.get("pictures", "resize")
    if way not in WAYS:
        raise ValueError(f"pictures must be brought to it by {' or '.join(WAYS)}, not by {way!r}")
    return way


def described(content: Mapping[str, Any]) -> Description:
    """Check each value of what `model.json` holds.

    Raises
    ------
    KeyError, TypeError, ValueError, AttributeError, OverflowError
        If something is missing or cannot be.
    """
    classes, shape = classes_and_shape(content)
    how = PredictConfig(
        precision=content["precision"],
        views=content["views"],
        smoothing=float(content.get("smoothing", 0.0)),  # older models have none, and answer as they did
        temperature=float(content["temperature"]),
    )
    known = how.precision in {"float32", "bfloat16"} and how.views in VIEWS and 0 <= how.smoothing < 1
    if not known or not LEAST_TEMPERATURE <= how.temperature <= 1 / LEAST_TEMPERATURE:
        raise ValueError(f"it cannot predict with {how}")
    mean, std = (tuple(float(value) for value in content["preprocessing"][name]) for name in ("mean", "std"))
    if not len(mean) == len(std) == shape.channels or not all(map(math.isfinite, mean + std)) or min(std) <= 0:
        raise ValueError(f"images of {shape.channels} channels cannot have mean {mean} and deviation {std}")
    return Description(
        family=str(content["family"]),
        settings=dict(content["config"]),
        classes=classes,
        shape=shape,
        mean=mean,
        std=std,
        how=how,
        sets=checked_sets(content.get("conformal")),
        refusal=_refusal(content.get("refusal")),
        photographs=checked_rules(content.get("photographs"), len(classes)),
        pictures=way_of(content),
        provenance=dict(content.get("provenance", {})),
    )


def _refusal(content: Mapping[str, Any] | None) -> RefusalRule | None:
    """Check what `model.json` says of refusing."""
    if content is None:
        return None
    rule = RefusalRule(content["score"], float(content["accepted"]), float(content["threshold"]))
    if rule.score not in SCORES or not 0 < rule.accepted <= 1 or not math.isfinite(rule.threshold):
        raise ValueError(f"nothing can be refused by {rule}")
    return rule
