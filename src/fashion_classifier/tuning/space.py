"""The space that is searched: families, sizes and the settings of training, around the recipes that we know."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import optuna

from fashion_classifier.errors import UsageError
from fashion_classifier.models.catalogue import ModelConfig
from fashion_classifier.models.cnn import CnnConfig
from fashion_classifier.models.mlp import MlpConfig
from fashion_classifier.models.resnet import ResnetConfig
from fashion_classifier.training.config import Augmentation, TrainConfig
from fashion_classifier.training.recipes import Recipe

# Learning rates worth trying, for each optimizer (log-uniform).
LEARNING_RATES = {"muon": (0.03, 0.3), "sgd": (0.02, 0.5), "adamw": (3e-4, 1e-2), "adam": (3e-4, 1e-2)}
OPTIMIZERS = {
    "mlp": ("adam", "adamw", "sgd", "muon"),
    "cnn": ("muon", "sgd", "adamw"),
    "resnet": ("muon", "sgd", "adamw"),
}
BATCH_SIZES = {"mlp": (32, 64, 128, 256), "cnn": (128, 256, 512), "resnet": (128, 256, 512)}
MOMENTUM = {"muon": 0.6, "sgd": 0.9, "adam": 0.9, "adamw": 0.9}

# The first trials: the recipes that we know, as points of the space. The very first is what a search must beat.
KNOWN: Mapping[str, Mapping[str, Any]] = {
    "cnn": {
        "family": "cnn",
        "cnn_stem": 16,
        "cnn_width_1": 32,
        "cnn_width_2": 96,
        "cnn_width_3": 96,
        "cnn_dropout": 0.1,
        "cnn_optimizer": "muon",
        "cnn_learning_rate_muon": 0.1,
        "cnn_batch_size": 256,
        "cnn_weight_decay": 1e-3,
        "cnn_label_smoothing": 0.1,
        "cnn_mirror": True,
        "cnn_shift_pixels": 1,
        "cnn_erase_fraction": 0.0,
    },
    "mlp": {
        "family": "mlp",
        "mlp_units_1": 256,
        "mlp_units_2": 128,
        "mlp_dropout": 0.3,
        "mlp_optimizer": "adamw",
        "mlp_learning_rate_adamw": 2e-3,
        "mlp_batch_size": 256,
        "mlp_weight_decay": 1e-3,
        "mlp_label_smoothing": 0.0,
        "mlp_mirror": True,
        "mlp_shift_pixels": 0,
        "mlp_erase_fraction": 0.0,
    },
    "resnet": {
        "family": "resnet",
        "resnet_width": 24,
        "resnet_blocks": 1,
        "resnet_dropout": 0.1,
        "resnet_optimizer": "muon",
        "resnet_learning_rate_muon": 0.1,
        "resnet_batch_size": 256,
        "resnet_weight_decay": 1e-3,
        "resnet_label_smoothing": 0.1,
        "resnet_mirror": True,
        "resnet_shift_pixels": 1,
        "resnet_erase_fraction": 0.0,
    },
}


def _mlp(trial: optuna.trial.BaseTrial) -> ModelConfig:
    """Choose a multilayer perceptron; the notebook's space (64-256, 32-128, 0.3-0.7) lies inside."""
    return MlpConfig(
        hidden=(
            trial.suggest_int("mlp_units_1", 64, 512, step=32),
            trial.suggest_int("mlp_units_2", 32, 256, step=32),
        ),
        dropout=trial.suggest_float("mlp_dropout", 0.0, 0.7),
    )


def _cnn(trial: optuna.trial.BaseTrial) -> ModelConfig:
    """Choose a convolutional network."""
    return CnnConfig(
        stem=trial.suggest_int("cnn_stem", 16, 32, step=8),
        widths=(
            trial.suggest_int("cnn_width_1", 16, 48, step=8),
            trial.suggest_int("cnn_width_2", 64, 128, step=32),
            trial.suggest_int("cnn_width_3", 64, 192, step=32),
        ),
        dropout=trial.suggest_float("cnn_dropout", 0.0, 0.5),
    )


def _resnet(trial: optuna.trial.BaseTrial) -> ModelConfig:
    """Choose a residual network."""
    width = trial.suggest_int("resnet_width", 16, 40, step=8)
    return ResnetConfig(
        widths=(width, 2 * width, 4 * width),
        blocks=trial.suggest_int("resnet_blocks", 1, 2),
        dropout=trial.suggest_float("resnet_dropout", 0.0, 0.5),
    )


ARCHITECTURES: Mapping[str, Callable[[optuna.trial.BaseTrial], ModelConfig]] = {
    "cnn": _cnn,
    "mlp": _mlp,
    "resnet": _resnet,
}


def known_families(families: Sequence[str]) -> list[str]:
    """Return families in the order in which a search begins with them, the best known first.

    Raises
    ------
    UsageError
        If one is unknown, or none is given.
    """
    unknown = sorted(set(families) - set(KNOWN))
    if unknown or not families:
        raise UsageError(f"The search knows the families {', '.join(KNOWN)}, but got {', '.join(unknown) or 'none'}.")
    return [family for family in KNOWN if family in families]


def known_points(families: Sequence[str]) -> list[Mapping[str, Any]]:
    """Return the points that a search over these families starts with."""
    return [KNOWN[family] for family in known_families(families)]


def suggest_recipe(trial: optuna.trial.BaseTrial, families: Sequence[str], *, mirror: bool = True) -> Recipe:
    """Choose a recipe: a model's config and the settings of its training.

    Parameters
    ----------
    trial
        Optuna's; every parameter's name begins with the family's, so that each family has a space of its own.
    families
        What may be chosen from.
    mirror
        Whether mirror images may count as images of the same class.
    """
    family = trial.suggest_categorical("family", [name for name in KNOWN if name in families])
    model = ARCHITECTURES[family](trial)
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
    )
    return Recipe(model, training)


def recipe_of(params: Mapping[str, Any], families: Sequence[str], *, mirror: bool = True) -> Recipe:
    """Return the recipe that a point of the space stands for."""
    return suggest_recipe(optuna.trial.FixedTrial(dict(params)), families, mirror=mirror)
