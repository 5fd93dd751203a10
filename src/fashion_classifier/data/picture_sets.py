"""Many pictures as one array: all of one size, grey if every one of them is, else colour."""

from __future__ import annotations

import warnings
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from math import prod
from typing import NamedTuple, TypeVar

import numpy as np
from PIL import Image

from fashion_classifier.data.dataset import Images, ImageShape
from fashion_classifier.data.garments.photograph import SIDE, garment_image, is_photograph
from fashion_classifier.data.picture_ways import PictureWay
from fashion_classifier.data.pictures import (
    PictureSource,
    Pixels,
    opened_picture,
    plain,
    read_picture,
    to_array,
    upright_size,
)
from fashion_classifier.data.pixels import MAX_IMAGE_BYTES, Size
from fashion_classifier.errors import DataError, FaultList
from fashion_classifier.limits import available_cores, check_room
from fashion_classifier.progress import Progress

LONGEST_SIDE = 64  # pixels that pictures of their own size may have on a side, unless a size is asked for
_CHUNK = 128  # pictures that a thread decodes at a time
_Result = TypeVar("_Result")


class Picture(NamedTuple):
    """Where a picture is: what to call it, and its file or its bytes."""

    place: str
    source: PictureSource


class PictureSet(NamedTuple):
    """Images of shape (n, height, width) or (n, height, width, 3), and what was done to them in words."""

    images: Images
    notes: tuple[str, ...]


def read_pictures(
    pictures: Sequence[Picture],
    size: Size | None,
    faults: FaultList,
    progress: Progress,
    *,
    way: PictureWay = "resize",
) -> PictureSet | None:
    """Decode pictures into one array.

    Parameters
    ----------
    pictures
        At least one.
    size
        Height and width for all. By default their own, if it is one size of at most 64 pixels a side, else
        the median of their heights and of their widths, shrunk to 64 pixels on the longer side.
    faults
        Takes every picture that cannot be read.
    progress
        Told of the reading.
    way
        "garment" takes of each photograph the garment alone, cut out; for a given size.

    Returns
    -------
    PictureSet or None
        None if there was a fault.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PIL warns of oddities in files whose pixels it reads all the same
        if size is not None:
            if way == "garment":
                return _read_garments(size, pictures, faults, progress)
            images = _read_at(size, pictures, faults, progress)
            return None if images is None else PictureSet(images, ())
        return _read_at_own_size(pictures, faults, progress)


def default_size(sizes: Counter[Size]) -> Size:
    """Return the median height and width of pictures, shrunk to 64 pixels on the longer side.

    Examples
    --------
    >>> default_size(Counter({(1200, 800): 2, (300, 100): 1}))
    (64, 43)
    """
    height = float(np.median([size[0] for size in sizes.elements()]))
    width = float(np.median([size[1] for size in sizes.elements()]))
    scale = min(1.0, LONGEST_SIDE / max(height, width))
    return max(1, round(height * scale)), max(1, round(width * scale))


def _read_at_own_size(pictures: Sequence[Picture], faults: FaultList, progress: Progress) -> PictureSet | None:
    """Decode what is small while looking at the sizes; where they have to change, go over all again."""
    # Small pictures are decoded faster by one thread than by two, which would wait for each other's Python.
    looks = list(_each(_look, pictures, faults, "Reading pictures", progress, n_threads=1))
    sizes = Counter(_size_of(look) for look in looks if look is not None)
    if not sizes:
        return None
    size = default_size(sizes)
    if set(sizes) == {size}:
        small = [look for look in looks if isinstance(look, np.ndarray)]
        return None if faults else PictureSet(_stack(small, len(small), size), ())
    readable = [picture for picture, look in zip(pictures, looks, strict=True) if look is not None]
    del looks
    images = _read_at(size, readable, faults, progress)
    found = f"{len(sizes)} sizes" if len(sizes) > 1 else "{}x{}".format(*next(iter(sizes)))
    note = f"Images of {found} were resized to {size[0]}x{size[1]} (height x width); the size can be set."
    return None if images is None else PictureSet(images, (note,))


def _read_garments(size: Size, pictures: Sequence[Picture], faults: FaultList, progress: Progress) -> PictureSet | None:
    """Decode all pictures at one size, of photographs the garments alone."""
    photographs: list[str] = []

    def decode(size: Size, picture: Picture) -> Pixels:
        decoded = read_picture(picture.source, place=picture.place, near=(SIDE, SIDE))
        shape = ImageShape(*size, 1)
        if is_photograph(decoded, shape):
            photographs.append(picture.place)
        return garment_image(decoded, shape)

    images = _read_at(size, pictures, faults, progress, decode, "Cutting garments out")
    if images is None:
        return None
    note = f"Of {len(photographs):,} photographs the garments alone were taken, cut out, as the model is shown them."
    return PictureSet(images, (note,) if photographs else ())


def _read_at(
    size: Size,
    pictures: Sequence[Picture],
    faults: FaultList,
    progress: Progress,
    decode: Callable[[Size, Picture], Pixels] | None = None,
    task: str = "Resizing pictures",
) -> Images | None:
    """Decode all pictures at one size; None if there was a fault, now or before."""
    if len(pictures) * size[0] * size[1] * 3 > MAX_IMAGE_BYTES:
        faults.add(
            f"{len(pictures):,} pictures",
            f"at {size[0]}x{size[1]} they take more than {MAX_IMAGE_BYTES // 1024**3} GiB",
            "Set a smaller image size, or take fewer pictures",
        )
        return None
    n_threads = available_cores()
    arrays = _each(partial(decode or _decode, size), pictures, faults, task, progress, n_threads=n_threads)
    images = _stack(arrays, len(pictures), size)
    return None if faults else images


def _look(picture: Picture) -> Pixels | Size:
    """Decode a small picture; of a large one tell the size."""
    with opened_picture(picture.source, picture.place) as opened:
        size = upright_size(opened)
        return size if max(size) > LONGEST_SIDE else _pixels(plain(opened))


def _decode(size: Size, picture: Picture) -> Pixels:
    """Decode a picture at a size."""
    return _pixels(read_picture(picture.source, place=picture.place, near=size), size)


def _pixels(picture: Image.Image, size: Size | None = None) -> Pixels:
    """Return a picture's pixels, of shape (height, width) if its three channels are equal everywhere."""
    height, width = size or (picture.height, picture.width)
    pixels = to_array(picture, ImageShape(height, width, 1 if picture.mode == "L" else 3))
    if pixels.ndim == 3 and (pixels[..., :1] == pixels[..., 1:]).all():
        return pixels[..., 0].copy()
    return pixels


