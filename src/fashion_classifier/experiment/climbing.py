"""The models that a run made anyway, in the order of a ladder: what each adds to the one before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fashion_classifier.errors import DataError, Fault
from fashion_classifier.evaluation.ladder import Climber
from fashion_classifier.evidence.repeats import RungRecipe
from fashion_classifier.experiment.record import STAGES, RunFolder
from fashion_classifier.experiment.stages import ONE_VIEW, MadeModel
from fashion_classifier.models.catalogue import config_from, settings_of
from fashion_classifier.models.settings import ModelConfig
from fashion_classifier.training.config import TrainConfig
from fashion_classifier.training.recipes.recipe import Recipe
from fashion_classifier.training.train import batch_size_for
from fashion_classifier.tuning.study import Search
from fashion_classifier.tuning.trials import Trial

VIEWS = {"mirrored": "two views", "shifted": "ten views"}
STAGE = "rungs"


@dataclass(frozen=True, eq=False)
class SearchedRung:
    """A rung that a search gives.

    Parameters
    ----------
    climber
        As it was judged in the search.
    recipe
        By which it can be trained again.
    is_chosen
        Whether it is what the search chose.
    """

    climber: Climber
    recipe: Recipe
    is_chosen: bool


def climb_search(search: Search, chosen: Trial, initial: ModelConfig) -> list[SearchedRung]:
    """Return the rungs that a search gives: trial 0, the best trial of the initial model's family, and the chosen one.

    A rung of the initial model's family comes before those of others, so that each step changes one thing more.
    """
    complete = [trial for trial in search.trials() if trial.state == "complete"]
    own = [trial for trial in complete if trial.params["family"] == initial.family]
    best_of_own = max(own, key=lambda trial: trial.accuracy or 0.0, default=None)
    wanted = [
        (next((trial for trial in complete if trial.index == 0), None), "a recipe that is known to do well"),
        (best_of_own, "the best settings that the search found for the initial model’s family"),
        (chosen, "what the search chose among all families"),
    ]
    rungs: dict[int, tuple[Trial, str]] = {}
    for trial, change in wanted:
        if trial is not None and trial.index not in rungs:
            rungs[trial.index] = (trial, change)
    ordered = sorted(rungs.values(), key=lambda rung: rung[0].params["family"] != initial.family)
    found = []
    for trial, change in ordered:
        predicted = search.predicted(trial)
        if predicted is not None:
            recipe = search.recipe(trial)
            passes = _passes(trial.steps or 0, recipe.training.batch_size, len(search.workshop.split.training))
            climber = Climber(f"Trial {trial.index}, {trial.params['family']}", change, predicted, passes)
            found.append(SearchedRung(climber, recipe, trial.index == chosen.index))
    return found


def keep_rungs(folder: RunFolder, rungs: Sequence[SearchedRung]) -> None:
    """Write down how the rungs that were not chosen are trained again."""
    folder.finish_stage(
        STAGE,
        [
            {
                "title": rung.climber.title,
                "change": rung.climber.change,
                "family": rung.recipe.model.family,
                "config": settings_of(rung.recipe.model),
                "recipe": rung.recipe.training.to_dict(),
            }
            for rung in rungs
            if not rung.is_chosen
        ],
    )


def kept_rungs(folder: RunFolder) -> list[RungRecipe]:
    """Read what `keep_rungs` wrote; empty where there was no search.

    Raises
    ------
    DataError
        If it is damaged.
    """
    try:
        return [
            RungRecipe(
                rung["title"],
                rung["change"],
                Recipe(config_from(rung["family"], rung["config"]), TrainConfig.from_dict(rung["recipe"])),
            )
            for rung in folder.stage(STAGE) or []
        ]
    except DataError:
        raise
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        place = str(folder.path / STAGES / f"{STAGE}.json")
        raise DataError(Fault(place, f"it holds no rungs ({error})", "Start the run anew")) from error


def climb(
    initial: MadeModel, searched: Sequence[Climber], optimized: MadeModel, n_training: int, *, is_chosen: bool = True
) -> list[Climber]:
    """Return all rungs of a run, from the initial to the optimized model before its retraining.

    Parameters
    ----------
    n_training
        Number of training images.
    is_chosen
        Whether the optimized model is what the search chose; otherwise it came in its place.
    """
    lengths = [
        _passes(made.result.steps, made.result.recipe["batch_size"], n_training) for made in (initial, optimized)
    ]
    climbers = [
        Climber("Initial model", "as most would begin", _predicted(initial, "validation"), lengths[0]),
        *searched,
    ]
    if optimized.model is not initial.model:
        longer = "trained to its end" if searched else "another network, another recipe"
        one_view = ONE_VIEW if ONE_VIEW in optimized.probabilities else "validation"
        title = "Chosen configuration" if is_chosen else "In its place"
        if not is_chosen:
            longer = "the best model besides, as the full training failed"
        climbers.append(Climber(title, longer, _predicted(optimized, one_view), lengths[1]))
        if one_view == ONE_VIEW:
            views = VIEWS[optimized.model.how.views]
            averaged = f"predictions are averages of {views}"
            climbers.append(Climber("Averaged views", averaged, _predicted(optimized, "validation"), lengths[1]))
    return climbers


def _passes(n_steps: int, batch_size: int, n_training: int) -> float:
    """Return how often as many images as there are to learn from were learned from."""
    return n_steps * batch_size_for(n_training, batch_size) / n_training


def _predicted(made: MadeModel, split: str) -> NDArray[np.int64]:
    """Return the labels that a model predicted."""
    predicted: NDArray[np.int64] = made.probabilities[split].argmax(1)
    return predicted
