"""The search for hyperparameters, trial after trial."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from fashion_classifier.reporting.figures.labels import Labels
from fashion_classifier.reporting.figures.lettering import SMALL, drawing
from fashion_classifier.reporting.figures.palette import INK, MUTED, OPTIMIZED, Signs, family_signs
from fashion_classifier.reporting.figures.sheet import (
    MARGIN,
    WIDTH,
    KeyEntry,
    Sheet,
    annotate,
    describe,
    not_far_off,
    show_grid,
)
from fashion_classifier.reporting.results import SearchFacts, TrialFacts
from fashion_classifier.reporting.wording import counted, percent

_LEFT, _RIGHT, _HEIGHT, _LANE = 48.0, 14.0, 190.0, 17.0
_WIDTH = WIDTH - 2 * MARGIN - _LEFT - _RIGHT
_LANES = {
    "pruned": "stopped",
    "failed": "failed",
}  # states of trials that did not finish -> their lane's name


class _Finished(NamedTuple):
    """A finished trial's place in the figure."""

    minutes: float
    accuracy: float
    trial: TrialFacts


def search_progress(search: SearchFacts) -> Figure:
    """Draw each trial's cross-validation accuracy at the time when it ended, and the best so far.

    Families differ in colour and marker. Trials that were stopped or failed have lanes of their own, since
    what they had reached cannot be compared. Trial 0 and the chosen one are named.
    """
    signs = search_signs(search)
    lanes = [state for state in _LANES if any(trial.state == state for trial in search.trials)]
    bottom = _HEIGHT + 6 + _LANE * len(lanes)
    with drawing():
        sheet = Sheet(
            bottom + 28,
            title="The search, trial by trial",
            notes=(
                f"{_states(search)}; {search.epochs_per_trial} each.",
                "Cross-validation accuracy.",
            ),
            key=_key(search, signs),
        )
        end = max((_ended(trial) for trial in search.trials), default=1.0)
        panels = [sheet.axes(MARGIN + _LEFT, 0, _WIDTH, _HEIGHT)]
        panels[0].set_xlim(0, end)
        _draw_finished(panels[0], search, signs)
        for i, state in enumerate(lanes):
            top = _HEIGHT + 6 + _LANE * i
            sheet.write(MARGIN + _LEFT - 6, top + 12, _LANES[state], size=SMALL, colour=MUTED, side="right")
            panels.append(sheet.axes(MARGIN + _LEFT, top, _WIDTH, _LANE))
            panels[-1].set_xlim(0, end)
            _draw_lane(panels[-1], [trial for trial in search.trials if trial.state == state], signs)
        show_grid(panels[-1], "x", n_ticks=5)
        panels[-1].xaxis.grid(visible=False)
        sheet.write(WIDTH - MARGIN - _RIGHT, bottom + 28, "minutes", size=SMALL, colour=MUTED, side="right")
    describe(sheet.figure, _in_words(search))
    return sheet.figure


def search_signs(search: SearchFacts) -> Signs:
    """Give each family its colour and marker, the same in all figures of the search."""
    return family_signs(trial.family for trial in search.trials)


def _draw_finished(axes: Axes, search: SearchFacts, signs: Signs) -> None:
    """Draw the finished trials, the best so far, and the names of trial 0 and the chosen one."""
    finished = _finished(search)
    if not finished:
        middle: dict[str, Any] = {"x_in": "axes fraction", "y_in": "axes fraction", "side": "center"}
        annotate(axes, 0.5, 0.5, "No trial was finished.", **middle)
        return
    shown = not_far_off(np.array([place.accuracy for place in finished]), larger_is_better=True)
    margin = 0.1 * float(np.ptp(shown)) or 0.005
    low = float(shown.min()) - 1.6 * margin
    axes.set_ylim(low, float(shown.max()) + 1.6 * margin)
    show_grid(axes, "y", per_cent=True)
    _draw_best(axes, [place for place in finished if place.trial.purpose == "search"])
    labels = Labels(axes, _WIDTH, _HEIGHT)
    for minutes, accuracy, trial in finished:
        _draw_trial(axes, minutes, max(accuracy, low), trial, signs)
        labels.keep_free(minutes, max(accuracy, low))
        if accuracy < low:
            annotate(axes, minutes, low, f"↓\u00a0{percent(accuracy)}", dx=7, dy=3, colour=MUTED)
    _name_trials(labels, search.chosen, {place.trial.number: place for place in finished if place.accuracy >= low})


