"""Where in a photograph the garment is."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from fashion_classifier.data.garments.colour import Lab, to_lab
from fashion_classifier.data.garments.cutting import cut
from fashion_classifier.data.garments.mixture import fit_mixture
from fashion_classifier.data.garments.saliency import saliency

Mask = NDArray[np.bool_]  # (height, width)

PATCHES = 13  # along the longer side
ROUNDS = 3
SAMPLE = 3000  # pixels from which colours are learned
MOST_EVIDENCE = 6.0  # nats that colours alone can tell of a pixel
FADING = 0.3  # how much of what is supposed of places is left in each further round
FRAME = 0.02  # of the shorter side: along the picture's border there is rather background
THIN = 0.015  # of the shorter side: radius of what is too thin to be of a garment, as hangers and strings
LARGE_PIECE = 0.25  # of the main piece: pieces from this size on are of the garment too, as a second leg or shoe


def find_garment(rgb: NDArray[np.uint8]) -> Mask:
    """Tell which pixels of a photograph are of the garment.

    What stands out, and what is in the middle, is supposed to be garment; colours of garment and background are learned
    from that, the picture is cut where they change, and colours are learned anew from the cut.

    Parameters
    ----------
    rgb
        uint8 array of shape (height, width, 3), some 100 pixels along its longer side.

    Returns
    -------
    bool array of shape (height, width)
        At least one pixel is true. Where nothing can be told apart, all are.
    """
    lab = ndimage.gaussian_filter(to_lab(rgb), (0.7, 0.7, 0))
    size = lab.shape[:2]
    supposed, frame = _supposed(size), _frame(size)
    standing_out = np.clip(saliency(lab, max(size) / PATCHES), 0.02, 0.98)
    both = standing_out * supposed
    share = both / (both + (1 - standing_out) * (1 - supposed))
    by_place = np.clip(np.log(supposed / (1 - supposed)), -2, 2)
    sampled = np.random.default_rng(0).permutation(frame.size)[:SAMPLE]
    for number in range(ROUNDS):
        share[frame] = np.minimum(share[frame], 0.1)
        evidence = _by_colour(lab, share, sampled) + by_place * FADING**number
        mask = cut(evidence, lab)
        share = np.where(mask, 0.97, 0.03)
    return tidied(mask)


def tidied(mask: Mask) -> Mask:
    """Take away what is thin, keep the main piece and others that are large, and fill holes.

    Returns
    -------
    bool array of the same shape
        At least one pixel is true; all are where the mask was empty.
    """
    if not mask.any():
        return np.ones_like(mask)
    radius = max(1, round(min(mask.shape) * THIN))
    rows, columns = np.ogrid[-radius : radius + 1, -radius : radius + 1]
    thick = ndimage.binary_opening(mask, np.hypot(rows, columns) <= radius + 0.3)
    pieces, n = ndimage.label(thick if thick.any() else mask)
    sizes = ndimage.sum_labels(_central(mask.shape), pieces, np.arange(1, n + 1))
    kept = 1 + np.flatnonzero(sizes >= LARGE_PIECE * sizes.max())
    return np.asarray(ndimage.binary_fill_holes(np.isin(pieces, kept)))


def _by_colour(lab: Lab, share: NDArray[np.float64], sampled: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return in nats how much rather each pixel's colour is the garment's than the background's."""
    colours = lab.reshape(-1, 3).astype(np.float64)
    weights = share.ravel()[sampled]
    garment = fit_mixture(colours[sampled], weights).log_density(colours)
    background = fit_mixture(colours[sampled], 1 - weights).log_density(colours)
    return np.clip(garment - background, -MOST_EVIDENCE, MOST_EVIDENCE).reshape(share.shape)


def _supposed(size: tuple[int, ...]) -> NDArray[np.float64]:
    """Return how probably a place is garment before anything is seen: near 1 in the middle, small in the corners."""
    return np.asarray(1 / (1 + np.exp(6 * (_off_centre(size) - 0.85))))


def _central(size: tuple[int, ...]) -> NDArray[np.float64]:
    """Return weights that say how central a place is, 1 in the middle."""
    return np.asarray(np.exp(-2 * np.square(_off_centre(size))))


def _off_centre(size: tuple[int, ...]) -> NDArray[np.float64]:
    """Return distances from the middle: 1 in the middle of each side, 1.4 in the corners."""
    rows, columns = ((np.arange(side) + 0.5) / side * 2 - 1 for side in size)
    return np.hypot(rows[:, None], columns)


def _frame(size: tuple[int, ...]) -> Mask:
    """Return where the picture's border is."""
    width = max(1, round(FRAME * min(size)))
    frame = np.ones(size, np.bool_)
    frame[width:-width, width:-width] = False
    return frame
