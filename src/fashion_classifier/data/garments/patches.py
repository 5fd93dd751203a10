"""A picture cut into small patches of one colour each (SLIC), which are few enough to compare each with each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fashion_classifier.data.garments.colour import Lab

ROUNDS = 5  # after which hardly a pixel changes its patch
COMPACTNESS = 10.0  # of the paper: how far apart in colour is as far as one patch is wide


@dataclass(frozen=True, eq=False)
class Patches:
    """The k patches of a picture.

    Parameters
    ----------
    of
        int array of shape (height, width): the patch of each pixel, 0 to k - 1.
    sizes
        float64 array of shape (k,): pixels.
    colours
        float64 array of shape (k, 3): mean colour in CIELAB.
    places
        float64 array of shape (k, 2): mean row and column, as a share of the longer side.
    neighbours
        int array of shape (m, 2): pairs of patches that touch.
    on_border
        bool array of shape (k,): which touch the picture's border.
    """

    of: NDArray[np.intp]
    sizes: NDArray[np.float64]
    colours: NDArray[np.float64]
    places: NDArray[np.float64]
    neighbours: NDArray[np.intp]
    on_border: NDArray[np.bool_]


def cut_into_patches(lab: Lab, side: float) -> Patches:
    """Cut a picture into patches.

    Parameters
    ----------
    lab
        float32 array of shape (height, width, 3).
    side
        About how long a patch's side is to be, in pixels.

    References
    ----------
    Achanta et al., SLIC Superpixels, TPAMI 34 (2012), https://doi.org/10.1109/TPAMI.2012.120; here a patch may be in
    several pieces.
    """
    of = _grouped(lab, side)
    n = int(of.max()) + 1
    height, width = of.shape
    rows, columns = np.mgrid[0:height, 0:width] / max(height, width)
    sizes = np.bincount(of.ravel(), minlength=n).astype(np.float64)
    sides = np.concatenate([_pairs(of[:, :-1], of[:, 1:]), _pairs(of[:-1], of[1:])])
    on_border = np.zeros(n, np.bool_)
    on_border[np.concatenate([of[0], of[-1], of[:, 0], of[:, -1]])] = True
    return Patches(
        of=of,
        sizes=sizes,
        colours=_means(of, [lab[..., channel] for channel in range(3)], sizes),
        places=_means(of, [rows, columns], sizes),
        neighbours=np.unique(sides, axis=0),
        on_border=on_border,
    )


def _grouped(lab: Lab, side: float) -> NDArray[np.intp]:
    """Group pixels by colour and place, each with one of the nine patches that began nearest to it."""
    height, width = lab.shape[:2]
    tall, wide = max(1, round(height / side)), max(1, round(width / side))
    rows, columns = np.mgrid[0:height, 0:width]
    down, across = rows * tall // height, columns * wide // width
    near = np.stack(
        [
            (np.clip(down + y, 0, tall - 1) * wide + np.clip(across + x, 0, wide - 1)).ravel()
            for y in (-1, 0, 1)
            for x in (-1, 0, 1)
        ]
    )  # (9, height * width)
    features = np.concatenate([lab, np.stack([rows, columns], -1) * (COMPACTNESS / side)], axis=-1, dtype=np.float32)
    features = features.reshape(-1, 5)
    of = (down * wide + across).ravel()
    for _ in range(ROUNDS):
        sizes = np.bincount(of, minlength=tall * wide)
        sums = [np.bincount(of, weights=features[:, i], minlength=tall * wide) for i in range(5)]
        centres = (np.stack(sums, 1) / np.maximum(sizes, 1)[:, None]).astype(np.float32)
        centres[sizes == 0] = 1e4  # so far away that nothing joins it
        distances = [np.square(features - centres[candidates]).sum(1) for candidates in near]
        of = np.take_along_axis(near, np.argmin(distances, axis=0)[None], axis=0)[0]
    return np.unique(of, return_inverse=True)[1].reshape(height, width)


def _means(
    of: NDArray[np.intp], channels: list[NDArray[np.float32]] | list[NDArray[np.float64]], sizes: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return each patch's mean of each channel: (k, n_channels)."""
    sums = [np.bincount(of.ravel(), weights=channel.ravel(), minlength=len(sizes)) for channel in channels]
    return np.stack(sums, 1) / sizes[:, None]


def _pairs(one: NDArray[np.intp], other: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return the patches that touch along these pixels, the lower number first."""
    found = np.stack([np.minimum(one, other).ravel(), np.maximum(one, other).ravel()], 1)
    return np.asarray(found[found[:, 0] != found[:, 1]])
