"""The space that is searched: sizes and settings of training around the recipes that are known, a space a family."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import optuna

from fashion_classifier.errors import UsageError
from fashion_classifier.models.cnn import CnnConfig
from fashion_classifier.models.mlp import MlpConfig
from fashion_classifier.models.resnet import ResnetConfig
from fashion_classifier.models.settings import ModelConfig
from fashion_classifier.training.config import Augmentation, Focus, TrainConfig
from fashion_classifier.training.recipes.ladder import LADDERS, RECIPES, name_for
from fashion_classifier.training.recipes.recipe import Recipe

Known = Mapping[str, Recipe]
"""Each family's recipe from which its search begins, the best known family first."""

# Learning rates worth trying, for each optimizer (log-uniform).
LEARNING_RATES = {"muon": (0.03, 0.3), "sgd": (0.02, 0.5), "adamw": (3e-4, 1e-2), "adam": (3e-4, 1e-2)}
OPTIMIZERS = {
    "mlp": ("adam", "adamw", "sgd", "muon"),
    "cnn": ("muon", "sgd", "adamw"),
    "resnet": ("muon", "sgd", "adamw"),
}
BATCH_SIZES = {"mlp": (32, 64, 128, 256), "cnn": (128, 256, 512), "resnet": (128, 256, 512)}
MOMENTUM = {"muon": 0.6, "sgd": 0.9, "adam": 0.9, "adamw": 0.9}
STARTUP_TRIALS = 8  # trials before the sampler begins to learn from them


def known_recipes(families: Sequence[str], n_images: float = 0.0) -> dict[str, Recipe]:
    """Return the recipes from which a search over these families begins, the best known family first.

    Parameters
    ----------
    families
        At least one of those that can be searched.
    n_images
        Images that the recipe that is chosen can learn from (`ladder.name_for`).

    Raises
    ------
    UsageError
        If one is unknown, or none is given.
    """
    unknown = sorted(set(families) - set(LADDERS))
    if unknown or not families:
        raise UsageError(f"The search knows the families {', '.join(LADDERS)}, but got {', '.join(unknown) or 'none'}.")
    return {family: RECIPES[name_for(family, n_images, single=True)] for family in LADDERS if family in families}


def point_of(recipe: Recipe) -> dict[str, Any]:
    """Return the point of the space that stands for a recipe.

    `recipe_of` gives it back but for what the space leaves out: epochs, validations, and views beyond the mirrored one.
    """
    family, training = recipe.model.family, recipe.training
    shared = {
        "optimizer": training.optimizer,
        f"learning_rate_{training.optimizer}": training.learning_rate,
        "batch_size": training.batch_size,
        "weight_decay": training.weight_decay,
        "label_smoothing": training.label_smoothing,
        "mirror": training.augmentation.mirror,
        "shift_pixels": training.augmentation.shift_pixels,
        "erase_fraction": training.augmentation.erase_fraction,
    }
    if training.focus.others < 1:  # else it would change nothing
        shared["focus_hardest"] = training.focus.hardest
    settings = {**_architecture_of(recipe.model), **shared}
    return {"family": family, **{f"{family}_{name}": value for name, value in settings.items()}}


def suggest_recipe(trial: optuna.trial.BaseTrial, known: Known, *, mirror: bool = True) -> Recipe:
    """Choose a recipe: a model's config and the settings of its training.

    Parameters
    ----------
    trial
        Optuna's; every parameter's name begins with the family's, so that each family has a space of its own.
    known
        The families to choose from, each with the recipe around which its space lies.
    mirror
        Whether mirror images may count as images of the same class.
    """
    family = trial.suggest_categorical("family", list(known))
    recipe = known[family]
    model = ARCHITECTURES[family](trial, recipe.model)
    optimizer = trial.suggest_categorical(f"{family}_optimizer", OPTIMIZERS[family])
    low, high = LEARNING_RATES[optimizer]
    mirrored = trial.suggest_categorical(f"{family}_mirror", [True, False]) if mirror else False
    training = TrainConfig(
        optimizer=optimizer,  # type: ignore[arg-type]
        learning_rate=trial.suggest_float(f"{family}_learning_rate_{optimizer}", low, high, log=True),
        momentum=MOMENTUM[optimizer],
        batch_size=trial.suggest_categorical(f"{family}_batch_size", BATCH_SIZES[family]),
        weight_decay=trial.suggest_float(f"{family}_weight_decay", 1e-5, 1e-2, log=True),
        label_smoothing=trial.suggest_float(f"{family}_label_smoothing", 0.0, 0.2),
        views="mirrored" if mirrored else "single",
        augmentation=Augmentation(
            mirror=mirrored,
            shift_pixels=trial.suggest_int(f"{family}_shift_pixels", 0, 3),
            erase_fraction=trial.suggest_float(f"{family}_erase_fraction", 0.0, 0.5),
        ),
        focus=_focus(trial, family, recipe.training.focus),
    )
    return Recipe(model, training)


