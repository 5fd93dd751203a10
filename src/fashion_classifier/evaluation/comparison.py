"""Two models on the same images, paired: what the second mended and broke, and whether that may be chance."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtr

from fashion_classifier.display import html_table
from fashion_classifier.errors import UsageError
from fashion_classifier.evaluation.intervals import Estimate, wilson

BETTER = "better"
WORSE = "worse"
NOT_DISTINGUISHABLE = "not distinguishable"

SIGNIFICANCE = 0.05


@dataclass(frozen=True)
class Comparison:
    """Model b against model a on the same n images.

    Parameters
    ----------
    mended
        Number of images that a got wrong and b right.
    broken
        Number of images that a got right and b wrong.
    difference
        Accuracy of b less that of a, as a fraction from -1 to 1, with Newcombe's 95 % interval for paired
        proportions.
    p_value
        Of McNemar's exact two-sided test.
    verdict
        Of b: "better" or "worse" where p < 0.05, else "not distinguishable".
    """

    n: int
    both_right: int
    mended: int
    broken: int
    both_wrong: int
    difference: Estimate
    p_value: float
    verdict: str

    def __repr__(self) -> str:
        return f"Comparison({self.n:,} images, b less a {self.difference:+.1%}, p = {self.p_value:.2g}: {self.verdict})"

    def _repr_html_(self) -> str:
        return html_table(
            ("", "b right", "b wrong"),
            [
                ("a right", f"{self.both_right:,}", f"{self.broken:,} broken"),
                ("a wrong", f"{self.mended:,} mended", f"{self.both_wrong:,}"),
            ],
            caption=f"b against a on the same {self.n:,} images: {self.verdict}",
            notes=(f"Difference in accuracy {self.difference:+.1%}; McNemar's exact test: p = {self.p_value:.2g}.",),
        )


def compare(labels: NDArray[np.int64], predicted_a: NDArray[np.int64], predicted_b: NDArray[np.int64]) -> Comparison:
    """Compare two models' predictions for the same images.

    Parameters
    ----------
    labels, predicted_a, predicted_b
        int64 arrays of shape (n,), n at least 1, in one order of images.

    Raises
    ------
    UsageError
        If the arrays differ in shape or are empty.
    """
    if not labels.shape == predicted_a.shape == predicted_b.shape or labels.ndim != 1 or len(labels) == 0:
        raise UsageError(
            "labels and both predictions have one shape (n,), n >= 1, "
            f"but got {labels.shape}, {predicted_a.shape} and {predicted_b.shape}"
        )
    a_right, b_right = predicted_a == labels, predicted_b == labels
    return compare_counts(
        both_right=int((a_right & b_right).sum()),
        mended=int((~a_right & b_right).sum()),
        broken=int((a_right & ~b_right).sum()),
        both_wrong=int((~a_right & ~b_right).sum()),
    )


def compare_counts(*, both_right: int, mended: int, broken: int, both_wrong: int) -> Comparison:
    """Compare two models by how many images each got right, as in `Comparison`."""
    p_value = mcnemar(mended, broken)
    verdict = NOT_DISTINGUISHABLE
    if p_value < SIGNIFICANCE:
        verdict = BETTER if mended > broken else WORSE
    return Comparison(
        n=both_right + mended + broken + both_wrong,
        both_right=both_right,
        mended=mended,
        broken=broken,
        both_wrong=both_wrong,
        difference=paired_difference(both_right, mended, broken, both_wrong),
        p_value=p_value,
        verdict=verdict,
    )


def mcnemar(mended: int, broken: int) -> float:
    """Give the two-sided p-value of McNemar's exact test; 1 where the two models never differ.

    References
    ----------
    Q. McNemar, "Note on the sampling error of the difference between correlated proportions or percentages",
    Psychometrika 12 (1947), 153-157.
    """
    return min(1.0, 2 * float(bdtr(min(mended, broken), mended + broken, 0.5))) if mended + broken else 1.0


def paired_difference(both_right: int, mended: int, broken: int, both_wrong: int, confidence: float = 0.95) -> Estimate:
    """Give Newcombe's score interval for the difference between paired proportions (his method 10).

    The Wilson intervals of the two accuracies are squared and added, less what the pairing takes off.

    References
    ----------
    R. G. Newcombe, "Improved confidence intervals for the difference between binomial proportions based on
    paired data", Statistics in Medicine 17 (1998), 2635-2650.
    """
    n = both_right + mended + broken + both_wrong
    a = wilson(both_right + broken, n, confidence)
    b = wilson(both_right + mended, n, confidence)
    phi = _corrected_phi(both_right, mended, broken, both_wrong)
    difference = (mended - broken) / n
    below = _side(b.value - b.low, a.high - a.value, phi)
    above = _side(b.high - b.value, a.value - a.low, phi)
    return Estimate(difference, max(difference - below, -1.0), min(difference + above, 1.0))


def _corrected_phi(both_right: int, mended: int, broken: int, both_wrong: int) -> float:
    """Give the correlation of the models' answers, a positive one with Newcombe's continuity correction."""
    n = both_right + mended + broken + both_wrong
    a_right, b_right = both_right + broken, both_right + mended
    margins = a_right * (n - a_right) * b_right * (n - b_right)
    if margins == 0:
        return 0.0
    association = float(both_right * both_wrong - mended * broken)
    if association > 0:
        association = max(association - n / 2, 0.0)
    return association / sqrt(margins)


def _side(half_b: float, half_a: float, phi: float) -> float:
    """Give the length of one side of the difference's interval from the sides of the two proportions'."""
    return sqrt(max(half_b**2 - 2 * phi * half_b * half_a + half_a**2, 0.0))
