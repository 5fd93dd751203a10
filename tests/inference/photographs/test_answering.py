"""Each picture has one answer, of all its views; photographs are refused by a rule of their own."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from tests.conftest import blobs
from tests.data.garments.scenes import jumper_mask, photograph
from tests.inference.shelves import put_model

from fashion_classifier.errors import UsageError
from fashion_classifier.evaluation.prediction_sets import ConformalRule, prediction_sets
from fashion_classifier.evaluation.refusal import RefusalRule
from fashion_classifier.inference.answers import Answer
from fashion_classifier.inference.bundle import load_model
from fashion_classifier.inference.photograph_rules import PhotographRules, evened, refused
from fashion_classifier.inference.photographs.answering import answer_photographs, probabilities_of
from fashion_classifier.inference.photographs.fitting import fit_photograph_rules
from fashion_classifier.inference.photographs.seen import look
from fashion_classifier.inference.photographs.showing import ShownFolder, said

ALWAYS = PhotographRules((1.0,) * 3, (0.0,) * 3, 0.9, -1.0)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return load_model(put_model(tmp_path_factory.mktemp("models") / "tiny"))


@pytest.fixture(scope="module")
def seen(model):
    """A photograph, an image that is none, and another photograph."""
    own = Image.fromarray(blobs(3).images[0])
    pictures = [photograph(jumper_mask()), own, photograph(jumper_mask(), seed=1)]
    return [look(picture, model.shape) for picture in pictures]


def test_views_are_averaged_by_their_weights(model, seen):
    weights = np.array([0.5, 0.3, 0.2, 0.0, 0.0, 0.0], np.float32)
    weighted = replace(seen[0], weights=weights)
    expected = [weights @ model.predict(weighted.images), model.predict(seen[1].images)[0]]
    np.testing.assert_allclose(probabilities_of(model, [weighted, seen[1]]), expected, atol=1e-5)


def test_each_picture_has_the_answer_of_its_own_views(model, seen):
    together = answer_photographs(model, seen)
    for one, answer in zip(seen, together, strict=True):
        alone = answer_photographs(model, [one])[0]
        assert alone.predicted == answer.predicted
        assert alone.probability == pytest.approx(answer.probability, abs=1e-5)


def test_nothing_seen_nothing_said(model):
    assert answer_photographs(model, []) == []


def test_photographs_are_refused_by_their_rule_and_images_by_the_other(model, seen):
    never, always = RefusalRule("confidence", 0.9, 1.0), RefusalRule("confidence", 0.9, -1.0)
    of_photographs = replace(model, refusal=never, photographs=ALWAYS)
    assert [answer.refused for answer in answer_photographs(of_photographs, seen)] == [True, False, True]
    of_images = replace(model, refusal=always, photographs=None)
    assert [answer.refused for answer in answer_photographs(of_images, seen)] == [None, True, None]


def test_photographs_have_sets_by_their_rule_and_images_by_the_other(model, seen):
    one, every = ConformalRule("lac", 0.05, 0.0), ConformalRule("lac", 0.05, 1.0)
    of_photographs = replace(model, sets=one, photographs=replace(ALWAYS, sets=every))
    assert [len(answer.classes) for answer in answer_photographs(of_photographs, seen)] == [3, 1, 3]
    of_images = replace(model, sets=one, photographs=ALWAYS)
    assert [answer.classes is None for answer in answer_photographs(of_images, seen)] == [True, False, True]


def test_what_was_seen_is_drawn_and_nothing_overwritten(model, seen, tmp_path):
    (tmp_path / "photos").mkdir()
    path = tmp_path / "photos/jumper.jpg"
    photograph(jumper_mask()).resize((600, 800)).save(path)
    folder = ShownFolder(tmp_path / "shown", [tmp_path / "photos"])
    answer = Answer("Pullover", 0.8, ("Pullover", "Coat"), refused=False)
    places = [folder.put(path, seen[0], model.shape, answer) for _ in range(2)]
    places.append(folder.put(path, None, model.shape, Answer("Coat", 0.5, refused=True)))
    assert [place.name for place in places] == ["jumper.png", "jumper (2).png", "jumper (3).png"]
    for place in places:
        with Image.open(place) as picture:
            assert picture.format == "PNG"
            assert 600 < picture.width < 1100
            assert 480 <= picture.height < 600
            assert len(picture.getcolors(1 << 20)) > 50


def test_answers_are_said_in_a_line_or_two():
    assert said(Answer("Coat", 0.812, ("Coat", "Pullover"), refused=False)) == ["Coat, 81%", "or Pullover"]
    assert said(Answer("Coat", 0.995, ("Coat",))) == ["Coat, 100%"]
    assert said(Answer("Bag", 0.3, refused=True)) == ["None of these", "(at best Bag, 30%)"]


def test_what_is_shown_lies_elsewhere(tmp_path):
    with pytest.raises(UsageError, match="name a folder elsewhere"):
        ShownFolder(tmp_path / "photos/shown", [tmp_path / "photos"])


def test_what_a_model_leans_towards_in_photographs_is_taken_away():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, 600)
    logits = rng.normal(0, 1, (600, 3)) + 1.5 * np.eye(3)[labels]
    fair = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    leaning = fair * [4.0, 1.0, 0.5]
    leaning = (leaning / leaning.sum(1, keepdims=True)).astype(np.float32)
    unlike = rng.dirichlet((9, 9, 9), 300).astype(np.float32)
    rules = fit_photograph_rules(leaning, labels, unlike)
    after = evened(leaning, rules.odds)
    np.testing.assert_allclose(after.sum(1), 1, rtol=1e-5)
    np.testing.assert_allclose(after.mean(0), np.bincount(labels) / 600, atol=0.003)
    assert (after.argmax(1) == labels).mean() > (leaning.argmax(1) == labels).mean()
    assert 0.78 < 1 - refused(after, rules).mean() < 0.82
    assert refused(evened(unlike, rules.odds), rules).mean() > 0.2
    held = prediction_sets(after, rules.sets)[np.arange(600), labels].mean()
    assert 0.94 < held < 0.97
    with pytest.raises(UsageError, match="got none"):
        fit_photograph_rules(leaning[:0], labels[:0], unlike)


def test_odds_are_for_photographs_alone(model, seen):
    rules = PhotographRules((3.0, 1e-6, 1e-6), (0.0,) * 3, 0.9, 1.0)
    said = answer_photographs(replace(model, photographs=rules), seen)
    assert [said[0].predicted, said[2].predicted] == [model.classes[0]] * 2
    assert said[0].probability > 0.99
    assert said[1].probability == pytest.approx(float(model.predict(seen[1].images).max()), abs=1e-5)


def test_what_is_shown_of_a_very_long_name_has_a_place(model, seen, tmp_path):
    path = tmp_path / f"{'x' * 250}.jpg"
    photograph(jumper_mask()).save(path)
    folder = ShownFolder(tmp_path / "shown", [path])
    places = [folder.put(path, seen[0], model.shape, Answer("Coat", 0.8)) for _ in range(2)]
    assert len({place.name for place in places}) == 2
    assert all(place.suffix == ".png" and place.is_file() for place in places)
