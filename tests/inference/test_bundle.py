"""A model folder is data: what was saved comes back, and what was tampered with is refused with a reason."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from tests.conftest import blobs
from tests.inference.conftest import make_model
from tests.inference.shelves import rewrite

from fashion_classifier.errors import DataError, ModelError, UnavailableError, UsageError
from fashion_classifier.inference import bundle
from fashion_classifier.inference.bundle import load_model, save_model
from fashion_classifier.inference.opening import open_model
from fashion_classifier.models.catalogue import build
from fashion_classifier.models.cnn import CnnConfig
from fashion_classifier.models.layers import channel_statistics

DATA = blobs(40)


@pytest.fixture
def folder(tmp_path) -> Path:
    place: Path = tmp_path / "model"
    save_model(make_model(views="mirrored", temperature=1.5), place)
    return place


def edit(folder: Path, **changes) -> None:
    description = json.loads((folder / "model.json").read_text())
    description.update(changes)
    rewrite(folder, "model.json", json.dumps(description).encode())


def test_what_was_saved_comes_back_to_the_bit(folder):
    before, after = make_model(views="mirrored", temperature=1.5), load_model(folder)
    assert after.classes == before.classes
    assert after.config == before.config
    assert after.how == before.how
    assert after.provenance == before.provenance
    assert np.array_equal(after.predict(DATA.images), before.predict(DATA.images))


def test_probabilities_are_probabilities(folder):
    probabilities = load_model(folder).predict(DATA.images)
    assert probabilities.shape == (40, 3)
    assert probabilities.sum(1) == pytest.approx(np.ones(40), abs=1e-6)


def test_mirrored_views_do_not_care_for_left_and_right(folder):
    loaded = load_model(folder)
    assert loaded.predict(DATA.images[:, :, ::-1]) == pytest.approx(loaded.predict(DATA.images), abs=1e-6)


def test_nothing_is_overwritten(folder):
    with pytest.raises(UsageError, match="nothing was overwritten"):
        save_model(make_model(), folder)


def test_what_another_process_has_put_there_meanwhile_is_not_overwritten(tmp_path, monkeypatch):
    place = tmp_path / "model"

    def export(*_: object, **__: object) -> bytes:
        place.mkdir()
        (place / "other").write_text("of another process")
        return b""

    monkeypatch.setattr(bundle, "export", export)
    with pytest.raises(UsageError, match="is already there; nothing was overwritten"):
        save_model(make_model(), place)
    assert [path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*")] == ["model", "model/other"]


def test_images_of_another_shape_are_refused(folder):
    with pytest.raises(DataError, match="they are 5x5 grey, the model takes 12x12 grey"):
        load_model(folder).predict(np.zeros((2, 5, 5), np.uint8))


@pytest.mark.parametrize("change", [lambda images: images / 255, lambda images: images[0]], ids=["shares", "one image"])
def test_images_that_are_no_grey_levels_are_refused(change):
    with pytest.raises(DataError, match="grey levels are uint8 of shape"):
        make_model().predict(change(blobs(4).images))


def test_no_model_is_unavailable_not_damaged(tmp_path):
    with pytest.raises(UnavailableError, match="there is no model here"):
        load_model(tmp_path)


def nan_weights(folder):
    tensors = load_file(folder / "weights.safetensors")
    tensors["body.0.weight"][0] = float("nan")
    save_file(tensors, folder / "other.safetensors")
    rewrite(folder, "weights.safetensors", (folder / "other.safetensors").read_bytes())


def swapped_weights(folder):
    other = build(CnnConfig(stem=8, widths=(16, 24)), DATA.shape, 3, channel_statistics(DATA.images), seed=0)
    save_file({k: v.contiguous() for k, v in other.state_dict().items()}, folder / "other.safetensors")
    rewrite(folder, "weights.safetensors", (folder / "other.safetensors").read_bytes())


def linked(folder):
    (folder / "model.json").rename(folder.parent / "elsewhere.json")
    (folder / "model.json").symlink_to(folder.parent / "elsewhere.json")


DAMAGE = {
    "a changed byte": (
        lambda f: (f / "weights.safetensors").write_bytes((f / "weights.safetensors").read_bytes()[:-1] + b"x"),
        "its content is not what the manifest says",
    ),
    "truncated weights": (
        lambda f: (f / "weights.safetensors").write_bytes((f / "weights.safetensors").read_bytes()[:100]),
        "its content is not what the manifest says",
    ),
    "a missing file": (lambda f: (f / "weights.safetensors").unlink(), "there is no such plain file"),
    "a missing manifest": (lambda f: (f / "manifest.json").unlink(), "there is no such plain file"),
    "a link": (linked, "there is no such plain file"),
    "text for JSON": (lambda f: rewrite(f, "model.json", b"{"), "this is not JSON"),
    "deep JSON": (lambda f: rewrite(f, "model.json", b"[" * 100_000), "this is not JSON"),
    "a list for an object": (lambda f: rewrite(f, "model.json", b"[]"), "a JSON object was expected"),
    "an unknown version": (lambda f: edit(f, format_version=99), "format version 99 is not known"),
    "an unknown family": (lambda f: edit(f, family="tree"), "There is no model family 'tree'"),
    "an absurd config": (lambda f: edit(f, config={"stem": 10**9}), "`stem` must be"),
    "one class": (lambda f: edit(f, classes=["a"]), "at least two different names"),
    "a negative temperature": (lambda f: edit(f, temperature=-1), "cannot predict with"),
    "an impossible shape": (
        lambda f: edit(f, image={"height": 0, "width": 3, "channels": 1}),
        "an image cannot be",
    ),
    "weights that are not numbers": (nan_weights, "weights that are not numbers"),
    "another model's weights": (swapped_weights, "size mismatch"),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_model_is_refused_with_a_reason(folder, damage):
    harm, reason = DAMAGE[damage]
    harm(folder)
    with pytest.raises(ModelError, match=reason):
        load_model(folder)


def test_bfloat16_predicts_nearly_the_same():
    exact, rounded = make_model().predict(DATA.images), make_model(precision="bfloat16").predict(DATA.images)
    assert rounded == pytest.approx(exact, abs=0.03)
    assert not np.array_equal(exact, rounded)


def test_every_file_is_listed_with_its_hash(folder):
    listed = json.loads((folder / "manifest.json").read_text())["files"]
    assert set(listed) == {"model.json", "weights.safetensors", "model.onnx"}
    for name, facts in listed.items():
        assert facts["sha256"] == hashlib.sha256((folder / name).read_bytes()).hexdigest()


def test_a_folder_without_onnx_loads_as_ever(tmp_path):
    save_model(make_model(), tmp_path / "model", onnx=False)
    assert not (tmp_path / "model" / "model.onnx").exists()
    assert np.array_equal(load_model(tmp_path / "model").predict(DATA.images), make_model().predict(DATA.images))


def test_half_precision_halves_the_folder_and_comes_back_as_one_network(tmp_path, any_family):
    data = blobs(40, size=28)
    model = make_model(any_family, data)
    save_model(model, tmp_path / "whole")
    save_model(model, tmp_path / "half", half=True)
    for name in ("weights.safetensors", "model.onnx"):
        sizes = [(tmp_path / folder / name).stat().st_size for folder in ("whole", "half")]
        assert sizes[1] < 0.6 * sizes[0]
    loaded = load_model(tmp_path / "half")
    assert {tensor.dtype for tensor in loaded.network.parameters()} == {torch.float32}
    for name, rounded in loaded.network.state_dict().items():
        exact = model.network.state_dict()[name]
        assert torch.equal(rounded, exact) or torch.equal(rounded, exact.half().float())
    in_torch, in_onnx = (open_model(tmp_path / "half", runtime).predict(data.images) for runtime in ("torch", "onnx"))
    assert in_onnx == pytest.approx(in_torch, abs=1e-4)
    assert in_torch == pytest.approx(model.predict(data.images), abs=0.02)
