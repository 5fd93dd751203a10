"""From what a reader found to a collection that knows itself: one order, names, fingerprint, duplicates, a seal."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np

from fashion_classifier.data.dataset import Dataset, ImageShape, Labels, SealedTestSet, counts_table
from fashion_classifier.data.fingerprint import (
    Digests,
    Duplicates,
    class_fingerprints,
    combine,
    count_duplicates,
    image_digests,
)
from fashion_classifier.data.known import (
    DIGITS,
    FASHION_MNIST_CLASSES,
    LEAK_REFERENCE,
    has_fashion_mnist_form,
    is_mnist,
    official_names,
)
from fashion_classifier.data.raw import RawCollection, RawPart
from fashion_classifier.errors import FaultList

SAMPLE = "drawn sample"


@dataclass(frozen=True, eq=False)
class Collection:
    """A source of data, checked, in canonical order, with the test set sealed.

    Rows are sorted by the hash of their content and labels by class name, so that every container of the same
    images gives the same arrays.

    Parameters
    ----------
    name
        What the data is: "Fashion-MNIST" if its content says so, else the location's own name.
    training, validation, test
        The parts; None where the source has none.
    fingerprint
        Hexadecimal SHA-256 of the content; depends neither on the order of rows nor on the container.
    duplicates
        Exact duplicates; counting them is no opening of the test set.
    notes
        What must be known of the data, as sentences.
    is_sample
        Whether this is the drawn sample, on which a result says nothing about real garments.
    """

    name: str
    container: str
    location: str
    training: Dataset
    validation: Dataset | None
    test: SealedTestSet | None
    fingerprint: str
    duplicates: Duplicates
    notes: tuple[str, ...]
    is_sample: bool

    def __repr__(self) -> str:
        sizes = ", ".join(f"{sum(counts.values()):,} {part}" for part, counts in self.counts.items())
        return f"Collection({self.name!r}: {sizes} images of {self.shape}, {len(self.classes)} classes)"

    def _repr_html_(self) -> str:
        n_repeated = sum(self.duplicates.within.values()) + sum(self.duplicates.shared.values())
        found = f"Exact duplicates: {n_repeated:,}. Fingerprint: {self.fingerprint[:16]}…"
        caption = f"{self.name}: {self.shape}, {len(self.classes)} classes"
        return counts_table(self.counts, caption=caption, notes=(found, *self.notes))

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes, in the order of the labels."""
        return self.training.classes

    @property
    def shape(self) -> ImageShape:
        """Height, width and channels of every image."""
        return self.training.shape

    @property
    def identity(self) -> str:
        """Hexadecimal SHA-256 of the content and of what each image is called: what a run or a study belongs to."""
        labels = [hashlib.sha256(self.training.labels.tobytes()).hexdigest()]
        return combine([self.fingerprint, *labels, *self.classes])

    @property
    def counts(self) -> dict[str, dict[str, int]]:
        """For each part the number of images of each class."""
        parts = {"training": self.training, "validation": self.validation, "test": self.test}
        return {name: part.counts for name, part in parts.items() if part is not None}


@dataclass(frozen=True, eq=False)
class ArrangedParts:
    """The parts of a collection in canonical order, before the test set is sealed; what the cache keeps."""

    name: str
    parts: dict[str, Dataset]
    fingerprint: str
    duplicates: Duplicates
    notes: tuple[str, ...]

    def seal(self, container: str, location: str) -> Collection:
        """Seal the test set and tell where the data came from."""
        test = self.parts.get("test")
        return Collection(
            name=self.name,
            container=container,
            location=location,
            training=self.parts["training"],
            validation=self.parts.get("validation"),
            test=None if test is None else SealedTestSet(test),
            fingerprint=self.fingerprint,
            duplicates=self.duplicates,
            notes=self.notes,
            is_sample=container == SAMPLE,
        )


