"""Augmentation moves pixels about and invents none."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from fashion_classifier.training.augmentation import augment
from fashion_classifier.training.config import Augmentation


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def images(*, colour=False, n=64):
    shape = (n, 8, 6, 3) if colour else (n, 8, 6)
    return torch.from_numpy(np.random.default_rng(0).integers(1, 256, shape, dtype=np.uint8))


@pytest.mark.parametrize("colour", [False, True])
def test_nothing_asked_for_nothing_done(colour):
    batch = images(colour=colour)
    assert torch.equal(augment(batch, Augmentation(mirror=False, shift_pixels=0), generator()), batch)


@pytest.mark.parametrize("colour", [False, True])
def test_about_half_are_mirrored_and_the_others_untouched(colour):
    batch = images(colour=colour)
    out = augment(batch, Augmentation(mirror=True, shift_pixels=0), generator())
    mirrored = [torch.equal(a, b.flip(1)) for a, b in zip(out, batch, strict=True)]
    untouched = [torch.equal(a, b) for a, b in zip(out, batch, strict=True)]
    assert all(a != b for a, b in zip(mirrored, untouched, strict=True))
    assert 16 < sum(mirrored) < 48


@pytest.mark.parametrize("colour", [False, True])
def test_shifts_are_those_of_a_mirrored_edge(colour):
    batch = images(colour=colour)
    out = augment(batch, Augmentation(mirror=False, shift_pixels=2), generator())
    padding = ((2, 2), (2, 2)) + (((0, 0),) if colour else ())
    seen = set()
    for shifted, original in zip(out.numpy(), batch.numpy(), strict=True):
        padded = np.pad(original, padding, mode="reflect")
        offsets = [
            (dy, dx) for dy in range(5) for dx in range(5) if np.array_equal(padded[dy : dy + 8, dx : dx + 6], shifted)
        ]
        assert len(offsets) == 1
        seen.add(offsets[0])
    assert len(seen) > 15  # of the 25 there are


@pytest.mark.parametrize("colour", [False, True])
def test_an_erased_square_is_black_and_no_larger_than_asked(colour):
    batch = images(colour=colour)
    out = augment(batch, Augmentation(mirror=False, shift_pixels=0, erase_fraction=0.5), generator())
    erased = (out == 0).reshape(64, 8, 6, -1).all(3)
    assert (erased.sum((1, 2)) <= 9).all()
    assert (erased.sum((1, 2)) > 0).float().mean() > 0.9
    assert torch.equal(out[~(out == 0)], batch[~(out == 0)])


def test_a_tiny_image_is_shifted_no_further_than_it_is_wide():
    batch = torch.arange(8, dtype=torch.uint8).reshape(2, 2, 2)
    assert augment(batch, Augmentation(shift_pixels=5), generator()).shape == (2, 2, 2)
