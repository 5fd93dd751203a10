"""A picture's file, read within limits: in files that are made to do harm Pillow would be busy for minutes.

No picture that a camera or a program writes comes near them: it is opened in milliseconds, by some hundred readings.
"""

from __future__ import annotations

import io
import struct
import time
from collections.abc import Iterator
from pathlib import Path

from PIL import Image
from PIL.TiffImagePlugin import STRIPOFFSETS, TILEOFFSETS

MAX_OPENING_S = 1.0  # of the processor's time
MAX_READINGS = 500_000
WATCH_EVERY = 64  # readings
MAX_OTHER_BYTES = 64_000_000  # that are read beside the pixels
MAX_PIXEL_BYTES = 12  # that are read for each pixel; 8 are those of 16 bits and four channels
MAX_PASSED = 2_000_000_000  # pixels over which a JPEG's passes go, which is 30 passes over the largest; 10 are usual
PASS_PIXELS = 1_000_000  # in whose time a pass over the smallest JPEG is begun and ended
MAX_PIECES = 100_000  # strips or tiles of a TIFF
_PIECES = (STRIPOFFSETS, TILEOFFSETS)
_PASS = b"\xff\xda"  # begins one, and is nowhere among the pixels


class PictureFile(io.BufferedReader):
    """A picture's file, or its bytes; reading beyond the limits raises ValueError.

    Parameters
    ----------
    source
        The file, or its bytes.
    """

    def __init__(self, source: Path | bytes) -> None:
        super().__init__(io.BytesIO(source) if isinstance(source, bytes) else source.open("rb", buffering=0))
        self._until: float | None = time.thread_time() + MAX_OPENING_S
        self._bytes_left = MAX_OTHER_BYTES
        self._n_readings = self._n_passes = 0
        self._most_passes: int | None = None

    def check_pieces(self) -> None:
        """Refuse a TIFF of too many strips or tiles: Pillow makes an object of each in opening it.

        Raises
        ------
        ValueError
            If there are too many.
        """
        n = max(_numbers_of_pieces(self), default=0)
        self.seek(0)
        if n > MAX_PIECES:
            raise ValueError(f"it consists of {n:,} strips or tiles; at most {MAX_PIECES:,} are read")

    def expect_pixels(self, picture: Image.Image) -> None:
        """Set the limits anew for decoding what has been opened."""
        n_pixels = picture.width * picture.height
        self._until = None
        self._bytes_left += MAX_PIXEL_BYTES * n_pixels
        if picture.format in ("JPEG", "MPO"):
            self._most_passes = MAX_PASSED // (n_pixels + PASS_PIXELS)

    def read(self, size: int | None = -1, /) -> bytes:
        """Read as any file does."""
        self._n_readings += 1
        if self._n_readings % WATCH_EVERY == 0:
            self._check_work()
        content = super().read(self._bytes_left + 1 if size is None or size < 0 else size)
        self._bytes_left -= len(content)
        if self._bytes_left < 0:
            raise ValueError("it holds far too much beside its pixels")
        if self._most_passes is not None:
            self._n_passes += content.count(_PASS)
            if self._n_passes > self._most_passes:
                raise ValueError(f"its pixels come in more than {self._most_passes:,} passes")
        return content

    def _check_work(self) -> None:
        """Check that it has not been read from for too long, or too often."""
        if self._until is not None and time.thread_time() > self._until:
            raise ValueError("it takes too long to be opened")
        if self._n_readings > MAX_READINGS:
            raise ValueError("it consists of far too many parts")


def _numbers_of_pieces(file: PictureFile) -> Iterator[int]:
    """Yield how many strips and tiles a TIFF's first directory announces; nothing for what is no TIFF."""
    head = file.read(16)
    order = {b"II": "<", b"MM": ">"}.get(head[:2])
    if order is None or len(head) < 16:
        return
    begin, length, entry = ("8xQ", "Q", "HHQ8x") if head[2] == 43 else ("4xI", "H", "HHI4x")  # 43 stands for BigTIFF
    file.seek(*struct.unpack_from(order + begin, head))
    n_bytes = struct.calcsize(order + entry)
    n_entries = int.from_bytes(file.read(struct.calcsize(length)), "little" if order == "<" else "big")
    directory = file.read(min(n_entries, MAX_READINGS) * n_bytes)
    for tag, _, n_pieces in struct.iter_unpack(order + entry, directory[: len(directory) // n_bytes * n_bytes]):
        if tag in _PIECES:
            yield n_pieces
