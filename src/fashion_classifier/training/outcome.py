"""How a training ended."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

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
