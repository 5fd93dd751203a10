"""What a full evaluation measures on the test set without any training: corruptions, attacks, strange images, leaks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

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
from fashion_classifier.storage import read_json, write_json

OPENING = "full evaluation: corruptions, attacks, strange images, near-duplicates"
MOST_S = 240.0
SUITE_SHARE, ATTACKS_SHARE, STRANGE_SHARE = 0.6, 0.2, 0.1  # of the time; the rest is for near-duplicates
MOST_CORRUPTED, MOST_STRANGE, MOST_ATTACKED = 2000, 1000, 1000
ATTACKED_TIMES = 150  # what attacking an image costs, in predictions of one view: forward and backward, in float32
N_NEAREST = 30  # near-duplicates that are named


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What was found; None or empty where images are too small for it, or it has not been measured yet."""

    robustness: Robustness | None = None
    novelty: Novelty | None = None
    attacks: dict[str, tuple[AttackResult, ...]] = field(default_factory=dict)
    near_duplicates: tuple[NearDuplicates, ...] = ()


class _Stopped(Exception):  # noqa: N818 - no error: somebody asked for it
    """A stop was asked for while something was measured."""


def measured_once(
    folder: Path,
    models: Mapping[str, Model],
    refusal: RefusalRule,
    split: Split,
    *,
    seconds: float,
    seconds_per_image: float,
    seed: int,
    interruption: Interruption,
    progress: Progress,
) -> Measured:
    """Measure what needs no training, part by part; what is measured already is read.

    Where a stop is asked for, what was measured before the part that is broken off is kept and returned.

    Parameters
    ----------
    folder
        Where each part is kept.
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
    parts = {"robustness": _robustness, "attacks": _attacks, "novelty": _novelty, "near_duplicates": _near_duplicates}
    missing = [name for name in parts if not _kept(folder, name).is_file()]

    def stopping(task: str, done: float, total: float, detail: str = "") -> None:
        progress(task, done, total, detail)
        if interruption.asked_for:
            raise _Stopped

    if missing:
        test = split.test.open(OPENING)
        setting = _Setting(models, refusal, split, test, seconds, seconds_per_image, seed, stopping)
        try:
            for name in missing:
                part: dict[str, Any] = {name: parts[name](setting)}
                write_json(_kept(folder, name), to_json(Measured(**part)))
        except _Stopped:
            pass  # the parts before are kept, and this one is begun anew by the next call
    found: dict[str, Any] = {}
    for name in parts:
        if (file := _kept(folder, name)).is_file():
            content = read_json(file, "result of a measurement", f"Remove {file.parent}")
            found[name] = getattr(from_json(Measured, content, place=str(file)), name)
    return Measured(**found)


def _kept(folder: Path, name: str) -> Path:
    """Return where a part is kept."""
    return folder / f"{name}.json"


@dataclass(frozen=True)
class _Setting:
    """What all parts need."""

    models: Mapping[str, Model]
    refusal: RefusalRule
    split: Split
    test: Dataset
    seconds: float
    seconds_per_image: float
    seed: int
    progress: Progress

    @property
    def is_large_enough(self) -> bool:
        """Whether the images can be corrupted at all."""
        return min(self.test.shape[:2]) >= LEAST_SIDE

    def some(self, share: float, n_times: int, most: int) -> int:
        """Return how many images fit into a share of the time, but not so few that intervals say nothing."""
        affordable = int(share * self.seconds / (n_times * max(self.seconds_per_image, 1e-9)))
        return min(most, max(LEAST_IMAGES, affordable))


def _robustness(of: _Setting) -> Robustness | None:
    """Corrupt images in all ways."""
    if not of.is_large_enough:
        return None
    images = _first(of.test, of.some(SUITE_SHARE, len(CORRUPTIONS) * len(SEVERITIES) + 1, MOST_CORRUPTED))
    return robustness_of(of.models["initial"], of.models["optimized"], images, seed=of.seed, progress=of.progress)


def _attacks(of: _Setting) -> dict[str, tuple[AttackResult, ...]]:
    """Attack both models."""
    if not of.is_large_enough:
        return {}
    attacked = _first(of.test, of.some(ATTACKS_SHARE, ATTACKED_TIMES, MOST_ATTACKED))
    return {
        name: attack_suite(model, attacked.images, attacked.labels, seed=of.seed, progress=of.progress)
        for name, model in of.models.items()
    }


def _novelty(of: _Setting) -> Novelty | None:
    """Show the optimized model what is no garment."""
    if not of.is_large_enough:
        return None
    n, model = of.some(STRANGE_SHARE, len(KINDS), MOST_STRANGE), of.models["optimized"]
    known = model.predict(of.test.images, progress=of.progress)
    like = of.split.training.images[:LIKE_IMAGES]
    return novelty_of(model, of.refusal, known, like, n=n, seed=of.seed, progress=of.progress)


def _first(test: Dataset, n: int) -> Dataset:
    """Return the first images; their order is by content, as good as chance."""
    return test.take(np.arange(min(n, len(test))))


def _near_duplicates(of: _Setting) -> tuple[NearDuplicates, ...]:
    """Look for images of one split that are nearly images of another."""
    split = of.split
    images = {"training": split.training.images, "validation": split.validation.images, "test": of.test.images}
    return tuple(
        _near(first, second, images, of.progress)
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
