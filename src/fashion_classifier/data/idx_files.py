"""IDX files, as MNIST and Fashion-MNIST are published: a magic number, lengths, then raw bytes.

References
----------
LeCun, Cortes, Burges: The MNIST database, "File formats"; the byte order is big-endian.
"""

from __future__ import annotations

import gzip
import re
import zlib
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import BinaryIO, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from fashion_classifier.data.labels import LabelColumn
from fashion_classifier.data.pixels import MAX_IMAGE_BYTES
from fashion_classifier.data.raw import RawCollection
from fashion_classifier.data.reading import SPLITS, FoundPart, Listing, ReadOptions, Source, Split, collect
from fashion_classifier.errors import FaultList, UsageError
from fashion_classifier.limits import check_room
from fashion_classifier.progress import Progress, silent

_NAME = re.compile(
    r"(?P<prefix>.*?)(?P<split>train|t10k|test|val|valid|validation)-(?P<kind>images|labels)[-.]idx\d-ubyte(?P<gz>\.gz)?",
    re.IGNORECASE,
)
_SPLITS: dict[str, Split] = {"train": "training", "t10k": "test", "test": "test"}
_UNSIGNED_BYTE = 0x08
_DEFLATE_RATIO = 1032  # no deflate stream expands by more (zlib's technical details)
_CHUNK = 1024**2  # bytes
_GZIP_MAGIC = b"\x1f\x8b"
_DOWNLOAD_AGAIN = "Download or copy the file again"


@dataclass(frozen=True)
class _Name:
    """What an IDX file's name says."""

    file: Path
    prefix: str
    split: Split
    kind: str
    zipped: bool

    @classmethod
    def of(cls, file: Path) -> _Name | None:
        found = _NAME.fullmatch(file.name)
        if found is None:
            return None
        split = _SPLITS.get(found["split"].lower(), "validation")
        return cls(file, found["prefix"], split, found["kind"].lower(), found["gz"] is not None)


@dataclass(frozen=True, kw_only=True)
class IdxFiles(Source):
    """Pairs of files (train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-…), gzipped or raw."""

    container: ClassVar[str] = "IDX files"

    @classmethod
    def find(cls, listing: Listing) -> Self | None:
        """Recognise files by their names; of a file that is there raw and gzipped the raw one is read."""
        names = [name for file in listing.files if (name := _Name.of(listing.folder / file))]
        raw = {name.file.name for name in names if not name.zipped}
        repeated = [name.file.name for name in names if name.zipped and name.file.stem in raw]
        files = tuple(name.file for name in names if name.file.name not in repeated)
        notes = tuple(f"{name} was left aside, since the same file is there unzipped." for name in repeated)
        return cls(location=listing.folder, files=files, notes=notes) if files else None

    def read(self, *, options: ReadOptions | None = None, progress: Progress = silent) -> RawCollection:
        """Read and check all pairs; see `Source.read`."""
        options = options or ReadOptions()
        if options.group_by is not None:
            raise UsageError("IDX files hold nothing to group images by. Leave the grouping away for this source.")
        faults = FaultList()
        names = [name for file in self.files if (name := _Name.of(file))]
        prefixes = sorted({name.prefix for name in names})
        if len(prefixes) > 1:
            listed = ", ".join(repr(prefix) for prefix in prefixes)
            problem = f"there are IDX files of several data sets, whose names begin with {listed}"
            faults.add(str(self.location), problem, "Put each data set into a folder of its own")
            faults.raise_if_any()
        parts: dict[Split, FoundPart] = {}
        for number, split in enumerate(SPLITS):
            progress("Reading IDX files", number, len(SPLITS), split)
            pair = [name for name in names if name.split == split]
            part = self._read_pair(pair, split, prefixes[0], faults)
            if part is not None:
                parts[split] = part
        progress("Reading IDX files", len(SPLITS), len(SPLITS))
        return collect(self, parts, faults, options, progress)

    def _read_pair(self, pair: list[_Name], split: Split, prefix: str, faults: FaultList) -> FoundPart | None:
        """Read the images and labels of one part; None where there are no labels to go on with."""
        if not pair and split != "training":
            return None
        of_kind = {kind: [name.file for name in pair if name.kind == kind] for kind in ("images", "labels")}
        word = {"training": "train", "validation": "val", "test": "t10k"}[split]
        for kind, files in of_kind.items():
            if not files:
                missing = f"{prefix}{word}-{kind}-idx{3 if kind == 'images' else 1}-ubyte"
                faults.add(
                    missing,
                    f"the file with the {split} {kind} is missing, gzipped or not",
                    "Put it beside the others",
                )
            for file in files[1:]:
                faults.add(file.name, f"the {split} {kind} are also in {files[0].name}", "Remove one of the two")
        images, labels = (_read_idx(files[0], kind, faults) if files else None for kind, files in of_kind.items())
        if labels is None:
            return None
        if images is not None and len(images) != len(labels):
            found = f"it holds {len(labels):,} labels, but {of_kind['images'][0].name} {len(images):,} images"
            faults.add(of_kind["labels"][0].name, found, "Take both files from one source")
            return None
        return FoundPart(LabelColumn.of_numbers(labels), images)


