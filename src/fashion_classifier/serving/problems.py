"""What goes wrong, told to programs and people alike: problem details, RFC 9457."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

PROBLEM_JSON = "application/problem+json"
RETRY_AFTER_S = 1

# By the last part of its type: status, title.
KINDS: Mapping[str, tuple[int, str]] = {
    "malformed": (400, "The request cannot be read"),
    "unknown-host": (400, "This server is not called by that name"),
    "key-required": (401, "A key is needed"),
    "other-site": (403, "Pages of other sites are not answered"),
    "not-found": (404, "There is nothing at this address"),
    "wrong-method": (405, "This address is not asked in that way"),
    "too-slow": (408, "The request took too long to arrive"),
    "too-large": (413, "That is more than is taken"),
    "unknown-format": (415, "That is no format which is read"),
    "unfit": (422, "What was sent cannot be used"),
    "unexpected": (500, "This should not have happened"),
    "busy": (503, "More is asked than can be answered"),
    "ending": (503, "The server is about to end"),
    "out-of-time": (504, "There was no answer in time"),
}


@dataclass(eq=False)
class Problem(Exception):  # noqa: N818 - what RFC 9457 calls it
    """Why a request, or one picture of several, has no answer.

    Parameters
    ----------
    kind
        One of `KINDS`.
    detail
        A sentence that says what was found, what was expected and what to do.
    """

    kind: str
    detail: str

    def __post_init__(self) -> None:
        super().__init__(self.detail)

    @property
    def status(self) -> int:
        """The HTTP status."""
        return KINDS[self.kind][0]

    @property
    def facts(self) -> dict[str, Any]:
        """The object of RFC 9457."""
        status, title = KINDS[self.kind]
        return {"type": f"/docs#{self.kind}", "title": title, "status": status, "detail": self.detail}

    @property
    def content(self) -> bytes:
        """The object as JSON."""
        return json.dumps(self.facts, ensure_ascii=False).encode()

    @property
    def headers(self) -> dict[str, str]:
        """What goes with it."""
        if self.status == 401:
            return {"www-authenticate": "Bearer"}
        if self.status == 503:
            return {"retry-after": str(RETRY_AFTER_S)}
        return {"connection": "close"} if self.kind in {"too-slow", "too-large"} else {}
