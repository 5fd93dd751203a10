"""One picture: decoded under limits, upright, on white, as grey or RGB, and brought to an image shape.

Loading folders and predicting on photographs both go through `read_picture` and `to_array`.
"""

from __future__ import annotations

import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from fashion_classifier.data.dataset import ImageShape
from fashion_classifier.data.picture_file import PictureFile
from fashion_classifier.data.picture_memory import check_before_decoding, check_decoding
from fashion_classifier.data.picture_orientation import SIDEWAYS, TURNS, orientation
from fashion_classifier.errors import DataError, Fault

MAX_PIXELS = 64_000_000
STRIP_PIXELS = 2_000_000  # that are brought to grey or RGB at a time
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF")
SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff"})
REDUCING_GAP = 3.0  # how much larger than wanted a picture stays in the cheap first step of shrinking it
_REDUCED = frozenset({"JPEG", "MPO"})  # formats that can be decoded at a fraction of their size
PictureSource = Path | bytes
Pixels = NDArray[np.uint8]  # (height, width) grey, or (height, width, 3) colour


def read_picture(
    source: PictureSource,
    *,
    place: str | None = None,
    near: tuple[int, int] | None = None,
    max_pixels: int = MAX_PIXELS,
) -> Image.Image:
    """Decode a picture: its first frame, upright as EXIF says, transparency over white.

    Parameters
    ----------
    source
        A PNG, JPEG, WebP, GIF, BMP or TIFF file, or its bytes.
    place
        What to call it in a message; the path by default.
    near
        Height and width to which it will be brought; a large JPEG is then decoded at a fraction of its size.
        To have the same pixels as in loading, give the size of the data's images.
    max_pixels
        How many it may have at most.

    Returns
    -------
    PIL.Image.Image
        In mode "L" or "RGB"; 16 bits are scaled to 8.

    Raises
    ------
    DataError
        If it is none of these formats, damaged, has too many pixels, or would take more than 400 MB.
    """
    with opened_picture(source, place, max_pixels) as picture:
        if near is not None and picture.format in _REDUCED:  # asking a damaged PNG for EXIF would hide its damage
            height, width = near if orientation(picture) not in SIDEWAYS else near[::-1]
            picture.draft(None, (round(width * REDUCING_GAP), round(height * REDUCING_GAP)))
        return plain(picture)


def to_array(picture: Image.Image, shape: ImageShape) -> Pixels:
    """Bring a picture to an image shape, stretching it if its proportions differ.

    Parameters
    ----------
    picture
        As `read_picture` gives it.
    shape
        Height, width and channels wanted.

    Returns
    -------
    numpy.ndarray
        uint8 array of shape (height, width) for one channel, (height, width, 3) for three.
    """
    mode = "L" if shape.channels == 1 else "RGB"
    if picture.mode != mode:
        picture = picture.convert(mode)
    if picture.size != (shape.width, shape.height):
        size = (shape.width, shape.height)
        picture = picture.resize(size, Image.Resampling.LANCZOS, reducing_gap=REDUCING_GAP)
    return np.array(picture)


@contextmanager
def opened_picture(
    source: PictureSource, place: str | None = None, max_pixels: int = MAX_PIXELS
) -> Iterator[Image.Image]:
    """Open a picture without decoding it; what goes wrong here or while it is open is a `DataError`.

    Parameters
    ----------
    source, place, max_pixels
        As for `read_picture`.
    """
    place = place or (str(source) if isinstance(source, Path) else "picture")
    try:
        if isinstance(source, Path):
            _check_ordinary(source, place)
        with PictureFile(source) as file:
            file.check_pieces()
            with Image.open(file, formats=FORMATS) as picture:
                if picture.width * picture.height > max_pixels:
                    _refuse_size(place, f"{picture.height}x{picture.width} pixels", max_pixels)
                check_before_decoding(picture)
                file.expect_pixels(picture)
                yield picture
    except DataError:
        raise
    except UnidentifiedImageError as error:
        problem = f"this is no picture in a known format ({', '.join(FORMATS)})"
        raise DataError(Fault(place, problem, "Replace or remove it")) from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        _refuse_size(place, "far too many pixels", max_pixels)
    except Exception as error:  # on damaged files decoders raise almost anything
        problem = f"the picture cannot be read ({_reason(error)})"
        raise DataError(Fault(place, problem, "Replace or remove it")) from error


