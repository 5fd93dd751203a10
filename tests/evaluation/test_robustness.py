"""Robustness against sums by hand, plain loops and images resampled one by one."""

from __future__ import annotations

import numpy as np
import pytest

from fashion_classifier.errors import UsageError
from fashion_classifier.evaluation.intervals import wilson
from fashion_classifier.evaluation.robustness import compare_robustness

KINDS = ("Noise", "Blur", "Shift")


def answers(n=400, n_severities=5, *, easy=0.0, seed=0):
    """Right and wrong answers, fewer right the higher the severity, and those on clean images."""
    rng = np.random.default_rng(seed)
    hardness = rng.random(n)  # the same image is hard under every corruption
    limit = 0.85 + easy - 0.09 * np.arange(1, n_severities + 1) * np.array([[1.0], [0.6], [0.3]])
    noise = rng.normal(0, 0.15, (len(KINDS), n_severities, n))
    return hardness + noise < limit[:, :, None], hardness < 0.93 + easy / 2


def compared(**of_b):
    right_a, clean_a = answers()
    right_b, clean_b = answers(**{"easy": 0.05, "seed": 1} | of_b)
    return compare_robustness(KINDS, right_a, right_b, clean_a, clean_b), (right_a, right_b, clean_a, clean_b)


def rows(*severities):
    """Answers of one kind, written as rows of 1 (right) and 0 (wrong)."""
    return np.array([[[digit == "1" for digit in row] for row in severities]])


def loop_mce(right_a, right_b):
    ratios = []
    for kind in range(len(right_a)):
        errors_a = errors_b = 0
        for severity in range(right_a.shape[1]):
            for image in range(right_a.shape[2]):
                errors_a += not right_a[kind, severity, image]
                errors_b += not right_b[kind, severity, image]
        ratios.append(errors_b / errors_a)
    return sum(ratios) / len(ratios)


def test_a_small_case_by_hand():
    clean_a, clean_b = np.array([1, 1, 1, 1], bool), np.array([1, 1, 1, 0], bool)
    found = compare_robustness(["Fog"], rows("1110", "1000"), rows("1110", "1010"), clean_a, clean_b)
    (kind,) = found.kinds
    assert (kind.mean_accuracy_a, kind.mean_accuracy_b) == (0.5, 0.625)
    assert kind.corruption_error == 3 / 4
    assert kind.relative_corruption_error == (0.75 - 0.625) / (1 - 0.5)
    assert [cell.accuracy_a.value for cell in kind.cells] == [0.75, 0.25]
    assert [cell.accuracy_b for cell in kind.cells] == [wilson(3, 4), wilson(2, 4)]
    assert [(cell.kind, cell.severity, cell.n) for cell in kind.cells] == [("Fog", 1, 4), ("Fog", 2, 4)]
    assert found.mean_corruption_error.value == 0.75
    assert found.relative_mean_corruption_error == 0.25
    assert found.difference.value == pytest.approx(0.125)
    assert (found.clean_accuracy_a, found.clean_accuracy_b) == (wilson(4, 4), wilson(3, 4))


def test_the_means_are_those_of_plain_loops():
    found, (right_a, right_b, clean_a, clean_b) = compared()
    assert found.mean_corruption_error.value == pytest.approx(loop_mce(right_a, right_b))
    assert found.mean_accuracy_a.value == pytest.approx(np.mean([cell.mean() for kind in right_a for cell in kind]))
    assert found.mean_accuracy_b.value == pytest.approx(np.mean([kind.mean_accuracy_b for kind in found.kinds]))
    losses = [
        sum(clean_b.mean() - cell.mean() for cell in b) / sum(clean_a.mean() - cell.mean() for cell in a)
        for a, b in zip(right_a, right_b, strict=True)
    ]
    assert [kind.relative_corruption_error for kind in found.kinds] == pytest.approx(losses)
    assert found.relative_mean_corruption_error == pytest.approx(np.mean(losses))


def test_the_interval_is_that_of_images_resampled_one_by_one():
    found, (right_a, right_b, *_) = compared()
    rng = np.random.default_rng(9)
    drawn, differences = [], []
    for _ in range(1000):
        index = rng.integers(0, 400, 400)
        a, b = right_a[..., index], right_b[..., index]
        drawn.append(((~b).sum(axis=(1, 2)) / (~a).sum(axis=(1, 2))).mean())
        differences.append(b.mean() - a.mean())
    mce = found.mean_corruption_error
    assert mce.as_list == pytest.approx(np.quantile(drawn, [0.025, 0.975]), abs=0.03)
    assert found.difference.as_list == pytest.approx(np.quantile(differences, [0.025, 0.975]), abs=0.006)


