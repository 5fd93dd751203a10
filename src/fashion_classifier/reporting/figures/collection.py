"""Every figure of a report, by name: drawn from a run's results, or written into its folder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import polars as pl
from matplotlib.figure import Figure

from fashion_classifier.reporting.figures.comparison import initial_against_optimized, splits_side_by_side
from fashion_classifier.reporting.figures.confusion import confusion_matrix
from fashion_classifier.reporting.figures.curves import learning_curves
from fashion_classifier.reporting.figures.importance import hyperparameter_importance
from fashion_classifier.reporting.figures.ladder import gain_ladder
from fashion_classifier.reporting.figures.mistakes import mended_and_broken, mistakes_gallery
from fashion_classifier.reporting.figures.more_images import accuracy_by_images
from fashion_classifier.reporting.figures.per_class import per_class_comparison
from fashion_classifier.reporting.figures.reliability import reliability_diagram
from fashion_classifier.reporting.figures.robustness import robustness_by_kind
from fashion_classifier.reporting.figures.search import search_progress
from fashion_classifier.reporting.figures.selective import risk_over_coverage
from fashion_classifier.reporting.figures.svg import save_figure
from fashion_classifier.reporting.gallery import Gallery, broken, mended, misclassified
from fashion_classifier.reporting.predictions import MODELS, ModelName
from fashion_classifier.reporting.results import ModelResult, RunResults
from fashion_classifier.reporting.wording import counted


def draw_figures(results: RunResults) -> dict[str, Figure]:
    """Draw every figure of a report that shows no images.

    Returns
    -------
    dict
        Name -> figure, in the order of a report: "initial-against-optimized", "learning-curves", "search" and
        "importance" (only where there was a search, and where importance could be told), "ladder" (where there are
        rungs), then for both models "confusion-initial", "confusion-rates-initial", …, then "per-class", "splits",
        "more-images" (where it was measured), "reliability", "risk-coverage" and "robustness" (where it was measured).
    """
    figures = {
        "initial-against-optimized": initial_against_optimized(results),
        "learning-curves": learning_curves(results.initial, results.optimized),
    }
    evidence = results.evidence
    if results.search is not None:
        figures["search"] = search_progress(results.search)
        if any(results.search.importance.values()):
            figures["importance"] = hyperparameter_importance(results.search)
    if len(evidence.ladder) > 1:
        figures["ladder"] = gain_ladder(evidence.ladder)
    for name, model in (("initial", results.initial), ("optimized", results.optimized)):
        evaluation = model.test or model.validation
        images = "test images" if model.test else "cross-validation images"
        title = f"{name.capitalize()} model on {evaluation.n:,} {images}"
        figures[f"confusion-{name}"] = confusion_matrix(evaluation, title=title)
        figures[f"confusion-rates-{name}"] = confusion_matrix(evaluation, title=title, normalise=True)
    figures["per-class"] = per_class_comparison(results)
    figures["splits"] = splits_side_by_side(results)
    if len(evidence.learning_curve) > 1:
        figures["more-images"] = accuracy_by_images(evidence.learning_curve)
    figures["reliability"] = reliability_diagram(evidence.confidence["optimized"])
    figures["risk-coverage"] = risk_over_coverage(*(evidence.confidence[name].risk for name in MODELS))
    if evidence.robustness is not None:
        figures["robustness"] = robustness_by_kind(evidence.robustness)
    return figures


def draw_mistakes(results: RunResults, predictions: pl.DataFrame, gallery: Gallery) -> dict[str, Figure]:
    """Draw the images that the models got wrong: "mistakes-initial", "mistakes-optimized" and "mended-and-broken".

    Parameters
    ----------
    predictions
        Both models' answers.
    gallery
        The images that may be shown.
    """
    figures = {}
    models: dict[ModelName, ModelResult] = {"initial": results.initial, "optimized": results.optimized}
    for name, model in models.items():
        n_wrong = counted((model.test or model.validation).n_misclassified, "misclassified image")
        title = f"{name.capitalize()} model: {n_wrong}"
        figures[f"mistakes-{name}"] = mistakes_gallery(misclassified(predictions, gallery, name), title=title)
    both = mended(predictions, gallery), broken(predictions, gallery)
    figures["mended-and-broken"] = mended_and_broken(*both, comparison=results.comparison)
    return figures


def save_figures(figures: Mapping[str, Figure], folder: Path) -> dict[str, Path]:
    """Write figures into a folder, as ``name.svg`` and ``name.png``.

    Each file is whole or not there. The files stand alone, dark on white; `to_svg` gives markup for a page.

    Returns
    -------
    dict
        Name -> the SVG file.
    """
    return {name: save_figure(figure, folder, name) for name, figure in figures.items()}
