"""How a training ended."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from fashion_classifier.display import html_table
from fashion_classifier.errors import FashionError
from fashion_classifier.reporting.results import Epoch
from fashion_classifier.training.early_stopping import StopReason


class DivergedError(FashionError, ArithmeticError):
    """The loss is no longer a number, or beyond all bounds: the learning rate is too high, or the data is odd."""


FAILURES = (DivergedError, RuntimeError, MemoryError)
"""What ends one training, and not the work of which it is a part: PyTorch says that memory lacks by a RuntimeError."""


@dataclass(frozen=True)
class FitResult:
    """How a training went; the network that was given has the weights that were kept.

    Parameters
    ----------
    history
        One record for each validation.
    stopped_because
        Why it ended.
    steps
        Steps that were done.
    best_step
        The step whose weights were kept.
    seconds
        Time it took, over all continuations.
    losses
        Each training image's loss, in nats, when it was last learned from; infinite for those that were not.
    """

    history: tuple[Epoch, ...]
    stopped_because: StopReason
    steps: int
    best_step: int
    seconds: float
    losses: NDArray[np.float32] = field(compare=False, repr=False)

    def __repr__(self) -> str:
        return f"FitResult({self._ending()})"

    def _repr_html_(self) -> str:
        return html_table(
            ("epoch", "learning rate", "loss", "accuracy", "cross-validation loss", "cross-validation accuracy"),
            [_row(epoch, kept=epoch.step == self.best_step) for epoch in self.history],
            caption=self._ending(),
            notes=("Training's figures are of augmented images, while the weights change.",),
        )

    def _ending(self) -> str:
        """Say how the training ended."""
        kept = "the last" if self.best_step == self.steps else f"step {self.best_step:,}"
        return f"{self.steps:,} steps in {self.seconds:.1f} s, until {self.stopped_because}; weights kept: {kept}"


def _row(epoch: Epoch, *, kept: bool) -> tuple[str, ...]:
    """Write what one validation found as a row of a table."""
    validation = epoch.validation_loss, epoch.validation_accuracy
    return (
        f"{epoch.epoch:.3g}{' (kept)' if kept else ''}",
        f"{epoch.learning_rate:.2g}",
        f"{epoch.training_loss:.3f}",
        f"{epoch.training_accuracy:.3f}",
        *("–" if value is None else f"{value:.3f}" for value in validation),
    )
