"""How a picture lies, by its EXIF data, and what turns it upright."""

from __future__ import annotations

from PIL import ExifTags, Image

SIDEWAYS = frozenset({5, 6, 7, 8})  # orientations that swap height and width
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def orientation(picture: Image.Image) -> int:
    """Return the EXIF orientation, 1 to 8; EXIF that cannot be read says nothing, which is 1."""
    try:
        return int(picture.getexif().get(ExifTags.Base.Orientation, 1))
    except (ArithmeticError, AttributeError, LookupError, OSError, SyntaxError, TypeError, ValueError):
        return 1