def arrange(raw: RawCollection) -> ArrangedParts:
    """Bring what a reader found into canonical order and find out what it is.

    Parameters
    ----------
    raw
        The parts as they were found.

    Raises
    ------
    DataError
        If the parts differ in image size, or a class has images in one part only.
    """
    found = {"training": raw.training, "validation": raw.validation, "test": raw.test}
    parts = {name: part for name, part in found.items() if part is not None}
    classes = _all_classes(parts)
    _check(raw, parts, classes)
    labels = {name: _relabel(part, classes) for name, part in parts.items()}
    digests = {name: image_digests(part.images) for name, part in parts.items()}

    counts = {name: tuple(np.bincount(labels[name], minlength=len(classes)).tolist()) for name in parts}
    fingerprints = {name: class_fingerprints(digests[name], labels[name], len(classes)) for name in parts}
    duplicates = count_duplicates({name: (digests[name], labels[name]) for name in parts})
    shape = ImageShape.of(raw.training.images)
    identity = _identify(raw, classes, counts, fingerprints, duplicates, shape)

    order = sorted(range(len(classes)), key=lambda label: _class_order(identity.classes[label], identity.classes))
    rank = np.empty(len(classes), dtype=np.int64)
    rank[order] = np.arange(len(classes))
    names = tuple(identity.classes[label] for label in order)
    return ArrangedParts(
        name=identity.name,
        parts={name: _in_order(part, rank[labels[name]], digests[name], names) for name, part in parts.items()},
        fingerprint=combine([combine([name, *sorted(fingerprints[name])]) for name in sorted(parts)]),
        duplicates=duplicates,
        notes=(*raw.notes, *identity.notes, *_group_notes(parts)),
    )


@dataclass(frozen=True)
class _Identity:
    name: str
    classes: tuple[str, ...]
    notes: tuple[str, ...]


def _identify(
    raw: RawCollection,
    classes: tuple[str, ...],
    counts: dict[str, tuple[int, ...]],
    fingerprints: dict[str, tuple[str, ...]],
    duplicates: Duplicates,
    shape: ImageShape,
) -> _Identity:
    """Find out what the data is, what its classes are called, and what has to be said of it."""
    named = official_names(fingerprints)
    plain = set(classes) <= set(DIGITS)
    notes: list[str] = []
    name = SAMPLE if raw.container == SAMPLE else raw.location.rstrip("/\\").replace("\\", "/").split("/")[-1]
    name = name.encode("utf-8", "replace").decode()  # it is written into models, and need not be UTF-8
    if all(None not in names for names in named.values()) and len(set(named.values())) == 1:
        name = "Fashion-MNIST" if "test" in named else "Fashion-MNIST (training images)"
        known = tuple(str(official) for official in named["training"])
        swapped = [(mine, theirs) for mine, theirs in zip(classes, known, strict=True) if mine != theirs]
        if plain:
            classes = known
        elif swapped:
            notes.append(
                f"These are the official Fashion-MNIST images under other names: "
                f"{'; '.join(f'what is here called {mine} is {theirs}' for mine, theirs in swapped)}."
            )
    elif is_mnist(counts, shape):
        name = "MNIST"
        claim = " although its files call it Fashion-MNIST" if raw.claims_fashion_mnist else ""
        notes.append(f"This is MNIST, handwritten digits{claim}: its class counts are exactly those of MNIST.")
    elif plain and raw.claims_fashion_mnist:
        classes = tuple(FASHION_MNIST_CLASSES[int(label)] for label in classes)
        notes.append("This is not official Fashion-MNIST, though its files are named so: its content differs.")
    notes.extend(_leak_notes(counts, duplicates, shape))
    return _Identity(name, classes, tuple(notes))


