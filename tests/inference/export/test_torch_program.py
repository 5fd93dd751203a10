"""A model as a program of PyTorch's: the same answers, and nothing pickled in the file."""

from __future__ import annotations

import json
import zipfile
from typing import get_args

import pytest
import torch
from tests.conftest import blobs
from tests.inference.conftest import make_model
from tests.inference.export.exports import DATA, assert_same, ruled_model

from fashion_classifier.errors import ModelError
from fashion_classifier.evaluation.refusal import Score
from fashion_classifier.inference.export.torch_program import (
    METADATA,
    Answering,
    open_program,
    pickled_parts,
    write_program,
)
from fashion_classifier.inference.predictor import VIEWS


@pytest.mark.slow
@pytest.mark.parametrize("kind", DATA)
def test_every_family_answers_as_it_does_itself_in_any_batch(any_family, kind, tmp_path):
    data = blobs(40, **DATA[kind])
    model = ruled_model(any_family, data)
    write_program(model, {"classes": json.dumps(model.classes)}, tmp_path / "it.pt2")
    answer = open_program(tmp_path / "it.pt2")
    for n in (40, 7, 1):
        assert_same(answer(data.images[:n]), model, data.images[:n])


@pytest.mark.parametrize("views", VIEWS)
@pytest.mark.parametrize("score", get_args(Score))
def test_what_is_exported_answers_by_the_same_rules(views, score):
    model = ruled_model(score=score, views=views, smoothing=0.2, temperature=1.5)
    images = blobs(40).images
    found = {name: value.numpy() for name, value in Answering(model)(torch.from_numpy(images)).items()}
    assert_same(found, model, images)


def test_the_file_says_what_it_is_and_holds_nothing_pickled(tmp_path):
    write_program(make_model(), {"classes": '["名前"]'}, tmp_path / "it.pt2")
    assert pickled_parts(tmp_path / "it.pt2") == []
    with zipfile.ZipFile(tmp_path / "it.pt2") as archive:
        assert not [name for name in archive.namelist() if name.endswith(".pkl")]
    told = {METADATA: ""}
    torch.export.load(tmp_path / "it.pt2", extra_files=told)
    assert json.loads(told[METADATA]) == {"classes": ["名前"]}


def test_a_file_with_something_pickled_is_not_loaded(tmp_path):
    images = torch.from_numpy(blobs(3).images)
    program = torch.export.export(Answering(make_model()), (images,))
    torch.export.save(program, tmp_path / "theirs.pt2")
    with pytest.raises(ModelError, match=r"would unpickle data/sample_inputs/model\.pt"):
        open_program(tmp_path / "theirs.pt2")
    (tmp_path / "broken.pt2").write_bytes(b"no archive")
    with pytest.raises(ModelError, match=r"this is no \.pt2 file"):
        open_program(tmp_path / "broken.pt2")
