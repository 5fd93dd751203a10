"""Data known by its content: digests of images, fingerprints of parts, exact duplicates, and exact duplicates."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fashion_classifier.data.dataset import Images, ImageShape, Labels

Digests = NDArray[np.uint64]  # (n, 2): the first 16 bytes of a SHA-256, as two big-endian numbers


def image_sha256(image: NDArray[np.uint8]) -> str:
    """Return the SHA-256 of one image's shape and pixels, as hexadecimal text."""
    return _hash(image, ImageShape.of(image[None])).hex()


def image_digests(images: Images) -> Digests:
    """Digest every image's shape and pixels.

    Returns
    -------
    uint64 array of shape (n, 2)
        Equal rows mean equal images; sorting by them gives an order that depends on content alone.
    """
    shape = ImageShape.of(images)
    digests = b"".join(_hash(image, shape)[:16] for image in images)
    return np.frombuffer(digests, dtype=">u8").reshape(len(images), 2).astype(np.uint64)


def class_fingerprints(digests: Digests, labels: Labels, n_classes: int) -> tuple[str, ...]:
    """Fingerprint the images of each class, whatever their order and whatever the class is called."""
    order = np.lexsort((digests[:, 1], digests[:, 0]))
    digests, labels = digests[order], labels[order]
    return tuple(
        hashlib.sha256(digests[labels == label].astype(">u8").tobytes()).hexdigest() for label in range(n_classes)
    )


def combine(fingerprints: Sequence[str]) -> str:
    """Make one fingerprint of several, in the order given."""
    return hashlib.sha256("\n".join(fingerprints).encode()).hexdigest()


@dataclass(frozen=True)
class Duplicates:
    """Exact duplicates.

    Parameters
    ----------
    within
        For each part, how many images repeat an earlier one of the same part.
    shared
        For each later part, how many of its images also stand in the training part: ``{"test": 10}``.
    contradictory
        How many different images stand in the data under more than one label.
    """

    within: dict[str, int]
    shared: dict[str, int]
    contradictory: int


def count_duplicates(parts: dict[str, tuple[Digests, Labels]]) -> Duplicates:
    """Count the exact duplicates within and across parts.

    Parameters
    ----------
    parts
        "training" and, where there are any, "validation" and "test", each with digests and labels.
    """
    keys = {name: _keys(digests) for name, (digests, _) in parts.items()}
    everything = np.concatenate(list(keys.values()))
    labels = np.concatenate([labels for _, labels in parts.values()])
    labelled = np.unique(np.rec.fromarrays([everything, labels]))
    _, n_labels = np.unique(labelled["f0"], return_counts=True)  # of each different image
    return Duplicates(
        within={name: len(key) - len(np.unique(key)) for name, key in keys.items()},
        shared={name: int(np.isin(key, keys["training"]).sum()) for name, key in keys.items() if name != "training"},
        contradictory=int((n_labels > 1).sum()),
    )


def same_image(digests: Digests) -> NDArray[np.int64]:
    """Give the images numbers so that exact duplicates, and only they, have one number."""
    _, number = np.unique(_keys(digests), return_inverse=True)
    return number.astype(np.int64)


def _keys(digests: Digests) -> NDArray[np.void]:
    """View each row as one comparable value."""
    return np.ascontiguousarray(digests).view([("high", np.uint64), ("low", np.uint64)]).ravel()


def _hash(image: NDArray[np.uint8], shape: ImageShape) -> bytes:
    """Hash one image with its shape."""
    return hashlib.sha256(b"%d,%d,%d:" % shape + image.tobytes()).digest()
