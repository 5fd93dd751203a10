"""A garment is found where it lies: whatever its colour, on patterns, in two pieces; nothing thin is taken along."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw
from tests.data.garments.scenes import SIZE, jumper_mask, overlap, photograph

from fashion_classifier.data.garments.finding import find_garment, tidied


@pytest.mark.parametrize("cloth", [(60, 80, 150), (235, 235, 230), (30, 28, 30), (190, 60, 70)])
def test_a_garment_is_found_on_a_floor(cloth):
    mask = jumper_mask()
    assert overlap(find_garment(np.asarray(photograph(mask, cloth=cloth))), mask) > 0.9


def test_a_garment_is_found_on_a_chequered_floor():
    mask = jumper_mask()
    rows, columns = np.indices(SIZE) // 8
    floor = np.where(((rows + columns) % 2 == 0)[..., None], (210, 190, 170), (150, 120, 90))
    pixels = np.where(mask[..., None], (40, 60, 140), floor) + np.random.default_rng(0).normal(0, 5, (*SIZE, 3))
    assert overlap(find_garment(pixels.clip(0, 255).astype(np.uint8)), mask) > 0.85


def test_a_print_belongs_to_the_garment():
    mask = jumper_mask()
    picture = photograph(mask)
    ImageDraw.Draw(picture).ellipse((30, 35, 42, 47), fill=(220, 200, 60))
    assert overlap(find_garment(np.asarray(picture)), mask) > 0.9


def test_the_same_photograph_gives_the_same_mask():
    pixels = np.asarray(photograph(jumper_mask()))
    np.testing.assert_array_equal(find_garment(pixels), find_garment(pixels))


@pytest.mark.parametrize("size", [(1, 1), (1, 96), (96, 1), (2, 3), (96, 96)])
def test_where_nothing_can_be_told_apart_something_is_still_shown(size):
    mask = find_garment(np.full((*size, 3), 120, np.uint8))
    assert mask.shape == size
    assert mask.any()


def test_what_is_thin_or_small_is_left_out_and_holes_are_filled():
    drawn = Image.new("1", (90, 90))
    draw = ImageDraw.Draw(drawn)
    draw.rectangle((30, 30, 60, 70), fill=1)
    garment = np.array(drawn)
    draw.line((45, 5, 45, 30), fill=1)  # a hanger's hook
    draw.rectangle((80, 80, 84, 84), fill=1)  # something in a corner
    draw.rectangle((40, 45, 44, 49), fill=0)
    found = tidied(np.array(drawn))
    assert overlap(found, garment) > 0.97
    assert found[47, 42]
    assert not found[10, 45]
    assert not found[82, 82]


def test_two_large_pieces_are_both_of_the_garment():
    mask = np.zeros((60, 60), np.bool_)
    mask[10:50, 10:25] = mask[10:50, 35:50] = True
    assert overlap(tidied(mask), mask) > 0.97


def test_an_empty_mask_becomes_the_whole_picture():
    assert tidied(np.zeros((4, 5), np.bool_)).all()
