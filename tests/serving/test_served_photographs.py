"""Photographs, for a model of garments on black: looked at beside the server, answered as `fashion predict` does."""

from __future__ import annotations

import base64
import io
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from tests.conftest import blobs
from tests.data.garments.scenes import jumper_mask, photograph
from tests.serving.conftest import CLASSES, Server, make_folder, picture
from tests.serving.test_predicting import of_uri, only

from fashion_classifier.data.garments.photograph import SIDE
from fashion_classifier.data.pictures import read_picture
from fashion_classifier.inference.bundle import load_model, save_model
from fashion_classifier.inference.opening import OpenedModel, open_model
from fashion_classifier.inference.photograph_rules import PhotographRules
from fashion_classifier.inference.photographs.answering import answers_with_probabilities
from fashion_classifier.inference.photographs.seen import look
from fashion_classifier.serving.engine import Engine
from fashion_classifier.serving.settings import ServeConfig

RULES = PhotographRules(odds=(0.5, 1.5, 1.0), doubts=(0.0,) * 3, accepted=0.9, threshold=-1.0)


@pytest.fixture(scope="module")
def garments(tmp_path_factory: pytest.TempPathFactory) -> OpenedModel:
    """A model that looks for garments, leans, and refuses every photograph."""
    folder = tmp_path_factory.mktemp("garments")
    model = replace(load_model(make_folder(folder / "plain")), pictures="garment", photographs=RULES)
    save_model(model, folder / "model")
    return open_model(folder / "model", "onnx", threads=1)


@pytest.fixture(scope="module")
def served(garments: OpenedModel) -> Iterator[Server]:
    """A server with that model."""
    made = Server(garments, ServeConfig(decoders=1))
    yield made
    made.close()


@pytest.fixture(scope="module")
def photo() -> bytes:
    """A jumper on a floor, as a telephone would send it."""
    file = io.BytesIO()
    photograph(jumper_mask()).save(file, "JPEG", quality=95)
    return file.getvalue()


def test_the_garment_is_looked_for_and_the_answer_is_that_of_predict(served, garments, photo):
    entry = only(served.predict(photo, "?seen=1&explain=1"))
    seen = look(read_picture(photo, near=(SIDE, SIDE)), garments.shape)
    answer, probabilities = answers_with_probabilities(garments, [seen])[0]
    assert entry["photograph"] is True
    assert entry["class"] == answer.predicted
    np.testing.assert_allclose(list(entry["probabilities"].values()), probabilities, atol=1e-5)
    np.testing.assert_array_equal(of_uri(entry["seen"]), seen.shown)
    assert of_uri(entry["mattered"]).shape == (12, 12)


def test_rules_for_photographs_hold_for_photographs_alone(served, photo):
    entry = only(served.predict(photo))
    assert (entry["refused"], entry["set"]) == (True, None)
    own = only(served.predict(picture()))
    assert (own["photograph"], own["refused"], own["set"][0]) == (False, False, own["class"])


@pytest.mark.parametrize("content", ["cut out", "pixels"])
def test_what_is_no_photograph_is_taken_as_it_is(served, content):
    if content == "cut out":
        file = io.BytesIO()
        Image.fromarray(np.pad(np.full((40, 40), 200, np.uint8), 20)).save(file, "PNG")
        entry = only(served.predict(file.getvalue()))
    else:
        sent = {"images": [{"pixels": np.full((40, 40, 3), 200).tolist()}]}
        entry = only(served.ask("POST", "/v1/predict", json=sent))
    assert entry["photograph"] is False
    assert entry["class"] in CLASSES


def test_colours_as_base64_are_a_photograph_too(served, photo):
    sent = {"images": [{"base64": base64.b64encode(photo).decode()}, {"pixels": blobs(3).images[0].tolist()}]}
    first, second = served.ask("POST", "/v1/predict", json=sent).json()["images"]
    assert (first["photograph"], second["photograph"]) == (True, False)


def test_no_file_is_held_while_the_model_computes(served, photo, monkeypatch):
    """Bodies are counted only until their pictures are seen: what is held longer would have no bound."""
    filler = bytes(3 << 20)
    parts = [
        b'--x\r\nContent-Disposition: form-data; name="images"; filename="a"\r\n\r\n' + photo + filler + b"\r\n"
        for _ in range(3)
    ]
    body = b"".join((*parts, b"--x--\r\n"))
    held = []
    answer = Engine.answer

    async def measured(self, seen):
        held.append(tracemalloc.get_traced_memory()[0])
        return await answer(self, seen)

    monkeypatch.setattr(Engine, "answer", measured)
    tracemalloc.start()
    try:
        assert served.predict(body, kind="multipart/form-data; boundary=x").status_code == 200
    finally:
        tracemalloc.stop()
    assert held[0] < 2 * len(filler)  # the thread that decoded last may not have let go yet
