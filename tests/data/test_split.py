"""Splits are stratified, seeded, and keep together what belongs together."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.conftest import blobs

from fashion_classifier.data.collection import Collection
from fashion_classifier.data.dataset import Dataset, Opening, SealedTestSet
from fashion_classifier.data.fingerprint import Duplicates
from fashion_classifier.data.split import Split, SplitConfig, fold_numbers, split
from fashion_classifier.errors import DataError, UsageError


def collection(training: Dataset, validation: Dataset | None = None, test: Dataset | None = None) -> Collection:
    return Collection(
        name="things",
        container="NPZ file",
        location="things.npz",
        training=training,
        validation=validation,
        test=None if test is None else SealedTestSet(test),
        fingerprint="0" * 64,
        duplicates=Duplicates({}, {}, 0),
        notes=(),
        is_sample=False,
    )


def rows(dataset: Dataset) -> set[bytes]:
    return {image.tobytes() for image in dataset.images}


def test_each_class_gives_its_share():
    parts = split(collection(blobs(500), test=blobs(60, seed=1)))
    for name, n_images in parts.training.counts.items():
        n_held_out = parts.validation.counts[name]
        assert n_held_out == pytest.approx(0.2 * (n_images + n_held_out), abs=1)


def test_no_image_is_lost_or_doubled():
    data = blobs(500)
    parts = split(collection(data))
    test = parts.test.open("test")
    assert len(parts.training) + len(parts.validation) + len(test) == 500
    assert rows(parts.training) | rows(parts.validation) | rows(test) == rows(data)
    assert not rows(parts.training) & rows(parts.validation)
    assert not rows(parts.training) & rows(test)


def test_the_same_seed_gives_the_same_split_and_another_another():
    data = collection(blobs(500), test=blobs(60, seed=1))
    first, again = split(data), split(data)
    other = split(data, SplitConfig(seed=1))
    assert np.array_equal(first.validation.images, again.validation.images)
    assert rows(first.validation) != rows(other.validation)


def test_a_missing_test_set_is_split_off_and_said():
    parts = split(collection(blobs(500)))
    assert len(parts.test) == pytest.approx(75, abs=3)
    assert "no test set" in parts.notes[0]


def test_the_share_that_is_told_is_the_one_that_was_split_off():
    parts = split(collection(blobs(24)))
    assert len(parts.test) == 3
    assert parts.notes[0].startswith("The data has no test set: 3 images (12%) were split off")


def test_the_user_s_own_validation_set_is_taken_as_it_is():
    own = blobs(50, seed=2)
    parts = split(collection(blobs(500), own, blobs(60, seed=1)))
    assert parts.validation is own
    assert len(parts.training) == 500


@given(st.integers(0, 10_000), st.integers(2, 40))
def test_a_group_is_never_in_two_sets(seed, n_groups):
    images = blobs(200, n_classes=2, size=6, seed=seed).images
    data = Dataset(images, np.arange(200, dtype=np.int64) % 2, ("class 0", "class 1"))
    generator = np.random.default_rng(seed)
    within_class = generator.integers(0, n_groups, 200)
    within_class[:8] = [0, 0, 1, 1, 2, 2, 3, 3]  # at least four garments of each class
    groups = np.array([f"{label}-{number}" for label, number in zip(data.labels, within_class, strict=True)])
    parts = split(collection(Dataset(data.images, data.labels, data.classes, groups)), SplitConfig(seed=seed))
    sets = [set(part.groups) for part in (parts.training, parts.validation, parts.test.open("test"))]
    assert not sets[0] & sets[1]
    assert not sets[0] & sets[2]
    assert not sets[1] & sets[2]


def test_exact_duplicates_stay_on_one_side():
    data = blobs(100)
    doubled = Dataset(np.repeat(data.images, 3, axis=0), np.repeat(data.labels, 3), data.classes)
    parts = split(collection(doubled, test=blobs(60, seed=1)))
    assert not rows(parts.training) & rows(parts.validation)


def test_a_class_too_small_to_be_split_is_named():
    data = blobs(100)
    labels = np.where(data.labels == 2, 0, data.labels)
    labels[0] = 2
    with pytest.raises(DataError, match="class class 2: it has 1 image, of which 1 count"):
        split(collection(Dataset(data.images, labels, data.classes), test=blobs(60, seed=1)))


def test_impossible_fractions_are_refused():
    with pytest.raises(UsageError, match="0 < validation_fraction < 1"):
        SplitConfig(validation_fraction=1.0)


def test_opening_the_test_set_leaves_a_trace():
    seen: list[Opening] = []
    parts = split(collection(blobs(100), test=blobs(60, seed=1)))
    test = parts.test.recorded_by(seen.append)
    assert len(test) == 60
    assert not seen
    test.open("to see it")
    assert [opening.reason for opening in seen] == ["to see it"]
    assert test.openings == seen


def test_folds_are_stratified_and_hold_groups_and_duplicates_together():
    dataset = blobs(300)
    groups = np.array([f"garment {number // 2}" for number in range(300)])
    images = dataset.images.copy()
    images[7] = images[200]
    labels = dataset.labels.copy()
    labels[1::2] = labels[::2]
    labels[7] = labels[6] = labels[200] = labels[201] = 1
    fold = fold_numbers(Dataset(images, labels, dataset.classes, groups), 5, seed=0)
    assert set(fold.tolist()) == set(range(5))
    assert fold[7] == fold[200] == fold[6] == fold[201]
    assert all(len(set(fold[groups == name].tolist())) == 1 for name in np.unique(groups))
    for label in range(3):
        counts = np.bincount(fold[labels == label], minlength=5)
        assert counts.max() - counts.min() <= 0.2 * counts.sum()
    assert np.array_equal(fold, fold_numbers(Dataset(images, labels, dataset.classes, groups), 5, seed=0))


def test_groups_are_still_known_when_parts_are_joined():
    dataset = blobs(60)
    grouped = Dataset(dataset.images, dataset.labels, dataset.classes, np.array([str(n // 2) for n in range(60)]))
    parts = Split(grouped.take(np.arange(40)), grouped.take(np.arange(40, 60)), SealedTestSet(grouped))
    assert np.array_equal(parts.everything_but_test.groups, grouped.groups)