def _draw_best(axes: Axes, places: Sequence[_Finished]) -> None:
    """Draw the best accuracy so far as a line of steps, up to the end of the search."""
    if places:
        heights = np.maximum.accumulate([place.accuracy for place in places]).tolist()
        times = [*(place.minutes for place in places), axes.get_xlim()[1]]
        axes.step(times, [*heights, heights[-1]], where="post", color=INK, lw=1.2, alpha=0.6)


def _draw_trial(axes: Axes, minutes: float, accuracy: float, trial: TrialFacts, signs: Signs) -> None:
    """Draw one trial's sign, an outline where a finalist was trained again with another seed."""
    colour, marker = signs[trial.family]
    face = "none" if trial.purpose == "confirmation" else colour
    axes.plot([minutes], [accuracy], marker, color=colour, mfc=face, ms=7, mew=1.3, clip_on=False, zorder=3)


def _name_trials(labels: Labels, chosen: int, places: dict[int, _Finished]) -> None:
    """Name the chosen trial, in a ring, and trial 0."""
    if chosen in places:
        minutes, accuracy, _ = places[chosen]
        ring: dict[str, Any] = {
            "mfc": "none",
            "mec": OPTIMIZED,
            "ms": 14,
            "mew": 1.8,
            "clip_on": False,
            "zorder": 4,
        }
        labels.axes.plot([minutes], [accuracy], "o", **ring)
        labels.keep_free(minutes, accuracy, radius=8.0)
        text = f"trial {chosen}, chosen: {percent(accuracy)}"
        labels.write(minutes, accuracy, text, above=True, colour=OPTIMIZED, weight="bold")
    if 0 in places and chosen != 0:
        minutes, accuracy, _ = places[0]
        labels.write(minutes, accuracy, f"trial 0: {percent(accuracy)}", above=False)


def _draw_lane(axes: Axes, trials: Sequence[TrialFacts], signs: Signs) -> None:
    """Draw trials that did not finish where they ended: stopped ones faint, failed ones as crosses."""
    axes.set_ylim(0, 1)
    axes.axhline(0.5, color=MUTED, lw=0.5, alpha=0.3, zorder=0)
    for trial in trials:
        colour, marker = signs[trial.family]
        sign, face = ("x", colour) if trial.state == "failed" else (marker, (colour, 0.35))
        axes.plot([_ended(trial)], [0.5], sign, color=colour, ms=6, mew=1.6, mfc=face, clip_on=False)


def _key(search: SearchFacts, signs: Signs) -> list[KeyEntry]:
    """Say what the signs mean."""
    key = [KeyEntry(family, colour, marker=marker) for family, (colour, marker) in signs.items()]
    if any(place.trial.purpose == "confirmation" for place in _finished(search)):
        key.append(KeyEntry("finalists, trained again", MUTED, marker="o", hollow=True))
    return [*key, KeyEntry("best so far", MUTED, line="-")]


def _finished(search: SearchFacts) -> list[_Finished]:
    """Give the finished trials in the order in which they ended."""
    places = (
        _Finished(_ended(t), t.accuracy, t) for t in search.trials if t.accuracy is not None and t.state == "complete"
    )
    return sorted(places, key=lambda place: place.minutes)


def _ended(trial: TrialFacts) -> float:
    """Give the minutes after which a trial ended."""
    return (trial.started_after + trial.seconds) / 60


def _states(search: SearchFacts) -> str:
    """Count the trials by how they ended, confirmations left out."""
    trials = [trial for trial in search.trials if trial.purpose == "search"]
    n_finished = sum(trial.state == "complete" for trial in trials)
    words = [f"{n_finished} of {counted(len(trials), 'trial')} finished"]
    for state, name in _LANES.items():
        if n := sum(trial.state == state for trial in trials):
            words.append(f"{n} {name}")
    return ", ".join(words)


def _in_words(search: SearchFacts) -> str:
    """Say what the search found."""
    accuracies = {place.trial.number: place.accuracy for place in _finished(search)}
    words = f"The search, trial by trial: {_states(search)}."
    for number, name in {0: "Trial 0", search.chosen: f"The chosen trial {search.chosen}"}.items():
        if number in accuracies:
            words += f" {name} reached {percent(accuracies[number])} cross-validation accuracy."
    return words