def _leak_notes(counts: dict[str, tuple[int, ...]], duplicates: Duplicates, shape: ImageShape) -> list[str]:
    """Say which images stand where they should not."""
    notes = []
    for part, shared in duplicates.shared.items():
        if not shared:
            continue
        images = f"{shared:,} image{' is' if shared == 1 else 's are'} in both the training and the {part} set"
        if part == "test" and has_fashion_mnist_form(counts, shape):
            notes.append(
                f"{images}: these look like the leaky Fashion-MNIST files of before 31 August 2017 ({LEAK_REFERENCE}), "
                "on which accuracies come out too high. Download the official files again."
            )
        else:
            notes.append(f"{images}: accuracy on the {part} set comes out too high.")
    if duplicates.contradictory:
        n = duplicates.contradictory
        notes.append(f"{n:,} image{' stands' if n == 1 else 's stand'} under more than one label.")
    return notes


def _group_notes(parts: dict[str, RawPart]) -> list[str]:
    """Say which garments the source itself has on both sides: its sets are taken as they are."""
    notes = []
    known = parts["training"].groups
    for name, part in parts.items():
        if name == "training" or known is None or part.groups is None:
            continue
        if shared := np.count_nonzero(np.isin(part.groups, known)):
            images = f"{shared:,} image{'' if shared == 1 else 's'} of the {name} set"
            notes.append(
                f"{images} belong{'s' if shared == 1 else ''} to groups that the training set has, too: "
                f"accuracy on the {name} set comes out too high."
            )
    return notes


def _all_classes(parts: dict[str, RawPart]) -> tuple[str, ...]:
    """List the classes that have an image in any part."""
    used = {part.classes[label] for part in parts.values() for label in np.unique(part.labels)}
    return tuple(sorted(used, key=lambda name: _class_order(name, tuple(used))))


def _class_order(name: str, classes: tuple[str, ...]) -> tuple[int, str]:
    """Return the sort key of a class: Fashion-MNIST's own order, numbers by value, names by their letters."""
    if set(classes) <= set(FASHION_MNIST_CLASSES):
        return FASHION_MNIST_CLASSES.index(name), name
    if all(other.isascii() and other.isdigit() for other in classes):
        return int(name), name
    return 0, name


def _check(raw: RawCollection, parts: dict[str, RawPart], classes: tuple[str, ...]) -> None:
    """Check what only all parts together can show."""
    faults = FaultList()
    shapes = {name: ImageShape.of(part.images) for name, part in parts.items()}
    for name, shape in shapes.items():
        if shape != shapes["training"]:
            faults.add(
                raw.location,
                f"the {name} images are {shape}, the training images {shapes['training']}",
                "Give an image size to which all are brought, or bring the files to one form",
            )
    if len(classes) < 2:
        faults.add(
            raw.location,
            f"all images are of one class ({', '.join(classes) or 'none'}); a classifier needs at least two",
            "Add images of another class",
        )
    for name, part in parts.items():
        present = {part.classes[label] for label in np.unique(part.labels)}
        faults_here = [c for c in classes if c not in present]
        for missing in faults_here:
            faults.add(
                raw.location,
                f"class {missing} has no image in the {name} set; every class needs images in every set",
                "Add images of it there, or remove the class",
            )
    faults.raise_if_any()


def _relabel(part: RawPart, classes: tuple[str, ...]) -> Labels:
    """Express a part's labels as indices into the common list of classes."""
    index = {name: number for number, name in enumerate(classes)}
    table = np.array([index.get(name, -1) for name in part.classes], dtype=np.int64)
    return table[part.labels]


def _in_order(part: RawPart, labels: Labels, digests: Digests, classes: tuple[str, ...]) -> Dataset:
    """Sort a part by content; what is equal in pixels, by label and group."""
    groups = np.zeros(len(labels), dtype=np.int64) if part.groups is None else part.groups
    order = np.lexsort((groups, labels, digests[:, 1], digests[:, 0]))
    return Dataset(part.images[order], labels[order], classes, None if part.groups is None else part.groups[order])
