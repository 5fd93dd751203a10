"""A completed ONNX file answers as its model does, from images to rules, in any ONNX Runtime."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import get_args

import numpy as np
import onnx
import onnxruntime
import pytest
from tests.conftest import blobs
from tests.inference.conftest import CLASSES, make_model
from tests.inference.export.exports import DATA, HOW, assert_same, ruled_model, saved_model

from fashion_classifier.errors import ModelError
from fashion_classifier.evaluation.prediction_sets import ConformalRule
from fashion_classifier.evaluation.refusal import Score
from fashion_classifier.inference.export.completing import answers_of, complete, view_positions
from fashion_classifier.inference.export.metadata import describe
from fashion_classifier.inference.export.onnx_model import traced
from fashion_classifier.inference.predictor import VIEWS


def run(content, images):
    """Have an ONNX file answer, with nothing but ONNX Runtime."""
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, {"images": images}), strict=True))


def completed(model, folder):
    """Save a model and complete its network."""
    description, content = saved_model(model, folder)
    return complete(content, description, describe(description, name="it", precision="float32", accuracy=None))


@pytest.mark.parametrize("kind", DATA)
def test_every_family_answers_as_it_does_itself_in_any_batch(any_family, kind, tmp_path):
    data = blobs(40, **DATA[kind])
    model = ruled_model(any_family, data)
    content = completed(model, tmp_path / "model")
    for n in (40, 7, 1):
        assert_same(run(content, data.images[:n]), model, data.images[:n])


@pytest.mark.parametrize("views", VIEWS)
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("temperature", [1.0, 0.6, 3.0])
def test_views_smoothing_and_temperature_are_inside(views, smoothing, temperature, tmp_path):
    model = make_model(views=views, smoothing=smoothing, temperature=temperature)
    images = blobs(20).images
    assert_same(run(completed(model, tmp_path / "model"), images), model, images)


@pytest.mark.parametrize("score", get_args(Score))
def test_each_rule_for_refusing_is_inside(score, tmp_path):
    model = ruled_model(score=score)
    images = blobs(40).images
    found = run(completed(model, tmp_path / "model"), images)
    assert_same(found, model, images)
    assert 0 < found["refused"].sum() < 40
    assert set(found["in_set"].sum(axis=1).tolist()) >= {1, 2}


def test_sets_that_need_a_draw_for_each_image_are_left_out(tmp_path):
    model = replace(make_model(), sets=ConformalRule("aps", 0.05, 0.9))
    description, content = saved_model(model, tmp_path / "model")
    assert set(answers_of(description)) == {"probabilities"}
    assert set(run(complete(content, description, {}), blobs(4).images)) == {"probabilities"}


@pytest.mark.parametrize("shape", [(1, 1), (1, 5), (2, 2), (3, 4)])
@pytest.mark.parametrize("views", VIEWS)
def test_the_places_of_pixels_make_the_same_views(shape, views):
    model = make_model(data=blobs(4, size=3, n_classes=1))
    images = np.random.default_rng(0).integers(0, 256, (5, *shape), np.uint8)
    positions = view_positions(views, model.shape._replace(height=shape[0], width=shape[1]))
    gathered = images.reshape(5, -1)[:, positions]
    assert np.array_equal(gathered, np.stack(VIEWS[views](images), axis=1))


def test_the_file_is_standard_whole_and_says_what_it_is(tmp_path):
    model = ruled_model(data=blobs(40, size=13, colour=True))
    content = completed(model, tmp_path / "model")
    graph = onnx.load_model_from_string(content)
    onnx.checker.check_model(graph, full_check=True)
    assert {opset.domain for opset in graph.opset_import} == {""}
    assert not any(tensor.external_data for tensor in graph.graph.initializer)
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    (images,) = session.get_inputs()
    assert (images.name, images.type, images.shape) == ("images", "tensor(uint8)", ["n", 13, 13, 3])
    assert [output.shape for output in session.get_outputs()] == [["n", 3], ["n"], ["n"], ["n", 3]]
    told = {name: json.loads(value) for name, value in session.get_modelmeta().custom_metadata_map.items()}
    assert told["classes"] == list(CLASSES)
    assert told["image"] | {"form": ""} == {"height": 13, "width": 13, "channels": 3, "form": ""}
    assert told["refusal"]["threshold"] == model.refusal.threshold
    assert told["conformal"] == {"method": "lac", "alpha": 0.05, "threshold": model.sets.threshold}
    assert {name: told[name] for name in HOW} == HOW
    assert len(told["preprocessing"]["mean"]) == 3
    assert told["provenance"] == {"seed": 0}
    assert set(told["answers"]) == {"probabilities", "strangeness", "refused", "in_set"}
    assert told["made_by"].startswith("fashion-images-classifier ")


def test_the_same_model_gives_the_same_bytes(tmp_path):
    model = ruled_model()
    assert completed(model, tmp_path / "one") == completed(model, tmp_path / "other")


def test_half_precision_whole_numbers_and_pytorch_s_own_graph_are_completed_too(tmp_path):
    data = blobs(300, size=28)
    model = make_model(data=data, **HOW)
    description, half = saved_model(model, tmp_path / "model", half=True, int8=True, images=data.images)
    images = data.images[:30]
    assert_same(run(complete(half, description, {}), images), model, images, within=0.02)
    quantised = (tmp_path / "model" / "model.int8.onnx").read_bytes()
    assert_same(run(complete(quantised, description, {}), images), model, images, within=0.2)
    theirs = traced(model.network.eval(), model.shape)
    assert_same(run(complete(theirs, description, {}), images), model, images)


def test_what_is_no_network_of_the_model_is_refused(tmp_path):
    description, content = saved_model(make_model(), tmp_path / "model")
    with pytest.raises(ModelError, match="this is no ONNX"):
        complete(content[:100], description, {})
    other = replace(description, shape=description.shape._replace(height=13))
    with pytest.raises(ModelError, match="it should take images uint8"):
        complete(content, other, {})
