"""Everything that a page about two models tells, as one value: what `comparison.json` holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fashion_classifier.evaluation.calibration import Calibration
from fashion_classifier.evaluation.comparison import Comparison
from fashion_classifier.evaluation.metrics import Evaluation
from fashion_classifier.evaluation.paired import ClassDifference, MeasureDifferences

SCHEMA = "fashion.comparison/1"


@dataclass(frozen=True, kw_only=True)
class JudgedImages:
    """The images by which both models were judged.

    Parameters
    ----------
    name, container, location, fingerprint
        Of the data that they belong to.
    counts
        Class -> number of these images, in class order.
    notes
        What must be known of the data, as sentences.
    is_sample
        Whether it is the drawn sample, on which a result says nothing about real garments.
    folds
        0 for test images; otherwise in how many folds each image was judged, by networks of the two models' making
        that had not seen it.
    """

    name: str
    container: str
    location: str
    fingerprint: str
    height: int
    width: int
    channels: int
    counts: dict[str, int]
    notes: tuple[str, ...]
    is_sample: bool
    folds: int = 0

    @property
    def noun(self) -> str:
        """What one of them is called."""
        return "held-out image" if self.folds else "test image"


@dataclass(frozen=True, kw_only=True)
class ComparedModel:
    """One of the two models: what it is, where it came from, and how it did.

    Parameters
    ----------
    name
        What it is called: a folder's name, a run's with which of its models, or a shipped model's.
    path, run
        Of its folder, and of the run folder that it belongs to; the second may be empty.
    config, recipe, prediction
        Settings of the network, of the training, and of predicting (precision, views, temperature).
    n_bytes
        Of the file with its weights.
    origin
        What is recorded of its making: seeds, steps, data, command; what is not recorded is left out.
    manifest_sha256
        Of its manifest, which holds the SHA-256 of each of its files: two folders with the same one are one model.
    openings
        Each opening of the test set that its run recorded, this one included: {"time", "reason"}.
    test, calibration
        On the test images, at its own temperature; on images held out in folds, at temperature 1.
    """

    name: str
    path: str
    run: str
    family: str
    config: dict[str, Any]
    recipe: dict[str, Any]
    prediction: dict[str, Any]
    n_parameters: int
    n_bytes: int
    origin: dict[str, Any]
    manifest_sha256: str
    openings: tuple[dict[str, str], ...]
    test: Evaluation
    calibration: Calibration


@dataclass(frozen=True, kw_only=True)
class ModelComparison:
    """Two models, judged by the same images.

    Parameters
    ----------
    created
        ISO 8601, UTC.
    comparison
        B against A, image by image.
    differences
        B's other measures less A's.
    classes
        B against A on the images of each class, in class order.
    made_with
        Versions, machine, command: enough to do it again; text -> text.
    """

    created: str
    data: JudgedImages
    a: ComparedModel
    b: ComparedModel
    comparison: Comparison
    differences: MeasureDifferences
    classes: tuple[ClassDifference, ...]
    made_with: dict[str, str]
