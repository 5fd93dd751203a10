"""Images on sheets: each can be cut out again, small ones to the pixel."""

from base64 import b64decode
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from fashion_classifier.reporting.sprite import COLUMNS, PHOTOGRAPH_SIDE, ROWS, make_sprite

PER_SHEET = COLUMNS * ROWS


def images_of(n, shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (n, *shape)).astype(np.uint8)


def cut(sprite, index, margin=0):
    """Cut an image out of its sheet, with some of what is around it."""
    sheet, column, row = sprite.place(index)
    kind, _, data = sprite.sheets[sheet].partition(",")
    assert kind in {"data:image/png;base64", "data:image/jpeg;base64"}
    pixels = np.asarray(Image.open(BytesIO(b64decode(data))))
    y, x = row * sprite.step_y + 1 - margin, column * sprite.step_x + 1 - margin
    return pixels[y : y + sprite.height + 2 * margin, x : x + sprite.width + 2 * margin]


@pytest.mark.parametrize("shape", [(28, 28), (5, 9, 3), (48, 48), (48, 2, 3)])
def test_small_images_are_kept_to_the_pixel(shape):
    images = images_of(PER_SHEET + 3, shape)
    sprite = make_sprite(images)
    assert sprite.is_sharp
    assert len(sprite.sheets) == 2
    for index in (0, 1, COLUMNS, PER_SHEET - 1, PER_SHEET, PER_SHEET + 2):
        np.testing.assert_array_equal(cut(sprite, index), images[index])


def test_around_an_image_its_own_edge_is_repeated():
    images = images_of(12, (6, 7))
    for index in (0, 5, 11):
        expected = np.pad(images[index], 1, mode="edge")
        np.testing.assert_array_equal(cut(make_sprite(images), index, margin=1), expected)


@pytest.mark.parametrize("shape", [(224, 224, 3), (60, 400), (49, 30, 3), (1000, 2)])
def test_large_images_become_small_photographs_of_the_same_proportions(shape):
    ramp = np.linspace(0, 255, shape[0]).astype(np.uint8)
    image = np.broadcast_to(ramp.reshape(-1, 1, *[1] * (len(shape) - 2)), shape)
    sprite = make_sprite(np.stack([image, 255 - image]))
    assert not sprite.is_sharp
    longest = max(shape[:2])
    assert max(sprite.width, sprite.height) == min(PHOTOGRAPH_SIDE, longest)
    for side, original in ((sprite.height, shape[0]), (sprite.width, shape[1])):
        assert side == max(1, round(original * min(1, PHOTOGRAPH_SIDE / longest)))
    assert sprite.step_x % 16 == sprite.step_y % 16 == 0
    first, second = (cut(sprite, index).astype(int) for index in (0, 1))
    assert first[0].mean() < 20
    assert first[-1].mean() > 235
    assert abs(first + second - 255).max() <= 12


def test_pixels_are_shown_as_large_as_there_is_room():
    scales = {side: make_sprite(images_of(1, (side, side))).scale for side in (2, 28, 48, 49, 224)}
    assert scales == {2: 56, 28: 4, 48: 2, 49: 2, 224: 1}


def test_the_last_sheets_are_left_out_as_far_as_bytes_ask():
    sprite = make_sprite(images_of(3 * PER_SHEET + 1, (20, 20)))
    assert (len(sprite.sheets), sprite.n) == (4, 3 * PER_SHEET + 1)
    shorter = sprite.shortened(1)
    assert (len(shorter.sheets), shorter.n) == (3, 3 * PER_SHEET)
    shorter = sprite.shortened(len(sprite.sheets[3]) + 1)
    assert (shorter.sheets, shorter.n) == (sprite.sheets[:2], 2 * PER_SHEET)
    assert sprite.shortened(10**9).n == 0


@pytest.mark.parametrize("shape", [(28, 28), (224, 224, 3)])
def test_no_images_make_no_sheet(shape):
    sprite = make_sprite(np.empty((0, *shape), np.uint8))
    assert sprite.sheets == ()
    assert sprite.n == 0
