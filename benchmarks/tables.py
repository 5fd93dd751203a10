"""From rows of results to tables: for each setting what was measured last, as mean, deviation and single values."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table as RichTable

from common import Row, spread

KINDS = {"validation": "cross-validation", "test": "test"}

DETAILS = {
    "machine",
    "commit",
    "settings",
    "network",
    "single seeds",
}  # columns for RESULTS.md, too wide for a terminal


@dataclass(frozen=True)
class Table:
    """A table that can be printed or written as Markdown.

    Parameters
    ----------
    title
        What it shows, and by which script.
    columns
        Their headings.
    rows
        As many cells as columns each.
    note
        A paragraph below it; may be empty.
    """

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str = ""


def print_table(table: Table) -> None:
    """Print a table for people, without its details."""
    kept = [number for number, column in enumerate(table.columns) if column not in DETAILS]
    shown = RichTable(*(table.columns[number] for number in kept), title=table.title.replace("`", ""))
    for row in table.rows:
        shown.add_row(*(row[number].replace("**", "") for number in kept))
    console = Console()
    console.width = max(console.width, 110)
    console.print(shown)


def markdown(table: Table) -> str:
    """Write a table, with its title as a heading."""
    lines = [table.columns, ["---"] * len(table.columns), *table.rows]
    body = "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
    return "\n\n".join(part for part in (f"## {table.title}", body, table.note) if part)


def latest(rows: Iterable[Row], keys: Sequence[str]) -> list[list[Row]]:
    """Group rows by the values of some keys and by machine; of each group keep the commit that was measured last.

    Of two rows for one seed the later counts.
    """
    groups: dict[tuple[object, ...], list[Row]] = {}
    for row in rows:
        groups.setdefault((row["machine"], *(row.get(key) for key in keys)), []).append(row)
    found = []
    for group in groups.values():
        of_commit = [row for row in group if row["commit"] == group[-1]["commit"]]
        found.append([*{row.get("seed"): row for row in of_commit}.values()])
    return found


def summary_of_runs(rows: Sequence[Row]) -> Table:
    """Show time to accuracy: a line for each kind, budget and way of computing."""
    groups = latest(rows, ("kind", "isa", "device", "threads", "minutes", "asked"))
    groups.sort(
        key=lambda group: tuple(group[0].get(name, "") for name in ("machine", "kind", "isa", "asked", "minutes"))
    )
    return Table(
        "Time to accuracy: `fashion train --minutes N` (`time_to_accuracy.py`)",
        [
            "minutes",
            "images",
            "n",
            "accuracy",
            "single seeds",
            "seconds, whole process",
            "network",
            "machine",
            "commit",
        ],
        [
            [
                f"{group[0]['minutes']:g}",
                KINDS[group[0]["kind"]],
                *_scores(group),
                f"{group[0].get('asked') or group[0]['family']}, {group[0]['n_parameters']:,} weights",
                _computed_on(group[0]),
                group[0]["commit"],
            ]
            for group in groups
        ],
    )


def summary_of_peers(rows: Sequence[Row]) -> Table:
    """Show what a user would have instead."""
    groups = latest(rows, ("kind", "peer"))
    groups.sort(key=lambda group: (group[0]["machine"], group[0]["kind"], _mean_accuracy(group)))
    return Table(
        "What a user would have instead, same pixels and cores (`peers.py`)",
        ["peer", "images", "n", "accuracy", "single seeds", "seconds, whole process", "settings", "machine", "commit"],
        [
            [
                f"{group[0]['peer']} ({_versions(group[0]['peer_versions'])})",
                KINDS[group[0]["kind"]],
                *_scores(group),
                ", ".join(f"{name}={value}" for name, value in group[0]["settings"].items()) or "defaults",
                group[0]["machine"],
                group[0]["commit"],
            ]
            for group in groups
        ],
    )


def summary_of_searches(rows: Sequence[Row]) -> Table:
    """Show the searches at equal wall time."""
    groups = latest(rows, ("minutes", "method"))
    groups.sort(key=lambda group: (group[0]["machine"], group[0]["minutes"], -_mean_accuracy(group)))
    return Table(
        "Searching at equal wall time (`tuning.py`)",
        ["minutes", "search", "n", "best cross-validation", "single seeds", "trials (complete)", "machine", "commit"],
        [
            [
                f"{group[0]['minutes']:g}",
                group[0]["method"],
                *_scores(group)[:3],
                ", ".join(f"{row['trials']} ({row['complete']})" for row in group),
                group[0]["machine"],
                group[0]["commit"],
            ]
            for group in groups
        ],
    )


def summary_of_prediction(rows: Sequence[Row]) -> Table:
    """Show the runtimes side by side."""
    groups = latest(rows, ("model", "n_parameters", "runtime", "precision", "views"))
    return Table(
        "Prediction (`prediction.py`)",
        [
            "network",
            "runtime",
            "precision",
            "views",
            "images/s, batch 256",
            "one image, ms",
            "share of the peak",
            "cross-validation",
            "as float32",
            "machine",
            "commit",
        ],
        [
            [
                f"{row['family']}, {row['mflop_per_image']:.1f} MFLOP",
                row["runtime"],
                row["precision"],
                row["views"],
                f"{row['images_per_s']:,.0f}",
                f"{row['one_image_ms']:.3f}",
                f"{row['share_of_peak']:.1%} of {row['peak_tflops']:.2f} TFLOP/s ({row['peak_of']})",
                f"{row['accuracy']:.2f}",
                f"{row['agreement']:.2f} %",
                row["machine"],
                row["commit"],
            ]
            for row in (group[-1] for group in groups)
        ],
        "Medians over the rounds of one run, all runtimes in turn. Views: the image alone, or the mean with its mirror "
        "image, which costs twice the operations. “As float32”: the same class as torch in float32. The peak is the "
        "most that square matrix products reached in the same run.",
    )


def summary_of_ratios(title: str, rows: Sequence[Row]) -> Table:
    """Show measurements that are ratios of medians taken side by side."""
    groups = latest(rows, ())
    cells = []
    for row in (group[-1] for group in groups):
        medians = {name: statistics.median(values) for name, values in row["seconds"].items()}
        seconds = ", ".join(f"{name} {value:.3g}" for name, value in medians.items())
        ratios = ", ".join(f"{name.replace('_', ' ')} {value:g}" for name, value in _ratios(row).items())
        cells.append([str(row["n"]), ratios, seconds, row["machine"], row["commit"]])
    return Table(title, ["n", "ratios", "seconds (medians)", "machine", "commit"], cells)


def summary_of_main_job(rows: Sequence[Row]) -> Table:
    """Show the main job."""
    groups = latest([{"kind": "test", **row} for row in rows], ("minutes", "kind"))
    return Table(
        "The main job: `fashion run --data SIX_CSV --minutes N` (`main_job.py`)",
        ["minutes", "images", "n", "initial", "optimized", "single seeds", "seconds", "trials", "machine", "commit"],
        [
            [
                f"{row['minutes']:g}",
                KINDS[row["kind"]],
                str(row["n"]),
                row["initial"],
                f"**{row['optimized']}**",
                ", ".join(f"{value:.2f}" for value in row["accuracies"]["optimized"]),
                row["seconds"],
                ", ".join(map(str, row["trials"])),
                row["machine"],
                row["commit"],
            ]
            for row in (group[-1] for group in groups)
        ],
    )


def summary_of_photographs(rows: Sequence[Row]) -> Table:
    """Return what each model last said of each half of the photographs, beside what it says without our path."""
    last = {(row["half"], row["model"]): row for row in rows}
    return Table(
        title="From a photograph to a garment (`photographs.py`)",
        columns=[
            *("half", "model", "photographs of six kinds", "balanced accuracy", "interval"),
            *(
                "grey",
                "negated",
                "authors' recipe",
                "strangers refused at 90 % accepted",
                "sets that hold it, classes in a set",
                "single kinds",
                "commit",
            ),
        ],
        rows=[
            [
                half,
                model,
                str(sum(row["n"][kind] for kind in row["ours"]["per_kind"] if kind != "shoes")),
                f"**{row['ours']['balanced_accuracy']:.1%}** ± {100 * row['ours']['standard_error']:.1f}",
                " to ".join(f"{100 * end:.0f}" for end in row["ours"]["interval"]),
                *(f"{row['baselines'][name]['balanced_accuracy']:.0%}" for name in row["baselines"]),
                f"{row['refusal']['at_90_accepted']:.0%}",
                f"{row['sets']['coverage']:.0%}, {row['sets']['mean_size']:.1f}" if row.get("sets") else "–",
                ", ".join(f"{kind} {share:.0%}" for kind, share in row["ours"]["per_kind"].items()),
                row["commit"],
            ]
            for (half, model), row in last.items()
        ],
        note="± is the standard error over photographs, stratified by kind. What was chosen, was chosen on the half "
        '"develop".',
    )


def summary_of_serving(rows: Sequence[Row]) -> Table:
    """Show the server under load, beside others, over very many requests, and overloaded."""
    cells = []
    for group in latest(rows, ("what", "runtime")):
        row = group[-1]
        end = [row["runtime"], row["machine"], row["commit"]]
        if row["what"] == "overload":
            for when in ("before", "during", "after"):
                name = f"fashion serve, {when} {row['connections'][1]} connections"
                cells.append([name, *_under_load({key: [value] for key, value in row[when].items()}), "", *end])
            continue
        for name, found in row["servers_measured"].items():
            memory = f"{row['resident_mb_before']:.0f} → {row['resident_mb_after']:.0f}" if "requests" in row else ""
            shown = f"{name}, {row['requests']:,} requests" if "requests" in row else name
            cells.append([shown, *_under_load(found), memory, *end])
    return Table(
        "Serving single images, keep-alive (`serving.py`)",
        [
            "server",
            "n",
            "answered/s",
            "p50, ms",
            "p99, ms",
            "shed with 503",
            "memory, MB",
            "runtime",
            "machine",
            "commit",
        ],
        cells,
        "Two cores shared with the load generator, 64 connections unless it says otherwise; all servers in turn.",
    )


def _under_load(found: Row) -> list[str]:
    """Return n, rate, times and refusals of several rounds."""
    digits = {"answered_per_s": 0, "p50_ms": 1, "p99_ms": 1}
    values = [spread(found[key], places) for key, places in digits.items()]
    return [str(len(found["p50_ms"])), *values, f"{sum(found['refused']):,}"]


SUMMARIES: dict[str, Callable[[Sequence[Row]], Table]] = {
    "main_job": summary_of_main_job,
    "time_to_accuracy": summary_of_runs,
    "peers": summary_of_peers,
    "tuning": summary_of_searches,
    "prediction": summary_of_prediction,
    "photographs": summary_of_photographs,
    "predict_folder": lambda rows: summary_of_ratios("Predicting a folder of PNG files (`predict_folder.py`)", rows),
    "start_up": lambda rows: summary_of_ratios("Start-up (`start_up.py`)", rows),
    "serving": summary_of_serving,
    "checkpointing": lambda rows: summary_of_ratios("What checkpoints cost a training (`checkpointing.py`)", rows),
    "evidence": lambda rows: summary_of_ratios("Evidence and report (`evidence.py`)", rows),
    "loading": lambda rows: summary_of_ratios("Loading the six CSV files (`loading.py`)", rows),
}


def _scores(group: Sequence[Row]) -> list[str]:
    """Return n, mean ± deviation, single values and seconds of a group."""
    accuracies = [row["accuracy"] for row in group]
    seconds = [row["seconds"] for row in group]
    single = ", ".join(f"{value:.2f}" for value in accuracies)
    return [str(len(group)), f"**{spread(accuracies)}**", single, spread(seconds, 1)]


def _mean_accuracy(group: Sequence[Row]) -> float:
    """Return the mean of a group's accuracies."""
    return statistics.mean(float(row["accuracy"]) for row in group)


def _computed_on(row: Row) -> str:
    """Say on what was computed, where that is not the machine as it is."""
    isa = f", held to {row['isa'].upper()}" if row["isa"] != "native" else ""
    device = f", {row['device']}" if row["device"] != "auto" else ""
    threads = f", {row['threads']} threads" if row["threads"] else ""
    return f"{row['machine']}{isa}{device}{threads}"


def _versions(versions: dict[str, str]) -> str:
    """Write versions in one line."""
    return ", ".join(f"{name} {number}" for name, number in versions.items())


def _ratios(row: Row) -> dict[str, float]:
    """Return a row's ratios."""
    return {name: value for name, value in row.items() if "_to_" in name}
