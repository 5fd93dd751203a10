"""Everything that a report tells, as one value: written by the experiment, read back from the run folder alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fashion_classifier.evaluation.choosing import Optimism
from fashion_classifier.evaluation.comparison import Comparison
from fashion_classifier.evaluation.intervals import Estimate
from fashion_classifier.evaluation.metrics import Evaluation
from fashion_classifier.reporting.evidence import Evidence

SCHEMA = "fashion.results/3"
FULL_EVALUATION = "full evaluation"  # among the timings: what came after the run


@dataclass(frozen=True, kw_only=True)
class DataFacts:
    """What was classified.

    Parameters
    ----------
    counts
        For each split ("training", "validation", "test") the number of images of each class, in class order.
    duplicates
        Exact duplicates: within "training", "validation", "test" of the source, and "across" them.
    notes
        What must be known of the data, as sentences (a test set split off, MNIST called out, images resized).
    """

    name: str
    container: str
    location: str
    fingerprint: str
    classes: tuple[str, ...]
    height: int
    width: int
    channels: int
    counts: dict[str, dict[str, int]]
    duplicates: dict[str, int]
    notes: tuple[str, ...]
    is_sample: bool


@dataclass(frozen=True, kw_only=True)
class Epoch:
    """One validation during training; losses are mean cross-entropies in nats, without label smoothing.

    Parameters
    ----------
    epoch
        Passes over the training images so far; may be a fraction.
    step
        Optimizer steps so far.
    training_loss, training_accuracy
        Over the (augmented) batches since the last record.
    """

    epoch: float
    step: int
    seconds: float
    learning_rate: float
    training_loss: float
    training_accuracy: float
    validation_loss: float | None
    validation_accuracy: float | None


@dataclass(frozen=True, kw_only=True)
class ModelResult:
    """One model of the run, before and after retraining.

    Parameters
    ----------
    config, recipe
        The architecture's and the training's settings, as written to `model.json`.
    history
        Of the training on the training part; the cross-validation figures belong to this model.
    retraining
        History of the retraining on training + cross-validation data; empty when there was none.
    training, validation
        Before retraining; `training` on at most 10,000 images of the training part, without augmentation.
    test
        Of the final (retrained) weights; None while the test set has not been opened.
    """

    title: str
    family: str
    config: dict[str, Any]
    recipe: dict[str, Any]
    n_parameters: int
    history: tuple[Epoch, ...]
    retraining: tuple[Epoch, ...]
    stopped_because: str
    steps: int
    retraining_steps: int
    seconds: float
    training: Evaluation
    validation: Evaluation
    test: Evaluation | None


@dataclass(frozen=True, kw_only=True)
class TrialFacts:
    """One trial of the search.

    Parameters
    ----------
    state
        "complete", "pruned" or "failed".
    purpose
        "search", or "confirmation" where a finalist was trained again with another seed.
    reason
        Why it was pruned or failed; empty otherwise.
    """

    number: int
    state: str
    purpose: str
    family: str
    settings: dict[str, Any]
    accuracy: float | None
    loss: float | None
    n_parameters: int | None
    seconds: float
    started_after: float
    reason: str


@dataclass(frozen=True, kw_only=True)
class FamilyBest:
    """The leaderboard's row: the best trial of one family, at the search's shortened training."""

    family: str
    trial: int
    accuracy: Estimate
    loss: float
    n_parameters: int
    seconds: float
    n_trials: int
    settings: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class SearchFacts:
    """The search for hyperparameters.

    Parameters
    ----------
    chosen
        Number of the trial whose configuration was chosen.
    gain
        Cross-validation accuracy of the chosen trial less that of trial 0, paired, in their confirmations
        where both have one; None where trial 0 itself was chosen or did not finish.
    importance
        For each family with enough finished trials, hyperparameter -> share of the variance, largest first.
    epochs_per_trial
        How long a trial of the search trained, as text for people.
    optimism
        How much the best trial flatters itself; None where there were fewer than two.
    """

    trials: tuple[TrialFacts, ...]
    leaderboard: tuple[FamilyBest, ...]
    chosen: int
    gain: Comparison | None
    importance: dict[str, dict[str, float]]
    epochs_per_trial: str
    seconds: float
    optimism: Optimism | None


@dataclass(frozen=True, kw_only=True)
class RunResults:
    """All that `report.html` tells.

    Parameters
    ----------
    comparison
        Initial (a) against optimized (b) on the test set, paired.
    evidence
        What is known of the models beyond their accuracy.
    openings
        Each opening of the test set: {"time", "reason"}.
    made_with
        Versions, machine, threads, precision, seed, command: enough to do it again; text -> text.
    timings
        Stage -> seconds, in the order in which they ran, and what came after the run.
    ended_early
        Why the run was cut short ("stopped by Ctrl-C during the search"), or empty.
    instead
        Why the optimized model is not what the search chose, as a sentence; empty where it is.
    """

    run: str
    created: str
    data: DataFacts
    initial: ModelResult
    optimized: ModelResult
    comparison: Comparison
    search: SearchFacts | None
    evidence: Evidence
    openings: tuple[dict[str, str], ...]
    made_with: dict[str, str]
    timings: dict[str, float]
    seconds: float
    ended_early: str = ""
    instead: str = ""
