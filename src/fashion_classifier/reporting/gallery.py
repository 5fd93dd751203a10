"""The images a report shows: those that a model got wrong, those that the optimized one mended or broke."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fashion_classifier.data.dataset import Dataset, Images
from fashion_classifier.reporting.predictions import MODELS, AnyModel, ModelName, both_answers

MAX_IMAGES = 1000
MAX_PIXEL_BYTES = 16 * 2**20


@dataclass(frozen=True, eq=False)
class Gallery:
    """Images by their content's hash, each once.

    Parameters
    ----------
    images
        uint8 array of shape (m, height, width), or (m, height, width, 3) for colour.
    image_sha256
        Text array of shape (m,), hexadecimal.
    """

    images: Images
    image_sha256: NDArray[np.str_]

    def __len__(self) -> int:
        return len(self.images)


@dataclass(frozen=True, eq=False)
class Mistake:
    """One image and a model's wrong answer, beside the other model's answer for the same image.

    Parameters
    ----------
    image
        uint8 array of shape (height, width), or (height, width, 3) for colour.
    true
        Name of the image's class.
    predicted, probability
        The model's wrong answer, and how sure it was of it, from 0 to 1.
    true_probability
        What the model gave the true class, from 0 to 1.
    other_predicted, other_probability
        The other model's answer, right or wrong, and how sure that one was of it.
    """

    image: Images
    true: str
    predicted: str
    probability: float
    true_probability: float
    other_predicted: str
    other_probability: float


def choose_gallery(
    predictions: pl.DataFrame,
    images: Images,
    image_sha256: Sequence[str],
    models: tuple[AnyModel, AnyModel] = MODELS,
) -> Gallery:
    """Choose the images that a report may show: of each kind of mistake in turn, the surest first.

    Parameters
    ----------
    predictions
        Both models' answers; the split that they are judged by counts.
    images
        uint8 array of shape (n, height, width) or (n, height, width, 3): that split's images, in any order.
    image_sha256
        The hash of each of them, as in `predictions`.
    models
        As they are called in `predictions`.

    Returns
    -------
    At most `MAX_IMAGES` images and `MAX_PIXEL_BYTES` of them (one image at least, if anything was got wrong).
    """
    position = {sha256: index for index, sha256 in enumerate(image_sha256)}
    room = min(MAX_IMAGES, max(1, MAX_PIXEL_BYTES // max(1, images[:1].nbytes)))
    wrong = [_wrong(both_answers(predictions, model)) for model in models]
    kinds = (*wrong, *map(_right_by_other, wrong))
    ranked = pl.concat(_surest_first(kind).with_row_index("rank") for kind in kinds)
    in_turn = ranked.sort("rank", maintain_order=True)
    chosen = in_turn["image_sha256"].unique(maintain_order=True).head(room).to_list()
    index = np.array([position[sha256] for sha256 in chosen], dtype=np.int64)
    return Gallery(images[index], np.array(chosen, dtype=np.str_))


def misclassified(predictions: pl.DataFrame, gallery: Gallery, model: ModelName) -> list[Mistake]:
    """Give the images that a model got wrong and that the gallery holds, those it was surest of first."""
    return _mistakes(_wrong(both_answers(predictions, model)), gallery)


def mended(predictions: pl.DataFrame, gallery: Gallery) -> list[Mistake]:
    """Give the initial model's mistakes that the optimized model (the other one here) got right."""
    return _mistakes(_right_by_other(_wrong(both_answers(predictions, "initial"))), gallery)


def broken(predictions: pl.DataFrame, gallery: Gallery) -> list[Mistake]:
    """Give the optimized model's mistakes that the initial model (the other one here) had right."""
    return _mistakes(_right_by_other(_wrong(both_answers(predictions, "optimized"))), gallery)


def mistakes_on(dataset: Dataset, probabilities: NDArray[np.floating], others: NDArray[np.floating]) -> list[Mistake]:
    """Give the images that a model got wrong, those it was surest of first, without a run.

    Parameters
    ----------
    dataset
        n images of k classes.
    probabilities, others
        Floating arrays of shape (n, k): what the model and the other one say.
    """
    predicted, by_other, surest = probabilities.argmax(axis=1), others.argmax(axis=1), probabilities.max(axis=1)
    wrong = np.flatnonzero(predicted != dataset.labels)
    return [
        Mistake(
            image=dataset.images[index],
            true=dataset.classes[dataset.labels[index]],
            predicted=dataset.classes[predicted[index]],
            probability=float(surest[index]),
            true_probability=float(probabilities[index, dataset.labels[index]]),
            other_predicted=dataset.classes[by_other[index]],
            other_probability=float(others[index].max()),
        )
        for index in wrong[np.argsort(-surest[wrong], kind="stable")]
    ]


def _wrong(rows: pl.DataFrame) -> pl.DataFrame:
    """Keep the wrong answers."""
    return rows.filter(pl.col("predicted") != pl.col("label"))


def _right_by_other(rows: pl.DataFrame) -> pl.DataFrame:
    """Keep what the other model got right."""
    return rows.filter(pl.col("other_predicted") == pl.col("label"))


def _surest_first(rows: pl.DataFrame) -> pl.DataFrame:
    """Order answers by how sure they were, equally sure ones by the image: always in one order."""
    return rows.sort("probability", "image_sha256", "occurrence", descending=[True, False, False])


def _mistakes(rows: pl.DataFrame, gallery: Gallery) -> list[Mistake]:
    """Join answers with their images, leaving out those that the gallery doesn't hold."""
    position = {sha256: index for index, sha256 in enumerate(gallery.image_sha256.tolist())}
    return [
        Mistake(
            image=gallery.images[position[row["image_sha256"]]],
            true=row["label"],
            predicted=row["predicted"],
            probability=row["probability"],
            true_probability=row["true_probability"],
            other_predicted=row["other_predicted"],
            other_probability=row["other_probability"],
        )
        for row in _surest_first(rows).iter_rows(named=True)
        if row["image_sha256"] in position
    ]
