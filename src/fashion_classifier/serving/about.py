"""Which model it is and how good, as far as it is recorded."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from fashion_classifier.errors import FashionError
from fashion_classifier.experiment.lookup import ModelPlace
from fashion_classifier.inference.manifest import MANIFEST
from fashion_classifier.inference.shelf import Accuracy, ModelFacts, model_facts
from fashion_classifier.reporting.run_folder import RESULTS, read_results

REPORT = "report.html"
LARGEST_REPORT = 64 << 20  # bytes


@dataclass(frozen=True)
class About:
    """What people are told of a model.

    Parameters
    ----------
    name
        What it is called.
    facts
        What its folder says of itself.
    accuracy
        On a test set; None where nothing is recorded.
    report
        The run's page about it; None where there is none.
    sha256
        Of the folder's manifest, which holds that of each file: it tells models apart whatever they are called.
    """

    name: str
    facts: ModelFacts
    accuracy: Accuracy | None
    report: Path | None
    sha256: str


def about(place: ModelPlace) -> About:
    """Read what is known of a model.

    Raises
    ------
    UnavailableError, ModelError
        If there is no model at that place, or it is damaged.
    """
    facts = model_facts(place.path)
    report = None if place.run is None else place.run / REPORT
    if report is not None and not (report.is_file() and report.stat().st_size <= LARGEST_REPORT):
        report = None
    digest = sha256((place.path / MANIFEST).read_bytes()).hexdigest()
    return About(place.name, facts, facts.accuracy or _of_run(place), report, digest)


def _of_run(place: ModelPlace) -> Accuracy | None:
    """Return what a run found out on its test set; a run whose record cannot be read has found out nothing."""
    if place.run is None or not (place.run / RESULTS).is_file():
        return None
    try:
        results = read_results(place.run)
    except FashionError:
        return None  # `fashion models` lists it with its error
    judged = getattr(results, place.path.name, None)
    test = None if judged is None else judged.test
    if test is None:
        return None
    low, high = test.accuracy.low, test.accuracy.high
    return Accuracy(value=test.accuracy.value, low=low, high=high, n=test.n)
