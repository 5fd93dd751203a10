"""All that a run folder is told by: the page, the figures, the model card; made from the folder alone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from fashion_classifier.progress import Progress, silent
from fashion_classifier.reporting.figure_files import write_figures
from fashion_classifier.reporting.model_card import write_model_card
from fashion_classifier.reporting.page import write_report

TASK = "Drawing the report"


@dataclass(frozen=True)
class Documents:
    """Where they lie.

    Parameters
    ----------
    report, model_card
        The page, and the card in Markdown.
    figures
        Name -> SVG file.
    """

    report: Path
    model_card: Path
    figures: dict[str, Path]


def write_documents(run: Path, *, progress: Progress = silent) -> Documents:
    """Write page, model card and figures of a run; those that are there are replaced.

    Raises
    ------
    UnavailableError
        If a file that they are made from is not there.
    DataError
        If one of them is damaged.
    """
    progress(TASK, 0.0, 1.0)
    report = write_report(run)
    progress(TASK, 0.4, 1.0)
    model_card = write_model_card(run)
    figures = write_figures(run)
    progress(TASK, 1.0, 1.0)
    return Documents(report, model_card, figures)