def plain(picture: Image.Image) -> Image.Image:
    """Decode an opened picture and bring it, upright and on white, to mode "L" or "RGB".

    Raises
    ------
    ValueError
        If its pixels have no agreed range, or decoding it would take too much memory.
    """
    check_decoding(picture)
    picture.load()
    turn = TURNS.get(orientation(picture)) if picture.info or picture.format == "TIFF" else None
    levels = _grey_or_colour(picture)
    return levels if turn is None else levels.transpose(turn)


def _grey_or_colour(picture: Image.Image) -> Image.Image:
    """Bring a decoded picture to mode "L" or "RGB", a strip at a time, so that a large one is not there three times."""
    if picture.mode in ("I", "F"):
        raise ValueError("32 bits a pixel, of which it is not known what is black and what white")
    convert = _converter(picture)
    if convert is None:
        return picture
    width, height = picture.size
    rows = max(1, STRIP_PIXELS // width)
    if rows >= height:
        return convert(picture)
    whole: Image.Image | None = None
    for top in range(0, height, rows):
        strip = convert(picture.crop((0, top, width, min(height, top + rows))))
        whole = whole or Image.new(strip.mode, picture.size)
        whole.paste(strip, (0, top))
    assert whole is not None
    return whole


def _converter(picture: Image.Image) -> Callable[[Image.Image], Image.Image] | None:
    """Return what makes grey or colour of a strip of a picture; None where it is that already."""
    if picture.mode.startswith("I;16"):
        return _eight_bits
    if picture.has_transparency_data:
        return _on_white
    if picture.mode in ("L", "RGB"):
        return None
    mode = "L" if picture.mode == "1" else "RGB"
    return lambda strip: strip.convert(mode)


def _eight_bits(strip: Image.Image) -> Image.Image:
    """Scale 16 bits to 8."""
    levels = np.asarray(strip).astype(np.uint32)
    return Image.fromarray(((levels * 255 + 32767) // 65535).astype(np.uint8))


def _on_white(strip: Image.Image) -> Image.Image:
    """Lay what is transparent over white."""
    white = Image.new("RGBA", strip.size, "white")
    return Image.alpha_composite(white, strip.convert("RGBA")).convert("RGB")


def upright_size(picture: Image.Image) -> tuple[int, int]:
    """Return the height and width that an opened picture will have, mostly without decoding it."""
    # PIL would decode a PNG to look for EXIF after the pixels, and has turned a TIFF's size already.
    turned = picture.format not in ("PNG", "TIFF") and orientation(picture) in SIDEWAYS
    return (picture.width, picture.height) if turned else (picture.height, picture.width)


def _check_ordinary(path: Path, place: str) -> None:
    """Refuse what has no pixels, and would be waited for without end if it is a pipe."""
    mode = path.stat().st_mode
    if stat.S_ISDIR(mode):  # those that can be listed are never read as pictures
        raise DataError(Fault(place, "this folder cannot be listed", "Give leave to read it"))
    if not stat.S_ISREG(mode):
        raise DataError(Fault(place, "this is no ordinary file", "Replace or remove it"))


def _refuse_size(place: str, found: str, max_pixels: int) -> NoReturn:
    """Refuse a picture that is too large to decode."""
    problem = f"the picture has {found}; at most {max_pixels / 1e6:g} megapixels are decoded"
    raise DataError(Fault(place, problem, "Shrink the picture"))


def _reason(error: Exception) -> str:
    """Say in one line why a picture could not be read."""
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return " ".join(text.split()) or type(error).__name__
