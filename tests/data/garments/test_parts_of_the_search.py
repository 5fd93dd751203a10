"""What finding a garment is made of: colours, patches, what stands out, mixtures, the cheapest cut."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from tests.data.garments.scenes import jumper_mask, photograph

from fashion_classifier.data.garments.colour import to_lab
from fashion_classifier.data.garments.cutting import STIFFNESS, cut
from fashion_classifier.data.garments.mixture import fit_mixture
from fashion_classifier.data.garments.patches import cut_into_patches
from fashion_classifier.data.garments.saliency import saliency


@pytest.mark.parametrize(
    ("rgb", "lab"),
    [  # http://www.brucelindbloom.com, sRGB and D65
        ((255, 255, 255), (100.0, 0.0, 0.0)),
        ((0, 0, 0), (0.0, 0.0, 0.0)),
        ((255, 0, 0), (53.24, 80.09, 67.20)),
        ((0, 0, 255), (32.30, 79.19, -107.86)),
        ((10, 10, 10), (2.74, 0.0, 0.0)),
    ],
)
def test_colours_are_those_of_cielab(rgb, lab):
    np.testing.assert_allclose(to_lab(np.array([[rgb]], np.uint8))[0, 0], lab, atol=0.02)


def test_patches_share_out_the_picture_and_keep_to_its_colours():
    mask = jumper_mask()
    lab = to_lab(np.asarray(photograph(mask, noise=2.0, light=0.0)))
    patches = cut_into_patches(lab, 8.0)
    n = len(patches.sizes)
    assert patches.sizes.sum() == mask.size
    assert np.array_equal(np.unique(patches.of), np.arange(n))
    share_of_cloth = np.bincount(patches.of.ravel(), mask.ravel()) / patches.sizes
    assert ((share_of_cloth < 0.1) | (share_of_cloth > 0.9)).mean() > 0.9
    np.testing.assert_allclose(patches.sizes @ patches.colours / mask.size, lab.reshape(-1, 3).mean(0), rtol=1e-4)
    assert (patches.neighbours[:, 0] < patches.neighbours[:, 1]).all()
    assert patches.on_border[patches.of[0, 0]]
    assert not patches.on_border[patches.of[48, 36]]


def test_what_is_not_joined_to_the_border_stands_out():
    mask = jumper_mask()
    found = saliency(to_lab(np.asarray(photograph(mask))), 7.0)
    assert 0 <= found.min() < found.max() <= 1
    assert found[mask].mean() > 0.8
    assert found[~mask].mean() < 0.2


def test_a_mixture_knows_the_colours_that_weigh_in_it():
    rng = np.random.default_rng(0)
    red, grey = rng.normal((50, 60, 40), 3, (400, 3)), rng.normal((60, 0, 0), 3, (400, 3))
    colours = np.concatenate([red, grey])
    of_red = fit_mixture(colours, np.repeat([1.0, 0.02], 400))
    assert (of_red.log_density(red) > of_red.log_density(grey) + 1).mean() > 0.95
    assert of_red.shares.sum() == pytest.approx(1)
    steps = np.stack(np.meshgrid(*[np.arange(-60, 140, 4.0)] * 3), -1).reshape(-1, 3)
    assert np.exp(of_red.log_density(steps)).sum() * 4**3 == pytest.approx(1, abs=0.05)


def test_a_mixture_of_one_colour_is_no_problem():
    assert np.isfinite(fit_mixture(np.ones((5, 3)), np.ones(5)).log_density(np.ones((5, 3)))).all()


def cost_of(mask, evidence, lab):
    """Add up what a mask costs, edge by edge."""
    total = np.where(mask, np.maximum(-evidence, 0), np.maximum(evidence, 0)).sum()
    height, width = evidence.shape
    edges = [
        ((y, x), (y + dy, x + dx))
        for y, x in np.ndindex(height, width)
        for dy, dx in ((0, 1), (1, 0), (1, 1), (1, -1))
        if y + dy < height and 0 <= x + dx < width
    ]
    changes = {edge: float(np.square(lab[edge[0]] - lab[edge[1]]).sum()) for edge in edges}
    usual = np.mean(list(changes.values()))
    for (one, other), change in changes.items():
        if mask[one] != mask[other]:
            total += STIFFNESS * np.exp(-change / (2 * usual)) / np.hypot(one[0] - other[0], one[1] - other[1])
    return total


@pytest.mark.parametrize("seed", range(5))
def test_no_mask_costs_less_than_the_cut(seed):
    rng = np.random.default_rng(seed)
    lab = rng.normal(0, 20, (3, 3, 3)).astype(np.float32)
    evidence = rng.normal(0, 4, (3, 3))
    masks = (np.reshape(bits, (3, 3)).astype(np.bool_) for bits in itertools.product([0, 1], repeat=9))
    least = min(cost_of(mask, evidence, lab) for mask in masks)
    assert cost_of(cut(evidence, lab), evidence, lab) == pytest.approx(least, abs=0.3)  # costs are in twentieths
