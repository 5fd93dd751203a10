"""The networks that a training trains one after the other: one alone, or the members of an ensemble."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from torch import nn

from fashion_classifier.models.ensemble import Ensemble, EnsembleConfig
from fashion_classifier.models.layers import ImageClassifier
from fashion_classifier.models.settings import ModelConfig
from fashion_classifier.reporting.results import Epoch
from fashion_classifier.seeds import derive_seed
from fashion_classifier.training.checkpoint import CheckpointPlan
from fashion_classifier.training.distributed import Group
from fashion_classifier.training.early_stopping import StopReason
from fashion_classifier.training.loop import FitConfig
from fashion_classifier.training.outcome import FitResult

CUT_SHORT = {StopReason.INTERRUPTED, StopReason.PRUNED}
LEAST_SECONDS = 0.5  # of a member, should those before it have taken the time

FitMember = Callable[[nn.Module, FitConfig, CheckpointPlan | None, str, Sequence[FitResult]], FitResult]
"""Trains a member in its part of the budget, with its checkpoint, a word for its task, and what those before it did."""


def fit_members(
    network: ImageClassifier, how: FitConfig, checkpoint: CheckpointPlan | None, group: Group, fit_one: FitMember
) -> list[FitResult]:
    """Train a network, or one after the other the networks of an ensemble, which share steps and time."""
    if not isinstance(network.body, Ensemble):
        return [fit_one(network, how, checkpoint, "", ())]
    members = network.body.members
    group.agreed(None)
    started, results = group.time(), list[FitResult]()
    for number, member in enumerate(members):
        left = len(members) - number
        seconds = None if how.seconds is None else (how.seconds - (group.time() - started)) / left
        its_how = replace(
            how,
            seed=derive_seed(how.seed, "member", number),
            steps=None if how.steps is None else max(1, round(how.steps / len(members))),
            seconds=None if seconds is None else max(seconds, LEAST_SECONDS),
        )
        its_checkpoint = checkpoint and checkpoint.member(number)
        classifier = ImageClassifier(network.standardise, member)
        of = f", network {number + 1} of {len(members)}"
        results.append(fit_one(classifier, its_how, its_checkpoint, of, results))
        if results[-1].stopped_because in CUT_SHORT:
            break
    return results


def without_untrained(
    network: ImageClassifier, config: ModelConfig, results: Sequence[FitResult]
) -> tuple[ImageClassifier, ModelConfig]:
    """Leave out of an ensemble what an interruption kept from being trained, or from being trained to the end."""
    if not isinstance(network.body, Ensemble) or not isinstance(config, EnsembleConfig):
        return network, config
    cut_short = results[-1].stopped_because in CUT_SHORT
    n_trained = max(1, len(results) - cut_short)
    members = list(network.body.members)[:n_trained]
    return ImageClassifier(network.standardise, Ensemble(members)), replace(config, members=n_trained)


def as_one(results: Sequence[FitResult]) -> FitResult:
    """Tell how several trainings went, one after the other, as if they were one."""
    history = [
        following(results[:number], record) for number, result in enumerate(results) for record in result.history
    ]
    steps, best = (sum(getattr(result, name) for result in results) for name in ("steps", "best_step"))
    seconds = sum(result.seconds for result in results)
    losses = np.stack([result.losses for result in results]).mean(axis=0)
    return FitResult(tuple(history), results[-1].stopped_because, steps, best, seconds, losses)


def following(before: Sequence[FitResult], record: Epoch) -> Epoch:
    """Count a validation's epochs, steps and seconds on from trainings that went before it."""
    return replace(
        record,
        epoch=record.epoch + sum(result.history[-1].epoch for result in before if result.history),
        step=record.step + sum(result.steps for result in before),
        seconds=record.seconds + sum(result.seconds for result in before),
    )
