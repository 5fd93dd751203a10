"""How long work reports that it goes on: one small callback, given down from whoever talks to the person."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Told of progress as often as the work likes; whoever listens decides what to show."""

    def __call__(self, task: str, done: float, total: float, detail: str = "") -> None:
        """Take note of progress.

        Parameters
        ----------
        task
            What is being done, in a few words ("Reading Fashion Train Data 3.csv"); the same words each time.
        done, total
            How much is done of how much, in one unit; the task is over when they are equal.
        detail
            What else to show on the line ("loss 0.41, validation 89.2 %").
        """


def silent(task: str, done: float, total: float, detail: str = "") -> None:
    """Show nothing."""
