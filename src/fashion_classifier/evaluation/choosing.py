"""How much the best of many flatters itself, being judged by the images that it was chosen on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fashion_classifier.errors import UsageError
from fashion_classifier.evaluation.intervals import Estimate
from fashion_classifier.seeds import derive_seed

_BLOCK_CELLS = 4_000_000


@dataclass(frozen=True)
class Optimism:
    """What choosing adds to the accuracy of the one that is chosen.

    Parameters
    ----------
    n_models, n_images
        Among how many the best was chosen, and on how many images.
    best
        Accuracy of the best on these images.
    optimism
        How far that lies above its accuracy on other images of the same kind: mean over the resamples, and the range
        of the middle 95 %. It may be below 0 in a resample.
    """

    n_models: int
    n_images: int
    best: float
    optimism: Estimate


def measure_optimism(right: NDArray[np.bool_], *, n_resamples: int = 1000, seed: int = 0) -> Optimism:
    """Estimate the optimism of choosing the best of several models by the images that it is judged by.

    Both are drawn anew with replacement, models and images; the best of the drawn models on the drawn images is judged
    by the images that were not drawn.

    Parameters
    ----------
    right
        bool array of shape (models, n): what each got right; one model and two images at least.
    n_resamples
        At least 1.
    seed
        Of the run; the bootstrap derives its own from it.

    Raises
    ------
    UsageError
        If there are too few models, images or resamples.

    References
    ----------
    B. Efron, "Estimating the Error Rate of a Prediction Rule: Improvement on Cross-Validation", Journal of the
    American Statistical Association 78 (1983), 316-331: the bootstrap for optimism, with the images left out.
    """
    if right.ndim != 2 or right.shape[0] < 1 or right.shape[1] < 2 or n_resamples < 1:
        raise UsageError(
            f"there must be models, two images and a resample at least, but got {right.shape} and {n_resamples}"
        )
    n_models, n_images = right.shape
    rng = np.random.default_rng(derive_seed(seed, "bootstrap", "optimism"))
    exact = right.T.astype(np.float32)
    gaps: list[float] = []
    while len(gaps) < n_resamples:
        block = min(n_resamples - len(gaps), max(1, _BLOCK_CELLS // n_images))
        counts = np.stack([np.bincount(rng.integers(0, n_images, n_images), minlength=n_images) for _ in range(block)])
        outside = counts == 0
        seen = counts.astype(np.float32) @ exact / n_images  # (block, models)
        unseen = outside.astype(np.float32) @ exact / np.maximum(outside.sum(axis=1, keepdims=True), 1)
        for of_seen, of_unseen in zip(seen, unseen, strict=True):
            drawn = np.unique(rng.integers(0, n_models, n_models))
            best = drawn[of_seen[drawn].argmax()]
            gaps.append(float(of_seen[best] - of_unseen[best]))
    low, high = np.quantile(gaps, (0.025, 0.975)).tolist()
    return Optimism(n_models, n_images, float(right.mean(axis=1).max()), Estimate(float(np.mean(gaps)), low, high))
