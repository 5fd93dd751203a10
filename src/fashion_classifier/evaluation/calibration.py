"""Whether probabilities mean what they say, and the one number that makes them mean it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from fashion_classifier.errors import UsageError
from fashion_classifier.evaluation.intervals import Estimate, bootstrap, mean_with_interval, wilson
from fashion_classifier.evaluation.temperature import log_sum_exp, logarithms
from fashion_classifier.seeds import derive_seed

BINS = 15  # as in C. Guo et al., "On Calibration of Modern Neural Networks" (arXiv:1706.04599)
CHANCES = 200  # draws of which answers are right, for what chance alone does to the calibration error
LEAST_TEMPERATURE, MOST_TEMPERATURE = 0.05, 20.0
LIKELY = 0.5  # standard deviation of the temperature's logarithm before any image was seen; thousands outweigh it


@dataclass(frozen=True)
class Bin:
    """The images whose most probable class has a probability between two bounds.

    Parameters
    ----------
    low, high
        The bounds; the lower one is outside but for the first bin.
    n
        Number of images.
    confidence
        Mean probability of the most probable class.
    accuracy
        Share of the right answers, with Wilson's 95 % interval.
    """

    low: float
    high: float
    n: int
    confidence: float
    accuracy: Estimate


@dataclass(frozen=True)
class Calibration:
    """How well a model knows how sure it may be.

    Parameters
    ----------
    ece
        Expected calibration error over bins of equal width: how far confidence and accuracy lie apart, a share of 1,
        with a 95 % interval (basic bootstrap over images; from 0 where right probabilities would show as much).
    adaptive_ece
        The same over bins of equally many images.
    brier
        Squared distance of the probabilities from the truth, summed over the classes, 0 to 2; mean with its interval.
    mean_confidence
        Mean probability of the most probable class.
    bins
        Of equal width; empty ones are left out.
    chance_ece
        The calibration error that would be measured, on average, if every probability were exactly right: what so few
        images show by chance alone. None where an earlier version did not measure it.
    """

    ece: Estimate
    adaptive_ece: Estimate
    brier: Estimate
    mean_confidence: float
    bins: tuple[Bin, ...]
    chance_ece: float | None = None


def calibrate(labels: NDArray[np.int64], probabilities: NDArray[np.floating], *, seed: int = 0) -> Calibration:
    """Measure calibration.

    Noise moves confidence and accuracy apart in each bin, so that a measured calibration error lies above the true one:
    with 10,000 images some tenths of a point, with 200 several points. The interval makes up for that.

    Parameters
    ----------
    labels
        int64 array of shape (n,), n at least 1.
    probabilities
        Floating array of shape (n, k), rows summing to 1.
    seed
        Of the run; the bootstrap derives its own from it.

    Raises
    ------
    UsageError
        If there are no images, or not as many rows as labels.
    """
    confidence, right = _answers(labels, probabilities)
    gaps = confidence - right
    equal, adaptive = equal_width_bins(confidence), equal_count_bins(confidence)
    squares = _squared_distances(labels, probabilities)

    def resampled(name: str, members: NDArray[np.int64]) -> tuple[Estimate, float]:
        found = bootstrap(
            lambda weights: _errors(members, gaps, weights),
            len(labels),
            basic=True,
            seed=derive_seed(seed, "bootstrap", name),
        )
        by_chance = _chance_errors(confidence, members, seed=derive_seed(seed, "chance", name))
        if found.value <= np.quantile(by_chance, 0.975):  # no larger than of probabilities that are right
            found = replace(found, low=0.0)
        return found, float(by_chance.mean())

    (ece, chance_ece), (adaptive_ece, _) = resampled("ece", equal), resampled("adaptive-ece", adaptive)
    return Calibration(
        ece=ece,
        adaptive_ece=adaptive_ece,
        brier=mean_with_interval(squares, seed=derive_seed(seed, "bootstrap", "brier")),
        mean_confidence=float(confidence.mean()),
        bins=tuple(_bins(confidence, right, equal)),
        chance_ece=chance_ece,
    )


def equal_width_bins(confidence: NDArray[np.float64], n_bins: int = BINS) -> NDArray[np.int64]:
    """Return for each confidence the number of its bin among `n_bins` of equal width, ``(low, high]``."""
    return np.clip(np.ceil(confidence * n_bins).astype(np.int64) - 1, 0, n_bins - 1)


def equal_count_bins(confidence: NDArray[np.float64], n_bins: int = BINS) -> NDArray[np.int64]:
    """Return for each confidence the number of its bin among `n_bins` of equally many, as far as that goes.

    Equal confidences stay together, whatever their order.
    """
    ends = np.quantile(confidence, np.arange(1, n_bins) / n_bins, method="inverted_cdf")
    return np.searchsorted(np.unique(ends), confidence, side="left").astype(np.int64)


def fit_temperature(labels: NDArray[np.int64], probabilities: NDArray[np.floating]) -> float:
    """Find the temperature by which cross-entropy is least, between 0.05 and 20; 1 where it changes nothing.

    A few images alone would be best served by an extreme one: their temperature is kept nearer to 1, as one that is
    normally distributed in its logarithm would be (maximum a posteriori).

    Parameters
    ----------
    labels
        int64 array of shape (n,), n at least 1; of images that the model has not learned from.
    probabilities
        Floating array of shape (n, k), at temperature 1.

    Raises
    ------
    UsageError
        If there are no images, or not as many rows as labels.

    References
    ----------
    C. Guo et al., "On Calibration of Modern Neural Networks" (arXiv:1706.04599).
    """
    _answers(labels, probabilities)
    untempered = logarithms(probabilities)

    def loss(log_temperature: float) -> float:
        scaled = untempered / np.exp(log_temperature)
        of_truth = scaled[np.arange(len(labels)), labels]
        kept_near_1 = (log_temperature / LIKELY) ** 2 / 2
        return float((log_sum_exp(scaled) - of_truth).mean() + kept_near_1 / len(labels))

    bounds = (float(np.log(LEAST_TEMPERATURE)), float(np.log(MOST_TEMPERATURE)))
    found = minimize_scalar(loss, bounds=bounds, method="bounded", options={"xatol": 1e-5})
    return float(np.exp(found.x)) if found.fun < loss(0.0) else 1.0


def _answers(
    labels: NDArray[np.int64], probabilities: NDArray[np.floating]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return each image's confidence, and 1 where the answer is right, else 0."""
    if len(labels) == 0 or len(labels) != len(probabilities):
        raise UsageError(
            f"there must be as many rows of probabilities as labels, one at least, but got {len(probabilities)} rows "
            f"and {len(labels)} labels"
        )
    confidence = probabilities.max(axis=1).astype(np.float64)
    return confidence, (probabilities.argmax(axis=1) == labels).astype(np.float64)


