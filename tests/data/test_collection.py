"""Data knows itself by its content, whatever the order of its rows and the names of its classes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from fashion_classifier.data.collection import arrange
from fashion_classifier.data.known import FASHION_MNIST_CLASSES, MNIST_COUNTS
from fashion_classifier.data.raw import RawCollection, RawPart
from fashion_classifier.errors import DataError


def part(n: int = 60, *, classes: tuple[str, ...] = ("0", "1", "2"), seed: int = 0, size: int = 6) -> RawPart:
    generator = np.random.default_rng(seed)
    labels = np.arange(n) % len(classes)
    return RawPart(generator.integers(0, 256, (n, size, size), dtype=np.uint8), labels.astype(np.int64), classes)


def raw(training: RawPart, test: RawPart | None = None, **settings) -> RawCollection:
    return RawCollection("NPZ file", "data/things.npz", training, test=test, **settings)


def shuffled(original: RawPart, seed: int = 1) -> RawPart:
    """The same rows in another order, with the classes listed in another order."""
    order = np.random.default_rng(seed).permutation(len(original.labels))
    classes = original.classes[::-1]
    labels = len(classes) - 1 - original.labels[order]
    return RawPart(original.images[order], labels, classes)


def test_order_of_rows_and_classes_changes_nothing():
    one = arrange(raw(part(), part(seed=1)))
    other = arrange(raw(shuffled(part()), shuffled(part(seed=1))))
    assert one.fingerprint == other.fingerprint
    for name in ("training", "test"):
        assert np.array_equal(one.parts[name].images, other.parts[name].images)
        assert np.array_equal(one.parts[name].labels, other.parts[name].labels)
        assert one.parts[name].classes == other.parts[name].classes


@pytest.mark.parametrize("change", ["pixel", "label", "missing row", "other part"])
def test_fingerprint_sees_every_change_of_content(change):
    before = part()
    images, labels = before.images.copy(), before.labels.copy()
    if change == "pixel":
        images[17, 3, 3] ^= 1
    elif change == "label":
        labels[17] = (labels[17] + 1) % 3
    elif change == "missing row":
        images, labels = images[1:], labels[1:]
    test = part(seed=1)
    after = RawPart(images, labels, before.classes)
    changed = raw(after, test) if change != "other part" else raw(test, before)
    assert arrange(changed).fingerprint != arrange(raw(before, test)).fingerprint


def test_numbered_classes_are_ordered_by_value_and_names_by_letters():
    numbers = arrange(raw(part(classes=("10", "9", "2"))))
    names = arrange(raw(part(classes=("shoe", "bag", "hat"))))
    assert numbers.parts["training"].classes == ("2", "9", "10")
    assert names.parts["training"].classes == ("bag", "hat", "shoe")


def test_fashion_mnist_names_are_in_their_official_order():
    arranged = arrange(raw(part(classes=tuple(sorted(FASHION_MNIST_CLASSES)))))
    assert arranged.parts["training"].classes == FASHION_MNIST_CLASSES


def test_duplicates_are_counted_within_and_across_parts():
    training = part()
    images = training.images.copy()
    images[1] = images[0]  # two labels for one image, as their classes differ
    test = part(seed=1)
    test.images[:4] = images[30:34]
    arranged = arrange(raw(replace(training, images=images), test))
    assert arranged.duplicates.within == {"training": 1, "test": 0}
    assert arranged.duplicates.shared == {"test": 4}
    assert arranged.duplicates.contradictory == 1
    assert any("4 images are in both the training and the test set" in note for note in arranged.notes)


def test_an_image_under_many_labels_is_one_image_that_contradicts_itself():
    training = part()
    images = training.images.copy()
    images[:3] = images[0]
    assert len(set(training.labels[:3])) == 3
    arranged = arrange(raw(replace(training, images=images)))
    assert arranged.duplicates.contradictory == 1
    assert "1 image stands under more than one label." in arranged.notes


def test_groups_that_the_source_has_on_both_sides_are_told():
    ours, theirs = (np.array([f"{first}{number // 2}" for number in range(60)]) for first in "ab")
    training, test = replace(part(), groups=ours), part(seed=1)
    theirs[:3] = ours[[0, 0, 8]]
    (note,) = arrange(raw(training, replace(test, groups=theirs))).notes
    assert note.startswith("3 images of the test set belong to groups that the training set has, too: accuracy")
    theirs[:3] = "b0"
    assert arrange(raw(training, replace(test, groups=theirs))).notes == ()


def mnist_like() -> tuple[RawPart, RawPart]:
    """Parts with MNIST's class counts; the content is unimportant."""
    parts = []
    for seed, counts in enumerate(MNIST_COUNTS.values()):
        labels = np.repeat(np.arange(10), counts)
        generator = np.random.default_rng(seed)
        images = generator.integers(0, 256, (len(labels), 28, 28), dtype=np.uint8)
        parts.append(RawPart(images, labels.astype(np.int64), tuple("0123456789")))
    return parts[0], parts[1]


def test_mnist_given_as_fashion_mnist_is_called_out():
    training, test = mnist_like()
    arranged = arrange(raw(training, test, claims_fashion_mnist=True))
    assert arranged.name == "MNIST"
    assert arranged.parts["training"].classes == tuple("0123456789")
    assert any("MNIST, handwritten digits although its files call it Fashion-MNIST" in note for note in arranged.notes)


def test_leaky_files_are_called_out():
    labels = np.repeat(np.arange(10), 6000)
    generator = np.random.default_rng(0)
    images = generator.integers(0, 256, (60_000, 28, 28), dtype=np.uint8)
    test_images = generator.integers(0, 256, (10_000, 28, 28), dtype=np.uint8)
    test_images[:10] = images[:10]
    classes = tuple("0123456789")
    test = RawPart(test_images, np.repeat(np.arange(10), 1000).astype(np.int64), classes)
    arranged = arrange(raw(RawPart(images, labels.astype(np.int64), classes), test, claims_fashion_mnist=True))
    assert any("10 images" in note and "31 August 2017" in note for note in arranged.notes)
    assert arranged.name != "Fashion-MNIST"


def test_one_class_is_refused():
    with pytest.raises(DataError, match="all images are of one class"):
        arrange(raw(part(classes=("coat",))))


def test_parts_of_different_sizes_are_refused():
    with pytest.raises(DataError, match="the test images are 5x5 grey, the training images 6x6 grey"):
        arrange(raw(part(), part(size=5)))


def test_a_class_with_no_image_in_the_test_set_is_refused():
    with pytest.raises(DataError, match="class 2 has no image in the test set"):
        arrange(raw(part(), part(classes=("0", "1"))))