def test_a_model_against_itself_is_as_good_for_certain():
    right, clean = answers()
    found = compare_robustness(KINDS, right, right, clean, clean)
    assert found.difference.as_list == [0, 0]
    assert found.mean_corruption_error.as_list == [1, 1]
    assert found.relative_mean_corruption_error == 1
    assert found.worst_a == found.worst_b


def test_the_worst_cells_are_each_models_own_and_the_first_of_equals():
    right_a, clean = answers(50)
    right_b = right_a.copy()
    right_a[1, 3] = False
    right_b[0, 2] = right_b[2, 4] = False
    found = compare_robustness(KINDS, right_a, right_b, clean, clean)
    assert (found.worst_a.kind, found.worst_a.severity) == ("Blur", 4)
    assert (found.worst_b.kind, found.worst_b.severity) == ("Noise", 3)


def test_the_same_seed_gives_the_same_intervals():
    arrays = compared()[1]
    first, again, other = (compare_robustness(KINDS, *arrays, seed=seed) for seed in (3, 3, 4))
    assert first == again
    assert first.mean_corruption_error.value == other.mean_corruption_error.value
    assert first.mean_corruption_error != other.mean_corruption_error


def test_a_kind_without_errors_of_a_has_no_ratio_and_no_weight():
    right_a, clean = answers()
    right_b, _ = answers(seed=2)
    right_a[1] = True
    found = compare_robustness(KINDS, right_a, right_b, clean, clean)
    assert found.kinds[1].corruption_error is None
    assert found.kinds[1].relative_corruption_error is None
    assert found.mean_corruption_error.value == pytest.approx(loop_mce(right_a[[0, 2]], right_b[[0, 2]]))


def test_a_kind_that_costs_a_next_to_nothing_has_no_relative_error():
    right_a, clean = answers()
    right_a[2] = clean
    right_a[2, 0, np.flatnonzero(clean)[:3]] = False
    found = compare_robustness(KINDS, right_a, ~right_a, clean, clean)
    assert found.kinds[2].relative_corruption_error is None
    assert found.relative_mean_corruption_error == pytest.approx(
        np.mean([kind.relative_corruption_error for kind in found.kinds[:2]])
    )


def test_without_any_errors_of_a_there_is_no_ratio_at_all():
    perfect, clean = np.ones((3, 5, 10), bool), np.ones(10, bool)
    found = compare_robustness(KINDS, perfect, ~perfect, clean, clean)
    assert found.mean_corruption_error is None
    assert found.relative_mean_corruption_error is None
    assert found.difference.value == -1


def test_one_single_error_of_a_that_resamples_miss_gives_finite_numbers():
    right_a, clean = np.ones((3, 5, 10), bool), np.ones(10, bool)
    right_a[0, 0, 0] = False
    right_b = right_a.copy()
    right_b[0, 1, 0] = False
    found = compare_robustness(KINDS, right_a, right_b, clean, clean).mean_corruption_error
    assert found.as_list == [2, 2]


@pytest.mark.parametrize(
    ("shapes", "found"),
    [
        (((3, 5, 9), (3, 5, 8), (9,), (9,)), r"\(3, 5, 8\)"),
        (((3, 5, 9), (3, 5, 9), (8,), (8,)), r"\(8,\)"),
        (((3, 9), (3, 9), (9,), (9,)), r"\(3, 9\)"),
        (((3, 5, 0), (3, 5, 0), (0,), (0,)), r"\(3, 5, 0\)"),
        (((3, 0, 9), (3, 0, 9), (9,), (9,)), r"\(3, 0, 9\)"),
    ],
)
def test_arrays_must_be_of_one_set_of_images(shapes, found):
    with pytest.raises(UsageError, match=f"of shape .*but got .*{found}"):
        compare_robustness(KINDS, *(np.ones(shape, bool) for shape in shapes))


@pytest.mark.parametrize("kinds", [("Noise", "Blur"), ("Noise", "Blur", "Blur"), ()])
def test_every_kind_has_a_name_of_its_own(kinds):
    with pytest.raises(UsageError, match="3 kinds have as many different names, but got"):
        compare_robustness(kinds, *compared()[1])


def test_right_and_wrong_are_booleans():
    right_a, right_b, clean_a, clean_b = compared()[1]
    with pytest.raises(UsageError, match="booleans, but got float64"):
        compare_robustness(KINDS, right_a.astype(float), right_b, clean_a, clean_b)


def test_severities_keep_their_numbers():
    clean = rows("1111")[0, 0]
    found = compare_robustness(["Fog"], rows("1110", "1000"), rows("1110", "1010"), clean, clean, severities=(1, 5))
    assert [cell.severity for cell in found.kinds[0].cells] == [1, 5]
    assert found.worst_a.severity == 5
