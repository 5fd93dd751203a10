"""Photographs are learned from as they are answered: the garment alone, and what is none as it is."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from PIL import Image
from tests.data.garments.scenes import jumper_mask, photograph

from fashion_classifier.data.dataset import ImageShape
from fashion_classifier.data.garments.photograph import garment_image, is_photograph
from fashion_classifier.data.load import load
from fashion_classifier.data.reading import ReadOptions
from fashion_classifier.errors import UsageError
from fashion_classifier.inference.photographs.seen import look

SHAPE = ImageShape(28, 28, 1)
GARMENTS = ReadOptions(image_size=(28, 28), channels=1, pictures="garment")


@pytest.fixture
def folder(tmp_path):
    """Two kinds, photographed."""
    lying = Image.fromarray(np.rot90(jumper_mask()).copy())
    masks = {"upright": jumper_mask(), "lying": np.asarray(lying)}
    for name, mask in masks.items():
        (tmp_path / name).mkdir()
        for number in range(2):
            photograph(mask, seed=number).save(tmp_path / name / f"{number}.png")
    return tmp_path


def test_what_is_learned_from_is_what_is_shown(folder):
    for path in folder.rglob("*.png"):
        with Image.open(path) as picture:
            np.testing.assert_array_equal(garment_image(picture, SHAPE), look(picture, SHAPE).shown)


def test_images_of_the_size_or_on_black_are_no_photographs():
    own = Image.fromarray(np.full((28, 28), 200, np.uint8))
    on_black = Image.fromarray(np.pad(np.full((40, 40), 90, np.uint8), 20))
    assert not is_photograph(own, SHAPE)
    assert not is_photograph(on_black, SHAPE)
    assert is_photograph(photograph(jumper_mask()), SHAPE)
    np.testing.assert_array_equal(garment_image(own, SHAPE), np.asarray(own))


def test_a_folder_of_photographs_is_read_as_garments_on_black(folder):
    read = load(folder, options=GARMENTS, use_cache=False)
    images = read.training.images
    assert images.shape == (4, 28, 28)
    assert (images[:, [0, 0, -1, -1], [0, -1, 0, -1]] == 0).all()
    assert "Of 4 photographs the garments alone were taken" in " ".join(read.notes)
    whole = load(folder, options=ReadOptions(image_size=(28, 28), channels=1), use_cache=False)
    assert (whole.training.images[:, [0, -1], [0, -1]] > 0).all()


def test_each_way_is_kept_by_itself(folder, tmp_path_factory, monkeypatch):
    monkeypatch.setenv("FASHION_CACHE", str(tmp_path_factory.mktemp("cache")))
    first, cached = (load(folder, options=GARMENTS) for _ in range(2))
    np.testing.assert_array_equal(first.training.images, cached.training.images)
    whole = load(folder, options=ReadOptions(image_size=(28, 28), channels=1))
    assert whole.fingerprint != first.fingerprint == cached.fingerprint


def test_garments_need_a_size():
    with pytest.raises(UsageError, match="Give an image size"):
        ReadOptions(pictures="garment")


@pytest.mark.parametrize("size", [(6000, 6000), (8, 4_500_000)])
def test_a_huge_picture_on_black_is_not_copied(size):
    huge = Image.new("RGB", size)
    tracemalloc.start()
    assert not is_photograph(huge, SHAPE)
    assert tracemalloc.get_traced_memory()[1] < 20_000_000  # of 108 MB
    tracemalloc.stop()
    huge.paste((200, 30, 30), (size[0] // 4, size[1] // 4, size[0] * 3 // 4, size[1] * 3 // 4))
    assert is_photograph(huge, SHAPE)
