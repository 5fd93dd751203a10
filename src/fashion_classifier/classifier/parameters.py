"""The constructor's parameters, as settings that the rest of the house understands; checked when `fit` needs them."""

from __future__ import annotations

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
