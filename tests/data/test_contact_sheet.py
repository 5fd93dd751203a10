"""The contact sheet."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from fashion_classifier.data.contact_sheet import contact_sheet
from fashion_classifier.data.dataset import Dataset
from fashion_classifier.errors import UsageError

TONES = (40, 120, 200)


def plain(*shape: int, counts: tuple[int, ...] = (5, 4, 2)) -> Dataset:
    """Images of one tone each, by class; their class shows by looking at any pixel."""
    labels = np.repeat(np.arange(len(counts), dtype=np.int64), counts)
    tones = np.array(TONES, dtype=np.uint8)[labels]
    images = np.broadcast_to(tones.reshape(-1, *[1] * len(shape)), (len(labels), *shape)).copy()
    return Dataset(images, labels, ("Bag", "T-shirt/top", "A class with a long name")[: len(counts)])


def count(sheet: Image.Image, colour: tuple[int, int, int]) -> int:
    return int((np.asarray(sheet) == colour).all(axis=2).sum())


@pytest.mark.parametrize("shape", [(28, 28), (6, 10), (28, 28, 3), (9, 5, 3), (1, 1), (200, 120)])
def test_each_class_is_shown_as_often_as_asked_or_as_there_is(shape: tuple[int, ...]):
    sheet = contact_sheet(plain(*shape), per_class=4, scale=2)
    assert sheet.mode == "RGB"
    pixels = shape[0] * shape[1] * 4
    shown = [count(sheet, (tone, tone, tone)) // pixels for tone in TONES]
    assert shown == [4, 4, 2]


def test_colours_are_shown_as_they_are():
    images = np.zeros((2, 8, 8, 3), dtype=np.uint8)
    images[0], images[1] = (200, 30, 60), (20, 90, 210)
    sheet = contact_sheet(Dataset(images, np.array([0, 1]), ("warm", "cold")), scale=1)
    assert (count(sheet, (200, 30, 60)), count(sheet, (20, 90, 210))) == (64, 64)


def test_small_images_are_enlarged_and_large_ones_left_alone():
    assert count(contact_sheet(plain(28, 28), per_class=1), (40,) * 3) == 84 * 84
    assert count(contact_sheet(plain(120, 100), per_class=1), (40,) * 3) == 120 * 100


def test_a_class_name_stands_left_of_its_images_and_is_not_cut_off():
    long_name, short_name = plain(28, 28), plain(28, 28, counts=(5, 4))
    sheet = contact_sheet(long_name, per_class=3)
    left = int(np.flatnonzero((np.asarray(sheet) == TONES[0]).all(axis=(2)).any(axis=0))[0])
    margin = np.asarray(sheet.convert("L"))[:, :left]
    for row in range(3):
        height = margin.shape[0] // 3
        assert (margin[row * height : (row + 1) * height] < 100).any()
    assert (margin[:, :12] == 255).all()
    assert sheet.width > contact_sheet(short_name, per_class=3).width


def test_a_seed_gives_the_same_images_and_another_one_others():
    generator = np.random.default_rng(0)
    images = generator.integers(0, 256, (60, 8, 8), dtype=np.uint8)
    dataset = Dataset(images, np.arange(60, dtype=np.int64) % 2, ("a", "b"))
    first, again, other = (contact_sheet(dataset, per_class=3, seed=seed).tobytes() for seed in (0, 0, 1))
    assert first == again
    assert first != other


def test_a_class_without_images_keeps_its_row():
    dataset = plain(8, 8, counts=(3, 2))
    with_empty = Dataset(dataset.images, dataset.labels, (*dataset.classes, "none of these"))
    assert contact_sheet(with_empty, scale=9).height > contact_sheet(dataset, scale=9).height


@pytest.mark.parametrize(("name", "arguments"), [("per_class", {"per_class": 0}), ("scale", {"scale": 0})])
def test_impossible_numbers_are_refused(name: str, arguments: dict[str, int]):
    with pytest.raises(UsageError, match=f"`{name} >= 1` must hold, but got {name}=0"):
        contact_sheet(plain(4, 4), **arguments)
