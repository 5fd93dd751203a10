"""Where a study lies: Optuna's database, what is kept beside it, and whose turn it is to change it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from fashion_classifier.locks import check_held, in_turn
from fashion_classifier.storage import make_folder, write_bytes

MOST = 64 << 20  # bytes that are read, where no model is expected
WAIT_FOR_WRITERS_S = 60.0  # a database that another process writes to is free again in milliseconds


class StudyStorage(ABC):
    """A place that the processes which share a study all reach.

    Parameters
    ----------
    shown
        What people are told of it; no password is in it.
    url
        Of the database, as SQLAlchemy takes it; there may be a password in it.
    engine
        Further settings of SQLAlchemy's engine.
    remedy
        What to do where it cannot be read or written.
    """

    shared = False  # whether other machines reach it, so that nobody can tell whether it is alone

    def __init__(self, shown: str, url: str, engine: Mapping[str, Any], remedy: str) -> None:
        self.shown, self.url, self.engine, self.remedy = shown, url, dict(engine), remedy

    @abstractmethod
    def turn(self) -> AbstractContextManager[object]:
        """Wait until no other process does what only one at a time may do with the study.

        Raises
        ------
        UnavailableError
            If another one does not come to its end, or the place cannot be reached.
        """

    @abstractmethod
    def keep(self, name: str, content: bytes) -> None:
        """Keep something under a name, in the place of what was kept under it.

        Raises
        ------
        UnavailableError
            If it cannot be written.
        """

    @abstractmethod
    def kept(self, name: str, *, most: int = MOST) -> bytes | None:
        """Return what is kept under a name, or so much of it that it shows to be more than it may be; or None."""

    def setting_up(self) -> AbstractContextManager[object]:
        """Return the turn in which a study is looked for and begun; of a folder whoever joins it has it already."""
        return nullcontext()

    def study_name(self, purpose: str) -> str:
        """Return what Optuna calls the study of a purpose."""
        return purpose

    def check(self) -> None:  # noqa: B027 - most places have nothing to say
        """Say more of why the place cannot be read or written, if that is known."""


class StudyFolder(StudyStorage):
    """A folder, for the processes of one machine: SQLite, and files.

    Parameters
    ----------
    folder
        Made if it is not there.
    """

    def __init__(self, folder: Path) -> None:
        make_folder(folder)
        self.folder, self.database = folder, folder / "study.db"
        super().__init__(
            str(self.database),
            f"sqlite:///{self.database}",
            {"connect_args": {"timeout": WAIT_FOR_WRITERS_S}},
            "Make room or give leave to write there",
        )

    def turn(self) -> AbstractContextManager[object]:
        """Have the folder's turn."""
        return in_turn(self.folder)

    def keep(self, name: str, content: bytes) -> None:
        """Write a file."""
        write_bytes(self.folder / name, content)

    def kept(self, name: str, *, most: int = MOST) -> bytes | None:
        """Read a file."""
        file = self.folder / name
        if not file.is_file():
            return None
        with file.open("rb") as opened:
            return opened.read(most + 1)

    def check(self) -> None:
        """Say that the folder has gone, if it has."""
        check_held(self.database)
