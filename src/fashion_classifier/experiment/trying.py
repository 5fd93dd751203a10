"""The images on which an export is tried: noise, drawn garments, and labelled images where there are any."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from fashion_classifier.data.cache import cache_folder
from fashion_classifier.data.dataset import Dataset, Images, ImageShape, Labels
from fashion_classifier.data.download import OFFICIAL_FILES
from fashion_classifier.data.load import FASHION_MNIST_SOURCE, SAMPLE_SOURCE
from fashion_classifier.data.pixels import resized
from fashion_classifier.data.sample import draw_sample
from fashion_classifier.errors import UsageError
from fashion_classifier.experiment.judging import Opened, check_fit, prepare_for
from fashion_classifier.inference.agreement import trial_images
from fashion_classifier.inference.export.checking import LEAST_LABELLED
from fashion_classifier.inference.runtimes.base import Precision
from fashion_classifier.progress import Progress

N_RANDOM, N_DRAWN = 64, 200
MOST_IN_FLOAT32, MOST = 2_000, 12_000  # labelled images: rounding shows on few, a loss of accuracy on many
CHANCE = 0  # which of the labelled images take part, where there are more


def labelled_images(
    opened: Opened, data: str | None, precision: Precision, progress: Progress
) -> tuple[Dataset | None, str]:
    """Return labelled images, and what the data is called that they are from.

    Parameters
    ----------
    opened
        The model that is exported.
    data
        A source that was named; None for the model's own data, where it is on this machine.
    precision
        In which the export computes: rounding shows on few images, a loss of accuracy on many.
    progress
        Told of the work.

    Returns
    -------
    Dataset or None, str
        None and nothing where no data was named and the model's own is not at hand.

    Raises
    ------
    UsageError
        If a lower precision is to be judged without labels, or by too few.
    DataError
        If the data is broken or has other classes.
    """
    found = _own(opened, progress) if data is None else _named(opened, data, precision, progress)
    if found is None and precision != "float32":
        raise UsageError(
            f"What {precision} costs is measured on labelled images, and {opened.shown}'s own are not at hand. Name "
            "data with the model's classes."
        )
    if found is None:
        return None, ""
    dataset, name = found
    if precision != "float32" and len(dataset) < LEAST_LABELLED:
        raise UsageError(
            f"{name}: it has {len(dataset):,} labelled images besides the test set; on fewer than {LEAST_LABELLED} a "
            f"loss of 0.2 points of accuracy cannot be measured. Name more data, or export in float32."
        )
    most = MOST_IN_FLOAT32 if precision == "float32" else MOST
    if len(dataset) > most:
        dataset = dataset.take(np.random.default_rng(CHANCE).permutation(len(dataset))[:most])
    return dataset, name


def _named(opened: Opened, data: str, precision: Precision, progress: Progress) -> tuple[Dataset, str]:
    """Return the cross-validation images of data; of little data for a lower precision those of training as well."""
    prepared = prepare_for(opened, data, group_by=None, seed=CHANCE, used_s=0.0, progress=progress)
    check_fit(opened, prepared.collection)
    parts = prepared.split
    few = precision != "float32" and len(parts.validation) < LEAST_LABELLED
    return parts.everything_but_test if few else parts.validation, prepared.collection.name


def _own(opened: Opened, progress: Progress) -> tuple[Dataset, str] | None:
    """Return the cross-validation images of the data that a model was made from, if it is on this machine."""
    fingerprint = opened.model.provenance.get("fingerprint")
    for source in _places_at_hand(opened):
        prepared = prepare_for(opened, source, group_by=None, seed=CHANCE, used_s=0.0, progress=progress)
        if prepared.collection.fingerprint == fingerprint:
            return prepared.split.validation, prepared.collection.name
    return None


def _places_at_hand(opened: Opened) -> list[str]:
    """Return where a model's own data may lie: where its run had it, in $FASHION_DATA, in the cache."""
    told = [] if opened.run is None else [opened.run.config.data]
    named = [place for place in (*told, os.environ.get("FASHION_DATA", "")) if place]
    found = [place for place in named if place == SAMPLE_SOURCE or Path(place).exists()]
    official = cache_folder() / "fashion-mnist"
    if all((official / file.name).is_file() for file in OFFICIAL_FILES):
        found.append(FASHION_MNIST_SOURCE)
    return found


def trial(shape: ImageShape, labelled: Dataset | None) -> tuple[Images, Labels]:
    """Return what to compare on: noise and smooth shapes, drawn garments, and last the labelled images.

    Returns
    -------
    uint8 array of shape (n, height, width) or (n, height, width, 3), int64 array of shape (m,)
        The labels are those of the last m images.
    """
    drawn = draw_sample(n_training=N_DRAWN, n_test=10).training.images
    garments = resized(drawn, (shape.height, shape.width))
    if shape.channels > 1:
        garments = np.repeat(garments[..., None], shape.channels, axis=3)
    images = [trial_images(shape, N_RANDOM), garments]
    if labelled is None:
        return np.concatenate(images), np.empty(0, np.int64)
    return np.concatenate([*images, labelled.images]), labelled.labels
