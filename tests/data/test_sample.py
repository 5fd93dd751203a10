"""The built-in drawn sample."""

from __future__ import annotations

import hashlib
import time

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from fashion_classifier.data.fingerprint import image_digests
from fashion_classifier.data.known import FASHION_MNIST_CLASSES
from fashion_classifier.data.load import load
from fashion_classifier.data.raw import RawCollection
from fashion_classifier.data.sample import draw_sample
from fashion_classifier.data.split import SplitConfig, split
from fashion_classifier.errors import UsageError
from fashion_classifier.training.recipes.initial import INITIAL
from fashion_classifier.training.train import Workshop


@pytest.fixture(scope="module")
def sample() -> RawCollection:
    return draw_sample(n_training=600, n_test=200)


def test_it_holds_grey_images_of_the_ten_kinds_in_equal_numbers(sample: RawCollection):
    assert sample.test is not None
    for part, n in ((sample.training, 600), (sample.test, 200)):
        assert part.classes == FASHION_MNIST_CLASSES
        assert part.images.shape == (n, 28, 28)
        assert part.images.dtype == np.uint8
        assert np.bincount(part.labels).tolist() == [n // 10] * 10


def test_it_says_what_it_is(sample: RawCollection):
    assert (sample.container, sample.location, sample.claims_fashion_mnist) == ("drawn sample", "sample", False)


def test_a_seed_gives_the_same_pixels_on_every_machine():
    """Whoever changes the drawing changes everybody's sample: then, and only then, this sum is to be replaced."""
    images = draw_sample(n_training=100, n_test=10, seed=0).training.images
    assert (
        hashlib.sha256(images.tobytes()).hexdigest()
        == "bffbe51278cf75df74bcdfa7b0a4211c52f016ba3ed8ee6dd0d41f26f3c14195"
    )


def test_a_smaller_sample_is_the_beginning_of_a_larger_one(sample: RawCollection):
    smaller = draw_sample(n_training=30, n_test=10)
    assert smaller.test is not None
    assert sample.test is not None
    assert np.array_equal(smaller.training.images, sample.training.images[:30])
    assert np.array_equal(smaller.test.images, sample.test.images[:10])


def test_another_seed_gives_other_garments(sample: RawCollection):
    other = draw_sample(n_training=600, n_test=200, seed=1)
    mine, theirs = image_digests(sample.training.images), image_digests(other.training.images)
    assert not {*map(tuple, mine.tolist())} & {*map(tuple, theirs.tolist())}


def test_no_image_is_there_twice(sample: RawCollection):
    assert sample.test is not None
    digests = image_digests(np.concatenate([sample.training.images, sample.test.images]))
    assert len(np.unique(digests, axis=0)) == len(digests)


def test_every_image_shows_a_garment_on_black(sample: RawCollection):
    lit = (sample.training.images > 0).mean(axis=(1, 2))
    assert lit.min() > 0.02
    assert lit.max() < 0.85
    assert sample.training.images[:, [0, 0, -1, -1], [0, -1, 0, -1]].mean() < 2


@pytest.mark.parametrize("numbers", [{"n_training": 9}, {"n_test": 0}])
def test_a_sample_without_every_class_is_refused(numbers: dict[str, int]):
    with pytest.raises(UsageError, match=f"`{next(iter(numbers))} >= 10` must hold"):
        draw_sample(**numbers)


def test_the_default_sample_is_drawn_in_seconds():
    begin = time.process_time()
    draw_sample(n_training=1200, n_test=10)
    assert time.process_time() - begin < 2  # a tenth of the default sample; half a second is usual


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_linear_model_gets_at_most_three_quarters_right():
    sample = draw_sample()
    assert sample.test is not None
    model = LogisticRegression().fit(sample.training.images.reshape(-1, 784) / 255, sample.training.labels)
    accuracy = model.score(sample.test.images.reshape(-1, 784) / 255, sample.test.labels)
    assert 0.65 < accuracy <= 0.75


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_initial_model_gets_eight_to_nine_tenths_right(seed: int):
    parts = split(load("sample", use_cache=False), SplitConfig(seed=seed))
    model = Workshop(parts).train(INITIAL, seed=seed).model
    test = parts.test.open("a test of the sample")
    accuracy = np.mean(model.predict(test.images).argmax(axis=1) == test.labels)
    assert 0.8 <= accuracy <= 0.9
