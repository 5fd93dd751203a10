"""Strange images: like the known ones in form and levels, the same for a seed, and of the kind that they say."""

from __future__ import annotations

import sys
from subprocess import run

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fashion_classifier.data.sample import draw_sample
from fashion_classifier.errors import UsageError
from fashion_classifier.evaluation.strangers import KINDS, strange_images
from fashion_classifier.evaluation.strangers.characters import TYPEFACES, _font
from fashion_classifier.evaluation.strangers.known import Known
from fashion_classifier.evaluation.strangers.sketch import Sketch
from fashion_classifier.evaluation.strangers.things import THINGS

BY_NAME = {kind.name: kind for kind in KINDS}
each_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)


def garments():
    """Drawn garments, bright on black: uint8 of shape (40, 28, 28)."""
    return draw_sample(n_training=40, n_test=10).training.images


def photographs(n=5, height=33, width=47):
    """Dark red boxes on pale blue, with noise: uint8 of shape (n, height, width, 3)."""
    rng = np.random.default_rng(0)
    images = np.empty((n, height, width, 3))
    images[:] = (200, 220, 250)
    images[:, height // 4 : -height // 4, width // 4 : -width // 4] = (120, 10, 20)
    return (images + rng.integers(-5, 6, images.shape)).astype(np.uint8)


def strange(name, known, n=30, seed=0):
    return strange_images(BY_NAME[name], known, n, seed=seed)


def test_there_are_kinds_of_every_sort_and_their_names_tell_them_apart():
    assert len(BY_NAME) == len(KINDS) == 9
    assert len(THINGS) >= 8


@each_kind
@pytest.mark.parametrize("shape", [(8, 8), (28, 28), (33, 47), (33, 47, 3), (9, 40, 3)])
def test_images_are_of_the_known_ones_form_and_no_two_alike(kind, shape):
    known = np.random.default_rng(0).integers(0, 256, (6, *shape), dtype=np.uint8)
    made = strange_images(kind, known, 12, seed=0)
    assert made.shape == (12, *shape)
    assert made.dtype == np.uint8
    assert len(np.unique(made.reshape(12, -1), axis=0)) == 12
    assert all(np.ptp(image.astype(int)) > 30 for image in made)


@each_kind
def test_a_seed_gives_the_same_bits_and_another_seed_others(kind):
    known = garments()
    made = strange_images(kind, known, 5, seed=3)
    assert (made == strange_images(kind, known, 5, seed=3)).all()
    assert (made == strange_images(kind, known, 9, seed=3)[:5]).all()
    assert (made != strange_images(kind, known, 5, seed=4)).any(axis=(1, 2)).all()


@each_kind
def test_known_images_stay_as_they_were(kind):
    known = garments()
    before = known.copy()
    strange_images(kind, known, 5, seed=0)
    assert (known == before).all()


@each_kind
def test_blank_images_are_known_images_too(kind):
    for level in (0, 255):
        known = np.full((1, 16, 16), level, np.uint8)
        assert strange_images(kind, known, 2, seed=0).shape == (2, 16, 16)


def test_uniform_noise_has_every_level():
    made = strange("uniform noise", garments(), n=200)
    assert made.mean() == pytest.approx(127.5, abs=1)
    assert (np.bincount(made.ravel(), minlength=256) > 0).all()


def test_gaussian_noise_has_the_known_images_mean_and_deviation():
    known = photographs()
    made = strange("Gaussian noise", np.clip(known, 100, 150), n=50)  # far enough from black and white
    expected = np.clip(known, 100, 150).reshape(-1, 3)
    assert made.reshape(-1, 3).mean(axis=0) == pytest.approx(expected.mean(axis=0), abs=0.5)
    assert made.reshape(-1, 3).std(axis=0) == pytest.approx(expected.std(axis=0), abs=0.5)


def test_smooth_noise_is_smooth_and_goes_from_black_to_white():
    made = strange("smooth noise", garments(), n=200).astype(int)
    steps, levels = np.abs(np.diff(made, axis=1)).mean(), made.std()
    assert steps < 0.5 * levels  # of independent pixels it would be 1.1 times as much
    assert (made.min(axis=(1, 2)) == 0).all()
    assert (made.max(axis=(1, 2)) == 255).all()


@pytest.mark.parametrize("shape", [(28, 28), (12, 20, 3)])
def test_shuffled_tiles_are_all_there_and_none_in_its_place(shape):
    known = np.arange(np.prod(shape)).reshape(1, *shape) % 251
    known = known.astype(np.uint8)
    (made,) = strange("shuffled tiles", known, n=1)
    height, width = shape[0] // 4, shape[1] // 4

    def cut(image):
        corners = ((y, x) for y in range(0, shape[0], height) for x in range(0, shape[1], width))
        return [image[y : y + height, x : x + width].tobytes() for y, x in corners]

    before, after = cut(known[0]), cut(made)
    assert sorted(before) == sorted(after)
    assert not any(a == b for a, b in zip(before, after, strict=True))


def test_shuffled_pixels_are_all_there_and_colours_stay_together():
    known = photographs(n=1)
    (made,) = strange("shuffled pixels", known, n=1)
    ordered = [np.unique(image.reshape(-1, 3), axis=0, return_counts=True) for image in (known[0], made)]
    assert all((a == b).all() for a, b in zip(*ordered, strict=True))
    assert (made != known[0]).any()


def test_patches_come_from_many_images():
    known = np.stack([np.full((16, 16), level, np.uint8) for level in range(0, 250, 5)])
    made = strange("patches", known, n=20)
    assert set(np.unique(made)) <= set(np.unique(known))
    for image in made:
        tiles = image.reshape(4, 4, 4, 4)
        assert (np.ptp(tiles, axis=(1, 3)) == 0).all()  # each piece is of one image
        assert len(np.unique(image)) > 6


@pytest.mark.parametrize("name", ["digits", "letters", "silhouettes"])
def test_drawings_are_light_on_dark_where_known_images_are(name):
    made = strange(name, garments(), n=100)
    assert np.median(made) == 0
    assert (made.max(axis=(1, 2)) > 100).all()
    inked = (made > 60).mean(axis=(1, 2))
    assert inked.min() > 0.02  # something is seen
    assert inked.max() < 0.7


@pytest.mark.parametrize("name", ["digits", "letters", "silhouettes"])
def test_drawings_take_the_known_images_background_and_colours(name):
    made = strange(name, photographs()).reshape(-1, 3).astype(int)
    background = np.abs(made - (200, 220, 250)).max(axis=1) < 8
    red = np.abs(made - (120, 10, 20)).max(axis=1) < 60
    assert background.mean() > 0.3
    assert red.mean() > 0.03
    assert made[:, 2].min() < 60


def test_what_stands_out_are_the_known_images_bright_levels():
    measured = Known.of(garments())
    assert measured.background.tolist() == [0]
    lit = garments()[garments() >= 64]
    assert measured.colours.min() == np.median(lit)


@pytest.mark.parametrize("typeface", TYPEFACES)
def test_every_typeface_is_there(typeface):
    assert _font(typeface, 40).getlength("8") > 10


@pytest.mark.parametrize("thing", THINGS)
def test_every_thing_is_seen_and_varies(thing):
    drawn = []
    for seed in range(6):
        rng = np.random.default_rng(seed)
        sketch = Sketch(28, 28, rng)
        THINGS[thing](sketch, rng)
        drawn.append(sketch.tones())
    inked = [(tones > 0.3).mean() for tones in drawn]
    assert 0.03 < min(inked) <= max(inked) < 0.6
    assert len({tones.tobytes() for tones in drawn}) == 6


@settings(max_examples=25)
@given(height=st.integers(8, 40), width=st.integers(8, 40), colour=st.booleans(), number=st.integers(0, 8))
def test_any_size_will_do(height, width, colour, number):
    shape = (2, height, width, 3) if colour else (2, height, width)
    known = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    assert strange_images(KINDS[number], known, 3, seed=0).shape == (3, *shape[1:])


@pytest.mark.parametrize(
    ("known", "n", "message"),
    [
        (np.zeros((2, 28, 28), np.uint8), 0, "n >= 1"),
        (np.zeros((0, 28, 28), np.uint8), 1, r"but got uint8 of \(0, 28, 28\)"),
        (np.zeros((2, 28, 28)), 1, "but got float64"),
        (np.zeros((2, 28, 28, 4), np.uint8), 1, r"\(n, height, width, 3\)"),
        (np.zeros((28, 28), np.uint8), 1, r"but got uint8 of \(28, 28\)"),
        (np.zeros((2, 28, 7), np.uint8), 1, "8 pixels high and wide at least, but the known ones are 28x7"),
    ],
)
def test_what_cannot_be_drawn_is_refused(known, n, message):
    with pytest.raises(UsageError, match=message):
        strange_images(KINDS[0], known, n, seed=0)


def test_fonts_are_looked_for_only_when_letters_are_drawn():
    check = "import sys, fashion_classifier.evaluation.strangers; sys.exit('matplotlib' in sys.modules)"
    assert run([sys.executable, "-c", check], check=False).returncode == 0
