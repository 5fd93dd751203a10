"""What others have reached on Fashion-MNIST, each figure with its source, and which of them can be compared.

None of these works kept cross-validation images apart: their settings were compared by the test images. What is called
comparable here is at least of the last epoch, on the mended files, without test images among the training images. The
files of before 31 August 2017 had ten images in both sets (zalandoresearch/fashion-mnist, issue 44; mended by pull
request 45).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from fashion_classifier.data.fingerprint import combine
from fashion_classifier.data.known import FASHION_MNIST
from fashion_classifier.evaluation.intervals import Estimate, wilson
from fashion_classifier.reporting.results import DataFacts, RunResults
from fashion_classifier.reporting.wording import counted

# Of the official files, whole, as in `DataFacts.fingerprint`; a folder may be called "Fashion-MNIST" and hold others.
_OFFICIAL = combine([combine([part, *sorted(FASHION_MNIST[part])]) for part in sorted(FASHION_MNIST)])


@dataclass(frozen=True, kw_only=True)
class Published:
    """A published figure.

    Parameters
    ----------
    what
        The model, or the people.
    accuracy
        On `n` test images.
    source
        Where it stands: an arXiv id, or a repository with the file or the issue.
    note
        How it was measured.
    clean
        Whether it is of the last epoch, on the mended files, without test images among the training images.
    n
        Number of test images.
    """

    what: str
    accuracy: float
    source: str
    note: str
    clean: bool
    n: int = 10_000


PUBLISHED = (
    Published(
        what="People without expertise in fashion",
        accuracy=0.835,
        source="zalandoresearch/fashion-mnist, README",
        note="Three answers for each of 1,000 test images drawn at random, the majority counts.",
        clean=True,
        n=1_000,
    ),
    Published(
        what="ResNet-20 (pre-activation), cutout",
        accuracy=0.9551,
        source="hysts/pytorch_image_classification, README",
        note="Median of 3 runs, last of 200 epochs; the best of 6 sizes of cutout, by the test images.",
        clean=True,
    ),
    Published(
        what="WRN-28-10, random erasing, trained again",
        accuracy=0.957,
        source="zhunzhong07/Random-Erasing, issue 9",
        note="One run of the authors’ program on the mended files, last of 300 epochs.",
        clean=True,
    ),
    Published(
        what="Shake-shake-26 2x96d, cutout",
        accuracy=0.964,
        source="hysts/pytorch_image_classification, README",
        note="One run, last of 800 epochs; the better of 2 sizes of cutout, by the test images.",
        clean=True,
    ),
    Published(
        what="WRN-40-4, cutmix, random erasing, random augmentation",
        accuracy=0.9659,
        source="Liang-yc/fn_playground, models/fn_96_74.txt",
        note="One run, its last line, after 1,000 epochs.",
        clean=True,
    ),
    Published(
        what="WRN-28-10, random erasing",
        accuracy=0.9635,
        source="arXiv:1708.04896; zalandoresearch/fashion-mnist, issue 66",
        note="On the files with images in both sets, as its author says (zhunzhong07/Random-Erasing, issue 9); trained "
        "again on the mended files it reached 95.7\u202f%.",
        clean=False,
    ),
    Published(
        what="WRN-40-4",
        accuracy=0.967,
        source="zalandoresearch/fashion-mnist, README",
        note="Sent in on 26 August 2017, before the files were mended, and as 96.07\u202f% (issue 10).",
        clean=False,
    ),
    Published(
        what="WRN-40-4, cutmix, random erasing, random augmentation, best epoch",
        accuracy=0.9674,
        source="Liang-yc/fn_playground, README",
        note="The epoch was chosen by the test images: the last one of the same run has 96.59\u202f%.",
        clean=False,
    ),
    Published(
        what="DARTS, another’s program",
        accuracy=0.9927,
        source="khanrc/pt.darts, README",
        note="The same program and network gave somebody else 95.9\u202f% at its best epoch (issue 36).",
        clean=False,
    ),
)


@dataclass(frozen=True, kw_only=True)
class Standing:
    """A line of the table: a published figure, or this run's own, with Wilson's 95 % interval."""

    what: str
    accuracy: Estimate
    source: str
    note: str
    is_ours: bool


@dataclass(frozen=True)
class Standings:
    """A run among what others have reached, lowest first.

    Parameters
    ----------
    comparable
        With this run's own figure, if its test set has been opened.
    quoted
        What is often quoted and cannot be compared.
    """

    comparable: tuple[Standing, ...]
    quoted: tuple[Standing, ...]

    @property
    def has_ours(self) -> bool:
        """Whether this run's own figure is among them."""
        return any(standing.is_ours for standing in self.comparable)


def is_fashion_mnist(data: DataFacts) -> bool:
    """Tell official Fashion-MNIST, whole, by its content."""
    return is_official(data.fingerprint)


def is_official(fingerprint: str) -> bool:
    """Tell official Fashion-MNIST, whole, by its fingerprint."""
    return fingerprint == _OFFICIAL


def published_for(data: DataFacts) -> tuple[Published, ...]:
    """Return what others have reached on this data; empty for all but official Fashion-MNIST."""
    return PUBLISHED if is_fashion_mnist(data) else ()


def stand_beside(results: RunResults) -> Standings | None:
    """Set a run among what others have reached on its data; None where nothing is known of it."""
    published = published_for(results.data)
    if not published:
        return None
    comparable = [_standing(figure) for figure in published if figure.clean]
    test = results.optimized.test
    if test is not None:
        note = f"Chosen by cross-validation images; test set opened {counted(len(results.openings), 'time')}."
        what = f"Optimized model ({results.optimized.family})"
        comparable.append(Standing(what=what, accuracy=test.accuracy, source="this run", note=note, is_ours=True))
    return Standings(_rising(comparable), _rising(_standing(figure) for figure in published if not figure.clean))


def _standing(figure: Published) -> Standing:
    """Give a published figure its interval, as if every image were a draw of its own."""
    accuracy = wilson(round(figure.accuracy * figure.n), figure.n)
    return Standing(what=figure.what, accuracy=accuracy, source=figure.source, note=figure.note, is_ours=False)


def _rising(standings: Iterable[Standing]) -> tuple[Standing, ...]:
    """Sort from the lowest accuracy to the highest."""
    return tuple(sorted(standings, key=lambda standing: standing.accuracy.value))
