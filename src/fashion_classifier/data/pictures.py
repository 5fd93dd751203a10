"""One picture: decoded under limits, upright, on white, as grey or RGB, and brought to an image shape.

Loading folders and predicting on photographs both go through `read_picture` and `to_array`.
"""

from __future__ import annotations

import io
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

from fashion_classifier.data.dataset import ImageShape
from fashion_classifier.errors import DataError, Fault

MAX_PIXELS = 64_000_000
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF")
SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff"})
REDUCING_GAP = 3.0  # how much larger than wanted a picture stays in the cheap first step of shrinking it
_REDUCED = frozenset({"JPEG", "MPO"})  # formats that can be decoded at a fraction of their size
_SIDEWAYS = frozenset({5, 6, 7, 8})  # EXIF orientations that swap height and width

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
        If it is none of these formats, damaged, or has too many pixels.
    """
    with opened_picture(source, place, max_pixels) as picture:
        if near is not None and picture.format in _REDUCED:  # asking a damaged PNG for EXIF would hide its damage
            height, width = near if _orientation(picture) not in _SIDEWAYS else near[::-1]
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
        with Image.open(io.BytesIO(source) if isinstance(source, bytes) else source, formats=FORMATS) as picture:
            if picture.width * picture.height > max_pixels:
                _refuse_size(place, f"{picture.height}x{picture.width} pixels", max_pixels)
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
        If its pixels have no agreed range.
    """
    picture.load()
    if (picture.info or picture.format == "TIFF") and _orientation(picture) != 1:
        picture = ImageOps.exif_transpose(picture)
    if picture.mode.startswith("I;16"):
        levels = np.asarray(picture).astype(np.uint32)
        return Image.fromarray(((levels * 255 + 32767) // 65535).astype(np.uint8))
    if picture.mode in ("I", "F"):
        raise ValueError("32 bits a pixel, of which it is not known what is black and what white")
    if picture.has_transparency_data:
        white = Image.new("RGBA", picture.size, "white")
        return Image.alpha_composite(white, picture.convert("RGBA")).convert("RGB")
    if picture.mode in ("L", "RGB"):
        return picture
    return picture.convert("L" if picture.mode == "1" else "RGB")


def upright_size(picture: Image.Image) -> tuple[int, int]:
    """Return the height and width that an opened picture will have, mostly without decoding it."""
    # PIL would decode a PNG to look for EXIF after the pixels, and has turned a TIFF's size already.
    turned = picture.format not in ("PNG", "TIFF") and _orientation(picture) in _SIDEWAYS
    return (picture.width, picture.height) if turned else (picture.height, picture.width)


def _orientation(picture: Image.Image) -> int:
    """Return the EXIF orientation, 1 to 8; EXIF that cannot be read says nothing, which is 1."""
    try:
        return int(picture.getexif().get(ExifTags.Base.Orientation, 1))
    except (ArithmeticError, AttributeError, LookupError, OSError, SyntaxError, TypeError, ValueError):
        return 1


def _check_ordinary(path: Path, place: str) -> None:
    """Refuse what would be waited for without end, such as a pipe."""
    if not stat.S_ISREG(path.stat().st_mode):
        raise DataError(Fault(place, "this is no ordinary file", "Replace or remove it"))


def _refuse_size(place: str, found: str, max_pixels: int) -> NoReturn:
    """Refuse a picture that is too large to decode."""
    problem = f"the picture has {found}; at most {max_pixels / 1e6:g} megapixels are decoded"
    raise DataError(Fault(place, problem, "Shrink the picture"))


def _reason(error: Exception) -> str:
    """Say in one line why a picture could not be read."""
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return " ".join(text.split()) or type(error).__name__
