"""The run folder: settings, stages and events, written so that a run can be continued, repeated and checked."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fashion_classifier.data.dataset import Opening
from fashion_classifier.errors import DataError, Fault, UnavailableError, UsageError
from fashion_classifier.experiment.lookup import RUN
from fashion_classifier.experiment.settings import RunConfig
from fashion_classifier.locks import TURN, sole_writer
from fashion_classifier.storage import (
    append_json_line,
    atomic_folder,
    clear_up,
    encoded,
    json_text,
    read_json,
    read_json_lines,
    write_json,
)

EVENTS, STAGES = "events.jsonl", "stages"
SCHEMA = "fashion.run-record/1"
_REMEDY = "Start the run anew"


class RunFolder:
    """A run folder that is there.

    Parameters
    ----------
    path
        The folder; `run.json` lies in it.

    Raises
    ------
    UnavailableError
        If there is no run at that place.
    DataError
        If its record is damaged.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        record = path / RUN
        if not record.is_file():
            raise UnavailableError(f"{path}: there is no run here; a run folder holds {RUN}. Check its name.")
        self.facts: dict[str, Any] = read_json(record, "record of a run", _REMEDY)
        try:
            self.config = RunConfig.from_dict(self.facts["settings"])
            _check_facts(self.facts)
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            raise DataError(Fault(str(record), f"it is no record of a run ({error})", _REMEDY)) from error

    @classmethod
    def create(cls, path: Path, config: RunConfig, **facts: Any) -> RunFolder:
        """Make a new run folder.

        Raises
        ------
        UsageError
            If something is already there.
        """
        check_free(path)
        created = datetime.now(UTC).isoformat(timespec="seconds")
        record = {
            "schema": SCHEMA,
            "created": created,
            "settings": config.to_dict(),
            "used_s": 0.0,
            "openings": [],
        }
        try:
            with atomic_folder(path, replace=False) as folder:  # a run from the moment on that it is there
                (folder / RUN).write_bytes(encoded(json_text({**record, **facts})))
        except FileExistsError:
            check_free(path)  # it was made meanwhile
            raise
        return cls(path)

    @classmethod
    @contextmanager
    def writing(cls, path: Path) -> Iterator[RunFolder]:
        """Open a run folder to write into it, which one process at a time may do; what was left half-done is removed.

        Raises
        ------
        UnavailableError
            If another process is at work there, or as for the class.
        """
        cls(path)  # what is no run is refused before anything is written there
        with sole_writer(path):
            clear_up(path)
            (path / TURN).unlink(missing_ok=True)  # of a search that was killed; here it is taken by this process alone
            yield cls(path)  # as it is now that nobody else changes it

    def update(self, **facts: Any) -> None:
        """Change entries of the record."""
        self.facts.update(facts)
        write_json(self.path / RUN, self.facts)

    def event(self, kind: str, **facts: Any) -> None:
        """Write down that something happened."""
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        append_json_line(self.path / EVENTS, {"time": now, "event": kind, **facts})

    def events(self) -> list[dict[str, Any]]:
        """Return what has happened, in order."""
        return [event for event in read_json_lines(self.path / EVENTS) if isinstance(event, dict)]

    def note_opening(self, opening: Opening) -> None:
        """Write down an opening of the test set, before it is opened."""
        self.update(openings=[*self.facts["openings"], {"time": opening.time, "reason": opening.reason}])
        self.event("test set opened", reason=opening.reason)

    def stage(self, name: str) -> Any:
        """Return what a finished stage left, or None."""
        path = self.path / STAGES / f"{name}.json"
        return read_json(path, "result of a stage", _REMEDY) if path.exists() else None

    def finish_stage(self, name: str, content: Any) -> None:
        """Write down a stage's result; from now on it is finished."""
        write_json(self.path / STAGES / f"{name}.json", content)


def _check_facts(facts: dict[str, Any]) -> None:
    """Check what a run that goes on takes from its record.

    Raises
    ------
    KeyError, TypeError, ValueError
        If it is missing, or not what was written there.
    """
    if not 0 <= float(facts["used_s"]) < math.inf:
        raise ValueError(f"used_s is {facts['used_s']}")
    if not all(isinstance(opening[key], str) for opening in facts["openings"] for key in ("time", "reason")):
        raise TypeError("openings are not told by time and reason")
    texts = (facts["created"], facts.get("identity", ""), facts.get("fingerprint", ""))
    if not all(isinstance(text, str) for text in texts):
        raise TypeError("when it was made, or of what data, is no text")
    seconds = [*facts.get("timings", {}).values(), facts.get("affordable_images") or 0.0]
    if not all(isinstance(value, int | float) and 0 <= value < math.inf for value in seconds):
        raise ValueError("how long it took, or how much it can afford, is no number")
    if not all({"precision", "reason"} <= choice.keys() for choice in facts.get("precisions", {}).values()):
        raise ValueError("a precision is told without its reason")


def check_free(path: Path) -> None:
    """Check that a folder that is to be made is not there yet.

    Raises
    ------
    UsageError
        If something is already there.
    """
    if os.path.lexists(path):
        raise UsageError(f"{path} is already there; nothing was overwritten. Name another folder.")


def check_can_be_made(path: Path) -> None:
    """Check, before long work, that a folder is not there yet and that it can be made; nothing is made by that.

    Raises
    ------
    UsageError
        If something is already there.
    UnavailableError
        If it could not be made.
    """
    check_free(path)
    there = next(parent for parent in path.absolute().parents if os.path.lexists(parent))
    if not there.is_dir():
        raise UnavailableError(f"{path}: the folder cannot be made, as {there} is none. Name another folder.")
    if not os.access(there, os.W_OK):
        raise UnavailableError(f"{path}: {there} cannot be written. Name another folder.")


def new_run_path(parent: Path, name: str) -> Path:
    """Return a path for a new run: ``<time>-<name>``, with a number where that is taken."""
    stem = (
        f"{datetime.now().astimezone():%Y-%m-%d-%H%M%S}-{re.sub(r'[^a-z0-9]+', '-', name.lower()).strip('-') or 'run'}"
    )
    return free_place(parent / stem)


def free_place(path: Path) -> Path:
    """Return a path itself, or with a number where that is taken."""
    place, number = path, 2
    while os.path.lexists(place):
        place, number = path.with_name(f"{path.name}-{number}"), number + 1
    return place


def at_free_place(path: Path, make: Callable[[Path], object]) -> Path:
    """Make something new at a path, or with a number where that is taken or comes to be meanwhile; return where.

    Long work is not lost to a folder that was made there since it was looked at.
    """
    while True:
        place = free_place(path)
        try:
            make(place)
        except (UsageError, FileExistsError):
            if not os.path.lexists(place):
                raise
        else:
            return place
