"""The file through which a command tells its trackers: a line a record, read while it grows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from fashion_classifier.tracking.records import Begun, Record, from_line, to_line

JOURNAL = "tracking.jsonl"


def append(journal: Path, record: Record) -> None:
    """Append a record with one call to the system, so that processes that share a journal do not mix their lines."""
    with journal.open("ab", buffering=0) as file:
        file.write(to_line(record).encode())


class Reader:
    """Reads the records of a journal that may still grow.

    Parameters
    ----------
    journal
        The file, which is there.
    """

    def __init__(self, journal: Path) -> None:
        self.journal = journal
        self._read = 0

    def new(self) -> Iterator[Record]:
        """Yield the records that came since the last call; torn lines are passed over."""
        with self.journal.open("rb") as file:
            file.seek(self._read)
            for line in file:
                if not line.endswith(b"\n"):
                    return
                self._read += len(line)
                with suppress(ValueError, KeyError, TypeError):
                    yield from_line(line.decode())


def identity_in(journal: Path) -> str:
    """Return by what the work of a journal is known; empty where there is no journal, or nothing in it yet."""
    records = Reader(journal).new() if journal.is_file() else iter(())
    return next((record.identity for record in records if isinstance(record, Begun)), "")
