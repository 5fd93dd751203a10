"""Whether a server takes on work, and what it is working on: what readiness, limits and the end go by."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from fashion_classifier.serving.problems import Problem
from fashion_classifier.serving.settings import Limits


@dataclass(eq=False)
class Lifecycle:
    """State of a server.

    Parameters
    ----------
    limits
        Of which `requests` and `bodies_bytes` matter here.
    ready
        Whether the model is loaded and tried.
    ending
        Whether the server was told to end; it still answers, and asks callers to close their connections.
    n_requests
        That are worked on now; those whose bodies are still arriving are not.
    n_reading
        Of these, those that have not asked the model yet.
    body_bytes
        Of bodies that are held now.
    """

    limits: Limits
    ready: bool = False
    ending: bool = False
    n_requests: int = 0
    n_reading: int = 0
    body_bytes: int = 0

    @contextmanager
    def request(self) -> Iterator[None]:
        """Count a request while it is worked on.

        Raises
        ------
        Problem
            If there are too many.
        """
        if self.n_requests >= self.limits.requests:
            raise Problem("busy", f"{self.n_requests} requests are being worked on. Send it again in a second.")
        self.n_requests += 1
        try:
            yield
        finally:
            self.n_requests -= 1

    def hold(self, n_bytes: int) -> None:
        """Count bytes of a body that are held.

        Raises
        ------
        Problem
            If all bodies together are too large.
        """
        if self.body_bytes + n_bytes > self.limits.bodies_bytes:
            raise Problem("busy", "Other requests hold all the memory there is for bodies. Send it again in a second.")
        self.body_bytes += n_bytes

    def let_go(self, n_bytes: int) -> None:
        """Count bytes of a body that are no longer held."""
        self.body_bytes -= n_bytes
