"""How much memory a training takes, before it takes it; bounds, compared with what trainings took in the tests."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from fashion_classifier.data.dataset import ImageShape
from fashion_classifier.errors import NotEnoughMemoryError
from fashion_classifier.limits import LOWER, in_words, rooms
from fashion_classifier.models.catalogue import count_weights, family_named
from fashion_classifier.models.settings import ModelConfig
from fashion_classifier.training.recipes.recipe import Recipe

FLOAT = 4  # bytes; in bfloat16 activations take half, which is not known before
# Copies of the weights: network, gradients, two buffers of an optimizer, moving average, best so far, two while they
# are saved, and the models that a run keeps beside the one that learns.
WEIGHTS = 16
BOTH_WAYS = 2  # what the forward pass made is kept for the backward pass, which makes as much again, at most
INPUTS = 3  # of a batch: as they are, augmented and standardised
LEAST_PREDICTED = 256  # images at a time when it is judged
PER_IMAGE = 32  # bytes beside its pixels: label, order, loss


@dataclass(frozen=True)
class TrainingMemory:
    """Bytes that a training takes, by what for.

    Parameters
    ----------
    images
        A copy of what is learned from.
    computing
        Weights with all that is kept beside them, and a batch on its way through the network.
    what
        Which training it is, in words.
    """

    images: int
    computing: int
    what: str

    @property
    def total(self) -> int:
        """Of both."""
        return self.images + self.computing


def training_memory(recipe: Recipe, shape: ImageShape, n_images: int, n_classes: int, device: str) -> TrainingMemory:
    """Return how much of the machine's memory a training takes at most; on a GPU the computing takes the GPU's own."""
    n_weights = count_weights(recipe.model, shape, n_classes)
    n_batch = max(min(recipe.training.batch_size, n_images), min(LEAST_PREDICTED, n_images))
    activations = family_named(recipe.model.family).activations(recipe.model, shape)
    computing = FLOAT * (WEIGHTS * n_weights + n_batch * (BOTH_WAYS * activations + INPUTS * prod(shape)))
    return TrainingMemory(
        images=n_images * (prod(shape) + PER_IMAGE),
        computing=computing if device == "cpu" else 2 * FLOAT * n_weights,
        what=f"a {recipe.model.family} on {n_images:,} images of {shape}, {n_batch:,} at a time",
    )


def prediction_memory(config: ModelConfig, shape: ImageShape, n_batch: int) -> int:
    """Return how much of the machine's memory a batch takes at most on its way through a network that is there."""
    activations = family_named(config.family).activations(config, shape)
    return FLOAT * n_batch * (activations + INPUTS * prod(shape))


def check_training(recipe: Recipe, shape: ImageShape, n_images: int, n_classes: int, device: str) -> None:
    """Check that a training fits into memory, before it begins.

    Raises
    ------
    NotEnoughMemoryError
        If it does not.
    """
    need = training_memory(recipe, shape, n_images, n_classes, device)
    for room in rooms():
        if need.total > room.n_bytes:
            raise NotEnoughMemoryError(
                f"Training {need.what}, takes up to {in_words(need.total)} of memory, and {in_words(room.n_bytes)} can "
                f"be had: {room.bound}. {LOWER}."
            )
