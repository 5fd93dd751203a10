"""Every number of an evaluation against scikit-learn."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import (
    accuracy_score,
    classification_report,
    confusion_matrix,
    log_loss,
    precision_recall_fscore_support,
)

from fashion_classifier.errors import UsageError
from fashion_classifier.evaluation.intervals import wilson
from fashion_classifier.evaluation.metrics import evaluate


def names(k):
    return tuple(f"class {i}" for i in range(k))


@st.composite
def answers(draw):
    """Labels and probabilities, with classes that are absent or never predicted, ties, and exact zeros."""
    k, n = draw(st.integers(2, 7)), draw(st.integers(1, 60))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    present = rng.permutation(k)[: draw(st.integers(1, k))]
    predictable = rng.permutation(k)[: draw(st.integers(1, k))]
    scores = np.zeros((n, k))
    scores[:, predictable] = rng.integers(0, draw(st.integers(2, 6)), (n, len(predictable)))
    scores[scores.sum(axis=1) == 0, predictable[0]] = 1
    probabilities = scores / scores.sum(axis=1, keepdims=True)
    dtype = draw(st.sampled_from([np.float32, np.float64]))
    return rng.choice(present, n).astype(np.int64), np.minimum(probabilities.astype(dtype), 1), names(k)


@settings(deadline=None, max_examples=60)
@given(answers())
def test_all_numbers_are_scikit_learns(given_answers):
    labels, probabilities, classes = given_answers
    every = range(len(classes))
    predicted = probabilities.argmax(axis=1)
    evaluation = evaluate(labels, probabilities, classes)

    assert evaluation.accuracy.value == pytest.approx(accuracy_score(labels, predicted))
    assert evaluation.accuracy == wilson(int((labels == predicted).sum()), len(labels))
    assert evaluation.n_misclassified == (labels != predicted).sum()
    assert evaluation.confusion == tuple(map(tuple, confusion_matrix(labels, predicted, labels=every).tolist()))
    assert evaluation.loss.value == pytest.approx(log_loss(labels, probabilities, labels=every), rel=1e-5, abs=1e-6)

    columns = precision_recall_fscore_support(labels, predicted, labels=every, zero_division=0)
    for report, name, *expected in zip(evaluation.per_class, classes, *columns, strict=True):
        assert report.name == name
        assert [report.precision, report.recall, report.f1, report.support] == pytest.approx(expected)

    sklearns = classification_report(
        labels, predicted, labels=every, target_names=classes, output_dict=True, zero_division=0
    )
    for average, key in (
        (evaluation.macro_average, "macro avg"),
        (evaluation.weighted_average, "weighted avg"),
    ):
        expected = [sklearns[key][name] for name in ("precision", "recall", "f1-score", "support")]
        assert [average.precision, average.recall, average.f1, average.support] == pytest.approx(expected)
    assert evaluation.macro_f1.value == pytest.approx(sklearns["macro avg"]["f1-score"])
    assert evaluation.macro_f1.low <= evaluation.macro_f1.value <= evaluation.macro_f1.high


def test_one_wrong_certainty_costs_as_many_nats_as_with_scikit_learn():
    """An exact 0 for the true class is clipped by the epsilon of the probabilities' type."""
    labels = np.array([0, 1])
    certain = np.array([[0.0, 1.0], [0.0, 1.0]])
    for probabilities, nats in ((certain.astype(np.float32), 15.9424), (certain, 36.0437)):
        loss = evaluate(labels, probabilities, ("a", "b")).loss.value
        assert loss == pytest.approx(nats / 2, abs=1e-4)
        assert loss == pytest.approx(log_loss(labels, probabilities, labels=[0, 1]), rel=1e-5)


def test_lists_are_taken_as_well():
    labels, probabilities = [0, 1], [[0.9, 0.1], [0.2, 0.8]]
    found = evaluate(labels, probabilities, names(2))
    assert found == evaluate(np.array(labels), np.array(probabilities), names(2))
    with pytest.raises(UsageError, match="labels are integers"):
        evaluate([], np.zeros((0, 4)), names(4))


def test_a_single_class_is_always_right():
    evaluation = evaluate(np.array([0, 0]), np.ones((2, 1)), ("only",))
    assert (evaluation.accuracy.value, evaluation.macro_f1.value, evaluation.confusion) == (1, 1, ((2,),))
    assert evaluation.loss.value == pytest.approx(0)


def test_rows_are_true_classes_and_columns_predicted_ones():
    evaluation = evaluate(np.array([0, 0, 1]), np.array([[0.1, 0.9], [0.9, 0.1], [0.2, 0.8]]), ("a", "b"))
    assert evaluation.confusion == ((1, 1), (0, 1))
    assert [report.name for report in evaluation.per_class] == ["a", "b"]


def test_the_same_seed_gives_the_same_evaluation():
    labels, probabilities = np.array([0, 1, 1, 0]), np.array([[0.6, 0.4], [0.7, 0.3], [0.1, 0.9], [0.8, 0.2]])
    assert evaluate(labels, probabilities, ("a", "b")) == evaluate(labels, probabilities, ("a", "b"))


GOOD = np.array([[0.5, 0.5], [1.0, 0.0]])


@pytest.mark.parametrize(
    ("labels", "probabilities", "message"),
    [
        (np.array([0]), GOOD, r"1 images and 2 classes .* shape \(1, 2\)"),
        (np.array([0, 1]), GOOD[:, :1], r"of shape \(2, 2\), but got float64 of \(2, 1\)"),
        (np.array([], dtype=np.int64), GOOD[:0], "n >= 1"),
        (np.array([0.0, 1.0]), GOOD, "integers"),
        (np.array([[0], [1]]), GOOD, r"\(2, 1\)"),
        (np.array([0, 1]), np.array([[1, 0], [1, 0]]), "floating"),
        (np.array([0, 2]), GOOD, "labels are 0 to 1, but got 0 to 2"),
        (np.array([-1, 0]), GOOD, "but got -1 to 0"),
        (np.array([0, 1]), np.array([[0.5, 0.5], [np.nan, 1.0]]), "row 1 holds"),
        (np.array([0, 1]), np.array([[0.5, 0.5], [np.inf, 1.0]]), "finite"),
        (np.array([0, 1]), np.array([[1.5, -0.5], [0.5, 0.5]]), "0 to 1, but got -0.5 to 1.5"),
        (np.array([0, 1]), np.array([[0.5, 0.5], [0.5, 0.4]]), "row 1 sums to 0.9"),
    ],
)
def test_what_cannot_be_is_refused_with_the_values(labels, probabilities, message):
    with pytest.raises(UsageError, match=message):
        evaluate(labels, probabilities, ("a", "b"))
