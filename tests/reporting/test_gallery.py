"""Predictions as a table, and the images that a report shows of them."""

import numpy as np
import polars as pl
import pytest

from fashion_classifier.errors import UsageError
from fashion_classifier.reporting import gallery as gallery_module
from fashion_classifier.reporting.gallery import broken, choose_gallery, mended, misclassified
from fashion_classifier.reporting.predictions import (
    MODELS,
    answers,
    both_answers,
    classes_of,
    judged_split,
    predictions_table,
)

CLASSES = ("bag", "coat")
LABELS = np.array([0, 0, 1, 1, 0])
INITIAL = np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [0.3, 0.7], [0.05, 0.95]])
OPTIMIZED = np.array([[0.4, 0.6], [0.7, 0.3], [0.9, 0.1], [0.2, 0.8], [0.4, 0.6]])
HASHES = ["h0", "h1", "h2", "h3", "h4"]
IMAGES = np.arange(5, dtype=np.uint8)[:, None, None] * np.ones((1, 2, 3), np.uint8)


def both(split="test", hashes=HASHES):
    return pl.concat(
        predictions_table(model, split, hashes, LABELS, probabilities, classes=CLASSES)
        for model, probabilities in zip(MODELS, (INITIAL, OPTIMIZED), strict=True)
    )


@pytest.fixture
def gallery():
    return choose_gallery(both(), IMAGES, HASHES)


def which(mistakes):
    """Tell images by their grey level."""
    return [int(mistake.image[0, 0]) for mistake in mistakes]


def test_the_table_holds_names_and_probabilities():
    table = both()
    assert table.columns == [
        "model", "split", "image_sha256", "occurrence", "label", "predicted", "p_0", "p_1",
    ]  # fmt: skip
    assert table["predicted"].to_list()[:5] == ["bag", "coat", "bag", "coat", "coat"]
    assert classes_of(table) == CLASSES
    row = answers(table, "initial", "test").row(1, named=True)
    assert (row["label"], row["predicted"]) == ("bag", "coat")
    assert [row["probability"], row["true_probability"]] == pytest.approx([0.8, 0.2])


def test_duplicates_are_told_apart_by_their_occurrence():
    table = both(hashes=["a", "b", "a", "a", "b"])
    assert table["occurrence"].to_list() == [0, 0, 1, 2, 1] * 2
    assert len(both_answers(table, "initial")) == 5


def test_arrays_that_do_not_fit_are_refused():
    with pytest.raises(UsageError, match=r"labels of shape \(4,\)"):
        predictions_table("initial", "test", HASHES[:4], LABELS, INITIAL, classes=CLASSES)


def test_the_models_are_judged_by_the_test_set_once_it_is_open():
    assert judged_split(both("validation")) == "validation"
    assert judged_split(pl.concat([both("validation"), both("test")])) == "test"


def test_sure_and_wrong_comes_first(gallery):
    mistakes = misclassified(both(), gallery, "initial")
    assert which(mistakes) == [4, 1, 2]
    assert [mistake.probability for mistake in mistakes] == pytest.approx([0.95, 0.8, 0.6])
    first = mistakes[0]
    assert (first.true, first.predicted, first.other_predicted) == ("bag", "coat", "coat")
    assert [first.true_probability, first.other_probability] == pytest.approx([0.05, 0.6])


def test_mended_and_broken_hold_the_right_answer_of_the_other_model(gallery):
    (only,) = mended(both(), gallery)
    assert (which([only]), only.predicted, only.other_predicted, only.true) == ([1], "coat", "bag", "bag")
    (only,) = broken(both(), gallery)
    assert (which([only]), only.predicted, only.other_predicted, only.true) == ([0], "coat", "bag", "bag")


def test_all_kinds_agree_with_the_comparison(fake_run):
    comparison, predictions, gallery = fake_run.results.comparison, fake_run.predictions, fake_run.gallery
    assert len(mended(predictions, gallery)) == comparison.mended
    assert len(broken(predictions, gallery)) == comparison.broken
    for model in ("initial", "optimized"):
        n_wrong = getattr(fake_run.results, model).test.n_misclassified
        assert len(misclassified(predictions, gallery, model)) == n_wrong


def test_the_gallery_holds_each_wrong_image_once_and_no_other(gallery):
    assert sorted(gallery.image_sha256.tolist()) == ["h0", "h1", "h2", "h4"]
    duplicates = both(hashes=["a", "b", "a", "a", "b"])
    assert len(choose_gallery(duplicates, IMAGES, ["a", "b", "a", "a", "b"])) == 2


@pytest.mark.parametrize(("limit", "value"), [("MAX_IMAGES", 2), ("MAX_PIXEL_BYTES", 17)])
def test_the_gallery_is_capped_and_keeps_the_surest_of_each_model(monkeypatch, limit, value):
    monkeypatch.setattr(gallery_module, limit, value)
    gallery = choose_gallery(both(), IMAGES, HASHES)
    assert gallery.image_sha256.tolist() == ["h4", "h2"]
    assert which(misclassified(both(), gallery, "initial")) == [4, 2]


def test_a_capped_gallery_has_images_of_every_kind(monkeypatch, fake_run):
    """A model with many sure mistakes does not crowd out what was broken."""
    monkeypatch.setattr(gallery_module, "MAX_IMAGES", 12)
    hashes = fake_run.gallery.image_sha256.tolist()
    predictions = fake_run.predictions
    gallery = choose_gallery(predictions.filter(pl.col("image_sha256").is_in(hashes)), fake_run.gallery.images, hashes)
    assert len(gallery) == 12
    assert len(broken(predictions, gallery)) == fake_run.results.comparison.broken == 3
    assert len(mended(predictions, gallery)) >= 3


def test_a_model_without_mistakes_has_an_empty_wall():
    perfect = np.eye(2)[LABELS]
    table = pl.concat(predictions_table(model, "test", HASHES, LABELS, perfect, classes=CLASSES) for model in MODELS)
    gallery = choose_gallery(table, IMAGES, HASHES)
    assert gallery.images.shape == (0, 2, 3)
    assert misclassified(table, gallery, "initial") == mended(table, gallery) == broken(table, gallery) == []
