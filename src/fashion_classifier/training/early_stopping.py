"""When training stops, and why."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class StopReason(StrEnum):
    """Why a training ended."""

    FINISHED = "it finished its epochs"
    PATIENCE = "the validation loss no longer improved"
    TIME = "its time was up"
    INTERRUPTED = "it was interrupted"
    PRUNED = "it was behind the others"


@dataclass
class EarlyStopping:
    """Remembers the best validation loss and how long ago it was.

    Parameters
    ----------
    patience
        Validations without improvement after which to stop; 0 never stops.
    """

    patience: int
    best_loss: float = float("inf")
    best_step: int = 0
    since_best: int = 0

    def improved(self, loss: float, step: int) -> bool:
        """Take note of a validation loss; return whether it is the best so far."""
        if loss < self.best_loss:
            self.best_loss, self.best_step, self.since_best = loss, step, 0
            return True
        self.since_best += 1
        return False

    @property
    def exhausted(self) -> bool:
        """Whether patience is at its end."""
        return 0 < self.patience <= self.since_best
