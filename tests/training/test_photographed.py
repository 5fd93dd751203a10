"""Training images look as if cut out of photographs, or are parts that are of no class; chance alone says how."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from fashion_classifier.data.sample import draw_sample
from fashion_classifier.errors import UsageError
from fashion_classifier.training.augmentation import check_fits
from fashion_classifier.training.config import Augmentation, TrainConfig
from fashion_classifier.training.parts import with_parts
from fashion_classifier.training.photographed import photographed


@pytest.fixture(scope="module")
def garments():
    return torch.from_numpy(np.array(draw_sample(n_training=200, n_test=10).training.images))


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def changed(before, after):
    return (before != after).flatten(1).any(1)


def test_the_asked_share_is_changed_and_the_others_are_not(garments):
    out = photographed(garments, 0.3, generator())
    assert out.dtype == torch.uint8
    assert out.shape == garments.shape
    assert 0.2 < changed(garments, out).float().mean() < 0.4
    assert photographed(garments, 0.0, generator()) is garments


def test_the_same_chance_gives_the_same_images(garments):
    assert torch.equal(photographed(garments, 1.0, generator(1)), photographed(garments, 1.0, generator(1)))
    assert not torch.equal(photographed(garments, 1.0, generator(1)), photographed(garments, 1.0, generator(2)))


def test_what_is_changed_is_still_light_on_black_and_mostly_where_it_was(garments):
    out = photographed(garments, 1.0, generator())
    before, after = garments > 10, out > 10
    overlap = (before & after).sum() / (before | after).sum()
    assert 0.6 < overlap < 0.95
    assert 0.5 < after.float().mean() / before.float().mean() < 1.3


def test_parts_are_one_end_of_the_longer_side_enlarged():
    upright = torch.zeros(64, 28, 28, dtype=torch.uint8)
    upright[:, :14, 10:18] = 200  # the upper half is lighter than the lower
    upright[:, 14:, 10:18] = 100
    out, parts = with_parts(upright, 1.0, generator())
    assert parts.all()
    assert ((out > 0).any(2).sum(1) == 28).all()  # which fill the frame
    assert ((out > 0).any(1).sum(1) > 11).all()
    from_the_top = out[:, 2, 14] > 150
    assert 0.3 < from_the_top.float().mean() < 0.7
    assert (out[~from_the_top, 25, 14] == 100).all()


def test_few_images_are_parts_where_few_are_asked_for(garments):
    out, parts = with_parts(garments, 0.2, generator())
    assert 0.1 < parts.float().mean() < 0.3
    assert torch.equal(out[~parts], garments[~parts])


def test_an_image_of_nothing_has_no_parts_but_does_no_harm():
    black = torch.zeros(4, 28, 28, dtype=torch.uint8)
    assert torch.equal(with_parts(black, 1.0, generator())[0], black)
    assert photographed(black, 1.0, generator()).shape == black.shape


def test_images_in_colour_are_refused():
    colour = torch.zeros(2, 8, 8, 3, dtype=torch.uint8)
    with pytest.raises(UsageError, match="these are in colour"):
        check_fits(Augmentation(parts=0.1), colour)
    check_fits(Augmentation(), colour)


@pytest.mark.parametrize(("name", "value"), [("askew", 1.5), ("parts", 1.0), ("parts", -0.1)])
def test_impossible_shares_are_refused(name, value):
    with pytest.raises(UsageError, match=name):
        TrainConfig(augmentation=Augmentation(**{name: value}))
