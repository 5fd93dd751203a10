"""A run folder -> figures/: every figure of the report as SVG and PNG."""

from __future__ import annotations

from pathlib import Path

from fashion_classifier.reporting.figures import save_figures
from fashion_classifier.reporting.gallery import broken, mended, misclassified
from fashion_classifier.reporting.run_folder import read_gallery, read_predictions, read_results

FIGURES = "figures"


def write_figures(run: Path) -> dict[str, Path]:
    """Write a run's figures from the run folder alone.

    Returns
    -------
    dict
        Name -> the SVG file; the PNG lies beside it.

    Raises
    ------
    UnavailableError
        If the run folder lacks what they are made from.
    DataError
        If that is damaged.
    """
    results, predictions, gallery = read_results(run), read_predictions(run), read_gallery(run)
    mistakes = {
        "initial": misclassified(predictions, gallery, "initial"),
        "optimized": misclassified(predictions, gallery, "optimized"),
    }
    return save_figures(results, mistakes, mended(predictions, gallery), broken(predictions, gallery), run / FIGURES)
