"""Garment or background, for all pixels at once: the cut that costs least."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import breadth_first_order, maximum_flow

from fashion_classifier.data.garments.colour import Lab

STIFFNESS = 6.0  # cost of an edge between two pixels of one colour, in nats
FINENESS = 20  # whole units of flow in a nat
_WHOLE = slice(None)
_STEPS = (  # to the right, down, and the two diagonals
    ((_WHOLE, slice(None, -1)), (_WHOLE, slice(1, None)), 1.0),
    ((slice(None, -1), _WHOLE), (slice(1, None), _WHOLE), 1.0),
    ((slice(None, -1), slice(None, -1)), (slice(1, None), slice(1, None)), 0.5**0.5),
    ((slice(None, -1), slice(1, None)), (slice(1, None), slice(None, -1)), 0.5**0.5),
)


def cut(evidence: NDArray[np.float64], lab: Lab) -> NDArray[np.bool_]:
    """Separate a garment from its background where colours change.

    Parameters
    ----------
    evidence
        float64 array of shape (height, width): in nats how much rather a pixel is garment than background.
    lab
        float32 array of shape (height, width, 3).

    Returns
    -------
    bool array of shape (height, width)
        Where the garment is: of all masks the one for which evidence passed over and edges of the mask between alike
        colours cost least.

    References
    ----------
    Boykov, Jolly: Interactive Graph Cuts, ICCV 2001, https://doi.org/10.1109/ICCV.2001.937505.
    """
    height, width = evidence.shape
    n = height * width
    source, sink = n, n + 1
    pixels = np.arange(n, dtype=np.int32).reshape(height, width)
    one = np.concatenate([pixels[a].ravel() for a, _, _ in _STEPS])
    other = np.concatenate([pixels[b].ravel() for _, b, _ in _STEPS])
    edges = _edge_costs(lab)
    starts = np.concatenate([one, other, np.full(n, source, np.int32), pixels.ravel()])
    ends = np.concatenate([other, one, pixels.ravel(), np.full(n, sink, np.int32)])
    costs = np.concatenate([edges, edges, np.maximum(evidence, 0).ravel(), np.maximum(-evidence, 0).ravel()])
    units = np.round(costs * FINENESS).astype(np.int32)
    network = csr_array((units, (starts, ends)), shape=(n + 2, n + 2))
    left = network - maximum_flow(network, source, sink).flow
    left.data = np.maximum(left.data, 0)
    left.eliminate_zeros()
    garment = np.zeros(n + 2, np.bool_)
    garment[breadth_first_order(left, source, return_predecessors=False)] = True
    return garment[:n].reshape(height, width)


def _edge_costs(lab: Lab) -> NDArray[np.float64]:
    """Return what a mask's edge costs between neighbours: less where the colours differ more than they mostly do."""
    apart = [np.square(lab[a] - lab[b]).sum(-1).ravel() for a, b, _ in _STEPS]
    usual = float(np.concatenate([*apart, [1e-9]]).mean()) + 1e-9  # a single pixel has no neighbours
    return np.concatenate(
        [
            STIFFNESS * weight * np.exp(-change / (2 * usual))
            for change, (_, _, weight) in zip(apart, _STEPS, strict=True)
        ],
        dtype=np.float64,
    )
