"""Ctrl-C in two steps: the first asks for an orderly end, the second ends at once."""

from __future__ import annotations

import signal
import threading
from types import FrameType, TracebackType
from typing import Any, Self

from fashion_classifier.training.early_stopping import StopReason


class Interruption:
    """While it is entered, the first SIGINT or SIGTERM only sets a flag; the second has its usual effect."""

    def __init__(self) -> None:
        self.asked_for = False
        self._handlers: dict[int, Any] = {}

    def asked(self) -> StopReason | None:
        """Return the reason to stop, if a stop was asked for."""
        return StopReason.INTERRUPTED if self.asked_for else None

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._handlers[number] = signal.signal(number, self._ask)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._restore()

    def _ask(self, _number: int, _frame: FrameType | None) -> None:
        """Note the first signal."""
        self.asked_for = True
        self._restore()

    def _restore(self) -> None:
        """Give the signals back their handlers."""
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        self._handlers = {}
