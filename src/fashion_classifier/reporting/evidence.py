"""What is known of a run's models beyond their accuracy, as one value: what was measured, and what was not."""

from __future__ import annotations

from dataclasses import dataclass, field
from statistics import fmean, stdev

from fashion_classifier.evaluation.comparison import Comparison
from fashion_classifier.evaluation.confidence import Confidence
from fashion_classifier.evaluation.intervals import Estimate
from fashion_classifier.evaluation.ladder import Rung
from fashion_classifier.evaluation.near_duplicates import NearDuplicate
from fashion_classifier.evaluation.novelty import Novelty
from fashion_classifier.evaluation.repetition import Repeated
from fashion_classifier.evaluation.robustness import Robustness


@dataclass(frozen=True, kw_only=True)
class SeedNoise:
    """The chosen configuration, trained several times alike but for the seed.

    Parameters
    ----------
    accuracies
        Cross-validation accuracy of each training, two at least.
    losses
        Cross-validation loss of each, in nats.
    steps
        Optimizer steps of each.
    seconds
        Time of each.
    first_against_second
        The first two, paired, on the cross-validation images.
    """

    accuracies: tuple[float, ...]
    losses: tuple[float, ...]
    steps: tuple[int, ...]
    seconds: tuple[float, ...]
    first_against_second: Comparison

    @property
    def mean(self) -> float:
        """Mean cross-validation accuracy."""
        return fmean(self.accuracies)

    @property
    def deviation(self) -> float:
        """Standard deviation of the accuracy over the seeds."""
        return stdev(self.accuracies)


@dataclass(frozen=True, kw_only=True)
class LearningPoint:
    """The chosen configuration, trained on a part of the training images.

    Parameters
    ----------
    n_images
        Number of training images.
    share
        Of the training part.
    training, validation
        Accuracy on the images that it learned from (10,000 of them at most), and on the cross-validation images.
    """

    n_images: int
    share: float
    training: Estimate
    validation: Estimate


@dataclass(frozen=True, kw_only=True)
class RepeatedRung:
    """A rung of the ladder, trained several times alike but for the seed, all rungs equally long.

    Parameters
    ----------
    title, change
        As in `fashion_classifier.evaluation.ladder.Rung`.
    accuracy
        On the cross-validation images.
    step
        It less the rung below, seed by seed; None for the first.
    """

    title: str
    change: str
    accuracy: Repeated
    step: Repeated | None


@dataclass(frozen=True, kw_only=True)
class RetrainingGain:
    """What the retraining with more images gains, by inner folds that neither model has seen.

    Parameters
    ----------
    n_folds
        How many were held out.
    growth
        By how much the images grow in number.
    step
        After the retraining (b) against before it (a), on all images held out.
    """

    n_folds: int
    growth: float
    step: Comparison


@dataclass(frozen=True)
class AttackResult:
    """What is left of a model's accuracy under one attack.

    Parameters
    ----------
    attack
        "none" for the images as they are, "FGSM" or "PGD".
    strength
        Most that any pixel was changed, in grey levels.
    n
        Number of images.
    accuracy
        On the attacked images, with Wilson's 95 % interval.
    """

    attack: str
    strength: int
    n: int
    accuracy: Estimate


@dataclass(frozen=True, kw_only=True)
class DoubtfulImage:
    """An image of training or cross-validation data whose label a model contradicts that has not learned from it.

    Parameters
    ----------
    image_sha256
        Of its content.
    given, suggested
        The class of its label, and the model's.
    probability_given, probability_suggested
        What the model says of the two.
    """

    image_sha256: str
    given: str
    suggested: str
    probability_given: float
    probability_suggested: float


@dataclass(frozen=True, kw_only=True)
class LabelFindings:
    """What is doubtful about labels of training and cross-validation data.

    Parameters
    ----------
    n
        Images that were looked at.
    n_suspects
        Labels that look wrong (confident learning).
    estimated_share
        Share of wrong labels, 0 to 1, as confident learning estimates it; where classes overlap in truth it runs high.
    suspects
        The clearest first; some of them.
    hardest
        Images whose label got the least probability; some of them.
    """

    n: int
    n_suspects: int
    estimated_share: float
    suspects: tuple[DoubtfulImage, ...]
    hardest: tuple[DoubtfulImage, ...]


@dataclass(frozen=True, kw_only=True)
class NearDuplicates:
    """Images of one split that are nearly images of another.

    Parameters
    ----------
    first, second
        Names of the splits: "test" and "training", say.
    n
        Images of the first that have one in the second.
    n_first
        Images of the first.
    threshold
        Largest root mean squared difference that is near, in grey levels.
    nearest
        Some of them, nearest first.
    """

    first: str
    second: str
    n: int
    n_first: int
    threshold: float
    nearest: tuple[NearDuplicate, ...]


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What was measured beyond accuracy; None or empty where it was not.

    Parameters
    ----------
    confidence
        "initial", "optimized" -> calibration, sets and risk on the test images.
    novelty
        How well the optimized model tells images that are no garment.
    robustness
        Initial (a) against optimized (b) on corrupted test images.
    ladder
        Where the gain came from, on the cross-validation images.
    seeds
        How much the seed alone moves the result.
    learning_curve
        Smallest training set first.
    repeated_ladder
        The ladder over seeds.
    retraining
        What the retraining gains.
    attacks
        "initial", "optimized" -> accuracy under attack; empty where it was not measured.
    labels
        What is doubtful about the labels.
    near_duplicates
        For each pair of splits; empty where it was not looked for.
    """

    confidence: dict[str, Confidence]
    novelty: Novelty | None
    robustness: Robustness | None
    ladder: tuple[Rung, ...]
    seeds: SeedNoise | None
    learning_curve: tuple[LearningPoint, ...]
    repeated_ladder: tuple[RepeatedRung, ...] = ()
    retraining: RetrainingGain | None = None
    attacks: dict[str, tuple[AttackResult, ...]] = field(default_factory=dict)
    labels: LabelFindings | None = None
    near_duplicates: tuple[NearDuplicates, ...] = ()
