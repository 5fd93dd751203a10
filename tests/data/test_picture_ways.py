"""Which way pictures are brought to a model follows from what it learned from, and is kept with it."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from tests.conftest import blobs
from tests.inference.shelves import put_model

from fashion_classifier.data.picture_ways import way_for
from fashion_classifier.data.sample import draw_sample
from fashion_classifier.errors import ModelError
from fashion_classifier.inference.bundle import load_model, save_model
from fashion_classifier.inference.manifest import MODEL, write_manifest
from fashion_classifier.inference.shelf import model_facts


def test_garments_on_black_are_garments_whatever_the_number_of_channels():
    images = draw_sample(n_training=100, n_test=10).training.images
    assert way_for(images) == "garment"
    assert way_for(np.repeat(images[..., None], 3, axis=3)) == "garment"


def test_all_others_are_resized():
    images = draw_sample(n_training=100, n_test=10).training.images
    coloured = np.repeat(images[..., None], 3, axis=3)
    coloured[..., 0] //= 2
    for others in (coloured, 255 - images, blobs(50).images, np.empty((0, 4, 4), np.uint8)):
        assert way_for(others) == "resize"


def test_the_way_is_kept_in_the_folder(tmp_path):
    model = load_model(put_model(tmp_path / "old"))
    assert model.pictures == "resize"
    save_model(replace(model, pictures="garment"), tmp_path / "new")
    assert load_model(tmp_path / "new").pictures == "garment"
    assert model_facts(tmp_path / "new").pictures == "garment"


@pytest.mark.parametrize("way", [None, "garment", "sideways"])
def test_older_folders_say_nothing_of_it_and_unknown_ways_are_refused(tmp_path, way):
    folder = put_model(tmp_path / "model")
    content = json.loads((folder / MODEL).read_text())
    del content["pictures"], content["photographs"]
    (folder / MODEL).write_text(json.dumps(content if way is None else {**content, "pictures": way}))
    write_manifest(folder)
    if way == "sideways":
        with pytest.raises(ModelError, match="not by 'sideways'"):
            load_model(folder)
    else:
        assert load_model(folder).pictures == (way or "resize")
        assert load_model(folder).photographs is None
