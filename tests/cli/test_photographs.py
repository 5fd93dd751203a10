"""`fashion predict` looks for a garment in photographs where the model wants that, and shows what it saw."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image
from tests.conftest import blobs
from tests.data.garments.scenes import jumper_mask, photograph
from tests.inference.shelves import put_model

from fashion_classifier.inference.bundle import load_model, save_model


@pytest.fixture
def photos(fashion) -> Path:
    """A folder of photographs, one of them broken, and two models."""
    model = load_model(put_model(Path("plain")))
    save_model(replace(model, pictures="garment"), "garment")
    folder = Path("photos")
    folder.mkdir()
    for number in range(3):
        photograph(jumper_mask(), seed=number).save(folder / f"{number}.jpg")
    (folder / "broken.jpg").write_bytes(b"nothing")
    Image.fromarray(blobs(3).images[0]).save(folder / "own.png")
    return folder


def probabilities(result):
    return [row["probability"] for row in result.json["rows"]]


def test_a_garment_is_looked_for_where_the_model_or_the_user_says_so(fashion, photos):
    said = {
        (model, kind): fashion("predict", photos, "--model", model, "--as", kind, "--json")
        for model in ("plain", "garment")
        for kind in ("auto", "image", "photograph")
    }
    assert {result.code for result in said.values()} == {3}
    assert probabilities(said["plain", "auto"]) == probabilities(said["plain", "image"])
    assert probabilities(said["garment", "auto"]) == probabilities(said["garment", "photograph"])
    assert probabilities(said["plain", "auto"])[0] != probabilities(said["garment", "auto"])[0]
    assert probabilities(said["plain", "auto"])[-1] == pytest.approx(probabilities(said["garment", "auto"])[-1])
    assert "no picture" in said["garment", "auto"].json["rows"][3]["reason"]


@pytest.mark.slow
def test_what_the_model_saw_is_shown(fashion, photos):
    for _ in range(2):
        result = fashion("predict", photos, "--model", "garment", "--show", "seen", "--json")
        assert (result.code, result.json["shown_in"]) == (3, "seen")
    names = sorted(path.name for path in Path("seen").iterdir())
    assert names == sorted([*(f"{n}.png" for n in "012"), *(f"{n} (2).png" for n in "012"), "own.png", "own (2).png"])
    assert fashion("predict", photos, "--model", "garment", "--show", photos / "seen").code == 2