def _size_of(look: Pixels | Size) -> Size:
    """Return the height and width that were seen."""
    return (look.shape[0], look.shape[1]) if isinstance(look, np.ndarray) else look


def _stack(arrays: Iterable[Pixels | None], n: int, size: Size) -> Images:
    """Put arrays of one size into one; it becomes colour when the first colour image arrives."""
    grey = n * prod(size)
    check_room(grey, f"{n:,} pictures of {size[0]}x{size[1]} pixels")
    images = np.zeros((n, *size), dtype=np.uint8)
    for position, array in enumerate(arrays):
        if array is None:
            continue
        if array.ndim > images[position].ndim:
            check_room(3 * grey, f"{n:,} pictures of {size[0]}x{size[1]} pixels in colour")
            images = np.repeat(images[..., None], 3, axis=3)
        images[position] = array if array.ndim == images[position].ndim else array[..., None]
    return images


def _each(
    decode: Callable[[Picture], _Result],
    pictures: Sequence[Picture],
    faults: FaultList,
    task: str,
    progress: Progress,
    *,
    n_threads: int,
) -> Iterator[_Result | None]:
    """Decode pictures and give the results in order, None for each that cannot be read."""

    def decode_chunk(start: int) -> list[_Result | DataError]:
        return [_or_error(decode, picture) for picture in pictures[start : start + _CHUNK]]

    done = 0
    for results in _in_threads(decode_chunk, range(0, len(pictures), _CHUNK), n_threads):
        for result in results:
            if isinstance(result, DataError):
                faults.faults.extend(result.faults)
            yield None if isinstance(result, DataError) else result
        done += len(results)
        progress(task, done, len(pictures))


def _in_threads(work: Callable[[int], _Result], starts: Sequence[int], n_threads: int) -> Iterator[_Result]:
    """Give the results of pieces of work in order; when the caller stops, those not begun are dropped."""
    if n_threads == 1:
        yield from map(work, starts)
        return
    with ThreadPoolExecutor(n_threads) as pool:
        pieces = deque(pool.submit(work, start) for start in starts)
        try:
            while pieces:
                yield pieces.popleft().result()
        finally:
            for piece in pieces:
                piece.cancel()


def _or_error(decode: Callable[[Picture], _Result], picture: Picture) -> _Result | DataError:
    """Return what decoding gives, or the error it ends in."""
    try:
        return decode(picture)
    except DataError as error:
        return error
