"""One recipe on its own: which one for the time that there is, and its training."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import torch

from fashion_classifier import __version__
from fashion_classifier.errors import UsageError
from fashion_classifier.evaluation.temperature import tempered
from fashion_classifier.evidence.trainings import PROGRESS_IMAGES
from fashion_classifier.experiment.answering import rules_for, with_rules
from fashion_classifier.experiment.budget import MOST_EPOCHS, SAVING_S
from fashion_classifier.experiment.interruption import Interruption
from fashion_classifier.experiment.memory import check_memory
from fashion_classifier.experiment.preparation import Prepared
from fashion_classifier.experiment.record import at_free_place, check_can_be_made
from fashion_classifier.experiment.settings import RunConfig
from fashion_classifier.experiment.stages import TRIAL_IMAGES
from fashion_classifier.experiment.teaching import ask_teacher
from fashion_classifier.inference.bundle import save_model
from fashion_classifier.models.catalogue import settings_of
from fashion_classifier.models.ensemble import EnsembleConfig
from fashion_classifier.progress import Progress
from fashion_classifier.reporting.results import Epoch
from fashion_classifier.seeds import derive_seed
from fashion_classifier.training.checkpoint import CheckpointPlan
from fashion_classifier.training.early_stopping import StopReason
from fashion_classifier.training.recipes.ladder import GPU_LADDER, has_rungs, name_for, name_for_gpu, recipe_named
from fashion_classifier.training.recipes.recipe import Recipe
from fashion_classifier.training.train import Teaching, TrainedModel

AUTO_MODEL, BEST_FAMILY = "auto", "cnn"
TEACHER_SHARE = 0.7  # of the loss (docs/experiments.md)
WORTH_PROBING_S = 30.0  # of a budget on a GPU, from which on a large network is tried at all


def least_recipe(family: str = AUTO_MODEL, name: str = "") -> Recipe:
    """Return the recipe whose epochs are trained where no budget is given; errors as for `choose_recipe`."""
    return recipe_named(name or name_for(BEST_FAMILY if family == AUTO_MODEL else family, 0.0))


def choose_recipe(config: RunConfig, prepared: Prepared, *, family: str = AUTO_MODEL, name: str = "") -> str:
    """Return the name of the recipe that is the best known for the budget, or check the one that is wanted.

    Parameters
    ----------
    config
        Its time, or its epochs, is the budget.
    family
        A family, or "auto" for the best known of all, which may be an ensemble.
    name
        A recipe that is wanted whatever the budget.

    Raises
    ------
    UsageError
        If there is no such recipe or family.
    """
    if name:
        recipe_named(name)
        return name
    single = family != AUTO_MODEL
    wanted = family if single else BEST_FAMILY
    if not has_rungs(wanted):
        return name_for(wanted, 0.0)
    n_training = len(prepared.split.training)
    most = MOST_EPOCHS * n_training
    if config.minutes is None:
        return name_for(wanted, min((config.epochs or 0.0) * n_training, most), single=single)
    if not single and (for_gpu := _choose_for_gpu(prepared, most)) is not None:
        return for_gpu
    n_images = prepared.workshop.images_per_second * max(0.0, prepared.clock.left_s)
    return name_for(wanted, min(n_images, most), single=single)


def _choose_for_gpu(prepared: Prepared, most_images: float) -> str | None:
    """Return the name of the recipe that a GPU can afford, or None where it takes one for a CPU, or is none."""
    left = prepared.clock.left_s
    if prepared.workshop.device != "cuda" or left < WORTH_PROBING_S:
        return None
    large = recipe_named(GPU_LADDER[0][1])
    try:
        seconds_per_epoch = prepared.workshop.seconds_per_epoch(large, n_steps=2)
    except torch.OutOfMemoryError:
        return None
    n_images = left / seconds_per_epoch * len(prepared.split.training)
    return name_for_gpu(min(n_images, most_images))


def train_one(
    recipe: Recipe,
    config: RunConfig,
    prepared: Prepared,
    folder: Path | None,
    *,
    on_everything: bool,
    teacher: Path | None = None,
    taught: Teaching | None = None,
    on_validation: Callable[[Epoch], None] = lambda _: None,
    on_saved: Callable[[Path], None] = lambda _: None,
    checkpoint: Path | None = None,
    progress: Progress,
) -> TrainedModel:
    """Train one recipe and save the model; of several processes the first saves it.

    Parameters
    ----------
    recipe
        Model and training; `config.epochs` and `config.minutes` limit it.
    on_everything
        Whether to learn from training and cross-validation data together.
    teacher
        The folder of a model whose probabilities are learned from, more than from the labels.
    taught
        What a teacher says, where it is known already.
    folder
        The model's folder, which must not be there yet; None where the model is not saved.
    on_validation
        Told of every validation.
    on_saved
        Told where the model is: beside the folder, if another was made there meanwhile.
    checkpoint
        A file in which the state of the training is kept until the model is saved, and from which it goes on if the
        file is there, with any number of processes. Each network of an ensemble has one of its own beside it.

    Raises
    ------
    UsageError
        If the folder is already there, several processes are not about to train the same, judging the model would take
        most of the time, or the teacher does not fit.
    NotEnoughMemoryError
        If memory would not suffice.
    """
    workshop, group = prepared.workshop, prepared.workshop.group
    if folder is not None:
        group.decided(lambda: check_can_be_made(folder))
    if teacher is not None:
        taught = ask_teacher(teacher, prepared.split, prepared.workshop, on_everything=on_everything, progress=progress)
        recipe = replace(recipe, training=replace(recipe.training, teacher_share=TEACHER_SHARE))
    check_memory(prepared.split, [recipe], workshop.device, evaluated=False)
    seconds = None
    if config.minutes is not None:
        seconds = group.decided(lambda: _training_seconds(recipe, prepared, on_everything=on_everything))
    limited = seconds is not None
    members = recipe.model.members if isinstance(recipe.model, EnsembleConfig) else 1
    plan = None
    if checkpoint is not None or group.size > 1:
        what = _identity(recipe, config, prepared, on_everything=on_everything)
        group.check_same(
            {
                "the training": what[:12],
                "the data": prepared.collection.fingerprint[:12],
                "the device": workshop.device,
                "this program": __version__,
                "PyTorch": torch.__version__,
            }
        )
        plan = None if checkpoint is None else CheckpointPlan(checkpoint, of=what)
    with Interruption() as interruption:
        trained = workshop.train(
            recipe,
            seed=derive_seed(config.seed, "training"),
            epochs=config.epochs or (MOST_EPOCHS * members if limited else None),
            seconds=seconds,
            validation_images=PROGRESS_IMAGES if limited else None,
            on_everything=on_everything,
            taught=taught,
            stop_asked=interruption.asked,
            on_validation=on_validation,
            checkpoint=plan,
            progress=progress,
            task="Training",
        )
    if not group.first:
        return trained
    if not on_everything:
        rules = rules_for(trained.validation_probabilities, prepared.split, seed=config.seed)
        answers = tempered(trained.validation_probabilities, rules.temperature)
        trained = replace(
            trained,
            model=with_rules(trained.model, rules, prepared.split, seed=config.seed),
            validation_probabilities=answers,
        )
    if folder is not None:
        images = prepared.split.training.images[:TRIAL_IMAGES]
        on_saved(at_free_place(folder, lambda place: save_model(trained.model, place, images=images)))
    if plan is not None and trained.fit.stopped_because != StopReason.INTERRUPTED:
        for done_with in (plan, *(plan.member(number) for number in range(members))):
            done_with.path.unlink(missing_ok=True)
    return trained


def _identity(recipe: Recipe, config: RunConfig, prepared: Prepared, *, on_everything: bool) -> str:
    """Return the SHA-256 of all that makes a training what it is, but for time and machines."""
    model = {"family": recipe.model.family, **settings_of(recipe.model)}
    learned = [prepared.collection.identity, prepared.workshop.provenance, on_everything]
    facts = [model, recipe.training.to_dict(), config.epochs, config.seed, learned]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()


def _training_seconds(recipe: Recipe, prepared: Prepared, *, on_everything: bool) -> float:
    """Return the time that is left for the training itself, what comes after it kept back.

    Raises
    ------
    UsageError
        If there is no time left, or judging the model on the cross-validation images would take most of it.
    """
    n_images = 0 if on_everything else len(prepared.split.validation)
    judging_s = prepared.workshop.prediction_seconds(recipe, n_images) if n_images else 0.0
    left = prepared.clock.left_s - SAVING_S
    if left <= 0:
        raise UsageError(
            f"There is no time left to train in: {prepared.clock.used_s:.0f} s went into what comes before it. "
            "Give more minutes."
        )
    if judging_s > left / 2:
        minutes = math.ceil(4 * judging_s / 60)
        raise UsageError(
            f"Judging a model of this recipe on {n_images:,} cross-validation images takes about {judging_s:.0f} s "
            f"here, of {left:.0f} s that are left. Give it at least {minutes} minute{'s' * (minutes > 1)}, "
            "or take a smaller recipe."
        )
    return left - judging_s
