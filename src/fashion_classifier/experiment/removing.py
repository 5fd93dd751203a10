"""Taking run folders away: such alone, and none that a process works on."""

from __future__ import annotations

import json
from pathlib import Path

from fashion_classifier.errors import UnavailableError, UsageError
from fashion_classifier.experiment.lookup import RUN
from fashion_classifier.locks import sole_writer, who_works
from fashion_classifier.storage import remove_folder

RECORD = "fashion.run-record/"  # how the schema of a run's record begins, whatever its version


def check_removable(run: Path) -> None:
    """Check that a place is a run folder that nobody works on.

    Raises
    ------
    UnavailableError
        If there is nothing, or a process is at work there.
    UsageError
        If it is no run folder, or only a link to one.
    """
    if run.is_symlink():
        raise UsageError(f"{run}: this is a link, to {run.readlink()}. Name the folder itself.")
    if not run.exists():
        raise UnavailableError(f"{run}: there is no such folder. Check its name.")
    if not _is_run(run):
        raise UsageError(
            f"{run}: this is no run folder, as there is no record of a run in it ({RUN}); nothing but runs is removed. "
            "Look at it, and remove it by hand."
        )
    if (owner := who_works(run)) is not None:
        raise UnavailableError(f"{run}: {owner} is at work here. Wait for its end, or stop it.")


def remove_run(run: Path) -> None:
    """Take a run folder away with all that is in it.

    Raises
    ------
    UnavailableError, UsageError
        As for `check_removable`; or if it cannot be removed.
    """
    check_removable(run)
    folder = run.resolve()
    with sole_writer(folder):
        remove_folder(folder)


def _is_run(folder: Path) -> bool:
    """Tell whether there is a record of a run in a folder."""
    try:
        record = json.loads((folder / RUN).read_bytes())
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(record, dict) and str(record.get("schema", "")).startswith(RECORD)
