"""`fashion runs`: what has been run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fashion_classifier.cli.options import Json
from fashion_classifier.cli.output import output, percent

if TYPE_CHECKING:
    from fashion_classifier.experiment.record import RunFolder


def runs(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Where the run folders lie.")] = Path("runs"),
    as_json: Json = False,
) -> None:
    """List the runs in a folder, oldest first, with what came out of them.

    Examples:

      fashion runs

      fashion runs elsewhere/runs --json
    """
    from fashion_classifier.errors import FashionError
    from fashion_classifier.experiment.lookup import find_runs
    from fashion_classifier.experiment.record import RunFolder
    from fashion_classifier.reporting.run_folder import RESULTS, read_results

    with output(as_json=as_json) as out_to:
        rows, listed = [], []
        for path in find_runs(folder):
            facts: dict[str, Any] = {
                "run": str(path),
                "state": "damaged",
                "data": None,
                "initial": None,
                "optimized": None,
            }
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
            listed.append(facts)
            accuracies = ["" if facts[name] is None else percent(facts[name]) for name in ("initial", "optimized")]
            rows.append([str(path), facts["data"] or "", facts["state"], *accuracies])
        if rows:
            out_to.table("", ["run", "data", "state", "initial", "optimized"], rows, left=3)
        else:
            out_to.tell(f"There are no runs in {folder}.")
        out_to.result("runs", {"runs": listed})


def _state(record: RunFolder) -> str:
    """Say in a few words how far a run is."""
    from fashion_classifier.locks import who_works

    if (owner := who_works(record.path)) is not None:
        return f"at work: {owner.split(' (')[0]}"
    return "finished" if record.facts.get("finished") else "can be resumed"
