"""An IDX file of images, raw or gzipped, read some thousand images at a time."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import BinaryIO, Self

import numpy as np

from fashion_classifier.data.dataset import ImageShape
from fashion_classifier.data.idx_files import read_header
from fashion_classifier.data.streams.blocks import (
    LARGEST_IMAGE,
    Block,
    PixelFile,
    block_of_array,
    failed,
    rows_at_a_time,
)
from fashion_classifier.errors import FaultList

GZIP_MAGIC = b"\x1f\x8b"
IDX_MAGIC = b"\0\0\x08"
_DOWNLOAD_AGAIN = "Download or copy the file again."


@dataclass(frozen=True)
class IdxStream(PixelFile):
    """An IDX file of images; labels lie in a file of their own, which need not be there."""

    @classmethod
    def of(cls, path: Path) -> Self:
        """Look at the header, for the number of images."""
        n = 1
        try:
            with opened(path) as stream:
                shape = read_header(stream, "images", str(path), FaultList())
                n = 1 if shape is None else shape[0]
        except (OSError, EOFError, zlib.error):  # which reading will tell
            n = 1
        return cls(path, n, labelled=False)

    def blocks(self, shape: ImageShape) -> Iterator[Block]:
        """Read the images; see `PixelFile.blocks`."""
        try:
            with opened(self.path) as stream:
                yield from self._read(stream, shape)
        except EOFError:
            problem = "the gzip stream ends too early; the file was not copied whole"
            yield failed(self.path, f"{self.path}: {problem}. {_DOWNLOAD_AGAIN}", shape)
        except (gzip.BadGzipFile, zlib.error):
            yield failed(self.path, f"{self.path}: the gzip stream is damaged. {_DOWNLOAD_AGAIN}", shape)
        except OSError as error:
            yield failed(self.path, f"{self.path}: the file cannot be read ({error.strerror or error})", shape)

    def _read(self, stream: BinaryIO, shape: ImageShape) -> Iterator[Block]:
        """Read an opened file."""
        faults = FaultList()
        axes = read_header(stream, "images", str(self.path), faults)
        if axes is None:
            yield failed(self.path, faults.faults[0], shape)
            return
        n, row_bytes = axes[0], prod(axes[1:])
        announced = f"{self.path}: the header announces {' x '.join(f'{length:,}' for length in axes)} bytes"
        if row_bytes > LARGEST_IMAGE:
            yield failed(self.path, f"{announced}; an image of that size is not read. Use smaller images.", shape)
            return
        done, at_a_time = 0, rows_at_a_time(row_bytes)
        while done < n:
            content = stream.read(min(at_a_time, n - done) * row_bytes)
            rows = len(content) // row_bytes
            array = np.frombuffer(content, np.uint8, rows * row_bytes).reshape(rows, *axes[1:])
            if rows:
                yield block_of_array(self.path, done + 1, array, shape)
            done += rows
            if len(content) % row_bytes or not content:
                yield failed(self.path, f"{announced}, but only {done:,} images follow. {_DOWNLOAD_AGAIN}", shape)
                return
        if stream.read(1):
            yield failed(self.path, f"{announced}, but more follow. {_DOWNLOAD_AGAIN}", shape)


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """Open a file, through gzip where it is zipped."""
    with path.open("rb") as raw:
        zipped = raw.read(2) == GZIP_MAGIC
        raw.seek(0)
        if not zipped:
            yield raw
            return
        with gzip.GzipFile(fileobj=raw) as stream:
            yield stream  # type: ignore[misc]  # which reads as a file does
