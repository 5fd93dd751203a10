"""What a run's time allows: which known recipe, and how it is searched around it; told once for the whole run."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

from fashion_classifier.experiment.budget import GROWTH, MOST_EPOCHS, TRIAL_EPOCHS_SHARE, Shares
from fashion_classifier.experiment.record import RunFolder
from fashion_classifier.experiment.settings import RunConfig
from fashion_classifier.experiment.stages import judged_training_images
from fashion_classifier.models.cnn import CnnConfig
from fashion_classifier.models.resnet import ResnetConfig
from fashion_classifier.training.recipes.initial import INITIAL
from fashion_classifier.training.recipes.recipe import Recipe, adapted
from fashion_classifier.training.train import Workshop
from fashion_classifier.tuning.config import TuneConfig
from fashion_classifier.tuning.plan import plan_trials
from fashion_classifier.tuning.space import known_recipes

RETRAINING_RATE = 0.5  # of the training's learning rate, as the retraining starts from its weights (decision 5)
RETRAINING_SHIFT = 1  # pixels at least, for convolutions: the images as they are have been learned
TEN_VIEWS, MIRRORED_VIEWS = 10, 2
VIEWS_SHARE = 0.1  # of the time that is left which all predictions may take if they are to be averages of ten views


def retraining_recipe(trained: Recipe) -> Recipe:
    """Return how a model that was trained by this recipe is trained on, with the cross-validation images too."""
    settings = replace(trained.training, learning_rate=RETRAINING_RATE * trained.training.learning_rate)
    if isinstance(trained.model, CnnConfig | ResnetConfig):
        augmentation = settings.augmentation
        shift = max(RETRAINING_SHIFT, augmentation.shift_pixels)
        settings = replace(settings, augmentation=replace(augmentation, shift_pixels=shift))
    return Recipe(trained.model, settings)


def sure_recipes(config: RunConfig) -> list[Recipe]:
    """Return the largest networks that a run with these settings is sure to train, whatever its time allows."""
    known = list(known_recipes(config.families, math.inf).values())
    return [INITIAL, *(known[:1] if config.trials == 0 else known)]


@dataclass(frozen=True, eq=False)
class Plan:
    """Plans of one run, remembered in its record, so that a continued run goes on with the same.

    Parameters
    ----------
    folder
        The run's record and settings.
    workshop
        On whose speed the plans rest.
    """

    folder: RunFolder
    workshop: Workshop

    def known_recipe(self, shares: Shares) -> Recipe:
        """Return the recipe that is known to work for the time there is, of the first family that may be used.

        It predicts from two views at most: a search predicts tens of thousands of images many times.
        """
        config = self.folder.config
        known = next(iter(known_recipes(config.families, self._affordable_images(shares)).values()))
        two_views = replace(known, training=replace(known.training, views="mirrored"))
        return adapted(two_views, mirror=config.mirror, class_weights=config.class_weights)

    def with_more_views(self, recipe: Recipe, left_s: float) -> Recipe:
        """Return the chosen recipe with ten views at prediction, if mirrored ones are allowed and ten cost little time.

        Parameters
        ----------
        left_s
            Seconds that are left for the run; without a limit the views stay, so that an exact run is timed nowhere.
        """
        if recipe.training.views != "mirrored" or math.isinf(left_s):
            return recipe
        affordable = self.folder.facts.get("ten_views")
        if affordable is None:
            split = self.workshop.split
            n_images = len(split.validation) + len(split.test) + len(judged_training_images(split))
            seconds = self.workshop.prediction_seconds(recipe, n_images) * TEN_VIEWS / MIRRORED_VIEWS
            affordable = seconds <= VIEWS_SHARE * left_s
            self.folder.update(ten_views=affordable)
        return replace(recipe, training=replace(recipe.training, views="shifted")) if affordable else recipe

    def search(self, shares: Shares) -> TuneConfig | None:
        """Return how to search, or None where there is to be no search."""
        config = self.folder.config
        if config.trials == 0:
            return None
        names = ("families", "trials", "mirror", "class_weights", "seed")
        common: dict[str, Any] = {name: getattr(config, name) for name in names}
        common["n_images"] = self._affordable_images(shares)
        if config.minutes is None:
            epochs = config.trial_epochs or TRIAL_EPOCHS_SHARE * (config.epochs or MOST_EPOCHS)
            return TuneConfig(**common, epochs=epochs)
        remembered = self.folder.facts.get("trial_plan")
        if remembered is None and shares.search:
            plan = plan_trials(self.workshop.seconds_per_epoch(self.known_recipe(shares)), shares.search)
            remembered = None if plan is None else vars(plan)
            self.folder.update(trial_plan=remembered)
        if remembered is None:
            return None
        epochs = config.trial_epochs or remembered["epochs"]
        return TuneConfig(**common, epochs=epochs, trial_seconds=remembered["seconds"], seconds=shares.search)

    def _affordable_images(self, shares: Shares) -> float:
        """Return how many images training and retraining can learn from."""
        remembered = self.folder.facts.get("affordable_images")
        if remembered is None:
            n_training = len(self.workshop.split.training)
            if shares.training is None:
                n_images = (self.folder.config.epochs or 0.0) * n_training
            else:
                n_images = self.workshop.images_per_second * shares.training * (1 + GROWTH)
            remembered = min(n_images, MOST_EPOCHS * n_training)
            self.folder.update(affordable_images=remembered)
        return float(remembered)
