"""A model in MLflow's ONNX flavour: the file that answers by itself, from images to probabilities."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import mlflow
import mlflow.onnx
import numpy as np
import onnx
from mlflow.models import ModelSignature
from mlflow.types.schema import Schema, TensorSpec

from fashion_classifier.inference.description import Description, read_description
from fashion_classifier.inference.export.completing import IN_SET, REFUSED, STRANGENESS, answers_of, complete
from fashion_classifier.inference.export.metadata import describe
from fashion_classifier.inference.manifest import ONNX

MODEL = "model"


def log_model(folder: Path, name: str, run: str) -> bool:
    """Log a model to a run of MLflow; return whether there was one to log.

    Parameters
    ----------
    folder
        A model folder; one that only keeps a state, as that of a search, has no ONNX.
    name
        What the model is called.
    run
        The run's id.
    """
    description, manifest = read_description(folder)
    if ONNX not in manifest.files:
        return False
    facts = describe(description, name=name, precision="float32", accuracy=None)
    with mlflow.start_run(run_id=run):
        mlflow.onnx.log_model(
            onnx.load_from_string(complete(manifest.read(ONNX), description, facts)),
            name=MODEL,
            signature=_signature(description),
            pip_requirements=["onnx", "onnxruntime", "numpy"],
            save_as_external_data=False,
        )
    return True


def _signature(description: Description) -> ModelSignature:
    """Describe what goes in and comes out."""
    shape, n_classes = description.shape, len(description.classes)
    sides: Sequence[int] = shape if shape.channels > 1 else shape[:2]
    outputs: list[Any] = []
    for name in answers_of(description):
        kind = np.dtype(bool if name in {REFUSED, IN_SET} else np.float32)
        outputs.append(TensorSpec(kind, (-1,) if name in {STRANGENESS, REFUSED} else (-1, n_classes), name))
    return ModelSignature(
        inputs=Schema([TensorSpec(np.dtype(np.uint8), (-1, *sides), "images")]), outputs=Schema(outputs)
    )
