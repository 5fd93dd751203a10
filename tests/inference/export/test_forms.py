"""The forms of exports: known by name, each with its files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fashion_classifier.errors import UsageError
from fashion_classifier.inference.export.forms import COMPUTED_IN, FORMS, SUFFIXES, check_form, places_of


def test_every_form_computes_in_float32_and_has_files_of_its_own():
    assert set(FORMS) == set(SUFFIXES) == set(COMPUTED_IN)
    for form in FORMS:
        check_form(form, "float32")
    assert len({suffix for suffixes in SUFFIXES.values() for suffix in suffixes}) == 4


def test_a_form_that_there_is_not_is_told_with_those_that_there_are():
    unknown: Any = "tflite"
    with pytest.raises(UsageError, match="can be exported as onnx, openvino, torch-export"):
        check_form(unknown, "float32")


def test_a_form_of_two_files_has_both_beside_each_other(tmp_path):
    named = tmp_path / "shop.v2.xml"
    assert places_of(named, "openvino") == (named, tmp_path / "shop.v2.bin")
    (tmp_path / "shop.v2.bin").symlink_to(tmp_path / "nowhere")
    with pytest.raises(UsageError, match=r"shop\.v2\.bin is already there"):
        places_of(named, "openvino")
    with pytest.raises(UsageError, match=r"a file for openvino ends in \.xml; name it so"):
        places_of(Path("shop"), "openvino")
