"""From images in arrays to a model, by the way that `fashion train` goes: the same split, recipes and rules."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray

from fashion_classifier.classifier.batches import in_whole_batches
from fashion_classifier.data.collection import Collection
from fashion_classifier.data.dataset import Dataset, Images, SealedTestSet
from fashion_classifier.data.fingerprint import (
    Digests,
    class_fingerprints,
    combine,
    count_duplicates,
    image_digests,
)
from fashion_classifier.data.split import Split, held_out_rows
from fashion_classifier.experiment.budget import Clock
from fashion_classifier.experiment.machine import choose_device, keep_freed_memory
from fashion_classifier.experiment.preparation import WITHOUT_TEST, Prepared, provenance_of
from fashion_classifier.experiment.settings import RunConfig
from fashion_classifier.experiment.training import choose_recipe, train_one
from fashion_classifier.inference.bundle import Model
from fashion_classifier.inference.predictor import predict_checked
from fashion_classifier.inference.runtimes.pytorch import TorchRuntime
from fashion_classifier.progress import silent
from fashion_classifier.seeds import derive_seed
from fashion_classifier.training.early_stopping import StopReason
from fashion_classifier.training.recipes.ladder import recipe_named
from fashion_classifier.training.recipes.recipe import adapted
from fashion_classifier.training.train import Teaching, TrainedModel, Workshop

ARRAYS = "arrays"
BATCH = 64  # images; one alone costs as much


def train_on_images(
    images: Dataset,
    weights: NDArray[np.float64] | None,
    config: RunConfig,
    *,
    family: str,
    recipe: str,
    on_everything: bool,
) -> tuple[str, TrainedModel]:
    """Train on images as `fashion train` does; the same images in any order give the same model.

    Parameters
    ----------
    images
        What there is to learn from.
    weights
        How much each image counts, of shape (n,), with mean 1; None where all count alike.
    config
        Budget, seed, device; which share of the images is for cross-validation.
    family, recipe
        As for `choose_recipe`.
    on_everything
        Whether no image is held back for cross-validation.

    Returns
    -------
    str, TrainedModel
        The recipe's name, and what it made.

    Raises
    ------
    DataError
        If a class has too few images to be split.
    UsageError
        If the recipe or the budget cannot be.
    KeyboardInterrupt
        If the person stopped the training.
    """
    clock = Clock(config.limit_s)
    digests = image_digests(images.images)
    order = np.lexsort((images.labels, digests[:, 1], digests[:, 0]))
    everything = images.take(order)
    held = np.zeros(len(everything), dtype=np.bool_)
    if not on_everything:
        seed = derive_seed(config.seed, "split", "validation")
        held = held_out_rows(everything, config.validation_fraction, seed, "cross-validation")
    nothing = everything.take(np.empty(0, dtype=np.int64))
    split = Split(everything.take(np.flatnonzero(~held)), everything.take(np.flatnonzero(held)), SealedTestSet(nothing))
    collection = _collection(images, digests)
    keep_freed_memory()
    provenance = {**provenance_of(collection, config), WITHOUT_TEST: True}
    workshop = Workshop(split, choose_device(config.device), {}, provenance, exact=config.minutes is None)
    prepared = Prepared(collection, split, workshop, clock)
    name = choose_recipe(config, prepared, family=family, name=recipe)
    chosen, taught = adapted(recipe_named(name), mirror=config.mirror), None
    if weights is not None:
        taught = _weighted(split.training, weights[order][~held], chosen.training.label_smoothing)
        chosen = replace(chosen, training=replace(chosen.training, teacher_share=1.0))
    with torch.random.fork_rng(devices=[]):  # training seeds the generator that the caller may draw from as well
        trained = train_one(chosen, config, prepared, None, on_everything=on_everything, taught=taught, progress=silent)
    if trained.fit.stopped_because is StopReason.INTERRUPTED:
        raise KeyboardInterrupt  # a search that this is part of ends as well
    return name, trained


def predict_images(model: Model, images: Images, device: str) -> NDArray[np.float64]:
    """Return probabilities of shape (n, k), computed in float32 whatever the model was trained in."""
    runtime = TorchRuntime(model.network.to(device), "float32")
    return in_whole_batches(lambda batch: predict_checked(runtime, batch, model.how), images, BATCH)


def _collection(images: Dataset, digests: Digests) -> Collection:
    """Return the images as data that is known by its content, as if a source had held them as its training part."""
    prints = class_fingerprints(digests, images.labels, len(images.classes))
    return Collection(
        name=ARRAYS,
        container=ARRAYS,
        location=ARRAYS,
        training=images,
        validation=None,
        test=None,
        fingerprint=combine([combine(["training", *sorted(prints)])]),
        duplicates=count_duplicates({"training": (digests, images.labels)}),
        notes=(),
        is_sample=False,
    )


def _weighted(training: Dataset, weights: NDArray[np.float64], smoothing: float) -> Teaching:
    """Return the labels as a teacher would tell them, smoothed, each said as loudly as its image counts."""
    n_classes = len(training.classes)
    told = np.full((len(training), n_classes), smoothing / n_classes)
    told[np.arange(len(training)), training.labels] += 1 - smoothing
    return Teaching((told * weights[:, None]).astype(np.float32), smoothing)
