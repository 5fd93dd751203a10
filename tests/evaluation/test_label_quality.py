"""Wrong labels found: against cleanlab, against the paper the long way, and where the truth is known."""

from __future__ import annotations

import numpy as np
import pytest
from cleanlab.count import compute_confident_joint, estimate_joint
from cleanlab.filter import find_label_issues
from cleanlab.rank import get_normalized_margin_for_each_label

from fashion_classifier.errors import UsageError
from fashion_classifier.evaluation.label_quality import audit_labels, confident_classes, estimated_joint


def mislabelled(n=3000, k=5, share=0.1, sharpness=6.0, seed=0):
    """Given labels, some of them wrong, the true ones, and what a model says that sees the truth through noise."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, k, n)
    wrong = rng.random(n) < share
    labels = np.where(wrong, (truth + rng.integers(1, k, n)) % k, truth)
    logits = rng.normal(size=(n, k)) + sharpness * np.eye(k)[truth]
    powers = np.exp(logits)
    return labels, truth, powers / powers.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("share", [0.02, 0.1, 0.3])
def test_it_finds_what_cleanlab_finds_in_its_order(share):
    labels, _, probabilities = mislabelled(share=share)
    issues = find_label_issues(
        labels,
        probabilities,
        filter_by="confident_learning",
        return_indices_ranked_by="normalized_margin",
        n_jobs=1,
    )
    assert [suspect.index for suspect in audit_labels(labels, probabilities).suspects] == issues.tolist()
    margins = 2 * get_normalized_margin_for_each_label(labels, probabilities) - 1
    for suspect in audit_labels(labels, probabilities, n_listed=20).suspects:
        margin = suspect.probability_given - suspect.probability_suggested
        assert margin == pytest.approx(margins[suspect.index])


def test_joint_and_share_are_cleanlabs():
    labels, _, probabilities = mislabelled()
    confident = confident_classes(labels, probabilities)
    counts = compute_confident_joint(labels, probabilities, calibrate=False)
    joint = estimated_joint(labels, confident, 5)
    # cleanlab rounds to whole images before it divides.
    assert joint == pytest.approx(estimate_joint(labels, probabilities, confident_joint=counts), abs=1 / 3000)
    assert joint.sum() == pytest.approx(1)
    assert joint.sum(axis=1) == pytest.approx(np.bincount(labels) / 3000)
    assert audit_labels(labels, probabilities).estimated_share == pytest.approx(1 - joint.trace())


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_model_that_is_sure_of_little_is_read_as_the_paper_says(dtype):
    labels, _, exact = mislabelled(400, sharpness=0.7)
    probabilities = exact.astype(dtype)
    thresholds = [probabilities[labels == j, j].mean(dtype=np.float64) for j in range(5)]
    expected = []
    for row in probabilities:
        above = [j for j in range(5) if row[j] >= thresholds[j]]
        expected.append(max(above, key=lambda j: row[j], default=-1))
    assert confident_classes(labels, probabilities).tolist() == expected
    assert {suspect.index for suspect in audit_labels(labels, probabilities).suspects} == {
        i for i, j in enumerate(expected) if j >= 0 and probabilities[i, j] > probabilities[i, labels[i]]
    }


def test_wrong_labels_are_found_and_right_ones_left_alone():
    labels, truth, probabilities = mislabelled(share=0.08)
    audit = audit_labels(labels, probabilities)
    suspected = np.array([suspect.index for suspect in audit.suspects])
    wrong = np.flatnonzero(labels != truth)
    found = np.intersect1d(suspected, wrong)
    assert len(found) / len(suspected) > 0.97
    assert len(found) / len(wrong) > 0.9
    assert audit.estimated_share == pytest.approx(len(wrong) / 3000, abs=0.01)
    assert np.mean([suspect.suggested == truth[suspect.index] for suspect in audit.suspects]) > 0.97
    assert all(suspect.given == labels[suspect.index] for suspect in audit.suspects)


def test_right_labels_are_not_suspected():
    labels, _, probabilities = mislabelled(share=0, sharpness=12)
    audit = audit_labels(labels, probabilities)
    assert (audit.n, audit.n_suspects, audit.estimated_share, audit.suspects) == (3000, 0, 0, ())


def test_only_the_clearest_are_listed_where_few_are_asked_for():
    labels, _, probabilities = mislabelled()
    all_of_them, few = audit_labels(labels, probabilities), audit_labels(labels, probabilities, n_listed=3)
    assert few.n_suspects == all_of_them.n_suspects > 3
    assert few.suspects == all_of_them.suspects[:3]


def test_a_class_that_nothing_is_labelled_as_is_never_suggested():
    labels, _, probabilities = mislabelled()
    labels[labels == 4] = 3
    assert all(suspect.suggested != 4 for suspect in audit_labels(labels, probabilities).suspects)


@pytest.mark.parametrize(("labels", "rows"), [([], 0), ([0, 1], 3), ([0, 2], 2), ([0, -1], 2)])
def test_what_does_not_fit_is_refused(labels, rows):
    with pytest.raises(UsageError):
        audit_labels(np.array(labels, np.int64), np.full((rows, 2), 0.5))
