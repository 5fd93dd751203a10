"""How far two models hold out when images are corrupted: right and wrong answers in, errors and their ratios out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fashion_classifier.errors import UsageError
from fashion_classifier.evaluation.intervals import Estimate, bootstrap, mean_with_interval, wilson
from fashion_classifier.seeds import derive_seed

# A kind that costs model a less than a point of accuracy has no relative corruption error: the ratio of two losses near
# zero could be anything.
LEAST_LOSS = 0.01


@dataclass(frozen=True)
class Cell:
    """Two models on the same images under one corruption of one severity.

    Parameters
    ----------
    kind
        Name of the corruption.
    severity
        1 (mild) to 5 (strong).
    n
        Number of images.
    accuracy_a, accuracy_b
        With Wilson's 95 % interval.
    """

    kind: str
    severity: int
    n: int
    accuracy_a: Estimate
    accuracy_b: Estimate


@dataclass(frozen=True)
class KindRobustness:
    """Two models under one corruption, over its severities.

    Parameters
    ----------
    kind
        Name of the corruption.
    cells
        One for each severity, mild to strong.
    mean_accuracy_a, mean_accuracy_b
        Over the severities.
    corruption_error
        Errors of b over those of a, both summed over the severities: below 1 where b holds out better. None where a
        makes none.
    relative_corruption_error
        The same of the errors above those on clean images: below 1 where b loses less. None where a loses less than a
        point of accuracy.
    """

    kind: str
    cells: tuple[Cell, ...]
    mean_accuracy_a: float
    mean_accuracy_b: float
    corruption_error: float | None
    relative_corruption_error: float | None


@dataclass(frozen=True)
class Robustness:
    """Two models on the same images, clean and corrupted in many ways; intervals are of 95 %.

    Parameters
    ----------
    n
        Number of images, the same under every corruption.
    clean_accuracy_a, clean_accuracy_b
        With Wilson's interval.
    mean_accuracy_a, mean_accuracy_b
        Over all kinds and severities, with bootstrap intervals over images.
    difference
        Mean accuracy of b less that of a, with a bootstrap interval over images.
    mean_corruption_error
        mCE: the mean of the kinds' corruption errors, of those that have one, with a bootstrap interval over images.
        None where none has.
    relative_mean_corruption_error
        The mean of the kinds' relative corruption errors, of those that have one; None where none has.
    kinds
        In the order given.
    worst_a, worst_b
        Where each model is right least often; the first of such cells.
    """

    n: int
    clean_accuracy_a: Estimate
    clean_accuracy_b: Estimate
    mean_accuracy_a: Estimate
    mean_accuracy_b: Estimate
    difference: Estimate
    mean_corruption_error: Estimate | None
    relative_mean_corruption_error: float | None
    kinds: tuple[KindRobustness, ...]
    worst_a: Cell
    worst_b: Cell


def compare_robustness(
    kinds: Sequence[str],
    right_a: NDArray[np.bool_],
    right_b: NDArray[np.bool_],
    clean_a: NDArray[np.bool_],
    clean_b: NDArray[np.bool_],
    *,
    severities: Sequence[int] | None = None,
    seed: int = 0,
) -> Robustness:
    """Compare how far two models hold out under corruption.

    Parameters
    ----------
    kinds
        Names of the corruptions.
    right_a, right_b
        Boolean arrays of shape (kinds, severities, n): which of the corrupted images each model got right, mild to
        strong, the images in one order throughout.
    clean_a, clean_b
        Boolean arrays of shape (n,): the same for the images as they are.
    severities
        Which ones they are; 1, 2, … by default.
    seed
        Of the run; the bootstraps derive their own from it.

    Raises
    ------
    UsageError
        If the arrays don't fit each other.

    References
    ----------
    D. Hendrycks, T. Dietterich, "Benchmarking Neural Network Robustness to Common Corruptions and Perturbations",
    arXiv:1903.12261, section 4.2. There model a is AlexNet.
    """
    _check(kinds, right_a, right_b, clean_a, clean_b)
    numbers = severities or range(1, right_a.shape[1] + 1)
    found = tuple(
        _kind(name, numbers, a, b, clean_a, clean_b) for name, a, b in zip(kinds, right_a, right_b, strict=True)
    )
    cells = [cell for kind in found for cell in kind.cells]
    relative = [kind.relative_corruption_error for kind in found if kind.relative_corruption_error is not None]
    share_a, share_b = right_a.mean(axis=(0, 1)), right_b.mean(axis=(0, 1))  # of its corruptions, each image: (n,)
    return Robustness(
        n=len(clean_a),
        clean_accuracy_a=_accuracy(clean_a),
        clean_accuracy_b=_accuracy(clean_b),
        mean_accuracy_a=mean_with_interval(share_a, seed=derive_seed(seed, "bootstrap", "robustness", "a")),
        mean_accuracy_b=mean_with_interval(share_b, seed=derive_seed(seed, "bootstrap", "robustness", "b")),
        difference=mean_with_interval(
            share_b - share_a, seed=derive_seed(seed, "bootstrap", "robustness", "difference")
        ),
        mean_corruption_error=_mean_corruption_error(found, right_a, right_b, derive_seed(seed, "bootstrap", "mce")),
        relative_mean_corruption_error=float(np.mean(relative)) if relative else None,
        kinds=found,
        worst_a=min(cells, key=lambda cell: cell.accuracy_a.value),
        worst_b=min(cells, key=lambda cell: cell.accuracy_b.value),
    )


def _kind(
    name: str,
    severities: Sequence[int],
    right_a: NDArray[np.bool_],
    right_b: NDArray[np.bool_],
    clean_a: NDArray[np.bool_],
    clean_b: NDArray[np.bool_],
) -> KindRobustness:
    """Describe one kind by arrays of shape (severities, n)."""
    accuracies_a, accuracies_b = right_a.mean(), right_b.mean()
    loss_a, loss_b = clean_a.mean() - accuracies_a, clean_b.mean() - accuracies_b
    return KindRobustness(
        kind=name,
        cells=tuple(
            Cell(name, severity, a.size, _accuracy(a), _accuracy(b))
            for severity, a, b in zip(severities, right_a, right_b, strict=True)
        ),
        mean_accuracy_a=float(accuracies_a),
        mean_accuracy_b=float(accuracies_b),
        corruption_error=None if right_a.all() else int((~right_b).sum()) / int((~right_a).sum()),
        relative_corruption_error=float(loss_b / loss_a) if loss_a >= LEAST_LOSS else None,
    )


def _mean_corruption_error(
    found: tuple[KindRobustness, ...], right_a: NDArray[np.bool_], right_b: NDArray[np.bool_], seed: int
) -> Estimate | None:
    """Return the mean of the kinds' corruption errors, of those that have one, with its interval.

    A resample may miss the few errors that a makes in a kind, which is then left out of that resample's mean. One that
    misses all of them counts as the measured value.
    """
    defined = [kind.corruption_error for kind in found if kind.corruption_error is not None]
    if not defined:
        return None
    measured = np.mean(defined)
    # Errors over the severities, of each image: (n, kinds).
    wrong_a, wrong_b = ((~right).sum(axis=1).T.astype(np.float64) for right in (right_a, right_b))

    def mean_ratio(counts: NDArray[np.float64]) -> NDArray[np.float64]:
        errors_a, errors_b = counts @ wrong_a, counts @ wrong_b  # (resamples, kinds)
        some = errors_a > 0
        ratios = np.divide(errors_b, errors_a, out=np.zeros_like(errors_b), where=some)
        means: NDArray[np.float64] = ratios.sum(axis=1) / np.maximum(some.sum(axis=1), 1)
        return np.where(some.any(axis=1), means, measured)

    return bootstrap(mean_ratio, len(wrong_a), seed=seed)


def _accuracy(right: NDArray[np.bool_]) -> Estimate:
    """Return the share of the right answers, with its interval."""
    return wilson(int(right.sum()), right.size)


def _check(kinds: Sequence[str], *rights: NDArray[np.bool_]) -> None:
    """Refuse arrays that are not of one set of images, or that hold something else than right and wrong."""
    corrupted, _, clean, _ = (right.shape for right in rights)
    shapes = [right.shape for right in rights]
    if (
        shapes != [corrupted, corrupted, clean, clean]
        or len(corrupted) != 3
        or corrupted[2:] != clean
        or 0 in corrupted
    ):
        raise UsageError(
            "right answers are of shape (kinds, severities, n) for corrupted and (n,) for clean images, n >= 1, "
            f"but got {', '.join(map(str, shapes))}"
        )
    if len(kinds) != corrupted[0] or len(set(kinds)) != len(kinds):
        raise UsageError(f"{corrupted[0]} kinds have as many different names, but got {', '.join(kinds) or 'none'}")
    if any(right.dtype != np.bool_ for right in rights):
        raise UsageError(f"right answers are booleans, but got {', '.join(str(right.dtype) for right in rights)}")
