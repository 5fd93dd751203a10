"""Models on images that are corrupted in many ways, and on images that are no garment."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fashion_classifier.data.dataset import Dataset, Images
from fashion_classifier.evaluation.corruptions import CORRUPTIONS, SEVERITIES, Corruption, corrupt
from fashion_classifier.evaluation.novelty import Novelty, measure_novelty
from fashion_classifier.evaluation.refusal import RefusalRule
from fashion_classifier.evaluation.robustness import Robustness, compare_robustness
from fashion_classifier.evaluation.strangers import KINDS, strange_images
from fashion_classifier.inference.predictor import Classifier
from fashion_classifier.progress import Progress, silent

TASK_CORRUPTED, TASK_STRANGE = "Corrupting images", "Showing what is no garment"


def robustness_of(
    first: Classifier,
    second: Classifier,
    dataset: Dataset,
    *,
    corruptions: Sequence[Corruption] = CORRUPTIONS,
    severities: Sequence[int] = SEVERITIES,
    seed: int,
    progress: Progress = silent,
) -> Robustness:
    """Compare two models on the same images under each corruption and severity.

    Parameters
    ----------
    first, second
        Models a and b, by the one path that predicts.
    dataset
        The images, one at least.
    corruptions, severities
        Which of them; one each at least.
    seed
        Of the run; each corruption derives its own from it.
    """
    models, n = (first, second), len(dataset)
    right = np.empty((2, len(corruptions), len(severities), n), bool)
    clean = np.stack([_right(model, dataset.images, dataset.labels) for model in models])
    done, n_all = 0, len(corruptions) * len(severities)
    for place, corruption in enumerate(corruptions):
        for step, severity in enumerate(severities):
            images = corrupt(dataset.images, corruption, severity, seed=seed)
            for number, model in enumerate(models):
                right[number, place, step] = _right(model, images, dataset.labels)
            done += 1
            progress(TASK_CORRUPTED, done, n_all, corruption.name)
    names = [corruption.name for corruption in corruptions]
    return compare_robustness(names, right[0], right[1], clean[0], clean[1], severities=severities, seed=seed)


def novelty_of(
    model: Classifier,
    rule: RefusalRule,
    known: NDArray[np.floating],
    like: Images,
    *,
    n: int,
    seed: int,
    progress: Progress = silent,
) -> Novelty:
    """Measure how well a model's rule tells images that are no garment.

    Parameters
    ----------
    known
        Floating array of shape (m, k): what the model says of known images that nothing was fitted on.
    like
        uint8 images of the model's shape that the strange ones are made from.
    n
        Number of strange images of each kind.
    seed
        Of the run; each kind derives its own from it.
    """
    said = {}
    for place, kind in enumerate(KINDS, start=1):
        said[kind.name] = model.predict(strange_images(kind, like, n, seed=seed))
        progress(TASK_STRANGE, place, len(KINDS), kind.name)
    return measure_novelty(rule, known, said)


def _right(model: Classifier, images: Images, labels: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which images a model gets right."""
    right: NDArray[np.bool_] = model.predict(images).argmax(1) == labels
    return right