def sampler_of(seed: int) -> optuna.samplers.TPESampler:
    """Return the sampler for one trial; its seed is the trial's own, so that a continued study is the same study."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)  # `group`: a space for each family
        return optuna.samplers.TPESampler(
            n_startup_trials=STARTUP_TRIALS, multivariate=True, group=True, seed=seed % 2**32
        )


def recipe_of(params: Mapping[str, Any], known: Known, *, mirror: bool = True) -> Recipe:
    """Return the recipe that a point of the space stands for."""
    return suggest_recipe(optuna.trial.FixedTrial(dict(params)), known, mirror=mirror)


def _focus(trial: optuna.trial.BaseTrial, family: str, known: Focus) -> Focus:
    """Choose how many images count as hard, where the known recipe tells hard from easy at all."""
    if known.others >= 1:
        return known
    return replace(known, hardest=trial.suggest_float(f"{family}_focus_hardest", 0.1, 1.0))


def _mlp(trial: optuna.trial.BaseTrial, _known: ModelConfig) -> ModelConfig:
    """Choose a multilayer perceptron; the notebook's space (64-256, 32-128, 0.3-0.7) lies inside."""
    return MlpConfig(
        hidden=(
            trial.suggest_int("mlp_units_1", 64, 512, step=32),
            trial.suggest_int("mlp_units_2", 32, 256, step=32),
        ),
        dropout=trial.suggest_float("mlp_dropout", 0.0, 0.7),
    )


def _cnn(trial: optuna.trial.BaseTrial, known: ModelConfig) -> ModelConfig:
    """Choose a convolutional network."""
    assert isinstance(known, CnnConfig)
    widths = [
        _around(trial, f"cnn_width_{number}", width, step=8) for number, width in enumerate(known.widths, start=1)
    ]
    return CnnConfig(
        stem=_around(trial, "cnn_stem", known.stem, step=8),
        widths=tuple(widths),
        dropout=trial.suggest_float("cnn_dropout", 0.0, 0.5),
    )


def _resnet(trial: optuna.trial.BaseTrial, _known: ModelConfig) -> ModelConfig:
    """Choose a residual network."""
    width = trial.suggest_int("resnet_width", 16, 40, step=8)
    return ResnetConfig(
        widths=(width, 2 * width, 4 * width),
        blocks=trial.suggest_int("resnet_blocks", 1, 2),
        dropout=trial.suggest_float("resnet_dropout", 0.0, 0.5),
    )


def _around(trial: optuna.trial.BaseTrial, name: str, known: int, *, step: int) -> int:
    """Choose a width from half to twice the known one, which is a multiple of `step`."""
    low = max(step, known // 2 // step * step)
    return trial.suggest_int(name, low, 2 * known, step=step)


ARCHITECTURES: Mapping[str, Callable[[optuna.trial.BaseTrial, ModelConfig], ModelConfig]] = {
    "cnn": _cnn,
    "mlp": _mlp,
    "resnet": _resnet,
}


def _architecture_of(model: ModelConfig) -> dict[str, Any]:
    """Return a model's settings as the space names them."""
    if isinstance(model, CnnConfig):
        widths = {f"width_{number}": width for number, width in enumerate(model.widths, start=1)}
        return {"stem": model.stem, **widths, "dropout": model.dropout}
    if isinstance(model, MlpConfig):
        units = {f"units_{number}": n_units for number, n_units in enumerate(model.hidden, start=1)}
        return {**units, "dropout": model.dropout}
    assert isinstance(model, ResnetConfig)
    return {"width": model.widths[0], "blocks": model.blocks, "dropout": model.dropout}
