"""Where a model lies that somebody names: found without anything that trains."""

from __future__ import annotations

import json
import os
from pathlib import Path

from fashion_classifier.errors import UnavailableError

RUN = "run.json"


def find_runs(parent: Path) -> list[Path]:
    """Return the run folders in a folder, oldest first."""
    if not parent.is_dir():
        return []
    return sorted(Path(entry.path) for entry in os.scandir(parent) if (Path(entry.path) / RUN).is_file())


def latest_finished_run(parent: Path) -> Path:
    """Return the latest finished run in a folder; a run whose record is damaged is passed over.

    Raises
    ------
    UnavailableError
        If there is none.
    """
    for path in reversed(find_runs(parent)):
        try:
            record = json.loads((path / RUN).read_bytes())
        except ValueError:
            continue  # `fashion runs` lists it as damaged
        if isinstance(record, dict) and record.get("finished"):
            return path
    raise UnavailableError(
        f"There is no finished run in ./{parent}; name a model folder or a run folder, or make a run."
    )


def model_folder(path: Path, which: str = "optimized") -> Path:
    """Return the folder of a run's initial or optimized model, or `path` itself where it is no run."""
    return path / which if (path / RUN).is_file() else path
