"""Data loaded and split, and the workshop: what every command that trains or evaluates begins with."""

from __future__ import annotations

from dataclasses import dataclass

from fashion_classifier.data.collection import Collection
from fashion_classifier.data.load import load, locate
from fashion_classifier.data.split import Split, split
from fashion_classifier.errors import UsageError
from fashion_classifier.experiment.budget import Clock
from fashion_classifier.experiment.machine import choose_device, use_threads
from fashion_classifier.experiment.record import RunFolder
from fashion_classifier.experiment.settings import RunConfig
from fashion_classifier.progress import Progress, silent
from fashion_classifier.training.distributed import ALONE, Group
from fashion_classifier.training.precision import PrecisionChoice
from fashion_classifier.training.train import Workshop

WITHOUT_TEST = "without_test"  # in a model's provenance: no test set was split off its data before it learned from it


@dataclass(frozen=True, eq=False)
class Prepared:
    """Data loaded and split, and the workshop in which models are made of it."""

    collection: Collection
    split: Split
    workshop: Workshop
    clock: Clock


def prepare(config: RunConfig, *, used_s: float = 0.0, progress: Progress = silent, group: Group = ALONE) -> Prepared:
    """Load and split the data as a run does; each of several processes does."""
    clock = Clock(config.limit_s, used_s)
    with clock.paused():
        place = locate(config.data, progress=progress)
    collection = load(place, options=config.read_options, progress=progress)
    parts = split(collection, config.split_config)
    use_threads(config.threads, group)
    exact = config.minutes is None
    device = choose_device(config.device, group)
    workshop = Workshop(parts, device, {}, provenance_of(collection, config), exact, group)
    return Prepared(collection, parts, workshop, clock)


def reopen(record: RunFolder, clock: Clock, *, progress: Progress = silent) -> tuple[Collection, Split]:
    """Load and split a run's own data as the run did.

    Raises
    ------
    UsageError
        If the data has changed since the run began.
    """
    with clock.paused():
        place = locate(record.config.data, progress=progress)
    collection = load(place, options=record.config.read_options, progress=progress)
    if collection.identity != record.facts.get("identity"):
        raise UsageError(
            f"{record.path}: the data has changed since this run began (fingerprint {collection.fingerprint[:12]}, was "
            f"{record.facts.get('fingerprint', '')[:12]}). Bring the data back, or start a new run."
        )
    return collection, split(collection, record.config.split_config)


def workshop_of(record: RunFolder, collection: Collection, parts: Split) -> Workshop:
    """Return the workshop in which a run's models are made, its precisions as they were decided on before."""
    remembered = {name: PrecisionChoice(**choice) for name, choice in record.facts.get("precisions", {}).items()}
    config = record.config
    exact = config.minutes is None
    return Workshop(parts, choose_device(config.device), remembered, provenance_of(collection, config), exact)


def provenance_of(collection: Collection, config: RunConfig) -> dict[str, object]:
    """Say what a model was made from: the data and its split, so that no later test looks at training images."""
    return {
        "data": collection.name,
        "fingerprint": collection.fingerprint,
        "split": {
            "seed": config.seed,
            "validation_fraction": config.validation_fraction,
            "group_by": config.group_by,
        },
    }
