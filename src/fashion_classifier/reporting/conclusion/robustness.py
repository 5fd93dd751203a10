"""Robustness: what this run measured of it, and in words what it did not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from fashion_classifier.evaluation.metrics import ClassReport, Evaluation
from fashion_classifier.reporting.conclusion.summary import judged
from fashion_classifier.reporting.results import Epoch, ModelResult, RunResults, SearchFacts, TrialFacts
from fashion_classifier.reporting.wording import (
    compared,
    count,
    counted,
    in_sentence,
    listed,
    percent,
    points,
)

NOT_MEASURED = (
    "Robustness to corrupted images (noise, blur, shifts, other light) has not been measured in this run, "
    "nor what the models answer for images that belong to none of the classes."
)


def robustness(results: RunResults) -> Iterator[str]:
    """Say how even the classes are, how steady splits, seeds and training, and what has not been measured."""
    initial, optimized, _ = judged(results)
    if len(optimized.classes) > 1:
        yield _spread(initial, optimized)
    if optimized.n_misclassified:
        yield _where_mistakes_are(optimized)
    yield from _across_splits(results)
    yield from _across_seeds(results.search)
    for model in (results.initial, results.optimized):
        yield from _how_training_ended(model)
    yield NOT_MEASURED


def _spread(initial: Evaluation, optimized: Evaluation) -> str:
    """Say how far the classes' recalls lie apart, in both models."""
    low, high = _ends(optimized)
    low_before, high_before = _ends(initial)
    after, before = high.recall - low.recall, high_before.recall - low_before.recall
    return (
        f"From class to class the optimized model’s recall runs from {percent(low.recall)} ({low.name}) to "
        f"{percent(high.recall)} ({high.name}), a spread of {points(after)}; the initial model’s spread is "
        f"{compared(before, after, 'narrower', 'the same', 'wider')} ({points(before)}, {low_before.name} to "
        f"{high_before.name})."
    )


def _ends(evaluation: Evaluation) -> tuple[ClassReport, ClassReport]:
    """Give the classes with the lowest and the highest recall, of those that have images."""
    reports = sorted((report for report in evaluation.per_class if report.support), key=lambda report: report.recall)
    return reports[0], reports[-1]


def _where_mistakes_are(evaluation: Evaluation) -> str:
    """Say on which class most mistakes fall."""
    confusion = np.array(evaluation.confusion)
    missed = confusion.sum(axis=1) - confusion.diagonal()
    most = int(missed.max())
    names = [evaluation.classes[index] for index in np.flatnonzero(missed == most)]
    each = " each" if len(names) > 1 else ""
    return (
        f"Of its {counted(evaluation.n_misclassified, 'mistake')}, most fall on {listed(names)}: "
        f"{count(most)}{each} ({percent(most / evaluation.n_misclassified, 0)})."
    )


def _across_splits(results: RunResults) -> Iterator[str]:
    """Say how far the two sets of images that a model was not fitted to agree."""
    differences = {
        in_sentence(model.title): model.test.accuracy.value - model.validation.accuracy.value
        for model in (results.initial, results.optimized)
        if model.test is not None
    }
    parts = [f"{points(difference)} for the {name}" for name, difference in differences.items()]
    if parts:
        yield f"Between cross-validation and test images, accuracy differs by {listed(parts)}."


def _across_seeds(search: SearchFacts | None) -> Iterator[str]:
    """Say how far trials of the chosen settings with other seeds lie apart, where there were such."""
    if search is None:
        return
    chosen = next((trial for trial in search.trials if trial.number == search.chosen), None)
    alike = [trial for trial in search.trials if chosen is not None and _is_same_model(trial, chosen)]
    accuracies = [trial.accuracy for trial in alike if trial.accuracy is not None]
    if len(accuracies) > 1:
        yield (
            f"The chosen settings were trained with {len(accuracies)} seeds in the search: cross-validation "
            f"accuracy from {percent(min(accuracies))} to {percent(max(accuracies))}."
        )


def _is_same_model(trial: TrialFacts, chosen: TrialFacts) -> bool:
    """Tell whether a trial finished training the chosen settings."""
    return trial.state == "complete" and trial.family == chosen.family and trial.settings == chosen.settings


def _how_training_ended(model: ModelResult) -> Iterator[str]:
    """Say why training stopped, and where the cross-validation loss was at its lowest."""
    if model.history:
        yield (
            f"Training of the {in_sentence(model.title)} ended after {_epochs(model.history[-1])}: "
            f"{model.stopped_because}; its cross-validation loss {_lowest_loss(model.history)}."
        )


def _lowest_loss(history: Sequence[Epoch]) -> str:
    """Say whether the loss rose again after its lowest value."""
    losses = [(epoch.validation_loss, epoch) for epoch in history if epoch.validation_loss is not None]
    if not losses:
        return "was not followed"
    lowest, best = min(losses, key=lambda pair: pair[0])
    final = losses[-1][0]
    if f"{lowest:.3f}" == f"{final:.3f}":
        return f"was at its lowest at the end ({final:.3f})"
    return f"was at its lowest ({lowest:.3f}) after {_epochs(best)}, and {final:.3f} at the end"


def _epochs(epoch: Epoch) -> str:
    """Write a number of passes over the training images."""
    return f"{epoch.epoch:.3g} epoch" + ("" if epoch.epoch == 1 else "s")
