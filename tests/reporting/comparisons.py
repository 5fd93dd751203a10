"""A comparison of two models that never were: small, drawn by chance, measured on its own predictions."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from tests.reporting.conftest import FASHION, _answers, _draw, _labels

from fashion_classifier.evaluation.calibration import calibrate
from fashion_classifier.evaluation.comparison import compare
from fashion_classifier.evaluation.metrics import evaluate
from fashion_classifier.evaluation.paired import compare_classes, compare_measures
from fashion_classifier.reporting.comparison_page import render_comparison
from fashion_classifier.reporting.comparison_results import ComparedModel, JudgedImages, ModelComparison
from fashion_classifier.reporting.gallery import Gallery, choose_gallery
from fashion_classifier.reporting.predictions import predictions_table


@dataclass(frozen=True, eq=False)
class FakeComparison:
    """What a comparison is written from."""

    results: ModelComparison
    predictions: pl.DataFrame
    gallery: Gallery

    @property
    def page(self) -> str:
        return render_comparison(self.results, self.predictions, self.gallery)

    def write_page(self, folder: Path) -> Path:
        path = folder / "comparison.html"
        path.write_text(self.page, encoding="utf-8")
        return path


def make_comparison(
    *,
    skills: tuple[float, float] = (3.0, 4.2),
    names: tuple[str, str] = ("mlp-0", "run/optimized"),
    classes: tuple[str, ...] = FASHION,
    n: int = 1000,
    image_shape: tuple[int, ...] = (12, 10),
    is_sample: bool = False,
    same_settings: bool = False,
    seed: int = 0,
) -> FakeComparison:
    """Make up a comparison; skills are what a model adds to the true class's logit."""
    rng = np.random.default_rng(seed)
    labels = _labels(n, len(classes), rng)
    images = _draw(labels, image_shape, rng)
    hashes = [hashlib.sha256(image.tobytes()).hexdigest() for image in images]
    difficulty = rng.normal(0, 1.3, (n, len(classes)))
    said_a, said_b = (_answers(labels, skill, difficulty, rng) for skill in skills)
    predicted_a, predicted_b = said_a.argmax(axis=1), said_b.argmax(axis=1)
    predictions = pl.concat(
        [
            predictions_table("a", "test", hashes, labels, said_a, classes=classes),
            predictions_table("b", "test", hashes, labels, said_b, classes=classes),
        ]
    )
    counts = np.bincount(labels, minlength=len(classes)).tolist()
    results = ModelComparison(
        created="2026-03-01T12:00:00+00:00",
        data=JudgedImages(
            name="Fashion-MNIST",
            container="six CSV parts",
            location="/home/person/data",
            fingerprint=hashlib.sha256(b"data").hexdigest(),
            height=image_shape[0],
            width=image_shape[1],
            channels=3 if len(image_shape) == 3 else 1,
            counts=dict(zip(classes, counts, strict=True)),
            notes=(),
            is_sample=is_sample,
        ),
        a=_model(names[0], "a", labels, said_a, classes, "cnn" if same_settings else "mlp"),
        b=_model(names[1], "b", labels, said_b, classes, "cnn"),
        comparison=compare(labels, predicted_a, predicted_b),
        differences=compare_measures(labels, said_a, said_b),
        classes=compare_classes(labels, predicted_a, predicted_b, classes),
        made_with={"command": "fashion compare a b", "python": "3.11.2", "torch": "2.13.0+cpu"},
    )
    return FakeComparison(results, predictions, choose_gallery(predictions, images, hashes, ("a", "b")))


def _model(
    name: str, letter: str, labels: np.ndarray, said: np.ndarray, classes: tuple[str, ...], family: str
) -> ComparedModel:
    """Make up what is known of a model; B belongs to a run."""
    config: dict[str, Any] = {"widths": [128, 64], "dropout": 0.5}
    if family == "cnn":
        config = {"stem": 16, "widths": [32, 64], "dropout": 0.1}
    is_of_run = letter == "b"
    return ComparedModel(
        name=name,
        path=f"/home/person/{name}",
        run="/home/person/run" if is_of_run else "",
        family=family,
        config=config,
        recipe={"epochs": 10.0, "learning_rate": 0.001, "augmentation": {"mirror": True, "shift_pixels": 1}},
        prediction={"precision": "float32", "views": "one", "temperature": 1.1 if is_of_run else 1.0},
        n_parameters=109_386 if family == "mlp" else 512_345,
        n_bytes=438_000,
        origin={
            "seed": int(is_of_run),
            "training_seed": 2507843888915981448 + is_of_run,
            "learned_from": "training",
            "steps": 400,
            "fingerprint": hashlib.sha256(b"data").hexdigest(),
        },
        manifest_sha256=hashlib.sha256(letter.encode()).hexdigest(),
        openings=({"time": "2026-03-01T12:00:00+00:00", "reason": "comparison of the two"},) if is_of_run else (),
        test=evaluate(labels, said, classes),
        calibration=calibrate(labels, said),
    )
