"""A study in PostgreSQL, which processes on any machines reach.

What only one process may do at a time it does in a transaction that holds an advisory lock. The server ends a
transaction in which nothing happens for a minute, so that a machine that has gone in its turn keeps nobody waiting; a
process that was only asleep finds its transaction gone when it ends its turn, and gives up what it claimed.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from importlib.util import find_spec
from typing import Any

from sqlalchemy import Column, LargeBinary, MetaData, String, Table, create_engine, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.engine import URL, Connection, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import NullPool

from fashion_classifier.errors import MissingExtraError, UsageError
from fashion_classifier.tuning.sharing import explained
from fashion_classifier.tuning.storage import MOST, StudyStorage

SCHEMES = {"postgresql", "postgres", "postgresql+psycopg"}
FORM = "postgresql://user@host/database"
LONGEST_NAME = 100
PATIENCE_S = 60  # for a turn, which takes a second at most, and for one in which nothing happens
SETTING_UP_S = 300  # the same where a study is begun, for which a few steps of training may be timed
# A server that has gone without a word is noticed in half a minute.
KEEPALIVE = {
    "connect_timeout": 10,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 4,
    "tcp_user_timeout": 30_000,
}

FILES = Table(
    "fashion_files",
    MetaData(),
    Column("study", String, primary_key=True),
    Column("name", String, primary_key=True),
    Column("content", LargeBinary, nullable=False),  # as zlib packs it
)


class StudyDatabase(StudyStorage):
    """A study of a name in a PostgreSQL database.

    Parameters
    ----------
    url
        As libpq takes it; what it leaves out is taken from libpq's own environment and files (`~/.pgpass`).
    study
        The study's name.

    Raises
    ------
    UsageError
        If the URL is no such one, or the name none.
    MissingExtraError
        If the driver is not installed.
    """

    shared = True

    def __init__(self, url: str, study: str) -> None:
        if not 0 < len(study) <= LONGEST_NAME or not study.isprintable():
            raise UsageError(
                f"A study's name has 1 to {LONGEST_NAME} letters, all of which can be printed, but got "
                f"{study[: LONGEST_NAME + 1]!r}. Name it otherwise."
            )
        parsed = _parsed(url)
        if find_spec("psycopg") is None:
            raise MissingExtraError(
                "A study in PostgreSQL needs psycopg: pip install 'fashion-images-classifier[postgresql]'."
            )
        self.study = study
        place = URL.create("postgresql", parsed.username, None, parsed.host, parsed.port, parsed.database)
        settings: dict[str, Any] = {
            "pool_pre_ping": True,
            "pool_events": [(_use_utc, "connect")],
            "connect_args": {**KEEPALIVE, "application_name": "fashion"},
        }
        super().__init__(
            f"{place.render_as_string()}, study {study}",
            parsed.render_as_string(hide_password=False),
            # One connection is kept by each process, as servers have few to give: between trials it only says that
            # it lives.
            {**settings, "pool_size": 1, "max_overflow": 2},
            "See that the server can be reached and has room",
        )
        self._own = create_engine(self.url, poolclass=NullPool, **settings)

    def check_reachable(self) -> None:
        """Check that the server answers.

        Raises
        ------
        UnavailableError
            If it does not, or does not let this user in.
        """
        with self._transaction() as connection:
            connection.execute(text("SELECT 1"))

    def turn(self) -> AbstractContextManager[object]:
        """Have the study's advisory lock."""
        return self._locked(self.study, PATIENCE_S)

    @contextmanager
    def setting_up(self) -> Iterator[None]:
        """Have the turn of all studies in the database, as tables are made in it, and see that ours is there."""
        with self._locked("", SETTING_UP_S):
            with self._transaction() as connection:
                FILES.metadata.create_all(connection)
            yield

    def keep(self, name: str, content: bytes) -> None:
        """Write a row."""
        packed = zlib.compress(content)
        row = insert(FILES).values(study=self.study, name=name, content=packed)
        with self._transaction() as connection:
            connection.execute(
                row.on_conflict_do_update(index_elements=[FILES.c.study, FILES.c.name], set_={"content": packed})
            )

    def kept(self, name: str, *, most: int = MOST) -> bytes | None:
        """Read a row."""
        row = select(FILES.c.content).where(FILES.c.study == self.study, FILES.c.name == name)
        with self._transaction() as connection:
            packed = connection.execute(row).scalar_one_or_none()
        return None if packed is None else zlib.decompressobj().decompress(packed, most + 1)

    def study_name(self, purpose: str) -> str:
        """Return what Optuna calls the study of a purpose."""
        return f"{self.study}/{purpose}"

    @contextmanager
    def _locked(self, name: str, patience_s: int) -> Iterator[None]:
        """Hold an advisory lock; at the end it must still be held."""
        with self._transaction() as connection:
            for setting in ("lock_timeout", "idle_in_transaction_session_timeout"):
                connection.execute(text(f"SET LOCAL {setting} = '{patience_s}s'"))
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _key(name)})
            yield

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        """Begin a transaction on a connection of its own."""
        with explained(self), self._own.begin() as connection:
            yield connection


def _use_utc(connection: Any, _record: object) -> None:
    """Have a connection tell the time as all others do, whatever server and environment ($PGTZ) say.

    Heartbeats are compared as times without a zone.
    """
    connection.execute("SET TIME ZONE 'UTC'")
    connection.commit()


def _parsed(url: str) -> URL:
    """Read a URL; what is wrong with it is told without it, as there may be a password in it."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        parsed = None
    is_one = parsed is not None and parsed.drivername in SCHEMES and parsed.database
    # With an @ there, a password or its end would be told as the host or the database.
    if parsed is None or not is_one or "@" in f"{parsed.host}{parsed.database}":
        raise UsageError(
            f"A study that machines share lies in a PostgreSQL database, named like {FORM}; an @ in a name or a "
            "password is written as %40, a / as %2F. Give such a URL."
        )
    return parsed.set(drivername="postgresql+psycopg")


def _key(study: str) -> int:
    """Return the number of a study's advisory lock."""
    return int.from_bytes(hashlib.sha256(f"fashion study {study}".encode()).digest()[:8], "big", signed=True)
