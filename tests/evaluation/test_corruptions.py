"""Corruptions against Pillow, SciPy and plain loops; and what must hold of every kind, at every severity and size."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from scipy import ndimage, stats

from fashion_classifier.errors import UsageError
from fashion_classifier.evaluation.corruptions import CORRUPTIONS, SEVERITIES, Corruption, corrupt, find_corruption
from fashion_classifier.evaluation.corruptions.blur import disc, gaussian, line
from fashion_classifier.evaluation.corruptions.chance import Chance
from fashion_classifier.evaluation.corruptions.geometry import warp

SHAPES = [(8, 8), (28, 28), (31, 47, 3), (64, 64)]
KINDS = [corruption.name for corruption in CORRUPTIONS]
RANDOM = {
    *("Gaussian noise", "Shot noise", "Impulse noise", "Motion blur", "Glass blur", "Shift", "Rotation", "Shear"),
    *("Mirrored", "Occlusion", "Stripes"),
}


def garments(n=6, shape=(28, 28), *, seed=0, backdrop=0):
    """Patches of many tones with a weave, not symmetrical, each at a place of its own on an even backdrop."""
    rng = np.random.default_rng(seed)
    height, width = shape[:2]
    tones = ndimage.zoom(rng.integers(90, 240, (n, 4, 4)).astype(float), (1, height / 8, width / 8), order=1)
    tones += rng.normal(0, 12, tones.shape)
    images = np.full((n, height, width), backdrop, np.uint8)
    for image, patch in zip(images, tones.round().clip(0, 255), strict=True):
        top, left = rng.integers(1, height // 2), rng.integers(1, width // 2)
        image[top : top + len(patch), left : left + len(patch[0])] = patch
    if len(shape) == 2:
        return images
    return np.stack([images, images, np.maximum(images, 30)], axis=3)


def even(level, n=50, shape=(28, 28)):
    return np.full((n, *shape), level, np.uint8)


def amount(kind, severity):
    return find_corruption(kind).amounts[severity - 1]


def change(images, kind, severity):
    return np.abs(corrupt(images, kind, severity, seed=0).astype(int) - images).mean()


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("kind", KINDS)
def test_shape_and_type_stay_and_the_input_is_left_alone(kind, shape):
    images = garments(shape=shape)
    images.flags.writeable = False
    before = images.copy()
    for severity in SEVERITIES:
        corrupted = corrupt(images, kind, severity, seed=1)
        assert corrupted.shape == images.shape
        assert corrupted.dtype == np.uint8
        assert not np.shares_memory(corrupted, images)
    assert (images == before).all()


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_seed_gives_the_same_bits_and_another_seed_other_ones(kind):
    images = garments(40)
    first, again, other = (corrupt(images, kind, 3, seed=seed) for seed in (5, 5, 6))
    assert (first == again).all()
    assert (first != other).any() == (kind in RANDOM)


@pytest.mark.parametrize(("n", "shape"), [(350, (28, 28)), (70, (31, 47, 3))])
@pytest.mark.parametrize("kind", KINDS)
def test_an_image_does_not_care_how_many_follow_it_nor_what_the_others_show(kind, n, shape):
    images = garments(n, shape)  # more than are corrupted at once
    whole = corrupt(images, kind, 4, seed=0)
    assert (corrupt(images[:10], kind, 4, seed=0) == whole[:10]).all()
    others = images[::-1].copy()
    others[-5] = images[-5]
    assert (corrupt(others, kind, 4, seed=0)[-5] == whole[-5]).all()


@pytest.mark.parametrize("kind", ["Gaussian noise", "Shot noise", "Impulse noise"])
def test_equal_images_get_different_noise(kind):
    noisy = corrupt(even(100, 700), kind, 3, seed=0)
    assert len(np.unique(noisy.reshape(700, -1), axis=0)) == 700


@pytest.mark.parametrize("kind", KINDS)
def test_the_memory_order_of_the_images_does_not_matter(kind):
    images = garments(12, (31, 47, 3))
    fortran = np.asfortranarray(images)
    assert (corrupt(fortran, kind, 3, seed=0) == corrupt(images, kind, 3, seed=0)).all()


@pytest.mark.parametrize("backdrop", [0, 255])
@pytest.mark.parametrize("shape", [(28, 28), (31, 47, 3), (64, 64)])
@pytest.mark.parametrize("kind", KINDS)
def test_a_higher_severity_changes_more(kind, shape, backdrop):
    images = garments(120, shape, backdrop=backdrop)
    if kind == "JPEG compression":  # which keeps or misses the grey of an even backdrop by luck
        images ^= np.random.default_rng(1).integers(0, 16, images.shape, dtype=np.uint8)
    changes = [change(images, kind, severity) for severity in SEVERITIES]
    assert changes[0] > 0
    if (kind, backdrop) == ("Brightness", 255):  # what is white stays so
        assert changes == sorted(changes)
    else:
        assert (np.diff(changes) > 0).all(), changes


@pytest.mark.parametrize("kind", ["Defocus blur", "Motion blur", "Glass blur", "Scale", "Rotation", "Shear", "Shift"])
@pytest.mark.parametrize("level", [0, 90, 255])
def test_an_even_image_has_nothing_to_blur_or_move(kind, level):
    images = even(level, 5)
    assert (corrupt(images, kind, 5, seed=0) == images).all()


@pytest.mark.parametrize("kind", ["Defocus blur", "Motion blur", "Shift", "Scale", "Pixelation"])
def test_lengths_grow_with_the_image(kind):
    """A picture of twice the side is changed as the small one is, but for what is finer than its pixels."""
    small = garments(60)
    large = small.repeat(2, axis=1).repeat(2, axis=2)
    of_small, of_large = (corrupt(images, kind, 5, seed=3) for images in (small, large))
    shrunk = of_large.reshape(60, 28, 2, 28, 2).mean(axis=(2, 4))
    assert np.abs(shrunk - of_small).mean() < 0.25 * np.abs(of_small.astype(int) - small).mean()


# Noise


@pytest.mark.parametrize("severity", [1, 2, 3])
def test_gaussian_noise_has_the_deviation_of_the_table(severity):
    noise = corrupt(even(128), "Gaussian noise", severity, seed=0).astype(float) - 128
    assert noise.std() == pytest.approx(amount("Gaussian noise", severity), rel=0.02)
    assert noise.mean() == pytest.approx(0, abs=1)
    assert abs(np.corrcoef(noise[:, :, 1:].ravel(), noise[:, :, :-1].ravel())[0, 1]) < 0.03


def test_gaussian_noise_is_normal_and_each_channels_own():
    coloured = corrupt(even(128, shape=(28, 28, 3)), "Gaussian noise", 1, seed=0).astype(float) - 128
    assert stats.kurtosis(coloured.ravel()) == pytest.approx(0, abs=0.05)
    assert abs(np.corrcoef(coloured[..., 0].ravel(), coloured[..., 2].ravel())[0, 1]) < 0.03


@pytest.mark.parametrize("level", [1, 60, 130])
def test_shot_noise_counts_photons_as_poisson_has_them(level):
    photons = amount("Shot noise", 2)
    seen = corrupt(even(level, 200), "Shot noise", 2, seed=0).ravel()
    counts = np.bincount(np.rint(seen.astype(float) * photons / 255).astype(int), minlength=40)
    expected = stats.poisson(level * photons / 255).pmf(np.arange(len(counts)))
    assert counts / len(seen) == pytest.approx(expected, abs=0.005)
    assert seen.mean() == pytest.approx(level, rel=0.02)


def test_shot_noise_leaves_black_alone():
    assert not corrupt(even(0), "Shot noise", 5, seed=0).any()


@pytest.mark.parametrize("severity", SEVERITIES)
def test_impulse_noise_strikes_whole_pixels_half_black_half_white(severity):
    noisy = corrupt(even(100, 100, (28, 28, 3)), "Impulse noise", severity, seed=0)
    assert (noisy == noisy[..., :1]).all()
    share = amount("Impulse noise", severity)
    for level in (0, 255):
        assert (noisy == level).mean() == pytest.approx(share / 2, rel=0.08)
    assert ((noisy == 0) | (noisy == 255) | (noisy == 100)).all()


# Blur


@pytest.mark.parametrize("severity", SEVERITIES)
def test_defocus_is_scipys_correlation_with_a_disc(severity):
    images = garments()
    kernel = disc(amount("Defocus blur", severity)).astype(float)
    expected = [ndimage.correlate(image.astype(float), kernel, mode="nearest") for image in images]
    assert np.abs(corrupt(images, "Defocus blur", severity, seed=0) - np.array(expected)).max() < 0.501


@pytest.mark.parametrize("radius", [0.3, 0.9, 2.0, 3.7])
def test_a_disc_is_round_and_has_its_radius(radius):
    kernel = disc(radius)
    assert kernel.sum() == pytest.approx(1)
    assert (kernel == kernel.T).all()
    assert (kernel == kernel[::-1]).all()
    assert kernel.max() == pytest.approx(1 / (np.pi * radius**2) if radius > 0.8 else 1, rel=0.02)


@pytest.mark.parametrize(("angle", "axis"), [(0, 1), (np.pi / 2, 0)])
def test_a_line_lies_along_its_way(angle, axis):
    kernel = line(6.0, angle)
    along, across = kernel.sum(axis=1 - axis), kernel.sum(axis=axis)
    places = np.arange(len(along)) - len(along) // 2
    assert across.max() == pytest.approx(1)
    assert (along * places).sum() == pytest.approx(0, abs=1e-6)
    assert (along * places**2).sum() == pytest.approx(6.0**2 / 12 + 1 / 6, rel=0.05)  # of a line, and of the pixels


def test_motion_blur_takes_every_direction():
    point = np.zeros((300, 28, 28), np.uint8)
    point[:, 14, 14] = 255
    blurred = corrupt(point, "Motion blur", 4, seed=0)
    assert len(np.unique(blurred.reshape(300, -1), axis=0)) == 16
    assert blurred.sum(axis=(1, 2)) == pytest.approx(np.full(300, 255), abs=12)


def test_glass_shows_each_pixel_no_farther_than_its_reach():
    edge = even(0, 30)
    edge[:, :, 14:] = 255
    reach = amount("Glass blur", 5)
    blurred = corrupt(edge, "Glass blur", 5, seed=0)
    limit = round(reach) + int(np.ceil(3 * 0.45 * reach))
    assert not blurred[:, :, : 14 - limit].any()
    assert (blurred[:, :, 14 + limit :] == 255).all()
    assert blurred[:, :, 12].std() > 10  # it is no plain blur: rows differ


def test_a_gaussian_has_its_deviation():
    kernel = gaussian(1.5)
    places = np.arange(len(kernel)) - len(kernel) // 2
    assert kernel.sum() == pytest.approx(1)
    assert (kernel * places**2).sum() ** 0.5 == pytest.approx(1.5, rel=0.03)


# Light


def test_tones_change_as_their_formulas_say():
    tones = np.arange(256, dtype=np.uint8).reshape(1, 16, 16)
    exact = tones.astype(float)
    assert (corrupt(tones, "Brightness", 2, seed=0) == np.minimum(exact + amount("Brightness", 2), 255)).all()
    expected = 255 * (exact / 255) ** amount("Gamma", 4)
    assert np.abs(corrupt(tones, "Gamma", 4, seed=0) - expected).max() <= 0.5
    kept = amount("Contrast", 3)
    assert np.abs(corrupt(tones, "Contrast", 3, seed=0) - (127.5 + kept * (exact - 127.5))).max() <= 0.5


def test_contrast_is_each_images_and_channels_own():
    images = garments(5, (28, 28, 3))
    flat = corrupt(images, "Contrast", 5, seed=0)
    assert flat.mean(axis=(1, 2)) == pytest.approx(images.mean(axis=(1, 2)), abs=0.5)


def test_full_inversion_is_the_negative_and_the_middle_is_left_out():
    images = garments(4, (31, 47, 3))
    assert (corrupt(images, "Inverted polarity", 5, seed=0) == 255 - images).all()
    shares = find_corruption("Inverted polarity").amounts
    assert min(abs(share - 0.5) for share in shares) >= 0.25


# Geometry


@pytest.mark.parametrize("severity", SEVERITIES)
def test_a_shift_is_of_whole_pixels_and_goes_every_way(severity):
    images = garments(200)
    pixels = amount("Shift", severity)
    padded = np.pad(images, ((0, 0), (pixels, pixels), (pixels, pixels)))
    ways = []
    for image, surround in zip(corrupt(images, "Shift", severity, seed=0), padded, strict=True):
        views = {
            (down, right): surround[
                pixels * (1 - down) : pixels * (1 - down) + 28, pixels * (1 - right) : pixels * (1 - right) + 28
            ]
            for down in (-1, 0, 1)
            for right in (-1, 0, 1)
        }
        ways += [way for way, view in views.items() if (view == image).all()]
    assert len(ways) == 200
    assert len(set(ways)) == 8
    assert (0, 0) not in ways


@pytest.mark.parametrize("severity", SEVERITIES)
def test_a_rotation_is_scipys_to_one_side_or_the_other(severity):
    images = garments(30)
    sides = set()
    for image, turned in zip(images, corrupt(images, "Rotation", severity, seed=0), strict=True):
        for sign in (-1, 1):
            angle = sign * amount("Rotation", severity)
            expected = ndimage.rotate(image.astype(float), angle, reshape=False, order=1, mode="grid-constant")
            if np.abs(turned - expected).max() < 0.51:
                sides.add(sign)
                break
        else:
            pytest.fail("turned to neither side")
    assert sides == {-1, 1}


@pytest.mark.parametrize("shape", [(28, 28), (31, 40)])
def test_warping_is_scipys_affine_transform(shape):
    images = np.random.default_rng(0).integers(0, 256, (4, *shape), dtype=np.uint8)
    border = np.ones(shape, bool)
    border[1:-1, 1:-1] = False
    matrix, offset = ((1.5, -0.3), (0.4, 1.4)), (1.7, -2.3)
    middle = (np.array(shape) - 1) / 2
    expected = [
        ndimage.affine_transform(
            image.astype(float),
            np.array(matrix),
            middle - np.array(matrix) @ middle + offset,
            order=1,
            mode="grid-constant",
            cval=np.rint(np.median(image[border])),
        )
        for image in images
    ]
    assert np.abs(warp(images[..., None], matrix, offset)[..., 0] - np.array(expected)).max() < 0.51


def test_a_quarter_turn_is_numpys():
    images = garments(3)[..., None]
    assert (warp(images, ((0, 1), (-1, 0))) == np.rot90(images, axes=(1, 2))).all()


def test_scale_is_about_the_middle_and_by_the_factor():
    images = even(0, 1, (65, 65))
    images[:, 12:53, 12:53] = 200
    small = corrupt(images, "Scale", 5, seed=0)
    assert small.sum() == pytest.approx(images.sum() * amount("Scale", 5) ** 2, rel=0.05)
    assert (small == small[:, ::-1, ::-1]).all()


def test_shear_keeps_rows_and_moves_them_by_their_height():
    bar = even(0, 40, (29, 29))
    bar[:, 2:27, 13:16] = 200
    slant = amount("Shear", 2)
    sheared = corrupt(bar, "Shear", 2, seed=0).astype(float)
    centres = (sheared[:, 2:27] * np.arange(29)).sum(axis=2) / sheared[:, 2:27].sum(axis=2) - 14
    slopes = np.polyfit(np.arange(-12, 13), centres.T, 1)[0]
    assert np.abs(slopes) == pytest.approx(np.full(40, slant), rel=0.02)
    assert {-1, 1} == set(np.sign(slopes))


@pytest.mark.parametrize("kind", ["Shift", "Rotation", "Scale", "Shear"])
def test_what_comes_into_the_frame_has_the_borders_colour(kind):
    images = even(0, 20, (28, 28, 3))
    images[:] = (250, 130, 10)
    images[:, 8:20, 8:20] = 60
    images[:, 0, 5] = 0  # a mark on the border that the median overlooks
    corners = corrupt(images, kind, 5, seed=0)[:, [0, 0, -1, -1], [0, -1, 0, -1]]
    assert (corners == (250, 130, 10)).all()


def test_mirroring_mirrors_a_share_and_all_of_them_in_the_end():
    images = garments(500)
    for severity in SEVERITIES:
        seen = corrupt(images, "Mirrored", severity, seed=0)
        flipped = (seen == images[:, :, ::-1]).all(axis=(1, 2))
        assert (flipped | (seen == images).all(axis=(1, 2))).all()
        assert flipped.mean() == pytest.approx(amount("Mirrored", severity), abs=0.06)
    assert flipped.all()


# Cover


@pytest.mark.parametrize("shape", [(28, 28), (28, 50, 3)])
@pytest.mark.parametrize("severity", SEVERITIES)
def test_occlusion_covers_one_square_of_one_grey(severity, shape):
    images = np.random.default_rng(0).integers(0, 256, (60, *shape), dtype=np.uint8)
    covered = corrupt(images, "Occlusion", severity, seed=0)
    side = round(28 * amount("Occlusion", severity))
    for before, after in zip(images, covered, strict=True):
        rows, columns = np.nonzero((before != after).reshape(*shape[:2], -1).any(axis=2))
        part = after[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
        assert part.shape[:2] == (side, side)
        assert (part == part.flat[0]).all()


@pytest.mark.parametrize("severity", SEVERITIES)
def test_stripes_cover_their_share_in_four_directions(severity):
    images = np.random.default_rng(0).integers(0, 256, (200, 56, 56), dtype=np.uint8)
    covered = corrupt(images, "Stripes", severity, seed=0) != images
    assert covered.mean() == pytest.approx(amount("Stripes", severity), abs=0.03)
    along = [
        covered[:, 1:] == covered[:, :-1],
        covered[:, :, 1:] == covered[:, :, :-1],
        covered[:, 1:, 1:] == covered[:, :-1, :-1],
        covered[:, 1:, :-1] == covered[:, :-1, 1:],
    ]  # a stripe goes on along its direction, but for a pixel that happens to have the stripe's grey
    alike = np.array([pairs.mean(axis=(1, 2)) for pairs in along])
    assert (alike.max(axis=0) > 0.97).all()
    assert set(alike.argmax(axis=0)) == {0, 1, 2, 3}


# Digital


@pytest.mark.parametrize("shape", [*SHAPES, (16, 24), (17, 9, 3)])
@pytest.mark.parametrize("severity", [1, 5])
def test_jpeg_is_pillows_image_by_image(severity, shape):
    images = np.random.default_rng(0).integers(0, 256, (7, *shape), dtype=np.uint8)
    images[3:] = garments(4, shape)
    expected = []
    for image in images:
        file = io.BytesIO()
        Image.fromarray(image).save(file, "JPEG", quality=amount("JPEG compression", severity), subsampling=0)
        with Image.open(file) as read:
            expected.append(np.asarray(read))
    assert (corrupt(images, "JPEG compression", severity, seed=0) == np.stack(expected)).all()


def test_the_images_that_stack_highest_fit_a_file():
    images = garments(3600, (9, 8))
    whole = corrupt(images, "JPEG compression", 3, seed=0)
    assert (corrupt(images[3400:], "JPEG compression", 3, seed=0) == whole[3400:]).all()


@pytest.mark.parametrize(("severity", "cell"), [(2, 2), (5, 4)])
def test_pixelation_shows_means_of_squares(severity, cell):
    images = garments(5)
    means = images.reshape(5, 28 // cell, cell, 28 // cell, cell).mean(axis=(2, 4), keepdims=True)
    expected = np.broadcast_to(means, (5, 28 // cell, cell, 28 // cell, cell)).reshape(5, 28, 28)
    assert np.abs(corrupt(images, "Pixelation", severity, seed=0) - expected).max() < 0.501


# The catalogue, chance and what is refused


def test_the_catalogue_is_in_order():
    assert SEVERITIES == (1, 2, 3, 4, 5)
    assert len(set(KINDS)) == len(KINDS) == 19
    assert {corruption.group for corruption in CORRUPTIONS} == {
        "noise",
        "blur",
        "light",
        "geometry",
        "cover",
        "digital",
    }
    for corruption in CORRUPTIONS:
        steps = np.diff(corruption.amounts)
        assert len(corruption.amounts) == 5
        assert (steps > 0).all() or (steps < 0).all()
        assert find_corruption(corruption.name) is corruption


def test_a_corruption_may_be_ones_own():
    def blackened(images, level, _chance):
        return np.minimum(images, np.uint8(level))

    own = Corruption("Ceiling", "light", blackened, (200, 150, 100, 50, 0), "highest grey level")
    assert corrupt(even(255), own, 2, seed=0).max() == 150


@settings(max_examples=40)
@given(
    start=st.integers(0, 2000),
    n=st.integers(1, 20),
    shape=st.lists(st.integers(1, 7), min_size=1, max_size=3),
    seed=st.integers(0, 2**40),
)
def test_chance_is_a_matter_of_place_alone(start, n, shape, seed):
    part, whole = Chance(seed, start, n), Chance(seed, 0, start + n)
    assert (part.words("x", *shape) == whole.words("x", *shape)[start:]).all()
    assert (part.shares("x", *shape) == whole.shares("x", *shape)[start:]).all()
    assert (part.choices("x", 5) == whole.choices("x", 5)[start:]).all()


def test_chance_is_even_and_differs_by_purpose():
    chance = Chance(0, 0, 5000)
    assert chance.words("a", 9).mean() == pytest.approx(32767.5, rel=0.01)
    assert chance.shares("a", 9).std() == pytest.approx(12**-0.5, rel=0.01)
    assert np.bincount(chance.choices("a", 8)) / 5000 == pytest.approx(np.full(8, 1 / 8), abs=0.02)
    assert (chance.words("a", 9) != chance.words("b", 9)).mean() > 0.99


def test_no_images_are_no_trouble():
    assert corrupt(np.zeros((0, 28, 28, 3), np.uint8), "Rotation", 1, seed=0).shape == (0, 28, 28, 3)


@pytest.mark.parametrize(
    ("images", "found"),
    [
        (np.zeros((2, 28, 28), np.float32), "float32"),
        (np.zeros((28, 28), np.uint8), r"\(28, 28\)"),
        (np.zeros((2, 28, 28, 4), np.uint8), r"\(2, 28, 28, 4\)"),
        (np.zeros((2, 28, 7), np.uint8), r"\(2, 28, 7\)"),
        (np.zeros(5, np.uint8), r"\(5,\)"),
    ],
)
def test_what_is_no_array_of_images_is_refused(images, found):
    with pytest.raises(UsageError, match=f"images are uint8 of shape.*but got.*{found}"):
        corrupt(images, "Shift", 1, seed=0)


@pytest.mark.parametrize("severity", [0, 6, -1])
def test_a_severity_that_there_is_not_is_refused(severity):
    with pytest.raises(UsageError, match=f"1, 2, 3, 4 or 5, but got {severity}"):
        corrupt(even(0), "Shift", severity, seed=0)


def test_an_unknown_kind_is_refused_and_those_there_are_named():
    with pytest.raises(UsageError, match=r"no corruption 'Fog'.*Gaussian noise, .*Pixelation"):
        corrupt(even(0), "Fog", 1, seed=0)
