"""The card of a model of which no run tells: what its folder says of it, in Hugging Face's form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fashion_classifier.evaluation.intervals import Estimate
from fashion_classifier.inference.description import Description
from fashion_classifier.reporting.markdown import table, yaml
from fashion_classifier.reporting.model_card import environment, licence_id, tidy
from fashion_classifier.reporting.published import is_official


def repository_card(description: Description, name: str, *, accuracy: Mapping[str, Any] | None, licence: str) -> str:
    """Write the card.

    Parameters
    ----------
    description
        What the model is.
    name
        What it is called.
    accuracy
        On its test set: {"accuracy", "accuracy_interval", "n"}; None where that is not recorded.
    licence
        Empty where it is not recorded.
    """
    shape = description.shape
    colours = () if shape.channels == 1 else (shape.channels,)
    context = {
        "front_matter": yaml(_front_matter(description, name, accuracy, licence)),
        "name": name,
        "description": description,
        "classes": description.classes,
        "shape": str(shape),
        "example_shape": str((1, shape.height, shape.width, *colours)),
        "accuracy": None if accuracy is None else Estimate(accuracy["accuracy"], *accuracy["accuracy_interval"]),
        "n_test": 0 if accuracy is None else accuracy["n"],
        "origin": table(("", ""), [(key, str(value)) for key, value in _origin(description).items()], n_texts=2),
    }
    return tidy(environment().get_template("repository_card.md").render(context))


def _front_matter(
    description: Description, name: str, accuracy: Mapping[str, Any] | None, licence: str
) -> dict[str, Any]:
    """Return the card's metadata."""
    known = is_official(str(description.provenance.get("fingerprint")))
    data = str(description.provenance.get("data", "")) or "unknown"
    result = {
        "task": {"type": "image-classification", "name": "Image classification"},
        "dataset": {"type": "fashion_mnist" if known else "custom", "name": data, "split": "test"},
        "metrics": [{"type": "accuracy", "value": (accuracy or {}).get("accuracy"), "name": "Accuracy"}],
    }
    return {
        "license": licence_id(licence),
        "library_name": "fashion-images-classifier",
        "pipeline_tag": "image-classification",
        "tags": ["image-classification", description.family, "safetensors", "onnx"],
        **({"datasets": ["fashion_mnist"]} if known else {}),
        "metrics": ["accuracy"],
        **({} if accuracy is None else {"model-index": [{"name": name, "results": [result]}]}),
    }


def _origin(description: Description) -> dict[str, object]:
    """Return what is recorded of the model's making that is short."""
    names = {
        "data": "Data",
        "fingerprint": "Fingerprint of the data",
        "learned_from": "Learned from",
        "seed": "Seed",
        "steps": "Optimizer steps",
    }
    return {title: description.provenance[name] for name, title in names.items() if name in description.provenance}
