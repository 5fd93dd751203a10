"""`fashion report`: the page again, from the run folder alone."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fashion_classifier.cli.options import Json
from fashion_classifier.cli.output import output


def report(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run folder.")],
    as_json: Json = False,
) -> None:
    """Make a run's figures and report.html again, from the run folder alone.

    Example:

      fashion report runs/2026-01-31-101500-auto
    """
    from fashion_classifier.reporting.figure_files import write_figures
    from fashion_classifier.reporting.page import write_report

    with output(as_json=as_json) as out_to:
        figures = write_figures(run)
        page = write_report(run)
        out_to.tell(f"Figures: {run / 'figures'}")
        out_to.tell(f"Report:  {page}")
        out_to.result("report", {"report": str(page), "figures": {name: str(path) for name, path in figures.items()}})
