"""What stands out of a picture: patches that differ from those that are joined to its border."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from fashion_classifier.data.garments.colour import Lab
from fashion_classifier.data.garments.patches import Patches, cut_into_patches

# From the paper, except for NEAR and CENTRE: garments fill more of their picture than its objects do.
SAME_COLOUR = 10.0  # CIELAB distance within which two patches are of one thing
JND = 4.0  # steps between neighbours up to this one cannot see: shading leads from one to the next
NEAR = 0.4  # of the longer side
CENTRE = 0.6  # of half a side: who photographs a garment, aims at it
LEAST_LINK = 0.1


def saliency(lab: Lab, patch_side: float) -> NDArray[np.float64]:
    """Tell how much each pixel stands out.

    Parameters
    ----------
    lab
        float32 array of shape (height, width, 3).
    patch_side
        Side of the patches that are compared, in pixels.

    Returns
    -------
    float64 array of shape (height, width)
        0 to 1; the twentieth of the picture that stands out most is 1.

    References
    ----------
    Zhu, Liang, Wei, Sun: Saliency Optimization from Robust Background Detection, CVPR 2014,
    https://doi.org/10.1109/CVPR.2014.360.
    """
    patches = cut_into_patches(lab, patch_side)
    unlike = np.linalg.norm(patches.colours[:, None] - patches.colours, axis=-1)
    background = _background(patches, unlike)
    found = _smoothed(patches, unlike, background, _foreground(patches, unlike, background))[patches.of]
    top = float(np.quantile(found, 0.95))
    return np.clip(found / top, 0, 1) if top > 0 else np.zeros_like(found)


def _background(patches: Patches, unlike: NDArray[np.float64]) -> NDArray[np.float64]:
    """Tell how much of the border of the region around it is the picture's border: (k,), 0 to 1."""
    border = np.flatnonzero(patches.on_border)
    together = np.stack(np.triu_indices(len(border), 1), 1)
    links = np.unique(np.concatenate([patches.neighbours, border[together]]), axis=0)
    steps = np.maximum(unlike[links[:, 0], links[:, 1]] - JND, 0) + 1e-4  # a step of none would be no link
    n = len(patches.sizes)
    apart = dijkstra(csr_array((steps, (links[:, 0], links[:, 1])), shape=(n, n)), directed=False)
    joined = np.exp(-np.square(apart / SAME_COLOUR) / 2)
    along_border = joined @ patches.on_border / np.sqrt(joined.sum(1))
    return np.asarray(1 - np.exp(-np.square(along_border) / 2))


def _foreground(patches: Patches, unlike: NDArray[np.float64], background: NDArray[np.float64]) -> NDArray[np.float64]:
    """Tell how much each patch differs from the background near it, and how near the middle it is: (k,), 0 to 1."""
    apart = np.square(patches.places[:, None] - patches.places).sum(-1)
    contrast = (unlike * np.exp(-apart / (2 * NEAR**2)) * (background * patches.sizes)).sum(1)
    contrast -= contrast.min()
    half = np.array(patches.of.shape) / max(patches.of.shape) / 2
    off_centre = np.square((patches.places - half) / half).sum(1)
    found = contrast * np.exp(-off_centre / (2 * CENTRE**2))
    return np.asarray(found / max(found.max(), 1e-9))


def _smoothed(
    patches: Patches, unlike: NDArray[np.float64], background: NDArray[np.float64], foreground: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Bring both together, alike for neighbours of one colour: the least of a quadratic cost, (k,)."""
    one, other = patches.neighbours.T
    links = np.zeros((len(patches.sizes),) * 2)
    links[one, other] = np.exp(-np.square(unlike[one, other] / SAME_COLOUR) / 2) + LEAST_LINK
    links += links.T
    own = background + foreground + 1e-9
    return np.asarray(np.linalg.solve(np.diag(own + links.sum(1)) - links, foreground))
