"""Optimization: what was searched and chosen, and what that gained over the recipe known beforehand."""

from __future__ import annotations

from collections.abc import Iterator

from fashion_classifier.evaluation.comparison import NOT_DISTINGUISHABLE
from fashion_classifier.reporting.evidence import Evidence
from fashion_classifier.reporting.results import RunResults, SearchFacts
from fashion_classifier.reporting.wording import (
    counted,
    duration,
    listed,
    percent,
    probability_of_chance,
    setting_name,
    share,
    signed_points,
)

_TRIAL_0 = "Trial 0, the recipe known beforehand"


def optimization(results: RunResults) -> Iterator[str]:
    """Say what the search for hyperparameters did, and what for, and where the gain came from."""
    if results.search is None:
        yield "No search for hyperparameters was made in this run: all settings were given."
    else:
        yield from _searched(results.search)
    yield from _where_the_gain_came_from(results.evidence)


def _searched(search: SearchFacts) -> Iterator[str]:
    """Say what a search did."""
    yield _what_was_searched(search)
    yield _what_it_gained(search)
    yield from _what_was_chosen(search)
    for family, importance in search.importance.items():
        if importance:
            name, part = max(importance.items(), key=lambda item: item[1])
            variance = f"{percent(part, 0)} of the variance between trials"
            yield f"In {family}, {setting_name(name)} mattered most: {variance}."


def _what_was_searched(search: SearchFacts) -> str:
    """Say how many trials there were and how they ended."""
    trials = [trial for trial in search.trials if trial.purpose == "search"]
    finished = [trial for trial in trials if trial.state == "complete"]
    numbers = {end: sum(trial.state == end for trial in trials) for end in ("pruned", "failed")}
    ends = [f"{counted(n, 'trial')} {end}" for end, n in numbers.items() if n]
    families = sorted({trial.family for trial in finished})
    among = f" in {counted(len(families), 'family', 'families')} ({listed(families, 5)})" if families else ""
    rest = f"; {listed(ends)}" if ends else ""
    return (
        f"The search finished {counted(len(finished), 'trial')}{among} within {duration(search.seconds)}, "
        f"{search.epochs_per_trial} each, and the confirmation of its finalists{rest}."
    )


def _what_it_gained(search: SearchFacts) -> str:
    """Say what the chosen trial has over the recipe that was known beforehand."""
    if search.chosen == 0:
        return f"{_TRIAL_0}, was itself the one chosen: the search gained nothing over it."
    if search.gain is None:
        return f"{_TRIAL_0}, did not finish, so that what the search gained over it is not known."
    chance = probability_of_chance(search.gain.p_value)
    gain = f"{signed_points(search.gain.difference)} in cross-validation accuracy, {chance}"
    if search.gain.verdict == NOT_DISTINGUISHABLE:
        return f"The chosen trial is not distinguishable from trial 0, the recipe known beforehand: {gain}."
    return f"The chosen trial is {search.gain.verdict} than trial 0, the recipe known beforehand: {gain}."


def _what_was_chosen(search: SearchFacts) -> Iterator[str]:
    """Say what the chosen trial reached, and how far to trust that."""
    why = (
        "It is the recipe that is known to work, and no other trial was distinguishably better."
        if search.chosen == 0
        else "Chosen as the best of several by these very images, it is flattered by them."
    )
    for row in search.leaderboard:
        if row.trial == search.chosen:
            yield (
                f"Trial {search.chosen} ({row.family}) was chosen, with {share(row.accuracy)} of the "
                f"cross-validation images correct after its short training. {why} The test set, by which nothing was "
                "chosen, is the measure."
            )


def _where_the_gain_came_from(evidence: Evidence) -> Iterator[str]:
    """Name the largest step of the ladder over seeds, where all rungs learn equally long, and what retraining gained.

    The single models of a run learned for very different times: which of their steps is the largest says little.
    """
    steps = [(rung.title, rung.step.mean) for rung in evidence.repeated_ladder if rung.step is not None]
    sure = [(title, step) for title, step in steps if step.low > 0]
    if len(steps) > 1 and sure:
        title, step = max(sure, key=lambda named: named[1].value)
        yield (
            f"Of {counted(len(steps), 'step')} from the initial model to the optimized one, the largest is that to "
            f"“{title}”: {signed_points(step)} on the cross-validation images over "
            f"{counted(len(evidence.repeated_ladder[0].accuracy.values), 'seed')}, all rungs trained equally long."
        )
    elif len(steps) > 1:
        yield "No single step from the initial model to the optimized one stands out from what the seed does."
    if evidence.retraining is not None:
        gain = evidence.retraining.step
        yield (
            f"Retraining with more images gained {signed_points(gain.difference)} on "
            f"{counted(evidence.retraining.n_folds, 'inner fold')}, {probability_of_chance(gain.p_value)}."
        )
