"""One picture: what decoding makes of each kind."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from fashion_classifier.data.dataset import ImageShape
from fashion_classifier.data.pictures import read_picture, to_array
from fashion_classifier.errors import DataError

GREY = np.arange(0, 240, 20, dtype=np.uint8).reshape(3, 4)
COLOUR = np.stack([GREY, GREY[::-1], 255 - GREY], axis=2)


def encoded(picture: Image.Image | np.ndarray, form: str = "PNG", **settings) -> bytes:
    picture = Image.fromarray(picture) if isinstance(picture, np.ndarray) else picture
    content = io.BytesIO()
    picture.save(content, form, **settings)
    return content.getvalue()


@pytest.mark.parametrize(("array", "mode"), [(GREY, "L"), (COLOUR, "RGB")])
def test_grey_and_colour_are_read_as_they_are(tmp_path: Path, array: np.ndarray, mode: str):
    (tmp_path / "x.png").write_bytes(encoded(array))
    for source in (tmp_path / "x.png", encoded(array)):
        picture = read_picture(source)
        assert picture.mode == mode
        np.testing.assert_array_equal(np.asarray(picture), array)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("form", ["PNG", "JPEG", "TIFF", "WEBP"])
def test_exif_orientation_is_applied_once(orientation: int, form: str):
    """The corner that is white is upper left once the picture stands upright."""
    upright = np.zeros((16, 24), np.uint8)
    upright[:8, :8] = 255
    stored = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.T,
        6: upright.T[::-1],
        7: upright.T[::-1, ::-1],
        8: upright.T[:, ::-1],
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture = read_picture(encoded(np.ascontiguousarray(stored), form, exif=exif))
    assert picture.size == (24, 16)
    assert np.abs(np.asarray(picture.convert("L")).astype(int) - upright).max() < 10


def test_transparency_is_laid_over_white():
    alpha = np.dstack([np.full((1, 3, 3), 100), [[0, 51, 255]]]).astype(np.uint8)
    pixels = np.asarray(read_picture(encoded(alpha)))
    np.testing.assert_array_equal(pixels[0, :, 0], [255, 224, 100])


def test_grey_with_transparency_stays_neutral():
    pixels = np.asarray(
        read_picture(encoded(Image.merge("LA", [Image.new("L", (1, 1), 100), Image.new("L", (1, 1), 0)])))
    )
    assert set(pixels.ravel().tolist()) == {255}


def test_a_palette_is_looked_up():
    picture = Image.fromarray(COLOUR).quantize(12)
    np.testing.assert_array_equal(np.asarray(read_picture(encoded(picture))), np.asarray(picture.convert("RGB")))


def test_a_transparent_palette_entry_becomes_white():
    picture = Image.new("P", (2, 1))
    picture.putpalette([10, 20, 30, 40, 50, 60])
    picture.putpixel((1, 0), 1)
    pixels = np.asarray(read_picture(encoded(picture, "PNG", transparency=1)))
    assert pixels.tolist() == [[[10, 20, 30], [255, 255, 255]]]


@pytest.mark.parametrize("form", ["PNG", "TIFF"])
def test_16_bits_are_scaled_not_clipped(form: str):
    levels = np.array([[0, 128, 129, 257, 32_768, 65_535]], dtype=np.uint16)
    pixels = np.asarray(read_picture(encoded(Image.fromarray(levels), form)))
    assert pixels.tolist() == [[0, 0, 1, 1, 128, 255]]


def test_one_bit_becomes_black_and_white():
    picture = Image.fromarray(np.array([[0, 255]], np.uint8)).convert("1")
    assert np.asarray(read_picture(encoded(picture))).tolist() == [[0, 255]]


def test_cmyk_becomes_rgb():
    picture = Image.new("CMYK", (8, 8), (0, 255, 255, 0))
    pixels = np.asarray(read_picture(encoded(picture, "JPEG", quality=100)))
    assert np.abs(pixels.astype(int) - [255, 0, 0]).max() < 6


def test_an_animation_gives_its_first_frame():
    frames = [Image.new("L", (2, 2), level) for level in (10, 200)]
    content = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert set(np.asarray(read_picture(content).convert("L")).ravel().tolist()) == {10}


def test_pixels_of_no_agreed_range_are_refused():
    with pytest.raises(DataError) as caught:
        read_picture(encoded(Image.fromarray(np.zeros((2, 2), np.float32)), "TIFF"), place="row 3")
    assert str(caught.value) == (
        "row 3: the picture cannot be read (32 bits a pixel, of which it is not known what is black and what white). "
        "Replace or remove it."
    )


def test_a_picture_from_memory_has_a_name_in_messages():
    with pytest.raises(DataError, match=r"^picture: this is no picture in a known format"):
        read_picture(b"")


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
def test_broken_exif_leaves_the_picture_as_it_is():
    content = encoded(COLOUR, "JPEG", exif=b"Exif\x00\x00MM\x00*\x00\x00\x00\x08\xff\xff")
    assert read_picture(content).size == (4, 3)


class TestToArray:
    @pytest.mark.parametrize(
        ("array", "channels", "shape"),
        [(GREY, 1, (3, 4)), (GREY, 3, (3, 4, 3)), (COLOUR, 1, (3, 4)), (COLOUR, 3, (3, 4, 3))],
    )
    def test_channels_are_as_wanted(self, array: np.ndarray, channels: int, shape: tuple[int, ...]):
        result = to_array(Image.fromarray(array), ImageShape(3, 4, channels))
        assert result.shape == shape
        assert result.dtype == np.uint8
        if channels == 3 and array is GREY:
            np.testing.assert_array_equal(result, np.stack([GREY] * 3, axis=2))

    def test_the_result_is_its_own_memory(self):
        picture = Image.fromarray(GREY)
        to_array(picture, ImageShape(3, 4, 1))[:] = 0
        np.testing.assert_array_equal(np.asarray(picture), GREY)

    def test_shrinking_averages(self):
        """A fine chequer becomes even grey, which it would not without antialiasing."""
        chequer = (np.indices((64, 64)).sum(axis=0) % 2 * 255).astype(np.uint8)
        shrunk = to_array(Image.fromarray(chequer), ImageShape(8, 8, 1))
        assert np.abs(shrunk.astype(int) - 127).max() <= 1

    def test_height_comes_before_width(self):
        assert to_array(Image.fromarray(GREY), ImageShape(7, 5, 1)).shape == (7, 5)


def test_a_large_jpeg_is_decoded_smaller_but_looks_the_same():
    ramp = np.tile(np.linspace(0, 255, 1600).astype(np.uint8), (1200, 1))
    content = encoded(ramp, "JPEG")
    shape = ImageShape(48, 64, 1)
    small, full = read_picture(content, near=(48, 64)), read_picture(content)
    assert small.width < full.width
    assert np.abs(to_array(small, shape).astype(int) - to_array(full, shape)).max() <= 3


def test_pictures_may_be_read_in_several_threads():
    contents = [encoded(GREY + shift) for shift in range(15)] * 8
    with ThreadPoolExecutor(4) as pool:
        for content, picture in zip(contents, pool.map(read_picture, contents), strict=True):
            np.testing.assert_array_equal(np.asarray(picture), np.asarray(Image.open(io.BytesIO(content))))


PICTURES = [encoded(COLOUR, form) for form in ("PNG", "JPEG", "WEBP", "GIF", "BMP")]


@given(
    content=st.sampled_from(PICTURES),
    changes=st.lists(st.tuples(st.integers(0, 700), st.binary(max_size=3)), max_size=5),
)
def test_damaged_pictures_end_in_a_picture_or_in_a_fault(content: bytes, changes: list[tuple[int, bytes]]):
    damaged = bytearray(content)
    for position, replacement in changes:
        damaged[position : position + 2] = replacement
    try:
        picture = read_picture(bytes(damaged))
    except DataError as error:
        assert str(error).startswith("picture: ")  # noqa: PT017 - both outcomes are right
    else:
        assert picture.mode in ("L", "RGB")


def test_a_png_of_noise_is_a_fault_whatever_size_it_is_wanted_in():
    file = io.BytesIO()
    Image.fromarray(np.zeros((28, 28), np.uint8)).save(file, "PNG")
    content = bytearray(file.getvalue())
    place = content.index(b"IDAT") + 4
    content[place : place + 8] = b"no zlib!"
    for near in (None, (28, 28)):
        with pytest.raises(DataError):
            read_picture(bytes(content), near=near)


def test_fewer_pixels_may_be_allowed():
    file = io.BytesIO()
    Image.fromarray(np.zeros((30, 30), np.uint8)).save(file, "PNG")
    with pytest.raises(DataError, match=r"30x30 pixels; at most 0\.0008 megapixels"):
        read_picture(file.getvalue(), max_pixels=800)
