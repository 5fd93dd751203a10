"""All that a run folder is told by: the page, the figures, the model card; made from the folder alone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from fashion_classifier.progress import Progress, silent
from fashion_classifier.reporting.figures import draw_figures, draw_mistakes, save_figures
from fashion_classifier.reporting.model_card import MODEL_CARD, render_card
from fashion_classifier.reporting.page import render
from fashion_classifier.reporting.run_folder import read_doubtful, read_gallery, read_predictions, read_results
from fashion_classifier.storage import write_text

REPORT, FIGURES = "report.html", "figures"
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
    results, predictions, gallery = read_results(run), read_predictions(run), read_gallery(run)
    figures = draw_figures(results)  # for the page and the files
    write_text(run / REPORT, render(results, predictions, gallery, read_doubtful(run), figures))
    progress(TASK, 0.4, 1.0)
    write_text(run / MODEL_CARD, render_card(results))
    files = save_figures(figures | draw_mistakes(results, predictions, gallery), run / FIGURES)
    progress(TASK, 1.0, 1.0)
    return Documents(run / REPORT, run / MODEL_CARD, files)
