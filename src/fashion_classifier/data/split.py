"""Training, cross-validation and test sets: stratified, seeded, and never one garment in two of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from fashion_classifier.data.collection import Collection
from fashion_classifier.data.dataset import Dataset, SealedTestSet, counts_table
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

    def __repr__(self) -> str:
        return f"Split(training={self.training!r}, validation={self.validation!r}, test={self.test!r})"

    def _repr_html_(self) -> str:
        caption = f"{self.training.shape}, split; the test set is sealed (openings: {len(self.test.openings)})"
        return counts_table(self.counts, caption=caption, notes=self.notes)

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
        groups = [part.groups for part in parts if part.groups is not None]
        return Dataset(
            np.concatenate([part.images for part in parts]),
            np.concatenate([part.labels for part in parts]),
            self.training.classes,
            np.concatenate(groups) if len(groups) == len(parts) else None,
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
        n_images = len(rest)
        rest, held_out = hold_out(rest, config.test_fraction, derive_seed(config.seed, "split", "test"), "test")
        test = SealedTestSet(held_out)
        notes.append(
            f"The data has no test set: {len(held_out):,} images ({len(held_out) / n_images:.0%}) were split off "
            "as one, stratified by class, before anything else was done."
        )
    if validation is None:
        seed = derive_seed(config.seed, "split", "validation")
        rest, validation = hold_out(rest, config.validation_fraction, seed, "cross-validation")
    return Split(rest, validation, test, tuple(notes))


def hold_out(dataset: Dataset, fraction: float, seed: int, name: str) -> tuple[Dataset, Dataset]:
    """Split off about a fraction of each class; images of one group, and exact duplicates, stay on one side.

    Parameters
    ----------
    fraction
        Of each class's images, above 0 and below 1; each side keeps one of each class at least.
    name
        What the part that is split off is called in a message.

    Returns
    -------
    (Dataset, Dataset)
        The rest, and what was split off.

    Raises
    ------
    DataError
        If a class is too small to have an image on both sides.
    """
    held_out = held_out_rows(dataset, fraction, seed, name)
    return dataset.take(np.flatnonzero(~held_out)), dataset.take(np.flatnonzero(held_out))


def held_out_rows(dataset: Dataset, fraction: float, seed: int, name: str) -> NDArray[np.bool_]:
    """Choose which images `hold_out` splits off: bool array of shape (n,); parameters and errors as for it."""
    unit = _units(dataset)
    class_of_unit, size_of_unit = _describe_units(dataset, unit)
    generator = np.random.default_rng(seed)
    chosen = np.zeros(len(size_of_unit), dtype=bool)
    faults = FaultList()
    for label, class_name in enumerate(dataset.classes):
        units = generator.permutation(np.flatnonzero(class_of_unit == label))
        if len(units) < 2:
            n_images = np.count_nonzero(dataset.labels == label)
            faults.add(
                f"class {class_name}",
                f"it has {n_images:,} image{'' if n_images == 1 else 's'}, of which {len(units)} count, equal ones "
                f"and those of a group once; a training and a {name} set need 2",
                "Add images of it, or remove the class",
            )
            continue
        wanted = fraction * size_of_unit[units].sum()
        before = np.cumsum(size_of_unit[units]) - size_of_unit[units]
        n_chosen = np.count_nonzero(before + size_of_unit[units] / 2 <= wanted)
        chosen[units[: min(max(n_chosen, 1), len(units) - 1)]] = True
    faults.raise_if_any()
    held_out: NDArray[np.bool_] = chosen[unit]
    return held_out


def fold_numbers(dataset: Dataset, n_folds: int, seed: int) -> NDArray[np.int64]:
    """Give each image one of `n_folds` folds of about equal size, stratified by class.

    Images of one group, and exact duplicates, lie in one fold.

    Returns
    -------
    numpy.ndarray
        int64 array of shape (n,), from 0.
    """
    unit = _units(dataset)
    class_of_unit, size_of_unit = _describe_units(dataset, unit)
    generator = np.random.default_rng(seed)
    fold = np.zeros(len(size_of_unit), dtype=np.int64)
    for label in range(len(dataset.classes)):
        units = generator.permutation(np.flatnonzero(class_of_unit == label))
        ends = np.cumsum(size_of_unit[units])
        middles = (ends - size_of_unit[units] / 2) / max(1, ends[-1] if len(ends) else 1)
        turned = (middles + label / len(dataset.classes)) % 1  # small classes do not all begin in the first fold
        fold[units] = np.minimum(n_folds - 1, (turned * n_folds).astype(np.int64))
    return fold[unit]


def _describe_units(dataset: Dataset, unit: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the class (its first image's) and the number of images of each unit."""
    n_units = int(unit.max()) + 1
    class_of_unit = np.zeros(n_units, dtype=np.int64)
    class_of_unit[unit[::-1]] = dataset.labels[::-1]
    return class_of_unit, np.bincount(unit, minlength=n_units)


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
