"""Which files may be decoded in the server itself: small PNG files with nothing in them but pixels."""

from __future__ import annotations

import struct

SIGNATURE = b"\x89PNG\r\n\x1a\n"
LARGEST_FILE = 16 << 10  # bytes
MOST_PIXELS = 128 * 128
KNOWN = frozenset({b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND", b"pHYs", b"gAMA", b"sRGB", b"cHRM", b"tIME"})
MOST_CHUNKS = 24


def is_small_and_plain(content: bytes, size: tuple[int, int] | None = None) -> bool:
    """Tell whether decoding a file takes a fraction of a millisecond and a few kilobytes whatever is in it.

    Small, with few pixels by its header, and with no chunk beyond pixels, palette and sizes, as texts, profiles and
    EXIF are compressed or parsed. Everything else is decoded by a process that may be ended.

    Parameters
    ----------
    content
        The file's bytes.
    size
        Width and height that it must have; None for any.

    Examples
    --------
    >>> is_small_and_plain(b"GIF89a")
    False
    """
    if len(content) > LARGEST_FILE or content[:8] != SIGNATURE or content[8:16] != b"\x00\x00\x00\rIHDR":
        return False
    if len(content) < 33:
        return False
    width, height = struct.unpack_from(">II", content, 16)
    if not 0 < width * height <= MOST_PIXELS or (size is not None and (width, height) != size):
        return False
    place = 8
    for _ in range(MOST_CHUNKS):
        if place + 8 > len(content):
            return True
        (length,) = struct.unpack_from(">I", content, place)
        if content[place + 4 : place + 8] not in KNOWN:
            return False
        place += length + 12
    return False
