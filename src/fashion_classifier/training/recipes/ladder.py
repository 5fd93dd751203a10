"""Which recipe for which budget: told by the images that can be learned from, so that fast machines climb higher."""

from __future__ import annotations

from fashion_classifier.errors import UsageError
from fashion_classifier.training.recipes.data_centre import DATA_CENTRE
from fashion_classifier.training.recipes.five_minutes import FIVE_MINUTES
from fashion_classifier.training.recipes.half_hour import HALF_HOUR
from fashion_classifier.training.recipes.initial import INITIAL
from fashion_classifier.training.recipes.one_minute import ONE_MINUTE
from fashion_classifier.training.recipes.perceptron import PERCEPTRON
from fashion_classifier.training.recipes.recipe import Recipe
from fashion_classifier.training.recipes.residual import RESIDUAL
from fashion_classifier.training.recipes.small import SMALL
from fashion_classifier.training.recipes.two_minutes import TWO_MINUTES
from fashion_classifier.training.recipes.wide import WIDE

RECIPES = {
    "initial": INITIAL,
    "perceptron": PERCEPTRON,
    "one-minute": ONE_MINUTE,
    "two-minutes": TWO_MINUTES,
    "five-minutes": FIVE_MINUTES,
    "half-hour": HALF_HOUR,
    "residual": RESIDUAL,
    "small": SMALL,
    "wide": WIDE,
    "data-centre": DATA_CENTRE,
}

# From how many images on, each counted as often as it is learned from by `one-minute`'s network in the same time, a
# recipe is the best that is known for its family; the first family's rungs are also those of "auto".
LADDERS: dict[str, tuple[tuple[float, str], ...]] = {
    "cnn": ((0, "one-minute"), (350_000, "two-minutes"), (900_000, "five-minutes"), (3_500_000, "half-hour")),
    "mlp": ((0, "perceptron"),),
    "resnet": ((0, "residual"),),
}

# For GPUs: from how many images on that `wide`'s own network can learn from, repetitions counted.
GPU_LADDER = ((250_000, "wide"), (2_000_000, "data-centre"))


def recipe_named(name: str) -> Recipe:
    """Look up a recipe.

    Raises
    ------
    UsageError
        If there is none of that name.
    """
    if name not in RECIPES:
        raise UsageError(f"There is no recipe {name!r}; there are {', '.join(RECIPES)}.")
    return RECIPES[name]


def has_rungs(family: str) -> bool:
    """Tell whether a family has more than one recipe, so that the budget matters; an unknown one has none."""
    return len(LADDERS.get(family, ())) > 1


def name_for(family: str, n_images: float, *, single: bool = False) -> str:
    """Return the name of the recipe for a budget.

    Parameters
    ----------
    family
        "cnn", "mlp" or "resnet".
    n_images
        Training images that `one-minute`'s network could learn from in the time that there is, repetitions counted.
    single
        Whether one network is wanted rather than several that vote.

    Raises
    ------
    UsageError
        If the family has no recipes.
    """
    if family not in LADDERS:
        raise UsageError(f"There are no recipes for the family {family!r}; there are some for {', '.join(LADDERS)}.")
    reached = [name for least, name in LADDERS[family] if n_images >= least]
    if single:
        reached = [name for name in reached if RECIPES[name].model.family != "ensemble"]
    return reached[-1]


def name_for_gpu(n_images: float) -> str | None:
    """Return the name of the recipe for a budget on a GPU, or None where a smaller network does better.

    Parameters
    ----------
    n_images
        Training images that `wide`'s network could learn from in the time that there is, repetitions counted.
    """
    reached = [name for least, name in GPU_LADDER if n_images >= least]
    return reached[-1] if reached else None
