"""The same training again with other seeds: how much of a result is chance, and what each rung of a ladder is worth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fashion_classifier.evaluation.comparison import compare
from fashion_classifier.evaluation.metrics import cross_entropy
from fashion_classifier.evaluation.repetition import measure_repeats
from fashion_classifier.evidence.trainings import Answered, Length, Trainings
from fashion_classifier.reporting.evidence import RepeatedRung, SeedNoise
from fashion_classifier.training.recipes.recipe import Recipe

JUDGED, ONE_VIEW = "judged", "one view"


@dataclass(frozen=True, eq=False)
class RungRecipe:
    """A rung of the ladder that can be trained again.

    Parameters
    ----------
    title, change
        What it is, and what sets it apart from the rung below.
    recipe
        How it is trained.
    length
        How long; as long as the chosen configuration, by default.
    """

    title: str
    change: str
    recipe: Recipe
    length: Length | None = None


def train_repeats(trainings: Trainings, rung: RungRecipe, name: str, seeds: Sequence[int]) -> list[Answered]:
    """Train one recipe with several seeds, each judged on the cross-validation images; fewer once a stop is asked for.

    Parameters
    ----------
    name
        Under which the trainings are kept.
    seeds
        Numbers of the repetitions.
    """
    kinds = [JUDGED] if rung.recipe.training.views == "single" else [JUDGED, ONE_VIEW]
    n_images = dict.fromkeys(kinds, len(trainings.workshop.split.validation))
    done = (
        trainings.made(f"{name}-{seed}", n_images, lambda seed=seed: _train(trainings, rung, seed))  # type: ignore[misc]
        for seed in seeds
    )
    return [answered for answered in done if answered is not None]


def _train(trainings: Trainings, rung: RungRecipe, seed: int) -> Answered:
    """Train once."""
    split = trainings.workshop.split
    task = f"{rung.title}, seed {seed}"
    trained = trainings.train(rung.recipe, split, seed=seed, purpose="repetition", task=task, length=rung.length)
    answers = {JUDGED: trained.validation_probabilities}
    if trained.model.how.views != "single":
        one_view = replace(trained.model, how=replace(trained.model.how, views="single"))
        answers[ONE_VIEW] = one_view.predict(split.validation.images)
    return Answered(answers, trained.fit.steps, trained.fit.seconds)


def seed_noise(labels: NDArray[np.int64], repeats: Sequence[Answered]) -> SeedNoise | None:
    """Say how far trainings lie apart that differ in the seed alone; None with fewer than two."""
    if len(repeats) < 2:
        return None
    answers = [repeat.answers[JUDGED] for repeat in repeats]
    return SeedNoise(
        accuracies=tuple(float((answer.argmax(1) == labels).mean()) for answer in answers),
        losses=tuple(cross_entropy(labels, answer) for answer in answers),
        steps=tuple(repeat.steps for repeat in repeats),
        seconds=tuple(repeat.seconds for repeat in repeats),
        first_against_second=compare(labels, answers[0].argmax(1), answers[1].argmax(1)),
    )


def repeated_ladder(
    labels: NDArray[np.int64], rungs: Sequence[tuple[RungRecipe, Sequence[Answered]]], *, views: str
) -> tuple[RepeatedRung, ...]:
    """Measure each rung over seeds, each against the one below, both of one seed.

    Rungs are judged with one view of each image; where the last one's answers are averages of several, these are a
    rung of their own.

    Parameters
    ----------
    rungs
        With their trainings, in the order of the seeds; those with fewer than two are left out.
    views
        How many views are averaged, as text.
    """
    measured: list[RepeatedRung] = []
    below: NDArray[np.float64] | None = None
    for title, change, answers in _climbed(rungs, views):
        right = np.array([float((answer.argmax(1) == labels).mean()) for answer in answers])
        n = len(right) if below is None else min(len(right), len(below))
        step = None if below is None or n < 2 else measure_repeats(right[:n] - below[:n])
        measured.append(RepeatedRung(title=title, change=change, accuracy=measure_repeats(right), step=step))
        below = right
    return tuple(measured)


def _climbed(
    rungs: Sequence[tuple[RungRecipe, Sequence[Answered]]], views: str
) -> list[tuple[str, str, list[NDArray[np.float32]]]]:
    """Give title, change and each seed's answers of every rung that was trained at least twice."""
    climbed = []
    for rung, repeats in rungs:
        if len(repeats) > 1:
            one_view = [repeat.answers.get(ONE_VIEW, repeat.answers[JUDGED]) for repeat in repeats]
            climbed.append((rung.title, rung.change, one_view))
    if climbed and rungs and len(rungs[-1][1]) > 1 and all(ONE_VIEW in repeat.answers for repeat in rungs[-1][1]):
        averaged = [repeat.answers[JUDGED] for repeat in rungs[-1][1]]
        climbed.append(("Averaged views", f"predictions are averages of {views}", averaged))
    return climbed
