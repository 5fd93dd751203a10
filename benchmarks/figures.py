"""The figures of README and RESULTS.md, drawn from results/*.jsonl and nothing else.

python benchmarks/figures.py          docs/figures/time_to_accuracy.svg|png and docs/figures/tuning.svg|png
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from numpy.typing import NDArray

from common import ROOT, Row, parser, read_rows
from drawing import STYLE, accuracy_axis, key, label_ends, label_point, linear_time, logarithmic_time, page, save
from fashion_classifier.reporting.figures.palette import INITIAL, MARKERS, OPTIMIZED, SERIES
from tables import KINDS, latest

FIGURES = ROOT / "docs" / "figures"
PEER_NAMES = {
    "mlp": "scikit-learn MLP",
    "forest": "random forest",
    "boosting": "histogram boosting",
    "keras-notebook": "notebook: Keras + KerasTuner",
    "keras-cnn": "Keras example CNN",
}
SEARCH_NAMES = {
    "ours": "fashion tune",
    "random": "random search",
    "tpe": "plain TPE, no pruning",
    "keras-tuner": "notebook: KerasTuner",
}


@rc_context(STYLE)
def draw_time_to_accuracy(runs: Sequence[Row], peers: Sequence[Row], folder: Path = FIGURES) -> None:
    """Draw accuracy over time: our budgets as a line with deviations, the peers as points with their names.

    On the test images where there are such rows of ours, else on the cross-validation images; of the machine that has
    most of them.
    """
    runs = [row for row in runs if not row.get("asked")]
    kind = "test" if any(row["kind"] == "test" for row in runs) else "validation"
    machine = statistics.mode(row["machine"] for row in runs if row["kind"] == kind)
    chosen, others = (
        [row for row in rows if row["kind"] == kind and row["machine"] == machine] for rows in (runs, peers)
    )
    figure, axes = page(
        "Accuracy over time, from the start of the process to the saved model",
        f"{KINDS[kind].capitalize()} images of Fashion-MNIST, {machine}\n{_counts(chosen, others)}",
    )
    for number, series in enumerate(_series(chosen)):
        _draw_series(axes, series, number)
    groups = latest(others, ("peer",))
    for number, group in enumerate(groups):
        _draw_point(axes, group, "what a user would have instead" if number == 0 else "")
    logarithmic_time(axes, [row["seconds"] for row in [*chosen, *others]])
    accuracy_axis(axes)
    key(axes)
    for group in groups:
        label_point(axes, *_middle(group), PEER_NAMES[group[0]["peer"]])
    save(figure, folder, "time_to_accuracy")


@rc_context(STYLE)
def draw_searches(rows: Sequence[Row], folder: Path = FIGURES) -> None:
    """Draw the best accuracy so far over wall time, of the longest searches: mean over seeds, and their range."""
    machine = statistics.mode(row["machine"] for row in rows)
    minutes = max(row["minutes"] for row in rows if row["machine"] == machine)
    groups = latest([row for row in rows if (row["machine"], row["minutes"]) == (machine, minutes)], ("method",))
    groups = sorted(groups, key=lambda group: list(SEARCH_NAMES).index(group[0]["method"]))
    n_seeds = sorted({len(group) for group in groups})
    figure, axes = page(
        "Best cross-validation accuracy so far, at equal wall time",
        f"{machine}; {_seeds(n_seeds)}: mean and range",
    )
    limit = 60 * minutes
    ends = []
    for group, colour, marker in zip(groups, (OPTIMIZED, *SERIES), MARKERS, strict=False):
        times, curves = _on_one_grid(group, limit)
        mean = curves.mean(axis=0)
        axes.fill_between(times, curves.min(axis=0), curves.max(axis=0), step="post", color=colour, alpha=0.15, lw=0)
        axes.step(times, mean, where="post", color=colour, lw=2)
        axes.plot(times[-1], mean[-1], marker=marker, color=colour, ms=6, clip_on=False, zorder=4)
        ends.append((float(mean[-1]), f"{mean[-1]:.2f}  {SEARCH_NAMES[group[0]['method']]}", colour))
    low = min(curve[0][1] for group in groups for curve in (row["curve"] for row in group))
    axes.set_ylim(bottom=max(low, min(end for end, _, _ in ends) - 3))  # first trials may be far below
    linear_time(axes, limit)
    accuracy_axis(axes)
    axes.set_position((0.085, 0.125, 0.60, 0.72))
    label_ends(axes, ends)
    save(figure, folder, "tuning")


def _counts(chosen: Sequence[Row], others: Sequence[Row]) -> str:
    """Say of how many seeds the points are the mean."""
    ours = sorted({len(group) for group in latest(chosen, ("isa", "device", "threads", "minutes"))})
    peers = sorted({len(group) for group in latest(others, ("peer",))})
    text = f"Points are means of {_seeds(ours)}"
    return f"{text} ({_seeds(peers)} for what is not ours), bars are standard deviations" if peers else text


def _seeds(numbers: Sequence[int]) -> str:
    """Write the least and the greatest number of seeds."""
    if list(numbers) == [1]:
        return "a single seed"
    return f"{numbers[0]} seeds" if len(numbers) == 1 else f"{numbers[0]} to {numbers[-1]} seeds"


def _series(rows: Sequence[Row]) -> list[list[list[Row]]]:
    """Return groups of seeds, those that differ only in their budget together, the unrestricted machine first."""
    found: dict[tuple[object, ...], list[list[Row]]] = {}
    for group in latest(rows, ("isa", "device", "threads", "minutes")):
        key = tuple(group[0][name] for name in ("isa", "device", "threads"))
        found.setdefault(key, []).append(sorted(group, key=lambda row: int(row["seed"])))
    ordered = sorted(found, key=lambda key: (key[0] != "native", key))
    return [sorted(found[key], key=lambda group: float(group[0]["minutes"])) for key in ordered]


def _middle(group: Sequence[Row]) -> tuple[float, float]:
    """Return mean seconds and mean accuracy."""
    return statistics.mean(row["seconds"] for row in group), statistics.mean(row["accuracy"] for row in group)


def _deviation(group: Sequence[Row]) -> float:
    """Return the standard deviation of the accuracies; 0 for a single seed."""
    return statistics.stdev([row["accuracy"] for row in group]) if len(group) > 1 else 0.0


def _draw_series(axes: Axes, series: Sequence[Sequence[Row]], number: int) -> None:
    """Draw our budgets, each with its accuracy: above the first line, below the others."""
    points = [_middle(group) for group in series]
    seconds, accuracies = zip(*points, strict=True)
    colour, line = (OPTIMIZED, "-") if number == 0 else (SERIES[(number - 1) % len(SERIES)], "--")
    axes.errorbar(
        seconds,
        accuracies,
        [_deviation(group) for group in series],
        color=colour,
        ls=line,
        lw=2,
        marker=MARKERS[number % len(MARKERS)],
        ms=6.5,
        capsize=3,
        label=_name_of(series[0][0]),
    )
    place: dict[str, Any] = {"xytext": (-4, 9), "ha": "right"} if number == 0 else {"xytext": (6, -15), "ha": "left"}
    for x, y in points:
        axes.annotate(f"{y:.1f}", (x, y), textcoords="offset points", color=colour, fontweight="bold", **place)


def _name_of(row: Row) -> str:
    """Name a line: our command, and how it was held."""
    held = f", held to {str(row['isa']).upper()}" if row["isa"] != "native" else ""
    device = f", {row['device']}" if row["device"] != "auto" else ""
    threads = f", {row['threads']} threads" if row["threads"] else ""
    return f"fashion train --minutes N{held}{device}{threads}"


def _draw_point(axes: Axes, group: Sequence[Row], entry: str) -> None:
    """Draw a peer; `entry` stands in the key, where it is not empty."""
    x, y = _middle(group)
    axes.errorbar(x, y, _deviation(group), color=INITIAL, ls="", marker="D", ms=6, capsize=3, label=entry)


def _on_one_grid(group: Sequence[Row], limit_s: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return times from when all seeds have a value, and each seed's best so far at them, (n seeds, n times)."""
    begin = max(row["curve"][0][0] for row in group)
    times = np.unique([begin, limit_s, *(at for row in group for at, _ in row["curve"] if begin <= at <= limit_s)])
    curves = []
    for row in group:
        at, best = np.array(row["curve"]).T
        curves.append(best[np.searchsorted(at, times, side="right") - 1])
    return times, np.array(curves)


def main() -> None:
    """Draw what there are rows for."""
    made = parser(__doc__)
    made.add_argument("--figures", type=Path, default=FIGURES, metavar="FOLDER")
    arguments = made.parse_args()
    runs, searches = (read_rows(name, arguments.results) for name in ("time_to_accuracy", "tuning"))
    if runs:
        draw_time_to_accuracy(runs, read_rows("peers", arguments.results), arguments.figures)
    if searches:
        draw_searches(searches, arguments.figures)


if __name__ == "__main__":
    main()
