"""Training, cross-validation and test sets: stratified, seeded, and never one garment in two of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from fashion_classifier.data.collection import Collection
from fashion_classifier.data.dataset import Dataset, SealedTestSet
from fashion_classifier.data.fingerprint import image_digests, same_image
from fashion_classifier.errors import FaultList, UsageError
from fashion_classifier.seeds import DEFAULT_SEED, derive_seed


@dataclass(frozen=True, kw_only=True)
class SplitConfig:
    """How data is split.

    Parameters
    ----------
    validation_fraction
        Share of the training images that becomes the cross-validation set, where the source has none; 0 to 1.
    test_fraction
        Share of all images that becomes the test set, where the source has none; 0 to 1.
    seed
        Seed of the run.
    """

    validation_fraction: float = 0.2
    test_fraction: float = 0.15
    seed: int = DEFAULT_SEED

    def __post_init__(self) -> None:
        for name in ("validation_fraction", "test_fraction"):
            value = getattr(self, name)
            if not 0 < value < 1:
                raise UsageError(f"`0 < {name} < 1` must hold, but got {name}={value}.")


@dataclass(frozen=True, eq=False)
class Split:
    """The three sets of a run.

    Parameters
    ----------
    training, validation
        What a choice may be made on.
    test
        Sealed; only the final evaluation opens it.
    notes
        What was split off, as sentences.
    """

    training: Dataset
    validation: Dataset
    test: SealedTestSet
    notes: tuple[str, ...] = ()

    @property
    def counts(self) -> dict[str, dict[str, int]]:
        """For each set the number of images of each class."""
        return {
            "training": self.training.counts,
            "validation": self.validation.counts,
            "test": self.test.counts,
        }

    @property
    def everything_but_test(self) -> Dataset:
        """Training and cross-validation images together, for the final fit."""
        parts = (self.training, self.validation)
        return Dataset(
            np.concatenate([part.images for part in parts]),
            np.concatenate([part.labels for part in parts]),
            self.training.classes,
        )


def split(collection: Collection, config: SplitConfig | None = None) -> Split:
    """Split a collection into training, cross-validation and test sets.

    A validation or test set of the source is taken as it is. What has to be split off is stratified by class;
    images of one group, and exact duplicates, stay on one side.

    Parameters
    ----------
    collection
        What `load` returned.
    config
        Fractions and seed.

    Raises
    ------
    DataError
        If a class is too small to have an image in every set.
    """
    config = config or SplitConfig()
    rest, validation, test = collection.training, collection.validation, collection.test
    notes = []
    if test is None:
        rest, held_out = _hold_out(rest, config.test_fraction, derive_seed(config.seed, "split", "test"), "test")
        test = SealedTestSet(held_out)
        notes.append(
            f"The data has no test set: {len(held_out):,} images ({config.test_fraction:.0%}) were split off as one, "
            "stratified by class, before anything else was done."
        )
    if validation is None:
        seed = derive_seed(config.seed, "split", "validation")
        rest, validation = _hold_out(rest, config.validation_fraction, seed, "cross-validation")
    return Split(rest, validation, test, tuple(notes))


def _hold_out(dataset: Dataset, fraction: float, seed: int, name: str) -> tuple[Dataset, Dataset]:
    """Split off about `fraction` of each class, whole units at a time."""
    unit = _units(dataset)
    n_units = int(unit.max()) + 1
    class_of_unit = np.zeros(n_units, dtype=np.int64)
    class_of_unit[unit[::-1]] = dataset.labels[::-1]
    size_of_unit = np.bincount(unit, minlength=n_units)

    generator = np.random.default_rng(seed)
    chosen = np.zeros(n_units, dtype=bool)
    faults = FaultList()
    for label, class_name in enumerate(dataset.classes):
        units = generator.permutation(np.flatnonzero(class_of_unit == label))
        if len(units) < 2:
            faults.add(
                f"class {class_name}",
                f"{len(units)} different image or group is not enough for a training and a {name} set",
                "Add images of it, or remove the class",
            )
            continue
        wanted = fraction * size_of_unit[units].sum()
        before = np.cumsum(size_of_unit[units]) - size_of_unit[units]
        n_chosen = np.count_nonzero(before + size_of_unit[units] / 2 <= wanted)
        chosen[units[: min(max(n_chosen, 1), len(units) - 1)]] = True
    faults.raise_if_any()
    held_out = chosen[unit]
    return dataset.take(np.flatnonzero(~held_out)), dataset.take(np.flatnonzero(held_out))


def _units(dataset: Dataset) -> NDArray[np.int64]:
    """Give one number to what must stay together: exact duplicates, and images of one group."""
    number = same_image(image_digests(dataset.images))
    if dataset.groups is None:
        return number
    _, group = np.unique(dataset.groups, return_inverse=True)
    n_images = int(number.max()) + 1
    n_nodes = n_images + int(group.max()) + 1
    edges = coo_array((np.ones(len(number)), (number, n_images + group)), shape=(n_nodes, n_nodes))
    _, component = connected_components(edges, directed=False)
    _, unit = np.unique(component[number], return_inverse=True)
    return unit.astype(np.int64)
