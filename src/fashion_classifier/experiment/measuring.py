"""What a full evaluation measures on the test set without any training: corruptions, attacks, strange images, leaks."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fashion_classifier.data.dataset import Dataset, Images
from fashion_classifier.data.split import Split
from fashion_classifier.evaluation.corruptions import CORRUPTIONS, SEVERITIES
from fashion_classifier.evaluation.near_duplicates import THRESHOLD, find_near_duplicates
from fashion_classifier.evaluation.novelty import Novelty
from fashion_classifier.evaluation.refusal import RefusalRule
from fashion_classifier.evaluation.robustness import Robustness
from fashion_classifier.evaluation.strangers import KINDS
from fashion_classifier.evidence.attacks import attack_suite
from fashion_classifier.evidence.suite import novelty_of, robustness_of
from fashion_classifier.experiment.interruption import Interruption
from fashion_classifier.experiment.weighing import LEAST_IMAGES, LEAST_SIDE, LIKE_IMAGES
from fashion_classifier.inference.bundle import Model
from fashion_classifier.progress import Progress
from fashion_classifier.reporting.evidence import AttackResult, NearDuplicates
from fashion_classifier.reporting.serialisation import from_json, to_json
from fashion_classifier.storage import write_json

OPENING = "full evaluation: corruptions, attacks, strange images, near-duplicates"
MOST_S = 240.0
SUITE_SHARE, ATTACKS_SHARE, STRANGE_SHARE = 0.6, 0.2, 0.1  # of the time; the rest is for near-duplicates
MOST_CORRUPTED, MOST_STRANGE, MOST_ATTACKED = 2000, 1000, 1000
ATTACKED_TIMES = 150  # what attacking an image costs, in predictions of one view: forward and backward, in float32
N_NEAREST = 30  # near-duplicates that are named


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What was found; None or empty where images are too small for it."""

    robustness: Robustness | None
    novelty: Novelty | None
    attacks: dict[str, tuple[AttackResult, ...]]
    near_duplicates: tuple[NearDuplicates, ...]


def measured_once(
    file: Path,
    models: Mapping[str, Model],
    refusal: RefusalRule,
    split: Split,
    *,
    seconds: float,
    seconds_per_image: float,
    seed: int,
    interruption: Interruption,
    progress: Progress,
) -> Measured | None:
    """Measure what needs no training, or read it where that is done; None if a stop was asked for before its end.

    Parameters
    ----------
    file
        Where it is kept.
    models
        "initial" and "optimized".
    refusal
        The optimized model's rule.
    seconds
        That may be spent, roughly.
    seconds_per_image
        What it takes to classify an image with both models.
    seed
        Of the run.
    """
    if file.is_file():
        return from_json(Measured, json.loads(file.read_bytes()), place=str(file))
    test = split.test.open(OPENING)
    robustness = novelty = None
    attacks: dict[str, tuple[AttackResult, ...]] = {}

    def some(share: float, n_times: int, most: int) -> int:
        """Return how many images fit into a share of the time, but not so few that intervals say nothing."""
        affordable = int(share * seconds / (n_times * max(seconds_per_image, 1e-9)))
        return min(most, max(LEAST_IMAGES, affordable))

    if min(test.shape[:2]) >= LEAST_SIDE:
        n = some(SUITE_SHARE, len(CORRUPTIONS) * len(SEVERITIES) + 1, MOST_CORRUPTED)
        robustness = robustness_of(
            models["initial"], models["optimized"], _first(test, n), seed=seed, progress=progress
        )
        if not interruption.asked_for:
            attacked = _first(test, some(ATTACKS_SHARE, ATTACKED_TIMES, MOST_ATTACKED))
            attacks = {
                name: attack_suite(model, attacked.images, attacked.labels, seed=seed, progress=progress)
                for name, model in models.items()
            }
        if not interruption.asked_for:
            n = some(STRANGE_SHARE, len(KINDS), MOST_STRANGE)
            known = models["optimized"].predict(test.images, progress=progress)
            like = split.training.images[:LIKE_IMAGES]
            novelty = novelty_of(models["optimized"], refusal, known, like, n=n, seed=seed, progress=progress)
    near = () if interruption.asked_for else _near_duplicates(split, test.images, progress)
    if interruption.asked_for:
        return None
    measured = Measured(robustness=robustness, novelty=novelty, attacks=attacks, near_duplicates=near)
    write_json(file, to_json(measured))
    return measured


def _first(test: Dataset, n: int) -> Dataset:
    """Return the first images; their order is by content, as good as chance."""
    return test.take(np.arange(min(n, len(test))))


def _near_duplicates(split: Split, test: Images, progress: Progress) -> tuple[NearDuplicates, ...]:
    """Look for images of one split that are nearly images of another."""
    images = {"training": split.training.images, "validation": split.validation.images, "test": test}
    return tuple(
        _near(first, second, images, progress)
        for first, second in (("validation", "training"), ("test", "training"), ("test", "validation"))
    )


def _near(first: str, second: str, images: Mapping[str, Images], progress: Progress) -> NearDuplicates:
    """Look for near-duplicates between two splits."""
    found = find_near_duplicates(images[first], images[second], progress=progress)
    return NearDuplicates(
        first=first,
        second=second,
        n=len(found),
        n_first=len(images[first]),
        threshold=THRESHOLD,
        nearest=found[:N_NEAREST],
    )
