"""What an exported file says of itself, so that it can be used without the model folder: every value is JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from importlib.metadata import version
from typing import Any

from fashion_classifier.inference.description import Description
from fashion_classifier.inference.export.completing import DISTRIBUTION, answers_of

SCHEMA = "fashion.export/1"


def describe(
    model: Description, *, name: str, precision: str, accuracy: Mapping[str, Any] | None, licence: str = ""
) -> dict[str, str]:
    """Describe a model for a file that is to stand alone.

    Parameters
    ----------
    model
        What the model is.
    name
        What it is called.
    precision
        In which the file was compared with the original: "float32", "bfloat16" or "int8".
    accuracy
        Of the original, in full precision, on its test set; None where that is not recorded.
    licence
        Empty where it is not recorded.

    Returns
    -------
    dict of str to str
        Each value as JSON. The same for the same model, whenever it is exported.
    """
    shape, how = model.shape, model.how
    sides = "height, width" if shape.channels == 1 else "height, width, 3"
    facts = {
        "schema": SCHEMA,
        "name": name,
        "classes": list(model.classes),
        "image": {**shape._asdict(), "form": f"uint8 (n, {sides}), n at least 1, grey levels or RGB from 0 to 255"},
        "answers": answers_of(model),
        "preprocessing": {"mean": list(model.mean), "std": list(model.std), "inside": True},
        "views": how.views,
        "smoothing": how.smoothing,
        "temperature": how.temperature,
        "refusal": None if model.refusal is None else asdict(model.refusal),
        "conformal": None if model.sets is None else asdict(model.sets),
        "precision": precision,
        "accuracy": accuracy,
        "family": model.family,
        "config": model.settings,
        "provenance": model.provenance,
        "licence": licence or None,
        "made_by": f"{DISTRIBUTION} {version(DISTRIBUTION)}",
    }
    return {name: json.dumps(value, ensure_ascii=False) for name, value in facts.items()}
