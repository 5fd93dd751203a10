"""One picture of a request, before it is looked at."""

from __future__ import annotations

from dataclasses import dataclass

from fashion_classifier.inference.photographs.seen import Seen
from fashion_classifier.serving.problems import Problem
from fashion_classifier.serving.settings import LONGEST_NAME


@dataclass(frozen=True, eq=False)
class Picture:
    """One picture of a request.

    Parameters
    ----------
    name
        What the caller calls it; may be anything.
    content
        A file's bytes; or pixels that need no decoding; or why there is neither.
    """

    name: str
    content: bytes | Seen | Problem

    @property
    def place(self) -> str:
        """What to call it in a message."""
        return self.name or "The picture"


def usable_name(text: str) -> str:
    """Return a name that is not too long, and no half of a character."""
    return text[:LONGEST_NAME].encode("utf-8", "replace").decode("utf-8")
