"""Near-duplicates of two sets: against a plain loop, and planted ones among drawn images."""

from __future__ import annotations

import numpy as np
import pytest

from fashion_classifier.errors import UsageError
from fashion_classifier.evaluation import near_duplicates
from fashion_classifier.evaluation.near_duplicates import find_near_duplicates


def drawn(n, shape=(12, 10), seed=0):
    return np.random.default_rng(seed).integers(0, 256, (n, *shape), dtype=np.uint8)


def changed(image, by):
    return np.clip(image.astype(int) + by, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("shape", [(12, 10), (8, 9, 3)])
def test_each_image_has_its_nearest_as_a_plain_loop_finds_it(shape, monkeypatch):
    monkeypatch.setattr(near_duplicates, "_ROWS", 4)
    monkeypatch.setattr(near_duplicates, "_CELLS", 1000)
    first, second = drawn(11, shape), drawn(23, shape, seed=1)
    found = find_near_duplicates(first, second, threshold=255)
    assert sorted(pair.index_a for pair in found) == list(range(11))
    assert [pair.distance for pair in found] == sorted(pair.distance for pair in found)
    for pair in found:
        distances = {
            (index, flipped): np.sqrt(((side.astype(float) - other) ** 2).mean())
            for index, other in enumerate(second)
            for flipped, side in ((False, first[pair.index_a]), (True, first[pair.index_a][:, ::-1]))
        }
        assert (pair.index_b, pair.mirrored) == min(distances, key=distances.get)
        assert pair.distance == pytest.approx(min(distances.values()))
        assert not pair.exact


def test_planted_near_duplicates_are_found_and_nothing_else():
    first, second = drawn(20), drawn(30, seed=1)
    noise = np.random.default_rng(2).normal(0, 3, first[0].shape)
    first[3] = second[7]
    first[5] = changed(second[8], noise)
    first[9] = changed(second[2], 6)
    first[11] = second[4][:, ::-1]
    first[12] = changed(second[5][:, ::-1], noise)
    found = find_near_duplicates(first, second)
    assert {(pair.index_a, pair.index_b, pair.mirrored, pair.exact) for pair in found} == {
        (3, 7, False, True),
        (5, 8, False, False),
        (9, 2, False, False),
        (11, 4, True, True),
        (12, 5, True, False),
    }
    assert [pair.distance for pair in found[:2]] == [0, 0]


def test_mirror_images_are_left_alone_if_so_wished():
    second = drawn(5)
    assert find_near_duplicates(second[:, :, ::-1], second, mirrored=False) == ()


def test_an_image_that_is_its_own_mirror_image_is_not_called_mirrored():
    half = drawn(4)
    symmetric = np.concatenate([half, half[:, :, ::-1]], axis=2)
    assert not any(pair.mirrored for pair in find_near_duplicates(symmetric, symmetric))


def test_images_that_differ_by_little_are_told_apart():
    second = np.tile(drawn(1, (28, 28)), (50, 1, 1))
    for number, image in enumerate(second):
        image[0, 0], image[1, 1] = number, 255 - 3 * number
    found = find_near_duplicates(second[::-1], second, mirrored=False)
    assert {(pair.index_a, pair.index_b) for pair in found} == {(number, 49 - number) for number in range(50)}


@pytest.mark.parametrize("shape", [(70, 131), (150, 64, 3)])
def test_large_images_are_compared_by_their_averages(shape):
    first, second = drawn(4, shape), drawn(6, shape, seed=1)
    first[1] = changed(second[3], np.random.default_rng(2).normal(0, 9, shape))  # which averages out
    first[2] = second[5][:, ::-1]
    threshold = 6  # averages of drawn levels are near each other
    found = find_near_duplicates(first, second, threshold=threshold)
    assert [(pair.index_a, pair.index_b, pair.mirrored, pair.exact) for pair in found] == [
        (2, 5, True, True),
        (1, 3, False, False),
    ]


def test_large_images_that_are_equal_in_their_averages_alone_are_not_exact():
    second = np.full((1, 100, 100), 90, np.uint8)
    first = second.copy()
    first[0, 0, :2] = 89, 91
    (pair,) = find_near_duplicates(first, second)
    assert pair.distance == 0
    assert not pair.exact


def test_progress_comes_to_its_end():
    told = []
    find_near_duplicates(drawn(3), drawn(4), progress=lambda *what: told.append(what[1:]))
    assert told == [(4, 4), (4, 4)]


def test_no_images_have_no_duplicates():
    assert find_near_duplicates(drawn(0), drawn(3)) == find_near_duplicates(drawn(3), drawn(0)) == ()


def test_what_cannot_be_compared_is_refused():
    with pytest.raises(UsageError, match="one shape"):
        find_near_duplicates(drawn(2), drawn(2, (12, 10, 3)))
    with pytest.raises(UsageError, match="threshold"):
        find_near_duplicates(drawn(2), drawn(2), threshold=-1)
