"""Whether what is begun fits into memory, told before it begins: what it takes against what can be had."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from fashion_classifier.data.dataset import ImageShape
from fashion_classifier.data.split import Split
from fashion_classifier.errors import NotEnoughMemoryError
from fashion_classifier.limits import Room, in_words, rooms
from fashion_classifier.training.memory import training_memory
from fashion_classifier.training.recipes.recipe import Recipe

MB = 10**6
PROGRAM = 300 * MB  # what is imported and drawn between loading the data and the report
ADDRESSES = 1_200 * MB  # that threads and libraries reserve besides, and do not use
COPIES = 2  # of the training images at one time, beside the training's own: gathered for retraining, and held back
TEST_COPIES = 3  # of the test images: as they are, corrupted, and mixed with strange ones
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
    for room in rooms() if free is None else free:
        program = PROGRAM + (ADDRESSES if room.address_space else 0)
        if images + computing + program > room.n_bytes:
            smaller = _size_that_fits(split, recipes, device, room.n_bytes - program, evaluated=evaluated)
            raise NotEnoughMemoryError(
                f"The memory would not suffice: up to {in_words(images + computing + program)} more would be taken "
                f"({in_words(images)} for copies of the images, {in_words(computing)} to train {what}, "
                f"{in_words(program)} for the program itself), and {in_words(room.n_bytes)} can be had: {room.bound}. "
                f"{smaller}"
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
