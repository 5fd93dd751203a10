"""Exports are held to their models: by rounding in float32, by measured accuracy below."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.inference.conftest import make_model

from fashion_classifier.evaluation.prediction_sets import ConformalRule, prediction_sets
from fashion_classifier.evaluation.refusal import RefusalRule, refuse, strangeness
from fashion_classifier.inference.export.checking import answer_in_batches, compare_answers

SAID = np.random.default_rng(0).dirichlet([0.5, 0.5, 0.5], 600).astype(np.float32)
TRUTH = SAID.argmax(1)
NO_LABELS = np.empty(0, np.int64)


@pytest.fixture(scope="module")
def model():
    """A model with rules."""
    return replace(make_model(), refusal=RefusalRule("entropy", 0.5, 0.6), sets=ConformalRule("lac", 0.05, 0.7))


def leave(answers):
    """Change nothing."""


def compared(model, change=leave, labels=NO_LABELS, precision="float32"):
    """Compare a model with what somebody made of its answers."""
    answers = {
        "probabilities": SAID.copy(),
        "strangeness": strangeness(SAID, score="entropy").astype(np.float32),
        "refused": refuse(SAID, model.refusal),
        "in_set": prediction_sets(SAID, model.sets),
    }
    change(answers)
    return compare_answers(model, SAID, answers, labels, precision=precision)


def test_equal_answers_agree(model):
    agreement = compared(model)
    assert agreement.holds
    assert agreement.largest_difference == 0
    assert "on 600 images probabilities differ by at most 0 (0.001 is allowed), 0 best guesses" in str(agreement)


def nudge(answers):
    answers["probabilities"] += np.float32(2e-3)


def spoil(answers):
    answers["probabilities"][3] = np.nan


def refuse_more(answers):
    answers["refused"][:] = True


def widen(answers):
    answers["in_set"][:] = True


def strange(answers):
    answers["strangeness"][0] += 0.01


@pytest.mark.parametrize("change", [nudge, spoil, refuse_more, widen, strange])
def test_other_probabilities_refusals_sets_and_scores_do_not_agree(model, change):
    assert not compared(model, change).holds


def test_images_at_a_threshold_may_go_either_way(model):
    scores = strangeness(SAID, score="entropy")
    nearest, furthest = np.argsort(np.abs(scores - model.refusal.threshold))[[0, -1]]

    def flip(place):
        def change(answers):
            answers["refused"][place] ^= True

        return change

    at_threshold = replace(model, refusal=replace(model.refusal, threshold=float(scores[nearest])))
    assert compared(at_threshold, flip(nearest)).holds
    assert not compared(at_threshold, flip(furthest)).holds
    assert compared(at_threshold, flip(furthest)).n_ruled_otherwise == 1


def rounded(answers):
    answers["probabilities"] = np.round(answers["probabilities"], 3)


def mistake(answers):
    answers["probabilities"][-2:] = np.roll(answers["probabilities"][-2:], 1, axis=1)


def test_a_lower_precision_is_judged_by_accuracy_on_enough_labelled_images(model):
    fine = compared(model, rounded, TRUTH, "int8")
    assert fine.holds
    assert fine.n_labelled == 600
    assert "of 600 labelled ones" in str(fine)
    assert "are right instead of 100.00 % (0.2 points may be lost)" in str(fine)
    assert not compared(model, rounded, NO_LABELS, "int8").holds
    assert not compared(model, rounded, TRUTH[-400:], "int8").holds
    worse = compared(model, mistake, TRUTH, "int8")
    assert not worse.holds
    assert worse.exported_accuracy == pytest.approx(598 / 600)
    assert not compared(model, spoil, TRUTH, "int8").holds


@pytest.mark.parametrize("n", [1, 2, 8, 300])
def test_batches_of_one_seven_and_many_are_put_together_again(n):
    sizes = []

    def answer(images):
        sizes.append(len(images))
        return {"probabilities": images.astype(np.float32)}

    images = np.arange(n, dtype=np.uint16)[:, None]
    many = np.zeros((20, 400, 400, 3), np.uint8)
    answer_in_batches(answer, many, n_views=10)
    assert sizes == [1, 7, 8, 4]
    sizes.clear()
    assert np.array_equal(answer_in_batches(answer, images)["probabilities"], images)
    assert sizes == {1: [1], 2: [1, 1], 8: [1, 7], 300: [1, 7, 256, 36]}[n]
