"""What a run finds out about its models beyond their accuracy, without any further training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fashion_classifier.data.dataset import Dataset
from fashion_classifier.data.split import Split
from fashion_classifier.evaluation.confidence import AnswerRules, Answers, measure_confidence
from fashion_classifier.evaluation.corruptions import CORRUPTIONS
from fashion_classifier.evaluation.ladder import Climber, build_ladder
from fashion_classifier.evaluation.strangers import KINDS
from fashion_classifier.evaluation.temperature import tempered
from fashion_classifier.evidence.suite import novelty_of, robustness_of
from fashion_classifier.experiment.budget import SHORT_RUN_S
from fashion_classifier.experiment.stages import MadeModel
from fashion_classifier.progress import Progress
from fashion_classifier.reporting.evidence import Evidence
from fashion_classifier.reporting.predictions import ModelName

QUICK_SEVERITIES = (1, 3, 5)
LEAST_SIDE = 8  # of images that can be corrupted, and of which strange ones can be made
LIKE_IMAGES = 1000  # training images from which strange ones are made
MOST_CORRUPTED, MOST_STRANGE = 1000, 500  # images under each corruption, and of each strange kind
EXACT_IMAGES = 200  # of either, where no time limits a run
LEAST_IMAGES = 50  # with fewer, intervals say nothing
QUICK_SHARE = 0.02  # of a run's time


@dataclass(frozen=True)
class QuickSizes:
    """On how many images a run measures robustness and novelty; 0 for not at all.

    Parameters
    ----------
    corrupted
        Test images under each corruption and severity.
    strange
        Strange images of each kind.
    """

    corrupted: int
    strange: int


def quick_sizes(limit_s: float | None, seconds_per_image: float) -> QuickSizes:
    """Return what fits into a run's share for it, two thirds for robustness; nothing where it is very short.

    Parameters
    ----------
    limit_s
        Of the run; None where no time limits it: the sizes are then always the same, so that nothing rests on time.
    seconds_per_image
        What it takes to classify an image with both models.
    """
    if limit_s is None:
        return QuickSizes(EXACT_IMAGES, EXACT_IMAGES)
    seconds = QUICK_SHARE * limit_s if limit_s >= SHORT_RUN_S else 0.0

    def affordable(share: float, n_times: int, most: int) -> int:
        n = min(float(most), share * seconds / (n_times * max(seconds_per_image, 1e-9)))
        return int(n) if n >= LEAST_IMAGES else 0

    return QuickSizes(
        corrupted=affordable(2 / 3, len(CORRUPTIONS) * len(QUICK_SEVERITIES), MOST_CORRUPTED),
        strange=affordable(1 / 3, len(KINDS), MOST_STRANGE),
    )


def weigh(
    models: Mapping[ModelName, MadeModel],
    rules: Mapping[ModelName, AnswerRules],
    split: Split,
    test: Dataset,
    climbers: Sequence[Climber],
    sizes: QuickSizes,
    *,
    seed: int,
    progress: Progress,
) -> Evidence:
    """Measure confidence, novelty, robustness and the ladder of a run's models.

    Parameters
    ----------
    models
        With probabilities for the test images, at temperature 1.
    rules
        By which they answer.
    climbers
        The rungs of the ladder.
    sizes
        How many images are corrupted or made.
    """
    optimized, its_rules = models["optimized"], rules["optimized"]
    said: NDArray[np.float32] = tempered(optimized.probabilities["test"], its_rules.temperature)
    large_enough = min(test.shape[:2]) >= LEAST_SIDE
    n_corrupted, n_strange = (sizes.corrupted, sizes.strange) if large_enough else (0, 0)
    return Evidence(
        confidence={
            name: measure_confidence(rules[name], Answers(test.labels, made.probabilities["test"]), seed=seed)
            for name, made in models.items()
        },
        novelty=novelty_of(
            optimized.model,
            its_rules.refusal,
            said,
            split.training.images[:LIKE_IMAGES],
            n=n_strange,
            seed=seed,
            progress=progress,
        )
        if n_strange
        else None,
        robustness=robustness_of(
            models["initial"].model,
            optimized.model,
            test.take(np.arange(min(n_corrupted, len(test)))),
            severities=QUICK_SEVERITIES,
            seed=seed,
            progress=progress,
        )
        if n_corrupted
        else None,
        ladder=build_ladder(split.validation.labels, climbers),
        seeds=None,
        learning_curve=(),
    )
