"""What is said in words: the surest class, the set of those that it may be, and whether it is none of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.inference.shelves import put_model

from fashion_classifier.evaluation.prediction_sets import ConformalRule
from fashion_classifier.evaluation.refusal import RefusalRule
from fashion_classifier.inference.answers import Answer, answers
from fashion_classifier.inference.bundle import Model, load_model

SAID = np.array([[0.1, 0.6, 0.3], [0.98, 0.01, 0.01], [0.34, 0.33, 0.33]], np.float32)


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> Model:
    return load_model(put_model(tmp_path_factory.mktemp("models") / "model"))


def test_without_rules_there_is_the_best_guess_alone(model):
    first, second, third = model.classes
    assert [(said.predicted, said.classes, said.refused) for said in answers(model, SAID)] == [
        (second, None, None),
        (first, None, None),
        (first, None, None),
    ]
    assert answers(model, SAID)[1].probability == pytest.approx(0.98)
    assert third not in {said.predicted for said in answers(model, SAID)}


def test_sets_begin_with_the_most_probable_class_and_refused_images_keep_their_guess(model):
    sets = ConformalRule("lac", 0.05, 0.75)  # every class with at least a quarter
    refusal = RefusalRule("confidence", 0.9, 0.5)  # whatever is less sure than a half
    first, second, third = model.classes
    said = answers(replace(model, sets=sets, refusal=refusal), SAID)
    assert [replace(answer, probability=0.0) for answer in said] == [
        Answer(second, 0.0, (second, third), False),
        Answer(first, 0.0, (first,), False),
        Answer(first, 0.0, (first, second, third), True),
    ]
