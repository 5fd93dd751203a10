"""Summary of results: both models on the images that they are judged by, and the classes behind that."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import polars as pl

from fashion_classifier.evaluation.comparison import NOT_DISTINGUISHABLE, Comparison
from fashion_classifier.evaluation.metrics import ClassReport, Evaluation
from fashion_classifier.reporting.predictions import ModelName, answers, judged_split
from fashion_classifier.reporting.results import RunResults
from fashion_classifier.reporting.wording import (
    compared,
    count,
    count_or_none,
    counted,
    listed,
    percent,
    probability_of_chance,
    score,
    share,
    signed_points,
)

SURE = 0.9


def judged(results: RunResults) -> tuple[Evaluation, Evaluation, str]:
    """Give the evaluations by which the initial and the optimized model are judged, and of what images.

    These are of the test set, or of the cross-validation images while that has not been opened.
    """
    if results.initial.test is None or results.optimized.test is None:
        return results.initial.validation, results.optimized.validation, "cross-validation images"
    return results.initial.test, results.optimized.test, "test images"


def summary(results: RunResults, predictions: pl.DataFrame | None) -> Iterator[str]:
    """Say what the two models reach, which is better, and where they fail."""
    initial, optimized, images = judged(results)
    yield from _reservations(results)
    yield (
        f"Of {count(optimized.n)} {images} the optimized model ({results.optimized.family}) classifies "
        f"{share(optimized.accuracy)} correctly, the initial model ({results.initial.family}) "
        f"{share(initial.accuracy)}; in brackets {percent(0.95, 0)} intervals."
    )
    yield verdict(results.comparison)
    yield mended_and_broken(results.comparison)
    yield _other_scores(initial, optimized)
    if len(optimized.classes) > 1:
        yield _best_and_weakest(optimized)
        yield _change_by_class(initial, optimized)
        yield _most_confused(optimized)
    if predictions is not None and optimized.n_misclassified:
        yield _how_sure_when_wrong(predictions, "optimized")


def _reservations(results: RunResults) -> Iterator[str]:
    """Say what must be known before the figures are read."""
    if results.data.is_sample:
        yield (
            "All of this is about a drawn sample, not about photographs: it shows that the run works, and "
            "says nothing of real garments."
        )
    if results.ended_early:
        yield (
            f"The run was cut short ({results.ended_early}); the figures are those of the models that there "
            "were by then."
        )
    if results.instead:
        yield results.instead
    if results.initial.test is None or results.optimized.test is None:
        yield (
            "The test set has not been opened: the figures are of the cross-validation images, by which the "
            "models were also chosen."
        )


def verdict(comparison: Comparison) -> str:
    """Say what the paired test says."""
    test = f"McNemar’s exact test, {probability_of_chance(comparison.p_value)}"
    difference = signed_points(comparison.difference)
    if comparison.verdict == NOT_DISTINGUISHABLE:
        said = "the two models are not distinguishable in accuracy"
    else:
        said = f"the optimized model is {comparison.verdict} than the initial one"
    holds_zero = comparison.difference.low <= 0 <= comparison.difference.high
    agree = holds_zero == (comparison.verdict == NOT_DISTINGUISHABLE)
    border = (
        "" if agree else " The interval, which is an approximation, says otherwise by a hair; the exact test decides."
    )
    return f"Image by image, {said}: {difference}; {test}.{border}"


def mended_and_broken(comparison: Comparison) -> str:
    """Say how many images changed sides."""
    n_wrong = comparison.mended + comparison.both_wrong
    n_right = comparison.both_right + comparison.broken
    mended = "The initial model got no image wrong, so that there was nothing to mend"
    if n_wrong:
        mended = (
            f"Of the {counted(n_wrong, 'image')} that the initial model got wrong, the optimized one mended "
            f"{count_or_none(comparison.mended)}"
        )
    broken = "it got none right, so that there was nothing to break"
    if n_right:
        n_broken = count_or_none(comparison.broken)
        broken = f"of the {count(n_right)} that it got right, the optimized one broke {n_broken}"
    return f"{mended}; {broken}."


def _other_scores(initial: Evaluation, optimized: Evaluation) -> str:
    """Say what macro-F1 and loss are."""
    losses = [model.loss.value for model in (optimized, initial)]
    if f"{losses[0]:.3f}" == f"{losses[1]:.3f}":
        losses[0] = losses[1]  # what looks the same is called so
    loss = compared(losses[0], losses[1], "lower", "the same", "higher")
    after, before = score(optimized.macro_f1), score(initial.macro_f1)
    return (
        f"Macro-F1 is {after} with the optimized model and {before} with the initial one; "
        f"the mean cross-entropy is {loss} ({score(optimized.loss)} against {score(initial.loss)})."
    )


def _best_and_weakest(evaluation: Evaluation) -> str:
    """Name the classes with the highest and the lowest F1."""
    scores = [f"{report.f1:.3f}" for report in evaluation.per_class]
    best, weakest = max(scores), min(scores)
    if best == weakest:
        return f"The optimized model recognises every class equally well (F1 {best})."
    return (
        f"The optimized model recognises {_with_score(evaluation.per_class, best)} best (F1 {best}) and "
        f"{_with_score(evaluation.per_class, weakest)} worst (F1 {weakest})."
    )


def _with_score(reports: Sequence[ClassReport], score: str) -> str:
    """Name the classes that have this F1."""
    return listed([report.name for report in reports if f"{report.f1:.3f}" == score])


def _change_by_class(initial: Evaluation, optimized: Evaluation) -> str:
    """Say in which classes F1 rose and fell, and where most."""
    changes = sorted(
        (
            (after.f1 - before.f1, before, after)
            for before, after in zip(initial.per_class, optimized.per_class, strict=True)
        ),
        key=lambda change: change[0],
    )
    fallen = [change for change in changes if change[0] < 0]
    risen = [change for change in reversed(changes) if change[0] > 0]
    if not risen and not fallen:
        return "Class by class, F1 is the same with both models."
    rose, fell = _number_and_most("rose", risen), _number_and_most("fell", fallen)
    return f"Of {len(changes)} classes, F1 {rose} and {fell}."


def _number_and_most(verb: str, changes: Sequence[tuple[float, ClassReport, ClassReport]]) -> str:
    """Say of how many classes F1 changed this way, and name the one where it did most, which is the first."""
    if not changes:
        return f"{verb} in none"
    _, before, after = changes[0]
    most = "most in " if len(changes) > 1 else ""
    return f"{verb} in {len(changes)} ({most}{after.name}, {before.f1:.3f} to {after.f1:.3f})"


def _most_confused(evaluation: Evaluation) -> str:
    """Name the two classes between which most images go astray."""
    confusion = np.array(evaluation.confusion)
    both_ways = np.triu(confusion + confusion.T, k=1)
    if not both_ways.any():
        return f"The optimized model got none of the {counted(evaluation.n, 'image')} wrong."
    a, b = (int(index) for index in np.unravel_index(both_ways.argmax(), both_ways.shape))
    n_others = int((both_ways == both_ways[a, b]).sum()) - 1
    if confusion[b, a] > confusion[a, b]:
        a, b = b, a
    a_name, b_name = evaluation.classes[a], evaluation.classes[b]
    others = f" ({counted(n_others, 'other pair')} as often)" if n_others else ""
    return (
        f"The pair that it confuses most is {a_name} and {b_name}{others}: {count(int(confusion[a, b]))} of "
        f"{counted(int(confusion[a].sum()), 'image')} of {a_name} were called {b_name}, and "
        f"{count(int(confusion[b, a]))} of {count(int(confusion[b].sum()))} the other way round."
    )


def _how_sure_when_wrong(predictions: pl.DataFrame, model: ModelName) -> str:
    """Say how much probability a model gave its wrong answers."""
    rows = answers(predictions, model, judged_split(predictions))
    wrong = rows.filter(pl.col("predicted") != pl.col("label"))["probability"].to_numpy()
    n_sure = count_or_none(int((wrong >= SURE).sum()))
    median = percent(float(np.median(wrong)), 0)
    return (
        f"Its {counted(len(wrong), 'wrong answer')} had a median probability of {median}; "
        f"{n_sure} of them had {percent(SURE, 0)} or more."
    )
