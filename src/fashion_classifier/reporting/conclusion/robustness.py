"""Robustness: what this run measured of it, and in words what it did not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from fashion_classifier.evaluation.corruptions import find_corruption
from fashion_classifier.evaluation.metrics import ClassReport, Evaluation
from fashion_classifier.evaluation.novelty import Novelty
from fashion_classifier.evaluation.robustness import LEAST_LOSS, Robustness
from fashion_classifier.reporting.conclusion.summary import judged
from fashion_classifier.reporting.evidence import AttackResult, Evidence, SeedNoise
from fashion_classifier.reporting.predictions import MODELS
from fashion_classifier.reporting.results import Epoch, ModelResult, RunResults, SearchFacts, TrialFacts
from fashion_classifier.reporting.wording import (
    compared,
    count,
    counted,
    in_sentence,
    listed,
    percent,
    points,
    share,
    share_alone,
    signed_points,
)


def robustness(results: RunResults) -> Iterator[str]:
    """Say how even the classes are, how steady splits, seeds and training, and what has not been measured."""
    initial, optimized, _ = judged(results)
    if len(optimized.classes) > 1:
        yield _spread(initial, optimized)
    if optimized.n_misclassified:
        yield _where_mistakes_are(optimized)
    yield from _across_splits(results)
    if results.evidence.seeds is not None:
        yield _seed_noise(results.evidence.seeds)
    else:
        yield from _across_seeds(results.search)
    for model in (results.initial, results.optimized):
        yield from _how_training_ended(model)
    if results.evidence.robustness is not None:
        yield from _under_corruption(results.evidence.robustness)
    if results.evidence.novelty is not None:
        yield _strange(results.evidence.novelty)
    yield from _under_attack(results.evidence.attacks)
    yield from not_measured(results.evidence)


def not_measured(evidence: Evidence) -> Iterator[str]:
    """Say what a run has not measured."""
    missing = {
        "what corruptions (noise, blur, shifts, other light) do": evidence.robustness is None,
        "what is answered for images that belong to none of the classes": evidence.novelty is None,
        "how much the seed moves the result, and each step's gain over seeds": evidence.seeds is None,
        "how accuracy grows with the number of training images": not evidence.learning_curve,
        "what the retraining gained": evidence.retraining is None,
        "how both models fare under attack": not evidence.attacks,
        "which labels are doubtful": evidence.labels is None,
        "which images of different sets are nearly the same": not evidence.near_duplicates,
    }
    names = [name for name, is_missing in missing.items() if is_missing]
    if names:
        yield f"Not measured in this run: {listed(names, len(names))}."


def _under_corruption(suite: Robustness) -> Iterator[str]:
    """Say how far both models hold out, and what hurts most."""
    yield (
        f"Of test images corrupted in {len(suite.kinds)} ways, the optimized model classifies on average "
        f"{share(suite.mean_accuracy_b)} correctly, instead of {share_alone(suite.clean_accuracy_b)} as they are; "
        f"the initial model {share(suite.mean_accuracy_a)} instead of {share_alone(suite.clean_accuracy_a)}."
    )
    difference = signed_points(suite.difference)
    if suite.difference.low <= 0 <= suite.difference.high:
        yield f"Over all corruptions neither model holds out better, as far as can be told: {difference}."
    else:
        held = "better" if suite.difference.low > 0 else "worse"
        yield f"Over all corruptions the optimized model holds out {held} than the initial one: {difference}."
    worst = suite.worst_b
    yield (
        f"It holds out least under {in_sentence(worst.kind)} of severity {worst.severity}: {share(worst.accuracy_b)} "
        f"(the initial model: {share_alone(worst.accuracy_a)})."
    )
    yield _what_would_help(suite)


def _what_would_help(suite: Robustness) -> str:
    """Name the group of corruptions that costs the optimized model most, and the augmentation against it."""
    groups: dict[str, list[float]] = {}
    for kind in suite.kinds:
        loss = suite.clean_accuracy_b.value - kind.mean_accuracy_b
        groups.setdefault(find_corruption(kind.kind).group, []).append(loss)
    means = {group: sum(losses) / len(losses) for group, losses in groups.items()}
    group = max(means, key=lambda name: means[name])
    what, remedy = _AUGMENTATIONS[group]
    if means[group] < LEAST_LOSS:
        return "No group of corruptions costs it a point on average: no further augmentation suggests itself."
    return (
        f"As a group, {what} costs it most, {points(means[group])} on average over its kinds: where such images are to "
        f"be expected, training with {remedy} is what to try first."
    )


# For each group of corruptions what it is called in a sentence, and what to show in training against it.
_AUGMENTATIONS = {
    "noise": ("noise", "noise added"),
    "blur": ("blur", "blurred images"),
    "light": ("other light", "images of other brightness, contrast and polarity"),
    "geometry": ("a change of place, angle or size", "images shifted farther, turned, scaled and sheared"),
    "cover": ("what covers a part", "larger parts erased"),
    "digital": ("loss by compression", "images compressed and pixelated"),
}


def _under_attack(attacks: Mapping[str, Sequence[AttackResult]]) -> Iterator[str]:
    """Say what is left under the mildest attack in many steps."""
    mildest = [next((row for row in rows if row.attack == "PGD"), None) for rows in attacks.values()]
    clean = [rows[0] for rows in attacks.values()]
    if len(mildest) == len(MODELS) and all(mildest):
        before, after = (row.accuracy for row in mildest if row is not None)
        strength = mildest[0].strength if mildest[0] is not None else 0
        yield (
            f"When somebody who knows the network changes each pixel by at most {strength} of 255 grey levels, the "
            f"optimized model has {share(after)} right instead of {share_alone(clean[1].accuracy)}, the initial one "
            f"{share(before)} instead of {share_alone(clean[0].accuracy)}."
        )


def _seed_noise(seeds: SeedNoise) -> str:
    """Say how far trainings lie apart that differ in their seed alone."""
    return (
        f"Trained with {counted(len(seeds.accuracies), 'seed')}, the chosen configuration has a cross-validation "
        f"accuracy of {percent(seeds.mean, 2)} on average with a standard deviation of {points(seeds.deviation, 2)}."
    )


def _strange(novelty: Novelty) -> str:
    """Say how well images that are no garment are refused."""
    hardest = novelty.hardest
    refused = [kind.refused.value for kind in novelty.kinds]
    return (
        f"By a threshold that accepts {share(novelty.accepted)} of the test images, the optimized model refuses "
        f"between {percent(min(refused), 0)} ({hardest.kind}) and {percent(max(refused), 0)} of the images of "
        f"{len(novelty.kinds)} kinds that belong to none of the classes."
    )


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
    parts = [f"{_points_more(difference)} for the {name}" for name, difference in differences.items()]
    if parts:
        yield f"On test images accuracy is, compared with cross-validation images, {listed(parts)}."


def _points_more(difference: float) -> str:
    """Say by how many points something is higher or lower."""
    amount = points(abs(difference))
    return f"{amount} {compared(difference, 0.0, 'lower', 'higher', 'higher')}"


def _across_seeds(search: SearchFacts | None) -> Iterator[str]:
    """Say how far trials of the chosen settings with other seeds lie apart, where there were such."""
    if search is None:
        return
    chosen = next((trial for trial in search.trials if trial.number == search.chosen), None)
    alike = [trial for trial in search.trials if chosen is not None and _is_same_model(trial, chosen)]
    confirmed = [trial for trial in alike if trial.purpose == "confirmation"]  # all of them of one length
    accuracies = [trial.accuracy for trial in confirmed if trial.accuracy is not None]
    if len(accuracies) > 1:
        yield (
            f"The chosen settings were trained with {len(accuracies)} seeds to confirm them: cross-validation "
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
