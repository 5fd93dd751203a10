"""A pupil learns what its teacher says, and no teacher may have seen what judges the pupil."""

from __future__ import annotations

import numpy as np
import pytest
from tests.conftest import blobs

from fashion_classifier.data.dataset import SealedTestSet
from fashion_classifier.data.split import Split
from fashion_classifier.errors import UsageError
from fashion_classifier.evaluation.temperature import unsmoothed
from fashion_classifier.experiment.teaching import ask_teacher
from fashion_classifier.inference.bundle import load_model, save_model
from fashion_classifier.models.mlp import MlpConfig
from fashion_classifier.training.config import Augmentation, TrainConfig
from fashion_classifier.training.recipes.recipe import Recipe
from fashion_classifier.training.train import Teaching, Workshop

SPLIT = Split(blobs(300), blobs(90, seed=1), SealedTestSet(blobs(30, seed=2)))
MADE_FROM = {"fingerprint": "f00d", "split": {"seed": 0}}


def recipe(teacher_share=0.0, label_smoothing=0.1):
    training = TrainConfig(
        epochs=20,
        batch_size=20,
        optimizer="adam",
        learning_rate=3e-3,
        momentum=0.9,
        precision="float32",
        views="single",
        augmentation=Augmentation(mirror=False, shift_pixels=0),
        teacher_share=teacher_share,
        label_smoothing=label_smoothing,
    )
    return Recipe(MlpConfig(hidden=(32,), dropout=0.0), training)


def workshop(parts=SPLIT, **provenance):
    return Workshop(parts, exact=True, provenance={**MADE_FROM, **provenance})


@pytest.fixture(scope="module")
def teachers(tmp_path_factory):
    """A teacher that learned from the training part, and one that learned from all."""
    place = tmp_path_factory.mktemp("teachers")
    for name, on_everything in (("honest", False), ("all", True)):
        save_model(workshop().train(recipe(), seed=0, on_everything=on_everything).model, place / name)
    return place


def ask(folder, shop, split=SPLIT, *, on_everything=False):
    return ask_teacher(folder, split, shop, on_everything=on_everything, progress=lambda *_: None).probabilities


def test_a_pupil_learns_what_its_teacher_says_rather_than_the_labels():
    says = Teaching(np.eye(3, dtype=np.float32)[(SPLIT.training.labels + 1) % 3])
    pupil = workshop().train(recipe(teacher_share=1.0), seed=0, taught=says)
    predicted = pupil.validation_probabilities.argmax(1)
    assert (predicted == (SPLIT.validation.labels + 1) % 3).mean() > 0.9


def test_without_a_share_a_teacher_changes_nothing():
    says = Teaching(np.eye(3, dtype=np.float32)[(SPLIT.training.labels + 1) % 3])
    alone, taught = (workshop().train(recipe(), seed=0, taught=given) for given in (None, says))
    np.testing.assert_allclose(alone.validation_probabilities, taught.validation_probabilities, atol=1e-6)


def test_a_teacher_answers_for_the_images_that_are_learned_from(teachers):
    few, many = ask(teachers / "honest", workshop()), ask(teachers / "all", workshop(), on_everything=True)
    assert few.shape == (300, 3)
    assert many.shape == (390, 3)
    assert (few.argmax(1) == SPLIT.training.labels).mean() > 0.9


def test_a_teacher_answers_as_its_network_does_and_the_pupil_knows_how_smoothly(teachers):
    shop = workshop()
    taught = ask_teacher(teachers / "honest", SPLIT, shop, on_everything=False, progress=lambda *_: None)
    assert taught.smoothing == pytest.approx(recipe().training.label_smoothing) == pytest.approx(0.1)
    its_answers = load_model(teachers / "honest").predict(SPLIT.training.images)
    np.testing.assert_allclose(unsmoothed(taught.probabilities, 0.1), its_answers, atol=1e-4)
    pupil = shop.train(recipe(teacher_share=0.5, label_smoothing=0.04), seed=0, taught=taught)
    assert pupil.model.how.smoothing == pytest.approx(0.07)


def test_a_teacher_that_saw_what_judges_the_pupil_is_refused(teachers):
    with pytest.raises(UsageError, match="learned from cross-validation images"):
        ask(teachers / "all", workshop())
    with pytest.raises(UsageError, match="learned from cross-validation images"):
        ask(teachers / "honest", workshop(split={"seed": 1}))


def test_a_teacher_of_other_data_has_seen_nothing_of_ours(teachers):
    assert len(ask(teachers / "all", workshop(fingerprint="other"))) == 300


def test_a_teacher_of_other_images_is_refused(teachers):
    larger = Split(blobs(60, size=14), blobs(30, size=14), SealedTestSet(blobs(30, size=14)))
    with pytest.raises(UsageError, match="Take a teacher of the same classes and images"):
        ask(teachers / "honest", workshop(larger), larger)
