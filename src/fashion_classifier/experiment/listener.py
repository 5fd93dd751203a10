"""Who is told how an experiment goes on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from fashion_classifier.data.collection import Collection
from fashion_classifier.data.split import Split
from fashion_classifier.progress import Progress, silent
from fashion_classifier.tracking.following import Tracking


def _nothing(*_: object) -> None:
    """Do nothing with what is told."""


@dataclass(frozen=True)
class Listener:
    """Callbacks of whoever talks to the person.

    Parameters
    ----------
    progress
        Told of progress, every fraction of a second.
    tell
        Told what happened, in sentences.
    announce
        Told of the data, when it has been read and split.
    tracking
        Tells trackers; by default there are none.
    """

    progress: Progress = silent
    tell: Callable[[str], None] = _nothing
    announce: Callable[[Collection, Split], None] = _nothing
    tracking: Tracking = field(default_factory=Tracking)
