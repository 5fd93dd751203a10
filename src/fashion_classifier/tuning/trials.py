"""One trial of a search: how it is pruned while it trains, what is written down of it, and how that is read again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import numpy as np
import optuna
from numpy.typing import NDArray
from optuna.trial import TrialState

from fashion_classifier.data.kept_arrays import parse_kept_array
from fashion_classifier.errors import DataError, Fault
from fashion_classifier.evaluation.metrics import cross_entropy
from fashion_classifier.models.catalogue import count_parameters
from fashion_classifier.reporting.results import Epoch
from fashion_classifier.training.early_stopping import StopReason
from fashion_classifier.training.train import TrainedModel

INDEX, STEPS = "index", "steps"  # what a trial's facts are called, where more than this module asks for them


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One finished trial.

    Parameters
    ----------
    index
        0, 1, … in the order of the search; a trial that a crash cut off has none and is done again.
    state
        "complete", "pruned" or "failed".
    steps
        Optimizer steps that it made; None where it failed.
    """

    index: int
    state: str
    purpose: str
    params: dict[str, Any]
    accuracy: float | None
    loss: float | None
    n_parameters: int | None
    steps: int | None
    seconds: float
    started_after: float
    reason: str


def pruning(trial: optuna.Trial) -> Callable[[Epoch], StopReason | None]:
    """Return what reports each validation of a trial to the pruner, and stops it when it is behind."""
    count = iter(range(1, 10_000))

    def report(record: Epoch) -> StopReason | None:
        if record.validation_accuracy is None:
            return None
        trial.report(record.validation_accuracy, next(count))
        return StopReason.PRUNED if trial.should_prune() else None

    return report


def outcome_of(trained: TrainedModel) -> tuple[TrialState, str]:
    """Return how a trial ended, and why if it is not complete."""
    if trained.fit.stopped_because == StopReason.PRUNED:
        return TrialState.PRUNED, str(StopReason.PRUNED)
    return TrialState.COMPLETE, ""


def read_trial(frozen: optuna.trial.FrozenTrial, purpose: str) -> Trial:
    """Read a finished trial."""
    facts = frozen.user_attrs
    names = {TrialState.COMPLETE: "complete", TrialState.PRUNED: "pruned", TrialState.FAIL: "failed"}
    params = dict(frozen.params)
    if "confirms" in facts:
        params["confirms"] = facts["confirms"]
    return Trial(
        index=facts[INDEX],
        state=names[frozen.state],
        purpose=purpose,
        params=params,
        accuracy=frozen.value if frozen.state == TrialState.COMPLETE else None,
        loss=facts.get("loss") if frozen.state == TrialState.COMPLETE else None,
        n_parameters=facts.get("n_parameters"),
        steps=facts.get(STEPS),
        seconds=facts["seconds"],
        started_after=facts["started_after"],
        reason=facts["reason"],
    )


def kept_as(purpose: str, index: int) -> str:
    """Return under what name a trial's predicted labels are kept."""
    return f"trials/{purpose}-{index:04d}.npy"


def read_labels(content: bytes, place: str, n_images: int, n_classes: int) -> NDArray[np.int64]:
    """Read the labels that a trial predicted for so many images, as they were kept at some place.

    Raises
    ------
    DataError
        If they are damaged.
    """
    remedy = "Search anew"
    labels = parse_kept_array(content, place, "a trial's answers", remedy)
    if labels.dtype.kind != "i" or labels.shape != (n_images,) or not ((labels >= 0) & (labels < n_classes)).all():
        problem = f"it holds {labels.dtype} of shape {labels.shape}; labels of {n_images:,} images are expected"
        raise DataError(Fault(place, problem, remedy))
    return labels.astype(np.int64)


def note_trial(
    trial: optuna.Trial,
    index: int,
    trained: TrainedModel | None,
    labels: NDArray[np.int64],
    keep: Callable[[bytes], None],
    seconds: float,
    reason: str,
) -> float:
    """Write down what is known of a trial, and have the labels that it predicted kept; return its accuracy.

    Its index is written last: a trial that has none was cut off.
    """
    accuracy = 0.0
    if trained is not None:
        probabilities = trained.validation_probabilities
        accuracy = float((probabilities.argmax(1) == labels).mean())
        trial.set_user_attr("loss", cross_entropy(labels, probabilities))
        trial.set_user_attr("n_parameters", count_parameters(trained.model.network))
        trial.set_user_attr(STEPS, trained.fit.steps)
        predicted = BytesIO()  # into a file NumPy would write itself, and not say why it could not
        np.save(predicted, probabilities.argmax(1).astype(np.int32))
        keep(predicted.getvalue())
    trial.set_user_attr("seconds", seconds)
    trial.set_user_attr("reason", reason)
    trial.set_user_attr(INDEX, index)
    return accuracy
