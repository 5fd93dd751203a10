"""Models with every rule, and what they say themselves: what exports are held to."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from tests.conftest import blobs
from tests.inference.conftest import make_model
from torch import Tensor, nn

from fashion_classifier.data.dataset import Dataset, Images
from fashion_classifier.evaluation.prediction_sets import ConformalRule, prediction_sets
from fashion_classifier.evaluation.refusal import RefusalRule, Score, refuse, strangeness
from fashion_classifier.inference.agreement import TOLERANCE
from fashion_classifier.inference.bundle import Model, save_model
from fashion_classifier.inference.description import Description, read_description
from fashion_classifier.inference.export.checking import compare_answers
from fashion_classifier.inference.predictor import predict_probabilities
from fashion_classifier.inference.runtimes.pytorch import TorchRuntime
from fashion_classifier.models.settings import ModelConfig

HOW: dict[str, Any] = {"views": "shifted", "smoothing": 0.1, "temperature": 0.8}
DATA: dict[str, dict[str, Any]] = {"grey": {"size": 14}, "colour": {"size": 13, "colour": True}}


def ruled_model(
    config: ModelConfig | None = None, data: Dataset | None = None, score: Score = "softened-entropy", **how: Any
) -> Model:
    """Make a model that refuses about half of all images, and often gives sets of two."""
    data = data or blobs(40)
    model = make_model(config, data, **(how or HOW))
    for layer in model.network.modules():
        if isinstance(layer, nn.Linear) and layer.out_features == len(model.classes):
            _spread(layer, model, data.images)
    said = answers_in_pytorch(model, data.images)["probabilities"]
    refusal = RefusalRule(score, 0.5, _middle(strangeness(said, score=score)))
    return replace(model, refusal=refusal, sets=ConformalRule("lac", 0.05, _middle(1 - np.sort(said, axis=1)[:, -2])))


def _spread(layer: nn.Linear, model: Model, images: Images) -> None:
    """Have a last layer's logits be around 0 and of all sizes, so that sure and unsure answers come out of it."""
    seen: list[Tensor] = []
    hook = layer.register_forward_hook(lambda _layer, _inputs, logits: seen.append(logits))
    TorchRuntime(model.network).logits(images)
    hook.remove()
    deviation, mean = torch.std_mean(seen[0], dim=0)
    factor = (2 / deviation).clamp(max=20)  # more would show the rounding before this layer
    layer.weight.data *= factor[:, None]
    layer.bias.data = (layer.bias.data - mean) * factor


def _middle(scores: NDArray[Any]) -> float:
    """Return a threshold between the two scores in the middle."""
    ordered = np.sort(scores)
    return float(ordered[len(ordered) // 2 - 1 : len(ordered) // 2 + 1].mean())


def answers_in_pytorch(model: Model, images: Images) -> dict[str, NDArray[Any]]:
    """Return what a model says by the one path that predicts, in float32."""
    probabilities = predict_probabilities(TorchRuntime(model.network), images, model.how)
    answers: dict[str, NDArray[Any]] = {"probabilities": probabilities}
    if model.refusal is not None:
        answers["strangeness"] = strangeness(probabilities, score=model.refusal.score)
        answers["refused"] = refuse(probabilities, model.refusal)
    if model.sets is not None:
        answers["in_set"] = prediction_sets(probabilities, model.sets)
    return answers


def saved_model(model: Model, folder: Path, **how: Any) -> tuple[Description, bytes]:
    """Save a model; return its description and its network as ONNX."""
    save_model(model, folder, **how)
    return read_description(folder)[0], (folder / "model.onnx").read_bytes()


def assert_same(found: dict[str, NDArray[Any]], model: Model, images: Images, within: float = 1e-4) -> None:
    """Check that answers are what a model says itself: to rounding, and rules except where a threshold is as near."""
    expected = answers_in_pytorch(model, images)
    assert set(found) == set(expected)
    for name, values in expected.items():
        assert found[name].shape == values.shape, name
        assert found[name].dtype == (bool if values.dtype == bool else np.float32), name
    assert np.abs(found["probabilities"] - expected["probabilities"]).max() <= within
    if within <= TOLERANCE:
        none = np.empty(0, np.int64)
        agreement = compare_answers(model, expected["probabilities"], found, none, precision="float32")
        assert agreement.holds, str(agreement)
