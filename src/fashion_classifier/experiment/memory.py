"""Whether what is begun fits into memory, told before it begins: what it takes against what can be had."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod

from fashion_classifier.data.dataset import ImageShape
from fashion_classifier.data.split import Split
from fashion_classifier.errors import NotEnoughMemoryError
from fashion_classifier.inference.bundle import Model
from fashion_classifier.inference.runtimes.pytorch import TorchRuntime
from fashion_classifier.limits import Room, in_words, rooms
from fashion_classifier.training.memory import FLOAT, prediction_memory, training_memory
from fashion_classifier.training.recipes.recipe import Recipe

MB = 10**6
PROGRAM = 300 * MB  # what is imported and drawn between loading the data and the report
ADDRESSES = 1_200 * MB  # that threads and libraries reserve besides, and do not use
COPIES = 2  # of the training images at one time, beside the training's own: gathered for retraining, and held back
TEST_COPIES = 3  # of the test images: as they are, corrupted, and mixed with strange ones
ANSWERS = 6  # of each answer's numbers: as they come, put together, tempered, looked through, in a table and its file
PER_ANSWER = 600  # bytes beside an image's pixels: its hash in several places, its label and its losses
SMALLEST_SIDE = 8


def check_memory(
    split: Split, recipes: Sequence[Recipe], device: str, *, free: Sequence[Room] | None = None, evaluated: bool = True
) -> None:
    """Check that trainings of these recipes on this data fit into memory, with all that is done with their models.

    Parameters
    ----------
    split
        The data, which is in memory already.
    recipes
        That are sure to be trained, one after the other.
    device
        On which.
    free
        What can be had; by default what the system says. Nothing is checked where it says nothing.
    evaluated
        Whether the test images are evaluated too.

    Raises
    ------
    NotEnoughMemoryError
        If they do not; the message says what for memory would be needed, and what to lower.
    """
    shape = split.training.shape
    images, computing, what = _needed(split, recipes, shape, device, evaluated=evaluated)
    _check(
        (images, "for copies of the images"),
        (computing, f"to train {what}"),
        free=rooms() if free is None else free,
        lower=lambda n_bytes: _size_that_fits(split, recipes, device, n_bytes, evaluated=evaluated),
    )


def check_judging(models: Sequence[Model], n_images: int, *, free: Sequence[Room] | None = None) -> None:
    """Check that models that are loaded can be asked about images, with all that is worked out from their answers.

    Parameters
    ----------
    models
        Of the same shape and classes, asked one after the other.
    n_images
        Of the test set.
    free
        What can be had; by default what the system says. Nothing is checked where it says nothing.

    Raises
    ------
    NotEnoughMemoryError
        If they cannot.
    """
    shape = models[0].shape
    each = prod(shape) + PER_ANSWER + FLOAT * ANSWERS * len(models) * len(models[0].classes)
    computing, what = 0, ""
    for model in models:
        runtime = TorchRuntime(model.network)
        n_batch = min(n_images, runtime.batch_size)
        needed = prediction_memory(model.config, shape, n_batch) if runtime.device.type == "cpu" else 0
        if needed >= computing:
            computing, what = needed, f"a {model.config.family} about {n_batch:,} images of {shape} at a time"
    _check(
        (n_images * each, f"for {n_images:,} images and the answers"),
        (computing, f"to ask {what}"),
        free=rooms() if free is None else free,
        lower=lambda _: "Take fewer test images or a smaller model, or free memory.",
    )


def _check(*parts: tuple[int, str], free: Sequence[Room], lower: Callable[[int], str]) -> None:
    """Check that parts, each with what it is for, and the program fit; `lower` says for so many bytes what to lower."""
    for room in free:
        program = PROGRAM + (ADDRESSES if room.address_space else 0)
        needed = program + sum(n_bytes for n_bytes, _ in parts)
        if needed > room.n_bytes:
            listed = ", ".join(f"{in_words(n)} {why}" for n, why in (*parts, (program, "for the program itself")))
            raise NotEnoughMemoryError(
                f"The memory would not suffice: up to {in_words(needed)} more would be taken ({listed}), and "
                f"{in_words(room.n_bytes)} can be had: {room.bound}. {lower(room.n_bytes - program)}"
            )


def _needed(
    split: Split, recipes: Sequence[Recipe], shape: ImageShape, device: str, *, evaluated: bool
) -> tuple[int, int, str]:
    """Return bytes for copies of images, bytes to compute with, and what is computed, for images of this shape."""
    n_images, n_classes = len(split.training) + len(split.validation), len(split.training.classes)
    needs = [training_memory(recipe, shape, n_images, n_classes, device) for recipe in recipes]
    largest = max(needs, key=lambda need: need.total)
    copies = COPIES * n_images + (TEST_COPIES * len(split.test) if evaluated else 0)
    return largest.images + copies * prod(shape), largest.computing, largest.what


def _size_that_fits(split: Split, recipes: Sequence[Recipe], device: str, n_bytes: int, *, evaluated: bool) -> str:
    """Say what to lower: to which image size, where a smaller one would do."""
    height, width, channels = split.training.shape
    others = "take fewer images or a smaller family, or free memory"
    while min(height, width) >= 2 * SMALLEST_SIDE:
        height, width = height // 2, width // 2
        shape = ImageShape(height, width, channels)
        images, computing, _ = _needed(split, recipes, shape, device, evaluated=evaluated)
        if images + computing <= n_bytes:
            return f"Lower the image size ({height}x{width} would do), {others}."
    return f"No image size would do: {others}."
