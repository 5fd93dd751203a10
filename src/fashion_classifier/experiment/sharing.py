"""How the time of a full evaluation is shared out among what is measured and all that is trained."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from fashion_classifier.errors import UsageError
from fashion_classifier.evidence.folds import FOLD_SHARE
from fashion_classifier.evidence.learning_curve import length_of
from fashion_classifier.evidence.trainings import Length
from fashion_classifier.experiment.budget import SAVING_S, Clock
from fashion_classifier.experiment.measuring import MOST_S
from fashion_classifier.training.loop import steps_per_epoch
from fashion_classifier.training.recipes.recipe import Recipe
from fashion_classifier.training.train import Workshop, batch_size_for

MEASURES_SHARE = 0.25  # of the time, for what needs no training
LEAST_TRAINING_S = 1.0
LONGEST = 1.5  # times its share of the time, after which a training ends even so
REPORT_S = 15.0


@dataclass(frozen=True, kw_only=True)
class Sharing:
    """All that is to be trained, and the time for it.

    Parameters
    ----------
    workshop, clock
        What trains, and the time there is.
    recipes
        Of the ladder's rungs; the last is the chosen configuration.
    n_seeds
        With which each rung is trained.
    shares
        Of the training images, from which the points of the learning curve learn.
    n_folds
        Inner folds, each trained and then trained on; 0 for none.
    growth
        How many times as many images as the training part the retraining has.
    """

    workshop: Workshop
    clock: Clock
    recipes: Sequence[Recipe]
    n_seeds: int
    shares: Sequence[float]
    n_folds: int
    growth: float

    @property
    def measures_s(self) -> float:
        """Seconds for what needs no training."""
        limit = self.clock.limit_s
        return MOST_S if limit is None else min(MOST_S, MEASURES_SHARE * limit)

    def check_affordable(self) -> None:
        """Check, before anything is opened, that there is time for trainings that learn something beside all else.

        Raises
        ------
        UsageError
            If there is not; how much there should be is told.
        """
        if self.clock.limit_s is None:
            return
        besides_s = self._besides_s()
        if (self.clock.left_s - self.measures_s - besides_s) / self._weight >= LEAST_TRAINING_S:
            return
        unmeasured_s = self.clock.used_s + besides_s + 10 * LEAST_TRAINING_S * self._weight
        wanted = min(unmeasured_s / (1 - MEASURES_SHARE), unmeasured_s + MOST_S)
        raise UsageError(
            f"{self.clock.left_s:.0f} s are left for {self._n_trainings + 2 * self.n_folds} trainings and all that is "
            f"measured, too little to learn anything. Give {math.ceil(wanted / 60)} minutes at least."
        )

    def lengths(self) -> list[Length] | None:
        """Share out the time that is left; None where nothing limits it.

        Returns
        -------
        list of Length
            For each rung the steps that take the same time for all, measured now; a busier machine takes longer.
        """
        if self.clock.limit_s is None:
            return None
        seconds = max(LEAST_TRAINING_S, (self.clock.left_s - self._besides_s()) / self._weight)
        return [self._steps_in(seconds, recipe) for recipe in self.recipes]

    def told(self, length: Length) -> str:
        """Say how long trainings are."""
        each = f"{length.steps:,} steps"
        if length.seconds is not None:
            each = f"about {length.seconds / LONGEST:.0f} s"
        return f"{self._n_trainings + 2 * self.n_folds} trainings, of {each} each on the whole training part."

    @property
    def _n_trainings(self) -> int:
        """Trainings besides those of the folds."""
        return len(self.recipes) * self.n_seeds + len(self.shares)

    @property
    def _weight(self) -> float:
        """How many trainings on the whole training part take as long as all that is planned."""
        of_folds = self.n_folds * FOLD_SHARE * (1 + self.growth)
        return len(self.recipes) * self.n_seeds + sum(map(length_of, self.shares)) + of_folds

    def _besides_s(self) -> float:
        """Return what judging and saving the trainings, and the report, take."""
        split = self.workshop.split
        n_judged = 1.2 * self._n_trainings * len(split.validation)
        if self.n_folds:
            n_judged += 2 * len(split.everything_but_test)
        judging_s = self.workshop.prediction_seconds(self.recipes[-1], round(n_judged))
        return REPORT_S + judging_s + self._n_trainings * SAVING_S / 4

    def _steps_in(self, seconds: float, recipe: Recipe) -> Length:
        """Return the steps that a recipe makes in some seconds."""
        n_images = len(self.workshop.split.training)
        per_epoch = steps_per_epoch(n_images, batch_size_for(n_images, recipe.training.batch_size))
        steps = seconds / self.workshop.seconds_per_epoch(recipe) * per_epoch
        return Length(max(1, round(steps)), LONGEST * seconds)