def _read_idx(file: Path, kind: str, faults: FaultList) -> NDArray[np.uint8] | None:
    """Read one file, of which no more is taken into memory than its header says and its size allows."""
    found = FaultList()
    array = None
    try:
        with file.open("rb") as raw:
            zipped = raw.read(2) == _GZIP_MAGIC
            raw.seek(0)
            limit = file.stat().st_size * (_DEFLATE_RATIO if zipped else 1)
            with gzip.GzipFile(fileobj=raw) if zipped else raw as stream:
                array = _read_stream(stream, kind, limit, file.name, found)
    except EOFError:
        found.add(file.name, "the gzip stream ends too early; the file was not copied whole", _DOWNLOAD_AGAIN)
    except (gzip.BadGzipFile, zlib.error):
        found.add(file.name, "the gzip stream is damaged", _DOWNLOAD_AGAIN)
    except OSError as error:
        found.add(file.name, f"the file cannot be read ({error.strerror})", "Check the file and its permissions")
    faults.faults.extend(found.faults)
    return None if found else array


def _read_stream(
    stream: BinaryIO | gzip.GzipFile, kind: str, limit: int, place: str, faults: FaultList
) -> NDArray[np.uint8] | None:
    """Read an array of bytes whose header announces no more than `limit` bytes."""
    shape = read_header(stream, kind, place, faults)
    if shape is None:
        return None
    n_bytes = prod(shape)
    announced = f"the header announces {' x '.join(f'{length:,}' for length in shape)} bytes"
    if n_bytes > MAX_IMAGE_BYTES:
        faults.add(place, f"{announced}; at most {MAX_IMAGE_BYTES // 1024**3} GiB are read", "Use a smaller file")
        return None
    if n_bytes > limit:
        faults.add(place, f"{announced}, more than the file can hold", _DOWNLOAD_AGAIN)
        return None
    check_room(n_bytes, f"{place}: its images")
    content = np.empty(n_bytes, dtype=np.uint8)
    done = 0
    while done < n_bytes and (chunk := stream.read(min(_CHUNK, n_bytes - done))):
        content[done : done + len(chunk)] = np.frombuffer(chunk, dtype=np.uint8)
        done += len(chunk)
    if done < n_bytes:
        faults.add(place, f"{announced}, but {done:,} follow", _DOWNLOAD_AGAIN)
    elif stream.read(1):  # the end of a gzip stream has to be reached for its checksum to be compared
        faults.add(place, f"{announced}, but more follow", _DOWNLOAD_AGAIN)
    return content.reshape(shape[:3] if shape[3:] == (1,) else shape)


def read_header(stream: BinaryIO | gzip.GzipFile, kind: str, place: str, faults: FaultList) -> tuple[int, ...] | None:
    """Read the magic number and the lengths of the axes.

    Parameters
    ----------
    stream
        At the beginning of the file.
    kind
        "images" or "labels".
    place
        What to call the file in messages.
    faults
        Takes what is wrong.

    Returns
    -------
    tuple of int or None
        The lengths; None if there was a fault.
    """
    magic = stream.read(4)
    axes = (3, 4) if kind == "images" else (1,)
    expected = " or ".join(f"0x{_UNSIGNED_BYTE << 8 | n:08x}" for n in axes)
    if not magic:
        faults.add(place, "the file is empty", _DOWNLOAD_AGAIN)
        return None
    if magic not in [bytes((0, 0, _UNSIGNED_BYTE, n)) for n in axes]:
        faults.add(place, f"the magic number is 0x{magic.hex()}; {kind} have {expected}", _DOWNLOAD_AGAIN)
        return None
    header = stream.read(4 * magic[3])
    if len(header) < 4 * magic[3]:
        faults.add(place, "the file ends within its header", _DOWNLOAD_AGAIN)
        return None
    shape = tuple(np.frombuffer(header, dtype=">u4").tolist())
    if 0 in shape or shape[3:] not in ((), (1,), (3,)):
        what = "there are no images in it" if shape[0] == 0 else f"the axes have lengths {shape}"
        problem = what if kind == "images" else "there are no labels in it"
        faults.add(place, problem, "Use files that hold grey images, or colour images with the axis of colours last")
        return None
    return shape
