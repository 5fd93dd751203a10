"""`fashion runs`: what has been run, and taking runs away."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fashion_classifier.cli.asking import Yes, agreed
from fashion_classifier.cli.completion import complete_runs
from fashion_classifier.cli.help import Command, GroupWithFirst
from fashion_classifier.cli.options import Json
from fashion_classifier.cli.output import output, percent

if TYPE_CHECKING:
    from fashion_classifier.experiment.record import RunFolder


app = typer.Typer(
    cls=GroupWithFirst,
    help="List the runs in a folder with what came out of them, or remove some.\n\n"
    "Without a command: list, as in `fashion runs FOLDER`.\n\n"
    "Examples:\n\n  fashion runs\n\n  fashion runs elsewhere/runs --json\n\n"
    "  fashion runs remove runs/2026-01-31-101500-auto",
    add_completion=False,
)


@app.command("list", cls=Command)
def list_runs(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Where the run folders lie.")] = Path("runs"),
    as_json: Json = False,
) -> None:
    """List the runs in a folder, oldest first, with what came out of them.

    Examples:

      fashion runs

      fashion runs elsewhere/runs --json
    """
    from fashion_classifier.experiment.lookup import find_runs

    with output(as_json=as_json) as out_to:
        listed = [_facts(path) for path in find_runs(folder)]
        if listed:
            out_to.table("", ["run", "data", "state", "initial", "optimized"], [_row(run) for run in listed], left=3)
        else:
            out_to.tell(f"There are no runs in {folder}.")
        out_to.result("runs", {"runs": listed})


@app.command(cls=Command)
def remove(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN", help="Run folders.", autocompletion=complete_runs)],
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Remove run folders, with the models and reports in them.

    It shows them and asks first. All are removed or none, where one of them is no run or a process is at work on it.

    Examples:

      fashion runs remove runs/2026-01-31-101500-auto

      fashion runs remove runs/2025-* --yes
    """
    from fashion_classifier.experiment.removing import check_removable, remove_run
    from fashion_classifier.limits import in_words
    from fashion_classifier.storage import bytes_in

    with output(as_json=as_json) as out_to:
        named = list({run.resolve(): run for run in runs}.values())
        for run in named:
            check_removable(run)
        sizes = {run: bytes_in(run) for run in named}
        rows = [[*_row(_facts(run)), in_words(n_bytes)] for run, n_bytes in sizes.items()]
        out_to.table("", ["run", "data", "state", "initial", "optimized", "size"], rows, left=3)
        counted = f"{len(named):,} run{'' if len(named) == 1 else 's'} ({in_words(sum(sizes.values()))})"
        removed = []
        if agreed(out_to, f"Remove {counted} for good?", yes=yes):
            for run, n_bytes in sizes.items():
                remove_run(run)
                removed.append({"run": str(run), "bytes": n_bytes})
            out_to.tell(f"Removed: {counted}")
        out_to.result("runs-remove", {"removed": removed, "freed_bytes": sum(one["bytes"] for one in removed)})


def _facts(path: Path) -> dict[str, Any]:
    """Return what programs are told of a run; a damaged one is told with its error and does not hide the others."""
    from fashion_classifier.errors import FashionError
    from fashion_classifier.experiment.record import RunFolder
    from fashion_classifier.reporting.run_folder import RESULTS, read_results

    facts: dict[str, Any] = {"run": str(path), "state": "damaged", "data": None, "initial": None, "optimized": None}
    try:
        record = RunFolder(path)
        facts["state"] = _state(record)
        if (path / RESULTS).exists():
            results = read_results(path)
            facts["data"] = results.data.name
            for name, model in (("initial", results.initial), ("optimized", results.optimized)):
                facts[name] = None if model.test is None else model.test.accuracy.value
    except FashionError as error:
        facts["state"] = f"damaged: {error}"
    return facts


def _row(facts: dict[str, Any]) -> list[str]:
    """Return what people are told of a run."""
    accuracies = ["" if facts[name] is None else percent(facts[name]) for name in ("initial", "optimized")]
    return [facts["run"], facts["data"] or "", facts["state"], *accuracies]


def _state(record: RunFolder) -> str:
    """Say in a few words how far a run is."""
    from fashion_classifier.locks import who_works

    if (owner := who_works(record.path)) is not None:
        return f"at work: {owner.split(' (')[0]}"
    return "finished" if record.facts.get("finished") else "can be resumed"
