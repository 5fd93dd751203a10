"""What a reader hands over: checked pixels and labels as they were found, before anything is ordered or named."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fashion_classifier.data.dataset import Images, Labels


@dataclass(frozen=True, eq=False)
class RawPart:
    """The training, validation or test part of a source.

    Parameters
    ----------
    images
        uint8 array of shape (n, height, width), or (n, height, width, 3) for colour.
    labels
        int64 array of shape (n,), indices into `classes`.
    classes
        Names as the source gives them, in any order; the numbers as text where it gives numbers. A name without
        images may stand there: the sources' parts are brought to one list later.
    groups
        Array of shape (n,), equal where images show one garment; None where the source says nothing.
    """

    images: Images
    labels: Labels
    classes: tuple[str, ...]
    groups: NDArray[np.str_] | None = None


@dataclass(frozen=True, eq=False)
class RawCollection:
    """All that one source holds.

    Parameters
    ----------
    container
        The form it was found in, in words for people ("six CSV parts", "IDX files", "class folders").
    location
        The folder, file or name that was read.
    training, validation, test
        The parts; None where the source has none.
    claims_fashion_mnist
        Whether the source calls itself Fashion-MNIST (by its file names), so that labels 0 to 9 have known names.
    notes
        Sentences about what was done on reading ("Images of 12 sizes were resized to 48x64.").
    """

    container: str
    location: str
    training: RawPart
    validation: RawPart | None = None
    test: RawPart | None = None
    claims_fashion_mnist: bool = False
    notes: tuple[str, ...] = ()
