"""What a run ends with."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from fashion_classifier.reporting.results import RunResults


@dataclass(frozen=True)
class RunOutcome:
    """What a run ended with.

    Parameters
    ----------
    folder
        The run folder.
    results
        All that the report tells.
    report
        Path of the page.
    seconds
        Time of the run, downloads not counted, over all its sessions.
    """

    folder: Path
    results: RunResults
    report: Path
    seconds: float
