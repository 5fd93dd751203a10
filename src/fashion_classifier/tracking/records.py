"""What trackers are told, as values that a line of JSON can hold."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Fact = str | int | float | bool
State = Literal["finished", "interrupted", "failed"]


@dataclass(frozen=True, kw_only=True)
class Begun:
    """Work begins, or goes on.

    Parameters
    ----------
    name
        What it is called.
    identity
        By which a tracker knows it again: letters and digits.
    about
        Settings and data.
    """

    name: str
    identity: str
    about: Mapping[str, Fact]


@dataclass(frozen=True, kw_only=True)
class Measured:
    """A training was validated.

    Parameters
    ----------
    series
        Which training of the work.
    step
        Optimizer steps so far; a series has one record a step.
    figures
        Losses in nats, shares between 0 and 1, and what else is measured.
    time
        Seconds since 1970.
    """

    series: str
    step: int
    figures: Mapping[str, float]
    time: float


@dataclass(frozen=True, kw_only=True)
class TrialMade:
    """A trial of a search is finished.

    Parameters
    ----------
    name
        Of which there is one in a search.
    state
        "complete", "pruned" or "failed".
    """

    name: str
    state: str
    settings: Mapping[str, Fact]
    figures: Mapping[str, float]
    time: float


@dataclass(frozen=True, kw_only=True)
class Concluded:
    """What came of the work.

    Parameters
    ----------
    figures
        One value each.
    about
        What is known only now: what was chosen, and with what it was made.
    files
        Files and folders to keep, relative to the work's folder.
    model
        The model folder, relative to it; empty where there is none.
    """

    figures: Mapping[str, float]
    about: Mapping[str, Fact] = field(default_factory=dict)
    files: tuple[str, ...] = ()
    model: str = ""


@dataclass(frozen=True, kw_only=True)
class Ended:
    """The work is over."""

    state: State


@dataclass(frozen=True, kw_only=True)
class Told:
    """Whether a tracker has everything; for people, trackers are not told of it.

    Parameters
    ----------
    place
        Where it is to be found there; empty where something lacks.
    reason
        Why something lacks.
    """

    tracker: str
    place: str = ""
    reason: str = ""


Record = Begun | Measured | TrialMade | Concluded | Ended | Told
_KINDS: dict[str, type[Any]] = {kind.__name__: kind for kind in (Begun, Measured, TrialMade, Concluded, Ended, Told)}


def to_line(record: Record) -> str:
    """Write a record as one line.

    Examples
    --------
    >>> from_line(to_line(Ended(state="finished")))
    Ended(state='finished')
    """
    return json.dumps({"record": type(record).__name__, **asdict(record)}, ensure_ascii=False) + "\n"


def from_line(line: str) -> Record:
    """Read a record.

    Raises
    ------
    ValueError, KeyError, TypeError
        If it is none.
    """
    values = json.loads(line)
    record: Record = _KINDS[values.pop("record")](**values)
    return record


def flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, Fact]:
    """Bring nested settings into one level; what is None or empty is left out.

    Examples
    --------
    >>> flat({"a": {"b": 1, "c": None}, "d": ("x", "y")}, "run")
    {'run/a/b': 1, 'run/d': 'x, y'}
    """
    found: dict[str, Fact] = {}
    for name, value in values.items():
        key = f"{prefix}/{name}" if prefix else name
        if isinstance(value, Mapping):
            found |= flat(value, key)
        elif isinstance(value, list | tuple):
            found |= {key: ", ".join(map(str, value))} if value else {}
        elif value is not None and value != "":
            found[key] = value
    return found
