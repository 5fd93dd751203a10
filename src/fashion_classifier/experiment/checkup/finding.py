"""What is found out about one topic."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Problem:
    """Something that is wrong.

    Parameters
    ----------
    what
        A sentence.
    remedy
        What to do, a sentence; empty where `what` says it.
    """

    what: str
    remedy: str = ""

    def __str__(self) -> str:
        return f"{self.what} {self.remedy}".rstrip()


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What is found out about one topic.

    Parameters
    ----------
    said
        For people; lines where there is more than one thing to say.
    facts
        For programs, as plain values.
    problems
        What is wrong.
    deadly
        Libraries that end whoever imports them, so that what needs them cannot be looked at.
    """

    said: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    deadly: tuple[str, ...] = ()
