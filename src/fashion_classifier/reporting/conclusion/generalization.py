"""Generalization: training, cross-validation and test images side by side, and what follows from that."""

from __future__ import annotations

from collections.abc import Iterator

from fashion_classifier.evaluation.intervals import Estimate
from fashion_classifier.reporting.evidence import LearningPoint
from fashion_classifier.reporting.results import ModelResult, RunResults
from fashion_classifier.reporting.wording import count, in_sentence, interval, listed, points, share, share_alone


def generalization(results: RunResults) -> Iterator[str]:
    """Say whether the models overfit, and whether the cross-validation images foretold the test images."""
    models = (results.initial, results.optimized)
    yield from map(_side_by_side, models)
    yield _which_weights(models)
    yield from map(_overfitting, models)
    for model in models:
        if model.test is not None:
            yield _test_against_validation(model, model.test.accuracy)
    if len(results.evidence.learning_curve) > 1:
        yield _more_images(results.evidence.learning_curve[-2], results.evidence.learning_curve[-1])


def _more_images(fewer: LearningPoint, more: LearningPoint) -> str:
    """Say what the last increase in the number of training images brought."""
    times = more.n_images / fewer.n_images
    grown = f"{count(more.n_images)} training images instead of {count(fewer.n_images)}"
    gain = points(more.validation.value - fewer.validation.value)
    if more.validation.low > fewer.validation.high:
        return f"More images help: {grown}, {times:.3g} times as many, bring {gain} of cross-validation accuracy."
    return f"It cannot be told that more images would help: {grown} differ by {gain} of cross-validation accuracy."


def _side_by_side(model: ModelResult) -> str:
    """Give accuracy on training, cross-validation and test images."""
    parts = [
        f"{share(model.training.accuracy)} of the training images",
        f"{share(model.validation.accuracy)} of the cross-validation images",
    ]
    if model.test is not None:
        parts.append(f"{share(model.test.accuracy)} of the test images")
    return f"The {in_sentence(model.title)} classifies {listed(parts)} correctly."


def _which_weights(models: tuple[ModelResult, ModelResult]) -> str:
    """Say of which weights the figures are."""
    retrained = [f"the {in_sentence(model.title)}" for model in models if model.retraining_steps]
    if not retrained:
        return (
            "Neither model was retrained on training and cross-validation images together: all its figures "
            "are of the same weights."
        )
    return (
        "The training and cross-validation figures are of the models before retraining; on the test images, "
        f"{listed(retrained)} had been retrained on training and cross-validation images together."
    )


def _overfitting(model: ModelResult) -> str:
    """Say whether the training images are classified better than the cross-validation images."""
    training, validation = model.training.accuracy, model.validation.accuracy
    name = in_sentence(model.title)
    gap = points(training.value - validation.value)
    ends = f"intervals {interval(training)} and {interval(validation)}"
    if training.low > validation.high:
        return f"The {name} overfits: {gap} more on training than on cross-validation images ({ends})."
    if training.high < validation.low:
        return f"The {name} does not overfit: {gap} fewer on training than on cross-validation images ({ends})."
    return (
        f"No overfitting can be told of the {name}: its training and cross-validation accuracy lie {gap} "
        f"apart, and their {ends} overlap."
    )


def _test_against_validation(model: ModelResult, test: Estimate) -> str:
    """Say where the test accuracy lies to the cross-validation interval, and whether that may be chance."""
    validation = model.validation.accuracy
    subject = f"The {in_sentence(model.title)}’s test accuracy, {share_alone(test)}, lies"
    where = f"its cross-validation interval ({interval(validation)})"
    if validation.low <= test.value <= validation.high:
        return f"{subject} inside {where}: the cross-validation images told truly what to expect of new ones."
    below = test.value < validation.low
    place = f"{subject} {'below' if below else 'above'} {where}"
    if test.low <= validation.high and validation.low <= test.high:
        overlap = f"its own interval ({interval(test)}) reaches into that"
        return f"{place}, but {overlap}: the difference may be chance."
    if below:
        return f"{place}: on new images it does worse than the cross-validation images promised."
    reason = ", which the retraining on more images may explain" if model.retraining_steps else ""
    return f"{place}: on new images it does better than the cross-validation images promised{reason}."
