"""The data sets that we know by their content: what they are called, and what there is to say of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fashion_classifier.data.dataset import ImageShape

FASHION_MNIST_CLASSES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)
DIGITS = tuple(str(digit) for digit in range(10))
SMALL_GREY = ImageShape(28, 28, 1)

# `class_fingerprints` of the official files, in the order of their labels (zalandoresearch/fashion-mnist as mended
# on 31 August 2017; the MD5 sums that its authors publish are in `download.py`).
FASHION_MNIST = {
    "training": (
        "643019bbeab60b8ac12f9aba5bf78bbe0c7df4714e97df870b28c6f5f3a5e85c",
        "8326f4fed40241599e141be595d1b0b092fceedd68d616139c37743a4f9ccff9",
        "7574c79c877f93fa6a1fb14e04e7ae38c05776e936a28dab9e8562ddfcb6d551",
        "54b1f1e832ffdeb26619e0d70d5d5a229da73dc425600ff4b1e0f8f644303b4f",
        "9afbf045a972caf6ca9142dcfa1361ecc6e15efce5515e185e38f9a952d28578",
        "2b1806a1d7a6094811176a8c187784230b801fd8e3b2199f4d3d7646fc34e887",
        "c0cd2f3b1a4c8a910cd90943f28d38990a477ce7a7363fa66eff9cf009a95f2b",
        "57889e548dad9bc6f77bb81655e7e603c5a722b05b881fe980b84c586a9f571f",
        "531c884dc876b872370485847c45c59524343508374366011ca12a1b4555b28e",
        "8a0e90dc98f9d84c65223025889a6c197a124457a7a3f76deab1f3e05c8bea72",
    ),
    "test": (
        "d12d63681d42b0e435794a0035b12b5dcce1120843ec7291f7f1898f17b22fd9",
        "7a5103e3dfa4cd2720ecb9402ae9f6f43c561950d67ac56fc1664e8cdfc2f2d2",
        "4496c2448a4d59db81c72d0e891e9d1ef85d90a8cbad79261550a65ad9184f40",
        "de74b54d47e930ed61f8c77dfcdf4ebd5c61d3af6393820a609268d829f5c2c8",
        "e14b87767fda22f253ebae9d137d7f01124cb0e7373f6c5b20cd2e489998092c",
        "29453a35e2ff7aab437bf73fd65677f0f064351a5e43922fb012883513d82436",
        "31dd254a38a97994254b1f22c4f4fe186ba75fd28b5adfeb3132df8079084e62",
        "348b25b07dc6e045a9223f956e90b498c43ca9db9b14faa58ebb5887b9d6a2ee",
        "cc32261b7cc4661298480a5c1da4752151c8e2a23de72ef24157ea680406a869",
        "28f11b1d4f784b94aae7509e37dd294b1d30fe75aa4e6126dfa754e07e47011a",
    ),
}

# Images of each digit in the files of MNIST (LeCun, Cortes, Burges), in the order of the labels.
MNIST_COUNTS = {
    "training": (5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949),
    "test": (980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009),
}

LEAK_REFERENCE = "zalandoresearch/fashion-mnist issue 44"


def official_names(fingerprints: Mapping[str, Sequence[str]]) -> dict[str, tuple[str | None, ...]]:
    """Name the classes whose images are exactly those of an official Fashion-MNIST class.

    Parameters
    ----------
    fingerprints
        For each part its `class_fingerprints`.

    Returns
    -------
    dict
        For each part, a name or None for each class.
    """
    return {
        part: tuple(dict(zip(FASHION_MNIST.get(part, ()), FASHION_MNIST_CLASSES, strict=False)).get(f) for f in found)
        for part, found in fingerprints.items()
    }


def is_mnist(counts: Mapping[str, Sequence[int]], shape: ImageShape) -> bool:
    """Tell MNIST by its class counts: every part that MNIST has must have exactly those."""
    return shape == SMALL_GREY and all(
        sorted(counts[part]) == sorted(MNIST_COUNTS[part]) if part in MNIST_COUNTS else False for part in counts
    )


def has_fashion_mnist_form(counts: Mapping[str, Sequence[int]], shape: ImageShape) -> bool:
    """Tell whether size and class counts are those of Fashion-MNIST: 6,000 and 1,000 images of each of ten classes."""
    return shape == SMALL_GREY and dict(counts) == {"training": (6000,) * 10, "test": (1000,) * 10}
