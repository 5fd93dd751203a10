"""A model in Hugging Face's form: what other programs find in it, and that only what was written is read back."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from tests.conftest import blobs
from tests.inference.export.exports import DATA, ruled_model

from fashion_classifier.errors import ModelError, UnavailableError
from fashion_classifier.inference.bundle import save_model
from fashion_classifier.inference.description import content_of, read_description
from fashion_classifier.inference.export.repository import (
    CONFIG,
    OWN,
    TENSORS,
    check_same,
    read_repository,
    write_repository,
)


@pytest.fixture(params=list(DATA))
def model(request):
    """A model with every rule."""
    return ruled_model(data=blobs(40, **DATA[request.param]))


@pytest.fixture
def repository(model, tmp_path):
    """The folder that is written of it."""
    save_model(model, tmp_path / "model", onnx=False, half=True)
    (tmp_path / "repository").mkdir()
    write_repository(*read_description(tmp_path / "model"), tmp_path / "repository")
    return tmp_path / "repository"


def change(repository, **changes):
    """Change the configuration."""
    content = json.loads((repository / CONFIG).read_text())
    (repository / CONFIG).write_text(json.dumps({**content, **changes}))
    return content


def test_other_programs_find_classes_size_and_weights(model, repository):
    config = json.loads((repository / CONFIG).read_text())
    assert config["id2label"] == {str(number): name for number, name in enumerate(model.classes)}
    assert config["label2id"] == {name: number for number, name in enumerate(model.classes)}
    assert config["image_size"] == [model.shape.height, model.shape.width]
    assert config["num_channels"] == model.shape.channels
    with safe_open(repository / TENSORS, "pt") as file:
        assert file.metadata() == {"format": "pt"}
        assert set(file.keys()) == set(model.network.state_dict())


def test_what_is_read_back_answers_the_same_and_has_the_same_rules(repository):
    from fashion_classifier.inference.bundle import load_model

    original, back = load_model(repository.parent / "model"), read_repository(repository)
    check_same(original, repository)
    images = blobs(30, size=original.shape.height, colour=original.shape.channels == 3, seed=5).images
    np.testing.assert_array_equal(back.predict(images), original.predict(images))
    assert (back.sets, back.refusal, back.how, back.classes) == (
        original.sets,
        original.refusal,
        original.how,
        original.classes,
    )
    assert content_of(read_description(repository.parent / "model")[0])["provenance"] == back.provenance


def test_other_weights_are_noticed(repository, model):
    tensors = load_file(repository / TENSORS)
    name = next(name for name, tensor in tensors.items() if tensor.is_floating_point() and tensor.ndim > 1)
    tensors[name] = tensors[name] + 1
    save_file(tensors, repository / TENSORS)
    with pytest.raises(ModelError, match="changed or damaged"):
        read_repository(repository)


def test_a_model_is_not_said_to_be_another_one(repository, model):
    changed = ruled_model(data=blobs(40, size=model.shape.height, colour=model.shape.channels == 3))
    with torch.no_grad():
        next(parameter for parameter in changed.network.parameters() if parameter.ndim > 1).add_(1)
    with pytest.raises(ModelError, match="other weights"):
        check_same(changed, repository)


def test_classes_that_other_programs_would_call_otherwise_are_refused(repository):
    content = json.loads((repository / CONFIG).read_text())
    labels = content["id2label"]
    change(repository, id2label={**labels, "0": labels["1"], "1": labels["0"]})
    with pytest.raises(ModelError, match="id2label and label2id are not of the classes"):
        read_repository(repository)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({OWN: None}, "another program's model"),
        ({"weights": {"bytes": -1, "sha256": "0"}}, "cannot have -1 bytes"),
        ({"weights": {"bytes": 8 << 30, "sha256": "0"}}, "cannot have 8589934592 bytes"),
        ({"weights": {}}, "KeyError"),
        ({"format_version": 99}, "format version 99 is not known"),
        ({"classes": ["one"]}, "at least two different names"),
        ({"family": "vit"}, "vit"),
    ],
)
def test_what_cannot_be_is_refused(repository, changes, message):
    content = json.loads((repository / CONFIG).read_text())
    change(repository, **(changes if OWN in changes else {OWN: {**content[OWN], **changes}}))
    with pytest.raises(ModelError, match=message):
        read_repository(repository)


def test_a_configuration_that_is_damaged_or_not_there_is_said(repository, tmp_path):
    (repository / CONFIG).write_text("{")
    with pytest.raises(ModelError, match="not JSON"):
        read_repository(repository)
    with pytest.raises(UnavailableError, match="no model in Hugging Face's form"):
        read_repository(tmp_path)


def test_weights_that_are_a_link_are_not_followed(repository):
    (repository / TENSORS).rename(repository.parent / "elsewhere")
    (repository / TENSORS).symlink_to(repository.parent / "elsewhere")
    with pytest.raises(ModelError, match="no such plain file"):
        read_repository(repository)