def _errors(members: NDArray[np.int64], gaps: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the calibration error of each resample; `weights` of shape (resamples, n) count the images."""
    in_bin = members[:, None] == np.arange(members.max() + 1)
    sums = weights @ (in_bin * gaps[:, None])  # (resamples, bins)
    errors: NDArray[np.float64] = np.abs(sums).sum(axis=1) / weights.sum(axis=1)
    return errors


def _chance_errors(confidence: NDArray[np.float64], members: NDArray[np.int64], *, seed: int) -> NDArray[np.float64]:
    """Return calibration errors of draws in which answers are right exactly as often as they are said to be."""
    rng, n = np.random.default_rng(seed), len(confidence)
    gaps = (confidence - (rng.random(n) < confidence) for _ in range(CHANCES))
    return np.array([np.abs(np.bincount(members, gap)).sum() / n for gap in gaps])


def _bins(confidence: NDArray[np.float64], right: NDArray[np.float64], members: NDArray[np.int64]) -> list[Bin]:
    """Describe the bins of equal width that hold an image."""
    found = []
    for number in np.unique(members):
        inside = members == number
        n = int(inside.sum())
        accuracy = wilson(int(right[inside].sum()), n)
        found.append(Bin(number / BINS, (number + 1) / BINS, n, float(confidence[inside].mean()), accuracy))
    return found


def _squared_distances(labels: NDArray[np.int64], probabilities: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return each image's Brier score."""
    distances = probabilities.astype(np.float64)
    distances[np.arange(len(labels)), labels] -= 1
    scores: NDArray[np.float64] = (distances**2).sum(axis=1)
    return scores
