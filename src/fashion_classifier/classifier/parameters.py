"""The constructor's parameters, as settings that the rest of the house understands; checked when `fit` needs them."""

from __future__ import annotations

from typing import Any

import numpy as np

from fashion_classifier.errors import UsageError
from fashion_classifier.experiment.settings import RunConfig
from fashion_classifier.experiment.training import AUTO_MODEL, least_recipe
from fashion_classifier.training.recipes.ladder import LADDERS, RECIPES

TABLE_MODELS = (AUTO_MODEL, "mlp")


def family_and_recipe(model: str) -> tuple[str, str]:
    """Return the family and the recipe that a model's name means, as `choose_recipe` takes them.

    Raises
    ------
    UsageError
        If it is neither a family nor a recipe.
    """
    if model not in (AUTO_MODEL, *LADDERS, *RECIPES):
        raise UsageError(
            f"model must be {AUTO_MODEL!r}, one of the families {', '.join(LADDERS)}, or one of the recipes "
            f"{', '.join(RECIPES)}, but got {model!r}."
        )
    return (AUTO_MODEL, model) if model in RECIPES else (model, "")


def check_table_model(model: str) -> None:
    """Check that a model is one for tables.

    Raises
    ------
    UsageError
        If it is not.
    """
    if model not in TABLE_MODELS:
        raise UsageError(
            f"A table, which X is, has no model {model!r}: give {' or '.join(map(repr, TABLE_MODELS))}, or if X holds "
            "images, their `image_shape`."
        )


def plain(value: Any) -> Any:
    """Turn a parameter that came out of an array, as those of a grid may, into Python's own."""
    if isinstance(value, tuple | list):
        return tuple(map(plain, value))
    return value.item() if isinstance(value, np.generic) else value


def run_config(
    *,
    model: str,
    minutes: float | None,
    epochs: float | None,
    validation_fraction: float,
    mirror: bool,
    device: str,
    seed: int,
) -> RunConfig:
    """Return the parameters as a run's settings; without a budget, with the epochs of the least recipe.

    Raises
    ------
    UsageError
        If one of them cannot be.
    """
    minutes, epochs, validation_fraction, mirror = map(plain, (minutes, epochs, validation_fraction, mirror))
    _check_kinds(minutes=minutes, epochs=epochs, validation_fraction=validation_fraction, mirror=mirror)
    if minutes is None and epochs is None:
        epochs = least_recipe(*family_and_recipe(model)).training.epochs
    return RunConfig(
        minutes=minutes,
        epochs=epochs,
        trials=0,
        mirror=mirror,
        validation_fraction=validation_fraction or RunConfig.validation_fraction,  # 0 holds nothing back
        seed=seed,
        device=device,
    )


def _check_kinds(*, mirror: Any, validation_fraction: Any, **limits: Any) -> None:
    """Check that what shall be a number is one, and what shall be yes or no."""
    faults = [
        f"{name} must be a number or None, but got {value!r}"
        for name, value in limits.items()
        if value is not None and not _is_number(value)
    ]
    if not _is_number(validation_fraction):
        faults.append(f"validation_fraction must be a number, but got {validation_fraction!r}")
    if not isinstance(mirror, bool):
        faults.append(f"mirror must be True or False, but got {mirror!r}")
    if faults:
        raise UsageError(f"{'; '.join(faults)}.")


def _is_number(value: Any) -> bool:
    """Tell whether a value is a number; yes and no are none."""
    return isinstance(value, int | float) and not isinstance(value, bool)
