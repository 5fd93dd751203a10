"""A model as OpenVINO's files: the same answers."""

from __future__ import annotations

import json

import numpy as np
import pytest
from tests.conftest import blobs
from tests.inference.conftest import CLASSES
from tests.inference.export.exports import DATA, answers_in_pytorch, assert_same, ruled_model, saved_model

from fashion_classifier.errors import ModelError, UnavailableError
from fashion_classifier.inference.export.completing import answers_of, complete
from fashion_classifier.inference.export.open_vino_files import SECTION, open_files, write_files
from fashion_classifier.inference.runtimes.open_vino import core


@pytest.mark.parametrize("kind", DATA)
def test_every_family_answers_as_it_does_itself_in_any_batch(any_family, kind, tmp_path):
    data = blobs(40, **DATA[kind])
    model = ruled_model(any_family, data)
    description, content = saved_model(model, tmp_path / "model")
    facts = {"classes": json.dumps(description.classes)}
    write_files(complete(content, description, {}), facts, tmp_path / "it.xml")
    answer = open_files(tmp_path / "it.xml", answers_of(description), bfloat16=False)
    for n in (40, 7, 1):
        assert_same(answer(data.images[:n]), model, data.images[:n])
    told = core().read_model(tmp_path / "it.xml").get_rt_info([SECTION, "classes"]).value
    assert json.loads(told) == list(CLASSES)


def test_in_bfloat16_answers_are_nearly_the_same(tmp_path):
    data = blobs(40, size=14)
    model = ruled_model(None, data)
    description, content = saved_model(model, tmp_path / "model")
    write_files(complete(content, description, {}), {}, tmp_path / "it.xml")
    if "BF16" not in core().get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
        with pytest.raises(UnavailableError, match="does not multiply bfloat16"):
            open_files(tmp_path / "it.xml", answers_of(description), bfloat16=True)
        return
    answer = open_files(tmp_path / "it.xml", answers_of(description), bfloat16=True)
    difference = np.abs(answer(data.images)["probabilities"] - answers_in_pytorch(model, data.images)["probabilities"])
    assert 0 < difference.max() < 0.1


def test_what_openvino_cannot_read_is_told(tmp_path):
    with pytest.raises(ModelError, match="OpenVINO cannot read the network"):
        write_files(b"no graph", {}, tmp_path / "it.xml")
