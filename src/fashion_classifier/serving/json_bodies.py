"""Pictures in a JSON document: parsed strictly, and no more of it than a server bears."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from itertools import chain
from typing import Any

import numpy as np
from PIL import Image

from fashion_classifier.data.dataset import ImageShape
from fashion_classifier.data.pictures import to_array
from fashion_classifier.data.pixels import as_images
from fashion_classifier.errors import FaultList
from fashion_classifier.inference.photographs.seen import Seen
from fashion_classifier.serving.picture import Picture, usable_name
from fashion_classifier.serving.problems import Problem
from fashion_classifier.serving.seeing import alone
from fashion_classifier.serving.settings import Limits

MOST_BRACKETS, MOST_COMMAS = 50_000, 2_000_000  # an array takes thirty times the memory of its two signs
# What has no more is parsed where it arrives; two million numbers would keep everybody waiting for a second.
LIGHT_BYTES, LIGHT_BRACKETS, LIGHT_COMMAS = 1 << 20, 2_000, 20_000


def is_json(kind: bytes) -> bool:
    """Tell by its type whether a body is JSON."""
    return kind == b"application/json" or kind.endswith(b"+json")


def is_light(body: bytes, limits: Limits) -> bool:
    """Tell whether a document is read in a few milliseconds, whatever is in it.

    Raises
    ------
    Problem
        If it is more than is read at all.
    """
    if len(body) > limits.json_bytes:
        raise Problem("too-large", f"JSON of at most {limits.json_bytes:,} bytes is read. Send files in a form.")
    brackets, commas = body.count(b"[") + body.count(b"{"), body.count(b",")
    if brackets > MOST_BRACKETS or commas > MOST_COMMAS:
        raise Problem("too-large", "The JSON has too many parts. Send fewer pictures, or files in a form.")
    return len(body) <= LIGHT_BYTES and brackets <= LIGHT_BRACKETS and commas <= LIGHT_COMMAS


def read_json(body: bytes, shape: ImageShape, most: int) -> list[Picture]:
    """Read ``{"images": [{"base64": …} or {"pixels": …}, …]}``, of which `is_light` has said how large it is.

    Parameters
    ----------
    shape
        Of the model's images.
    most
        Pictures that there may be.

    Raises
    ------
    Problem
        If it is no such document.
    """
    images = _images_of(_parsed(body))
    if len(images) > most:
        raise Problem("too-large", f"{len(images)} pictures are more than {most}. Send them in several requests.")
    return [_of_entry(entry, number, shape) for number, entry in enumerate(images, 1)]


def _parsed(body: bytes) -> Any:
    """Parse JSON strictly: UTF-8, no NaN, no infinity."""
    try:
        return json.loads(body.decode("utf-8"), parse_constant=_no_number)
    except RecursionError as error:
        raise Problem("malformed", 'The JSON is nested too deeply. Send {"images": [{"base64": …}]}.') from error
    except ValueError as error:
        raise Problem("malformed", f"The body is not JSON ({str(error)[:200]}). Send a valid document.") from error


def _no_number(text: str) -> None:
    """Refuse what Python would take for a number, and JSON does not know."""
    raise ValueError(f"{text} is no number")


def _images_of(document: Any) -> Sequence[Any]:
    """Return the document's list of images."""
    if not isinstance(document, dict) or set(document) != {"images"}:
        raise Problem("unfit", 'The document is to be an object with the one key "images".')
    images = document["images"]
    if not isinstance(images, list) or not images:
        raise Problem("unfit", '"images" is to be a list of at least one object.')
    return images


def _of_entry(entry: Any, number: int, shape: ImageShape) -> Picture:
    """Read one entry; what is wrong with it is its own problem, unless it is no entry at all."""
    form = f'Image {number} is to be an object with either "base64" or "pixels", and, if it is wanted, a "name".'
    if not isinstance(entry, dict) or len({"base64", "pixels"} & set(entry)) != 1 or set(entry) - _KEYS:
        raise Problem("unfit", form)
    name = entry.get("name", "")
    if not isinstance(name, str) or not isinstance(entry.get("base64", ""), str):
        raise Problem("unfit", f'{form} "name" and "base64" are strings.')
    name = usable_name(name)
    place = name or f"Image {number}"
    try:
        return Picture(
            name, _decoded(entry["base64"], place) if "base64" in entry else _levels(entry["pixels"], place, shape)
        )
    except Problem as problem:
        return Picture(name, problem)


_KEYS = {"base64", "pixels", "name"}


def _decoded(text: str, place: str) -> bytes:
    """Decode base64; a data URI's beginning is passed over."""
    if text.startswith("data:"):
        text = text.partition(",")[2]
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Problem("unfit", f"{place}: this is not base64 ({error}). Encode the file's bytes.") from error


def _levels(pixels: Any, place: str, shape: ImageShape) -> Seen:
    """Make an image of grey levels in nested lists: (height, width), (height, width, 3), or all in a row."""
    faults = FaultList()
    try:
        array = np.array([pixels] if _is_numbers(pixels) else [])
        fits = array.dtype.kind in "uif" and array.size > 0
        images = as_images(array, place, (shape.height, shape.width), faults) if fits else None
    except (ValueError, OverflowError):  # rows of different lengths; nested too deeply
        images = None
    if faults:
        raise Problem("unfit", str(faults.faults[0]))
    if images is None:
        raise Problem(
            "unfit", f"{place}: the pixels are no rectangle of numbers. Send rows of grey levels from 0 to 255."
        )
    image = images[0]
    return alone(image if ImageShape.of(images) == shape else to_array(Image.fromarray(image), shape))


def _is_numbers(pixels: Any) -> bool:
    """Tell whether nested lists hold numbers alone: of texts NumPy would make each as long as the longest."""
    level = [pixels]
    while (kinds := set(map(type, level))) == {list}:
        level = list(chain.from_iterable(level))
    return kinds <= {int, float}
