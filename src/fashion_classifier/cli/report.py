"""`fashion report`: the page again, from the run folder alone."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fashion_classifier.cli.completion import complete_runs
from fashion_classifier.cli.options import Json
from fashion_classifier.cli.output import output


def report(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run folder.", autocompletion=complete_runs)],
    as_pdf: Annotated[
        bool, typer.Option("--pdf", help="Print the report to report.pdf as well, with a Chromium that is installed.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Make a run's figures, model card and report.html again, from the run folder alone.

    Examples:

      fashion report runs/2026-01-31-101500-auto

      fashion report runs/2026-01-31-101500-auto --pdf
    """
    from fashion_classifier.locks import sole_writer
    from fashion_classifier.reporting.documents import write_documents
    from fashion_classifier.reporting.pdf import PDF, write_pdf

    with output(as_json=as_json) as out_to:
        with sole_writer(run):
            documents = write_documents(run, progress=out_to.progress)
            pdf = write_pdf(documents.report, run / PDF) if as_pdf else None
        out_to.tell(f"Figures: {run / 'figures'}")
        out_to.tell(f"Card:    {documents.model_card}")
        out_to.tell(f"Report:  {documents.report}")
        if pdf is not None:
            out_to.tell(f"PDF:     {pdf}")
        out_to.result(
            "report",
            {
                "report": str(documents.report),
                "pdf": None if pdf is None else str(pdf),
                "model_card": str(documents.model_card),
                "figures": {name: str(path) for name, path in documents.figures.items()},
            },
        )
