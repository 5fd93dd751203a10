"""Images laid askew: as many as asked for, by chance alone, in grey and in colour."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from fashion_classifier.data.sample import draw_sample
from fashion_classifier.errors import UsageError
from fashion_classifier.training.askew import askew
from fashion_classifier.training.augmentation import augment
from fashion_classifier.training.config import Augmentation, TrainConfig


@pytest.fixture(scope="module")
def garments():
    return torch.from_numpy(np.array(draw_sample(n_training=200, n_test=10).training.images))


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def changed(before, after):
    return (before != after).flatten(1).any(1).float().mean()


def test_the_asked_share_is_changed_and_the_others_are_not(garments):
    out = askew(garments, 0.3, generator())
    assert out.dtype == torch.uint8
    assert out.shape == garments.shape
    assert 0.2 < changed(garments, out) < 0.4
    assert askew(garments, 0.0, generator()) is garments


def test_the_same_chance_gives_the_same_images(garments):
    assert torch.equal(askew(garments, 1.0, generator(1)), askew(garments, 1.0, generator(1)))
    assert not torch.equal(askew(garments, 1.0, generator(1)), askew(garments, 1.0, generator(2)))


def test_things_stay_mostly_where_they_were_and_as_light(garments):
    out = askew(garments, 1.0, generator())
    before, after = garments > 10, out > 10
    overlap = (before & after).sum() / (before | after).sum()
    assert 0.6 < overlap < 0.95
    assert garments[before].float().mean() == pytest.approx(float(out[after].float().mean()), rel=0.1)


def test_the_channels_of_an_image_in_colour_move_together(garments):
    colour = garments[..., None].repeat(1, 1, 1, 3)
    out = askew(colour, 1.0, generator())
    assert torch.equal(out, askew(garments, 1.0, generator())[..., None].expand_as(out))


def test_it_is_one_of_the_augmentations(garments):
    plain = Augmentation(mirror=False, shift_pixels=0, askew=1.0)
    assert changed(garments, augment(garments, plain, generator())) > 0.95


@pytest.mark.parametrize("share", [1.5, -0.1])
def test_impossible_shares_are_refused(share):
    with pytest.raises(UsageError, match="askew"):
        TrainConfig(augmentation=Augmentation(askew=share))
