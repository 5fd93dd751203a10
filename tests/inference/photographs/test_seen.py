"""What a model is shown of a picture has its form: the garment light on black, filling the frame."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from tests.data.garments.scenes import jumper_mask, photograph

from fashion_classifier.data.dataset import ImageShape
from fashion_classifier.data.garments.framing import View, framed
from fashion_classifier.inference.photographs.seen import VIEWS, look

SHAPE = ImageShape(28, 28, 1)
PLAIN = View(0.0, 1.0)


def extent(image):
    """Return height and width of what is not black."""
    return np.ptp(np.flatnonzero(image.any(1))) + 1, np.ptp(np.flatnonzero(image.any(0))) + 1


def test_a_photograph_is_seen_as_a_garment_on_black_in_several_views():
    seen = look(photograph(jumper_mask()).resize((540, 720)), SHAPE)
    assert seen.photograph
    assert seen.images.shape == (len(VIEWS), 28, 28)
    assert seen.images.dtype == np.uint8
    assert seen.weights.sum() == pytest.approx(1)
    assert extent(seen.shown)[0] == 28
    assert seen.shown[14, 14] > 100  # dark cloth is light
    assert seen.shown[0, 0] == seen.shown[27, 0] == 0
    np.testing.assert_allclose(seen.box, (10 / 72, 20 / 96, 63 / 72, 79 / 96), atol=0.03)


def test_colour_models_are_shown_grey_in_three_channels():
    seen = look(photograph(jumper_mask()), ImageShape(32, 20, 3))
    assert seen.images.shape == (len(VIEWS), 32, 20, 3)
    assert (seen.images == seen.images[..., :1]).all()


def test_a_picture_of_the_models_size_is_taken_as_it_is():
    pixels = np.random.default_rng(0).integers(0, 256, (28, 28), np.uint8)
    seen = look(Image.fromarray(pixels), SHAPE)
    assert not seen.photograph
    np.testing.assert_array_equal(seen.images, pixels[None])
    assert seen.weights.tolist() == [1.0]
    assert seen.box == (0, 0, 1, 1)


def test_a_larger_picture_of_something_cut_out_is_only_resized():
    pixels = np.zeros((56, 56), np.uint8)
    pixels[10:50, 20:40] = 200
    seen = look(Image.fromarray(pixels), SHAPE)
    assert not seen.photograph
    np.testing.assert_array_equal(
        seen.shown, np.asarray(Image.fromarray(pixels).resize((28, 28), Image.Resampling.LANCZOS))
    )


@pytest.mark.parametrize("size", [(1, 1), (5, 3), (1, 300), (300, 2), (29, 28)])
def test_any_size_can_be_looked_at(size):
    assert look(Image.new("L", size, 120), SHAPE).images.shape[1:] == (28, 28)


def test_garments_fill_the_frame_and_keep_their_proportions():
    mask = np.zeros((60, 90), np.bool_)
    mask[10:30, 5:85] = True
    rgb = np.full((60, 90, 3), 55, np.uint8)
    image = framed(rgb, mask, SHAPE, PLAIN)
    assert extent(image) == (7, 28)
    assert set(np.unique(image)) == {0, 200}
    assert np.flatnonzero(image.any(1))[0] in {10, 11}
    assert extent(framed(rgb, mask, SHAPE, View(0.0, 0.5))) == (14, 28)
    assert extent(framed(rgb, mask, SHAPE, View(90.0, 1.0))) == (28, 7)


def test_the_darkest_garment_stays_apart_from_black():
    mask = np.zeros((40, 40), np.bool_)
    mask[10:30, 10:30] = True
    image = framed(np.full((40, 40, 3), 255, np.uint8), mask, SHAPE, PLAIN)
    assert image.min() > 0  # it fills the frame
