"""From a recipe and a split to a trained model: the workshop in which every stage has its models made."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from numpy.typing import NDArray

from fashion_classifier.data.dataset import Dataset, ImageShape
from fashion_classifier.data.picture_ways import way_for
from fashion_classifier.data.split import Split
from fashion_classifier.inference.bundle import Model
from fashion_classifier.inference.predictor import PredictConfig, predict_probabilities
from fashion_classifier.inference.runtimes.pytorch import TorchRuntime
from fashion_classifier.models.catalogue import build, count_parameters
from fashion_classifier.models.ensemble import EnsembleConfig
from fashion_classifier.models.layers import channel_statistics
from fashion_classifier.progress import Progress, silent
from fashion_classifier.reporting.results import Epoch
from fashion_classifier.seeds import derive_seed
from fashion_classifier.training.checkpoint import CheckpointPlan
from fashion_classifier.training.config import TrainConfig
from fashion_classifier.training.distributed import ALONE, Group
from fashion_classifier.training.early_stopping import StopReason
from fashion_classifier.training.loop import FitConfig, fit, steps_per_epoch
from fashion_classifier.training.members import as_one, fit_members, following, without_untrained
from fashion_classifier.training.memory import check_training
from fashion_classifier.training.outcome import FAILURES, DivergedError, FitResult
from fashion_classifier.training.precision import PrecisionChoice, precision_by_instructions, probe_precision
from fashion_classifier.training.recipes.one_minute import ONE_MINUTE
from fashion_classifier.training.recipes.recipe import Recipe

PROBE_IMAGES = 128
PREDICTION_PROBE_IMAGES = 256
SMALLEST_BATCH, STEPS_PER_EPOCH = 8, 20
# On maps of one pixel PyTorch 2.13 takes the weights' gradient of strided bfloat16 convolutions from memory that nobody
# has written; a residual network has such maps where images have up to 6 pixels a side.
LEAST_BFLOAT16_SIDE = 8


def batch_size_for(n_images: int, wanted: int) -> int:
    """Return a batch size that leaves a small data set enough steps an epoch."""
    return min(wanted, max(SMALLEST_BATCH, n_images // STEPS_PER_EPOCH))


@dataclass(frozen=True, eq=False)
class TrainedModel:
    """A model as it came out of a training.

    Parameters
    ----------
    validation_probabilities
        Of the cross-validation images, float32 of shape (n, k); empty where the model was trained on them as well.
    """

    model: Model
    fit: FitResult
    recipe: Recipe
    validation_probabilities: NDArray[np.float32]

    def __repr__(self) -> str:
        return f"TrainedModel({self._summary()}, {self.fit!r})"

    def _repr_html_(self) -> str:
        return f"<p>{self._summary()}</p>{self.fit._repr_html_()}"

    def _summary(self) -> str:
        """Say what was trained."""
        return f"{self.family}, {count_parameters(self.model.network):,} weights"

    @property
    def family(self) -> str:
        """Family of the network."""
        return self.recipe.model.family

    @property
    def history(self) -> tuple[Epoch, ...]:
        """One record for each validation."""
        return self.fit.history

    @property
    def retraining(self) -> tuple[Epoch, ...]:
        """None: a retraining is a training of its own, with a history of its own."""
        return ()

    @property
    def steps(self) -> int:
        """The step whose weights were kept."""
        return self.fit.best_step


@dataclass(frozen=True, eq=False)
class Teaching:
    """What a teacher says.

    Parameters
    ----------
    probabilities
        float32 array of shape (n, k), one row for each image that is learned from.
    smoothing
        Label smoothing that is in them.
    """

    probabilities: NDArray[np.float32]
    smoothing: float = 0.0


@dataclass(eq=False)
class Workshop:
    """Trains recipes on one split, on one device.

    Parameters
    ----------
    split
        Its test set stays sealed.
    device
        "cpu", "cuda" or "mps".
    precisions
        For each family the precision that was decided on; what is missing is probed when it is first needed. Give
        what an earlier session found, so that a continued run computes in the same precision.
    exact
        Whether bits must repeat: precision is then chosen by the machine's instructions, not by a timed probe.
    group
        The processes that train together, where there are others. All of them train the same in the same order; what
        is measured here is measured by each for itself, and tells what all of them do together.
    """

    split: Split
    device: str = "cpu"
    precisions: dict[str, PrecisionChoice] = field(default_factory=dict)
    provenance: dict[str, object] = field(default_factory=dict)
    exact: bool = False
    group: Group = ALONE

    def __post_init__(self) -> None:
        self.statistics = channel_statistics(self.split.training.images)

    def train(
        self,
        recipe: Recipe,
        *,
        seed: int,
        epochs: float | None = None,
        steps: int | None = None,
        seconds: float | None = None,
        validations: int | None = None,
        validation_images: int | None = None,
        on_everything: bool = False,
        only: NDArray[np.int64] | None = None,
        start: Model | None = None,
        taught: Teaching | None = None,
        losses: NDArray[np.float32] | None = None,
        stop_asked: Callable[[], StopReason | None] = lambda: None,
        on_validation: Callable[[Epoch], StopReason | None] = lambda _: None,
        checkpoint: CheckpointPlan | None = None,
        progress: Progress = silent,
        task: str = "Training",
    ) -> TrainedModel:
        """Train a recipe.

        Parameters
        ----------
        seed
            Of the weights and of the training.
        epochs, validations
            Instead of the recipe's own; the networks of an ensemble share the epochs, as they share steps and time.
        steps, seconds, validation_images
            See `FitConfig`.
        on_everything
            Whether to learn from training and cross-validation data together; there is no validation then.
        only
            Positions, among the images that would be learned from, of those that are; all by default.
        start
            A model of the same recipe whose weights are the first ones, instead of freshly drawn ones.
        taught
            What a teacher says of the images that are learned from.
        losses
            How hard the images that are learned from are, in nats, of shape (n,), where an earlier training tells it.

        Raises
        ------
        DivergedError
            If loss, weights or answers are no longer numbers.
        """
        training = self.split.everything_but_test if on_everything else self.split.training
        if only is not None:
            training = training.take(only)
        settings = replace(recipe.training, batch_size=batch_size_for(len(training), recipe.training.batch_size))
        if epochs is not None:
            settings = replace(settings, epochs=epochs)
        if validations is not None:
            settings = replace(settings, validations=validations)
        if on_everything:
            settings = replace(settings, patience_epochs=0)
        classes = training.classes
        check_training(Recipe(recipe.model, settings), training.shape, len(training), len(classes), self.device)
        network = build(
            recipe.model, training.shape, len(classes), self.statistics, seed=derive_seed(seed, "weights")
        ).to(self.device)
        if start is not None:
            network.load_state_dict(start.network.state_dict())
        precision = self._common_precision(recipe, training)
        how = FitConfig(
            seed=seed,
            precision=precision,
            device=self.device,
            steps=steps,
            seconds=seconds,
            validation_images=validation_images,
        )
        members = recipe.model.members if isinstance(recipe.model, EnsembleConfig) else 1
        with self._convolutions():
            results = fit_members(
                network,
                how,
                checkpoint,
                self.group,
                lambda member, its_how, its_checkpoint, of, before: fit(
                    member,
                    training,
                    None if on_everything else self.split.validation,
                    replace(settings, epochs=settings.epochs / members),
                    its_how,
                    taught=None if taught is None else taught.probabilities,
                    losses=losses,
                    stop_asked=stop_asked,
                    on_validation=lambda record: on_validation(following(before, record)),
                    checkpoint=its_checkpoint,
                    progress=progress,
                    task=f"{task}{of}",
                    group=self.group,
                ),
            )
        network, config = without_untrained(network, recipe.model, results)
        result = as_one(results)
        model = Model(
            network=network,
            config=config,
            classes=classes,
            shape=training.shape,
            how=PredictConfig(precision=precision, views=settings.views, smoothing=_smoothing(settings, taught)),
            pictures=way_for(training.images),
            provenance={
                **self.provenance,
                "seed": seed,
                "steps": result.best_step,
                "recipe": settings.to_dict(),
                "learned_from": "all" if on_everything else "training",
                **({"processes": self.group.size} if self.group.size > 1 else {}),
            },
        )
        probabilities = np.empty((0, len(classes)), np.float32)
        if not on_everything:
            probabilities = self.group.predicted(self.split.validation.images, model.predict)
            if not np.isfinite(probabilities).all():
                raise DivergedError(
                    "The answers are no longer numbers: the training has diverged. Lower the learning rate."
                )
        return TrainedModel(model, result, Recipe(config, settings), probabilities)

    def _convolutions(self) -> AbstractContextManager[object]:
        """Return the context in which cuDNN tries its algorithms on each new shape, or takes those that repeat bits."""
        if self.device != "cuda":
            return nullcontext()
        flags: AbstractContextManager[object] = torch.backends.cudnn.flags(
            enabled=True, benchmark=not self.exact, deterministic=self.exact
        )
        return flags

    @property
    def images_per_second(self) -> float:
        """Images that the network of `ONE_MINUTE` learns from in a second here; 0 where nothing may be timed."""
        return self.precision_for(ONE_MINUTE, self.split.training).images_per_s * self.group.size

    def prediction_seconds(self, recipe: Recipe, n_images: int) -> float:
        """Measure what predicting so many images takes with a recipe's network and views, from a few of them."""
        training = self.split.training
        ensemble = recipe.model if isinstance(recipe.model, EnsembleConfig) else None
        config, members = (ensemble.member, ensemble.members) if ensemble is not None else (recipe.model, 1)
        network = build(config, training.shape, len(training.classes), self.statistics, seed=0).to(self.device)
        runtime = TorchRuntime(network, self.precision_for(recipe, training).precision)
        sample = np.array(training.images[:PREDICTION_PROBE_IMAGES])
        how = PredictConfig(views=recipe.training.views)
        seconds = []
        for _ in range(2):  # the first does not count
            begin = time.perf_counter()
            predict_probabilities(runtime, sample, how)
            seconds.append(time.perf_counter() - begin)
        return seconds[-1] * members * n_images / len(sample) / self.group.size

    def seconds_per_epoch(self, recipe: Recipe, *, n_steps: int = 8) -> float:
        """Measure what an epoch of a recipe takes on this machine, from a few steps after a few that do not count."""
        n_images = len(self.split.training)
        steps = steps_per_epoch(n_images, batch_size_for(n_images, recipe.training.batch_size))
        self._time_steps(recipe, 3)
        return self._time_steps(recipe, n_steps) / n_steps * steps / self.group.size

    def _time_steps(self, recipe: Recipe, n_steps: int) -> float:
        """Return the seconds that so many steps take, on weights that are thrown away."""
        training = self.split.training
        network = build(recipe.model, training.shape, len(training.classes), self.statistics, seed=0).to(self.device)
        how = FitConfig(
            seed=0, precision=self.precision_for(recipe, training).precision, device=self.device, steps=n_steps
        )
        settings = replace(recipe.training, batch_size=batch_size_for(len(training), recipe.training.batch_size))
        begin = time.perf_counter()
        try:
            with self._convolutions():
                return fit(network, training, None, settings, how).seconds
        except FAILURES:  # what is trained by this recipe will fail as well, and be recorded as that
            return time.perf_counter() - begin

    def _common_precision(self, recipe: Recipe, training: Dataset) -> str:
        """Return the precision in which all processes compute: one that serves each of them."""
        own = self.precision_for(recipe, training).precision
        votes = torch.tensor([float(own == "bfloat16")])
        self.group.add_up([votes])
        return "float32" if 0 < float(votes) < self.group.size else own

    def precision_for(self, recipe: Recipe, training: Dataset) -> PrecisionChoice:
        """Return the precision for a recipe's family: the recipe's own, the remembered one, or what a probe finds."""
        if recipe.training.precision != "auto":
            return PrecisionChoice(recipe.training.precision, "the recipe says so")
        if min(training.shape[:2]) < LEAST_BFLOAT16_SIDE:
            return PrecisionChoice("float32", f"images have a side of less than {LEAST_BFLOAT16_SIDE} pixels")
        config = recipe.model.member if isinstance(recipe.model, EnsembleConfig) else recipe.model
        family = config.family
        if family not in self.precisions:
            shape: ImageShape = training.shape
            network = build(config, shape, len(training.classes), self.statistics, seed=0).to(self.device)
            choose = precision_by_instructions if self.exact else probe_precision
            images = torch.from_numpy(np.array(training.images[:PROBE_IMAGES])).to(self.device)
            labels = torch.from_numpy(np.array(training.labels[:PROBE_IMAGES])).to(self.device)
            try:
                self.precisions[family] = choose(network, images, labels)
            except FAILURES as error:
                reason = f"the probe failed ({type(error).__name__}: {error})"
                self.precisions[family] = PrecisionChoice("float32", reason)
        return self.precisions[family]


def _smoothing(settings: TrainConfig, taught: Teaching | None) -> float:
    """Return the smoothing of what is learned: of the labels, and of what a teacher says, each by its share."""
    share = 0.0 if taught is None else settings.teacher_share
    return (1 - share) * settings.label_smoothing + share * (0.0 if taught is None else taught.smoothing)
