"""Model folders for tests of what finds and lists them: tiny, and shipped ones with the record of their making."""

from __future__ import annotations

import json
from pathlib import Path

from tests.conftest import blobs

from fashion_classifier.inference.bundle import Model, save_model
from fashion_classifier.inference.manifest import write_manifest
from fashion_classifier.inference.predictor import PredictConfig
from fashion_classifier.models.catalogue import build
from fashion_classifier.models.layers import channel_statistics
from fashion_classifier.models.mlp import MlpConfig

RECORD = {
    "schema": "fashion.model-record/1",
    "made": "2026-01-31",
    "command": "fashion train --minutes 1",
    "seed": 7,
    "commit": "0123abc",
    "data": {"name": "blobs", "fingerprint": "f00d"},
    "test": {"n": 200, "accuracy": 0.9, "accuracy_interval": [0.85, 0.93]},
    "licence": "MIT",
}


def put_model(folder: Path, **record: object) -> Path:
    """Save a tiny model of three classes; with a record if any of its entries is given."""
    data = blobs(40)
    config = MlpConfig()
    network = build(config, data.shape, 3, channel_statistics(data.images), seed=0)
    model = Model(network=network, config=config, classes=data.classes, shape=data.shape, how=PredictConfig())
    save_model(model, folder)
    if record:
        (folder / "record.json").write_text(json.dumps(RECORD | record))
        write_manifest(folder)
    return folder


def rewrite(folder: Path, name: str, content: bytes) -> None:
    """Change a file and make the manifest agree, as somebody who means harm would."""
    (folder / name).write_bytes(content)
    write_manifest(folder)


def accuracy(value: float) -> dict[str, object]:
    """Return a recorded test result."""
    return {"n": 200, "accuracy": value, "accuracy_interval": [value - 0.05, value + 0.02]}
