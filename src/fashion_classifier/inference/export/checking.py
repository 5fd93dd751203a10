"""Whether an exported file answers as its model does, measured on images by the runtime that the file is for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import chain, repeat
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fashion_classifier.data.dataset import Images, Labels
from fashion_classifier.evaluation.prediction_sets import ConformalRule, prediction_sets, scores
from fashion_classifier.evaluation.refusal import RefusalRule, refuse, strangeness
from fashion_classifier.inference.agreement import ACCURACY_TOLERANCE, TIE, TOLERANCE, compare_logits
from fashion_classifier.inference.export.completing import IN_SET, PROBABILITIES, REFUSED, STRANGENESS
from fashion_classifier.inference.predictor import Classifier, Probabilities
from fashion_classifier.progress import Progress, silent

LEAST_LABELLED = 500  # images on which a loss of 0.2 points of accuracy shows
FIRST_BATCHES, LARGEST_BATCH, SMALLEST_BATCH = (1, 7), 256, 8
LEVELS = 1 << 24  # grey levels that a batch holds at most, all views of its images together

Answering = Callable[[Images], dict[str, NDArray[Any]]]


@dataclass(frozen=True, kw_only=True)
class ExportAgreement:
    """How an exported file's answers compare with its model's.

    Parameters
    ----------
    precision
        In which the file computes: "float32", "bfloat16" or "int8".
    n
        Number of images.
    largest_difference
        Of any probability.
    n_changed
        Images of which the most probable class is another, although the first two are no tie.
    n_ruled_otherwise
        Images that are refused or not, or whose set is another, although no threshold is near; in float32 also those
        whose strangeness is another.
    n_labelled
        How many of the images have a label.
    accuracy, exported_accuracy
        On those, of the model in float32 and of the file, 0 to 1; None where there are none.
    """

    precision: str
    n: int
    largest_difference: float
    n_changed: int
    n_ruled_otherwise: int
    n_labelled: int
    accuracy: float | None
    exported_accuracy: float | None

    @property
    def holds(self) -> bool:
        """Whether the file may stand for the model: to rounding in float32, else by the accuracy that it costs."""
        if self.precision == "float32":
            return self.largest_difference <= TOLERANCE and not self.n_changed and not self.n_ruled_otherwise
        if self.accuracy is None or self.exported_accuracy is None or self.n_labelled < LEAST_LABELLED:
            return False
        return self.accuracy - self.exported_accuracy <= ACCURACY_TOLERANCE and self.largest_difference <= 1

    def __str__(self) -> str:
        exact = self.precision == "float32"
        said = (
            f"on {self.n:,} images probabilities differ by at most {self.largest_difference:.2g}"
            f"{f' ({TOLERANCE:g} is allowed)' if exact else ''}, {self.n_changed:,} best guesses and "
            f"{self.n_ruled_otherwise:,} refusals or sets are others"
        )
        if exact or self.accuracy is None or self.exported_accuracy is None:
            return said
        return (
            f"{said}; of {self.n_labelled:,} labelled ones {100 * self.exported_accuracy:.2f} % are right instead of "
            f"{100 * self.accuracy:.2f} % ({100 * ACCURACY_TOLERANCE:g} points may be lost)"
        )


def answer_in_batches(
    answer: Answering, images: Images, *, n_views: int = 1, progress: Progress = silent
) -> dict[str, NDArray[Any]]:
    """Have a file answer: one image, then seven, then as many at a time as are sure to fit into memory.

    Parameters
    ----------
    answer
        The opened file.
    images
        uint8 array of shape (n, height, width) or (n, height, width, 3), n at least 1.
    n_views
        How many views of each image the file makes; it has them all at once.
    progress
        Told of the work.
    """
    fitting = LEVELS // (n_views * images[0].size)
    sizes = chain(FIRST_BATCHES, repeat(min(max(fitting, SMALLEST_BATCH), LARGEST_BATCH)))
    batches, start = [], 0
    while start < len(images):
        size = next(sizes)
        batches.append(answer(images[start : start + size]))
        start += size
        progress("Comparing", min(start, len(images)), len(images))
    return {name: np.concatenate([batch[name] for batch in batches]) for name in batches[0]}


def compare_answers(
    model: Classifier,
    original: Probabilities,
    found: Mapping[str, NDArray[Any]],
    labels: Labels,
    *,
    precision: str,
) -> ExportAgreement:
    """Compare a file's answers with what the model says itself.

    Parameters
    ----------
    model
        With its rules.
    original
        Its probabilities in float32, of shape (n, k).
    found
        The file's answers, by name.
    labels
        Of the last images, as many as there are; int64.
    precision
        In which the file computes.
    """
    probabilities = found[PROBABILITIES]
    agreement = compare_logits(original, probabilities)  # whose bounds for logits hold for probabilities, too
    ruled_otherwise = np.zeros(len(original), bool)
    if model.refusal is not None and REFUSED in found:
        ruled_otherwise |= _refused_otherwise(original, found[REFUSED], model.refusal)
        if precision == "float32":
            score = strangeness(original, score=model.refusal.score)
            ruled_otherwise |= ~(np.abs(score - found[STRANGENESS]) <= TOLERANCE)
    if model.sets is not None and IN_SET in found:
        ruled_otherwise |= _other_sets(original, found[IN_SET], model.sets)
    n, last = len(labels), len(original) - len(labels)
    right = [float((said[last:].argmax(1) == labels).mean()) if n else None for said in (original, probabilities)]
    return ExportAgreement(
        precision=precision,
        n=len(original),
        largest_difference=agreement.largest_difference,
        n_changed=agreement.n_changed,
        n_ruled_otherwise=int(ruled_otherwise.sum()),
        n_labelled=n,
        accuracy=right[0],
        exported_accuracy=right[1],
    )


def _refused_otherwise(original: Probabilities, refused: NDArray[np.bool_], rule: RefusalRule) -> NDArray[np.bool_]:
    """Tell which images are refused otherwise though not near the threshold."""
    score = strangeness(original, score=rule.score)
    is_near = np.abs(score - rule.threshold) <= TOLERANCE * abs(rule.threshold)
    result: NDArray[np.bool_] = (refuse(original, rule) != refused) & ~is_near
    return result


def _other_sets(original: Probabilities, in_set: NDArray[np.bool_], rule: ConformalRule) -> NDArray[np.bool_]:
    """Tell which images have another set, though neither a class near the threshold nor a tie for the first place."""
    is_near = np.abs(scores(original, method=rule.method) - rule.threshold) <= TOLERANCE
    best = original.max(axis=1, keepdims=True)
    is_tied = (best - original <= TIE) & (best - np.sort(original, axis=1)[:, -2:-1] <= TIE)
    differs = prediction_sets(original, rule) != in_set
    result: NDArray[np.bool_] = (differs & ~is_near & ~is_tied).any(axis=1)
    return result
