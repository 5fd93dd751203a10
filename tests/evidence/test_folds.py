"""Each image is held out once, by models that have not seen it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.conftest import blobs

from fashion_classifier.data.fingerprint import image_sha256
from fashion_classifier.evidence.folds import can_be_folded, hold_each_out, retraining_gain
from fashion_classifier.evidence.labels import audit
from fashion_classifier.models.mlp import MlpConfig


def hashes(dataset):
    return {image_sha256(image) for image in dataset.images}


@pytest.fixture
def held_out(trainings, recipe):
    def retrain(first, inner):
        return trainings.train(recipe, inner, seed=1, purpose="again", task="", on_everything=True, start=first.model)

    return hold_each_out(trainings, recipe, retrain, seed=0)


def test_every_image_is_held_out_once_and_answered_for(held_out, split):
    everything = split.everything_but_test
    assert held_out.n_folds == 5
    np.testing.assert_array_equal(np.sort(held_out.index), np.arange(len(everything)))
    np.testing.assert_array_equal(held_out.labels, everything.labels[held_out.index])
    for answers in (held_out.before, held_out.after):
        np.testing.assert_allclose(answers.sum(1), 1, rtol=1e-5)


def test_models_have_not_seen_what_they_are_judged_by(trainings, recipe, split):
    seen = []

    def retrain(first, inner):
        learned = hashes(inner.training) | hashes(inner.validation)
        judged = hashes(inner.test.open("test"))
        assert not learned & judged
        assert not hashes(inner.training) & hashes(inner.validation)
        seen.append((len(inner.training), len(inner.validation)))
        return first

    hold_each_out(trainings, recipe, retrain, seed=0)
    share = len(split.validation) / len(split.everything_but_test)
    assert len(seen) == 5
    for n_training, n_validation in seen:
        assert n_training + n_validation == pytest.approx(400, abs=6)
        assert n_validation / (n_training + n_validation) == pytest.approx(share, abs=0.02)


def test_the_gain_of_retraining_is_paired(held_out, split):
    gain = retraining_gain(held_out, split)
    right = [(answers.argmax(1) == held_out.labels).mean() for answers in (held_out.before, held_out.after)]
    assert gain.step.difference.value == pytest.approx(right[1] - right[0])
    assert (gain.step.n, gain.n_folds, gain.growth) == (500, 5, 1.25)


def test_a_wrong_label_is_among_the_suspects_with_its_picture(trainings, recipe, split):
    wrong = split.training.labels.copy()
    position = int(np.flatnonzero(wrong == 0)[3])
    wrong[position] = 2
    mislabelled = replace(split, training=replace(split.training, labels=wrong))
    trainings.workshop = replace(trainings.workshop, split=mislabelled)
    trainings.length = trainings.length.scaled(10)
    sharp = replace(recipe, model=MlpConfig(hidden=(64,), dropout=0.0))
    held_out = hold_each_out(trainings, sharp, lambda first, _: first, seed=0)
    findings, gallery = audit(held_out, mislabelled.everything_but_test)
    named = image_sha256(split.training.images[position])
    suspect = next(image for image in findings.suspects if image.image_sha256 == named)
    assert (suspect.given, suspect.suggested) == ("class 2", "class 0")
    assert suspect.probability_suggested > suspect.probability_given
    shown = {image_sha256(image): str(name) for image, name in zip(gallery.images, gallery.image_sha256, strict=True)}
    assert all(content == name for content, name in shown.items())
    assert {image.image_sha256 for image in (*findings.suspects, *findings.hardest)} == set(shown)
    given = [image.probability_given for image in findings.hardest]
    assert given == sorted(given)
    assert findings.n == 500


def test_classes_too_small_for_folds_are_told():
    assert can_be_folded(blobs(300))
    assert not can_be_folded(blobs(20))
