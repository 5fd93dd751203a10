"""Results -> a conclusion in words: every sentence is made from measured values, and changes with them."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from fashion_classifier.evaluation.comparison import BETTER, NOT_DISTINGUISHABLE
from fashion_classifier.reporting.conclusion.generalization import generalization
from fashion_classifier.reporting.conclusion.optimization import optimization
from fashion_classifier.reporting.conclusion.robustness import robustness
from fashion_classifier.reporting.conclusion.summary import judged, summary
from fashion_classifier.reporting.results import RunResults
from fashion_classifier.reporting.wording import difference_points, share_alone

__all__ = ["Conclusion", "Section", "conclude", "judged"]


@dataclass(frozen=True)
class Section:
    """A part of the conclusion: its title and its sentences."""

    title: str
    sentences: tuple[str, ...]


@dataclass(frozen=True)
class Conclusion:
    """What the run has shown.

    Parameters
    ----------
    headline
        The verdict in one sentence.
    """

    headline: str
    summary: Section
    optimization: Section
    robustness: Section
    generalization: Section

    @property
    def sections(self) -> tuple[Section, ...]:
        """All sections, in reading order."""
        return self.summary, self.optimization, self.robustness, self.generalization


def conclude(results: RunResults, predictions: pl.DataFrame | None = None) -> Conclusion:
    """Put a run's results into words.

    Parameters
    ----------
    predictions
        Both models' answers, where they are at hand: they tell how sure the wrong ones were.
    """
    return Conclusion(
        headline=_headline(results),
        summary=Section("Summary of results", tuple(summary(results, predictions))),
        optimization=Section("Optimization", tuple(optimization(results))),
        robustness=Section("Robustness", tuple(robustness(results))),
        generalization=Section("Generalization", tuple(generalization(results))),
    )


def _headline(results: RunResults) -> str:
    """Say in one sentence which model is the better one, and by how much."""
    initial, optimized, images = judged(results)
    where = f"of the {'drawn ' if results.data.is_sample else ''}{images}"
    after, before = share_alone(optimized.accuracy), share_alone(initial.accuracy)
    if results.comparison.verdict == NOT_DISTINGUISHABLE:
        return (
            f"The two models are not distinguishable: {after} {where} correct with the optimized one, "
            f"{before} with the initial one."
        )
    direction = "more" if results.comparison.verdict == BETTER else "fewer"
    difference = difference_points(results.comparison.difference)
    return (
        f"The optimized model classifies {after} {where} correctly, {difference} {direction} than "
        f"the initial model’s {before}."
    )
