"""What a model's answers are worth: how sure it may be, which classes it cannot tell apart, when to ask a person.

Everything that is fitted here is fitted on cross-validation images and measured on others.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fashion_classifier.evaluation.calibration import Calibration, calibrate, fit_temperature
from fashion_classifier.evaluation.conformal import Coverage, fit_rule, measure_coverage
from fashion_classifier.evaluation.novelty import fit_refusal
from fashion_classifier.evaluation.prediction_sets import METHODS, ConformalRule, prediction_sets
from fashion_classifier.evaluation.refusal import RefusalRule
from fashion_classifier.evaluation.selective import RiskCoverage, risk_coverage
from fashion_classifier.evaluation.temperature import tempered
from fashion_classifier.seeds import derive_seed

ALPHA = 0.05  # share of the images whose set may lack the true class


@dataclass(frozen=True, eq=False)
class Answers:
    """What a model says of images whose classes are known.

    Parameters
    ----------
    labels
        int64 array of shape (n,), n at least 1.
    probabilities
        Floating array of shape (n, k), rows summing to 1, at temperature 1.
    """

    labels: NDArray[np.int64]
    probabilities: NDArray[np.floating]


@dataclass(frozen=True)
class AnswerRules:
    """What is fitted on cross-validation images and goes with the model.

    Parameters
    ----------
    temperature
        What the logarithms of its probabilities are divided by.
    sets
        How sets of classes are made of the tempered probabilities, one rule for each method.
    refusal
        Which images are refused, by the tempered probabilities.
    """

    temperature: float
    sets: tuple[ConformalRule, ...]
    refusal: RefusalRule


@dataclass(frozen=True)
class Confidence:
    """How well a model knows what it knows, measured on images that nothing was fitted on.

    Parameters
    ----------
    rules
        Fitted on cross-validation images.
    before, after
        Calibration at temperature 1, and at the fitted temperature.
    coverage
        Of the sets of each of the rules, in their order.
    risk
        What is gained by answering only when sure.
    """

    rules: AnswerRules
    before: Calibration
    after: Calibration
    coverage: tuple[Coverage, ...]
    risk: RiskCoverage


def fit_rules(validation: Answers, *, alpha: float = ALPHA, seed: int = 0) -> AnswerRules:
    """Fit temperature, sets and refusal.

    Parameters
    ----------
    validation
        Of images that the model has not learned from.
    alpha
        Share of the images whose set may lack the true class, above 0 and below 1.
    seed
        Of the run; the adaptive sets' draws are derived from it.
    """
    temperature = fit_temperature(validation.labels, validation.probabilities)
    probabilities = tempered(validation.probabilities, temperature)
    draws = _draws(len(validation.labels), seed, "fit")
    sets = (fit_rule(validation.labels, probabilities, method=method, alpha=alpha, draws=draws) for method in METHODS)
    return AnswerRules(temperature, tuple(sets), fit_refusal(probabilities))


def measure_confidence(rules: AnswerRules, test: Answers, *, seed: int = 0) -> Confidence:
    """Measure rules on images that they were not fitted on.

    Parameters
    ----------
    seed
        Of the run; bootstrap and adaptive sets derive their own from it.
    """
    probabilities = tempered(test.probabilities, rules.temperature)
    draws = _draws(len(test.labels), seed, "measure")
    return Confidence(
        rules=rules,
        before=calibrate(test.labels, test.probabilities, seed=seed),
        after=calibrate(test.labels, probabilities, seed=seed),
        coverage=tuple(
            measure_coverage(test.labels, prediction_sets(probabilities, rule, draws=draws)) for rule in rules.sets
        ),
        risk=risk_coverage(test.labels, probabilities),
    )


def _draws(n: int, seed: int, purpose: str) -> NDArray[np.float64]:
    """Return a number from 0 to 1 for each image, independent of everything else."""
    return np.random.default_rng(derive_seed(seed, "adaptive sets", purpose)).random(n)
