"""What decoding a picture takes in memory, estimated before it is decoded."""

from __future__ import annotations

from PIL import Image
from PIL.TiffImagePlugin import TILELENGTH, TILEWIDTH, TiffImageFile

from fashion_classifier.data.picture_orientation import TURNS, orientation

MAX_BYTES = 400_000_000  # that decoding one picture and bringing it to grey or RGB may take, as estimated here
# Bytes a pixel that a format's decoder takes beside the pixels themselves, measured with Pillow 13: libwebp keeps two
# canvases and hands out a third; libtiff hands out whole strips or tiles, which may be larger than the picture.
_DECODER_BYTES = {"WEBP": 14, "TIFF": 4}
_COEFFICIENT_BYTES = 2  # of each sample of a JPEG in several passes, all of which are kept until its end
_ROW_BYTES = 24  # beside its pixels: where it begins, and up to three bytes that fill it up; twice, when it is changed


def check_before_decoding(picture: Image.Image) -> None:
    """Refuse what takes too much memory whatever is wanted; a JPEG may be decoded at a fraction of its size.

    Raises
    ------
    ValueError
        If it is too much.
    """
    if picture.format == "JPEG":  # of which nobody can tell by its header whether it comes in several passes
        _check(picture.width * picture.height * len(picture.getbands()) * _COEFFICIENT_BYTES, picture)
    else:
        check_decoding(picture)


def check_decoding(picture: Image.Image) -> None:
    """Refuse a picture whose decoding, as it is now wanted, would take too much memory.

    Raises
    ------
    ValueError
        If it is too much.
    """
    n_pixels = picture.width * picture.height
    decoder = _DECODER_BYTES.get(picture.format or "", 0) * max(n_pixels, _tile_pixels(picture))
    _check(n_pixels * _bytes_per_pixel(picture) + decoder + picture.height * _ROW_BYTES, picture)


def _bytes_per_pixel(picture: Image.Image) -> int:
    """Estimate what a pixel of an opened picture takes until it is grey or RGB and stands upright."""
    stored = {"1": 1, "I": 4, "F": 4}.get(
        picture.mode, 2 if picture.mode.startswith("I;16") else len(picture.getbands())
    )
    plainly = picture.mode in ("L", "RGB") and "transparency" not in picture.info
    result = 1 if picture.mode in ("1", "L", "I;16") else 3
    turned = picture.format in ("JPEG", "TIFF", "WEBP") and orientation(picture) in TURNS
    coefficients = len(picture.getbands()) * _COEFFICIENT_BYTES if picture.info.get("progressive") else 0
    return stored + coefficients + result * ((not plainly) + turned)


def _tile_pixels(picture: Image.Image) -> int:
    """Return the pixels of one tile of a TIFF, 0 where there are none."""
    if not isinstance(picture, TiffImageFile):
        return 0
    sides = [picture.tag_v2.get(tag, 0) for tag in (TILEWIDTH, TILELENGTH)]
    return int(sides[0] * sides[1]) if all(isinstance(side, int) for side in sides) else 0


def _check(n_bytes: int, picture: Image.Image) -> None:
    """Refuse a picture whose decoding would take too much memory."""
    if n_bytes > MAX_BYTES:
        raise ValueError(
            f"its {picture.height}x{picture.width} pixels, as {picture.format} in mode {picture.mode}, take about "
            f"{n_bytes / 1e6:,.0f} MB to decode; at most {MAX_BYTES / 1e6:,.0f} MB are taken"
        )
