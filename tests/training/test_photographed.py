"""Images look as if cut out of photographs, or are parts that are of no class; chance alone says how."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from fashion_classifier.data.sample import draw_sample
from fashion_classifier.training.parts import parts_of
from fashion_classifier.training.photographed import photographed


@pytest.fixture(scope="module")
def garments():
    return torch.from_numpy(np.array(draw_sample(n_training=200, n_test=10).training.images))


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def test_each_image_is_changed(garments):
    out = photographed(garments, generator())
    assert out.dtype == torch.uint8
    assert out.shape == garments.shape
    assert (garments != out).flatten(1).any(1).all()


def test_the_same_chance_gives_the_same_images(garments):
    assert torch.equal(photographed(garments, generator(1)), photographed(garments, generator(1)))
    assert not torch.equal(photographed(garments, generator(1)), photographed(garments, generator(2)))


def test_what_is_changed_is_still_light_on_black_and_mostly_where_it_was(garments):
    out = photographed(garments, generator())
    before, after = garments > 10, out > 10
    overlap = (before & after).sum() / (before | after).sum()
    assert 0.6 < overlap < 0.95
    assert 0.5 < after.float().mean() / before.float().mean() < 1.3


def test_parts_are_one_end_of_the_longer_side_enlarged():
    upright = torch.zeros(64, 28, 28, dtype=torch.uint8)
    upright[:, :14, 10:18] = 200  # the upper half is lighter than the lower
    upright[:, 14:, 10:18] = 100
    out = parts_of(upright, generator())
    assert ((out > 0).any(2).sum(1) == 28).all()  # which fill the frame
    assert ((out > 0).any(1).sum(1) > 11).all()
    from_the_top = out[:, 2, 14] > 150
    assert 0.3 < from_the_top.float().mean() < 0.7
    assert (out[~from_the_top, 25, 14] == 100).all()


def test_an_image_of_nothing_has_no_parts_but_does_no_harm():
    black = torch.zeros(4, 28, 28, dtype=torch.uint8)
    assert torch.equal(parts_of(black, generator()), black)
    assert photographed(black, generator()).shape == black.shape
