"""Class by class with Holm's adjustment against its definition; paired differences against the measures themselves."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import softmax

from fashion_classifier.evaluation.calibration import calibrate
from fashion_classifier.evaluation.comparison import compare
from fashion_classifier.evaluation.metrics import evaluate
from fashion_classifier.evaluation.paired import compare_classes, compare_measures, holm

CLASSES = ("bag", "coat", "dress")
p_lists = st.lists(st.floats(0, 1), max_size=12)


def rejected(p_values, level):
    """Step down as Holm described it: the smallest p against level / m, and so on."""
    found = set()
    for rank, place in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        if p_values[place] * (len(p_values) - rank) > level:
            break
        found.add(place)
    return found


@pytest.fixture
def two_models():
    """Labels, and two models' probabilities; what is hard for one is hard for the other."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, 600)
    shared = rng.normal(0, 1.2, (600, 3))
    said = []
    for skill in (1.0, 2.0):
        logits = shared + rng.normal(0, 0.5, shared.shape)
        logits[np.arange(600), labels] += skill
        said.append(np.asarray(softmax(logits, axis=1)))
    return labels, *said


@given(p_lists, st.floats(0.001, 0.999))
def test_adjusted_below_a_level_is_what_the_method_rejects(p_values, level):
    adjusted = holm(p_values)
    assert {i for i, p in enumerate(adjusted) if p <= level} == rejected(p_values, level)
    assert all(one <= two <= 1 for one, two in zip(p_values, adjusted, strict=True))


def test_adjusted_values_are_those_of_r():
    """What ``p.adjust(p, "holm")`` gives, in the order of what it was given."""
    assert holm([0.03, 0.01, 0.05, 0.02, 0.04]) == pytest.approx([0.09, 0.05, 0.09, 0.08, 0.09])
    assert holm([]) == []


def test_classes_share_the_images_out_among_them(two_models):
    labels, a, b = two_models
    predicted = a.argmax(1), b.argmax(1)
    classes, whole = compare_classes(labels, *predicted, CLASSES), compare(labels, *predicted)
    assert tuple(each.name for each in classes) == CLASSES
    for count in ("n", "both_right", "mended", "broken", "both_wrong"):
        assert sum(getattr(each.comparison, count) for each in classes) == getattr(whole, count)
    of_a, of_b = (evaluate(labels, said, CLASSES).per_class for said in (a, b))
    for each, before, after in zip(classes, of_a, of_b, strict=True):
        assert each.comparison.difference.value == pytest.approx(after.recall - before.recall)
    assert [each.adjusted_p for each in classes] == holm([each.comparison.p_value for each in classes])


def test_a_class_without_an_image_counts_for_nothing():
    labels, wrong = np.zeros(10, np.int64), np.ones(10, np.int64)
    bag, coat = compare_classes(labels, wrong, labels, ("bag", "coat"))
    assert (coat.comparison, coat.adjusted_p) == (None, None)
    assert bag.adjusted_p == bag.comparison.p_value


def test_differences_are_those_of_the_measures(two_models):
    labels, a, b = two_models
    found = compare_measures(labels, a, b)
    before, after = (evaluate(labels, said, CLASSES) for said in (a, b))
    assert found.macro_f1.value == pytest.approx(after.macro_f1.value - before.macro_f1.value)
    assert found.loss.value == pytest.approx(after.loss.value - before.loss.value)
    error = calibrate(labels, b).ece.value - calibrate(labels, a).ece.value
    assert found.calibration_error.value == pytest.approx(error)
    for estimate in (found.macro_f1, found.loss, found.calibration_error):
        assert estimate.low <= estimate.value <= estimate.high


def test_pairing_makes_the_interval_narrower_than_two_intervals(two_models):
    labels, a, b = two_models
    found = compare_measures(labels, a, b).loss
    before, after = (evaluate(labels, said, CLASSES).loss for said in (a, b))
    unpaired = np.hypot(before.high - before.low, after.high - after.low)
    assert found.high - found.low < 0.8 * unpaired
    assert found.high < 0


def test_a_model_does_not_differ_from_itself(two_models):
    labels, a, _ = two_models
    found = compare_measures(labels, a, a)
    for estimate in (found.macro_f1, found.loss, found.calibration_error):
        assert (estimate.low, estimate.value, estimate.high) == (0, 0, 0)


def test_models_exchanged_change_the_sign(two_models):
    labels, a, b = two_models
    forth, back = compare_measures(labels, a, b), compare_measures(labels, b, a)
    for name in ("macro_f1", "loss", "calibration_error"):
        one, two = getattr(forth, name), getattr(back, name)
        assert [one.low, one.value, one.high] == pytest.approx([-two.high, -two.value, -two.low])
