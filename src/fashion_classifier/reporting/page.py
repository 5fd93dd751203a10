"""A run folder -> report.html: one page that is whole in itself and tells all that was measured."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from fashion_classifier.reporting.conclusion import conclude, judged
from fashion_classifier.reporting.conclusion.robustness import not_measured
from fashion_classifier.reporting.conclusion.summary import mended_and_broken, verdict
from fashion_classifier.reporting.evidence import DoubtfulImage
from fashion_classifier.reporting.figures import (
    accuracy_by_images,
    confusion_matrix,
    gain_ladder,
    hyperparameter_importance,
    initial_against_optimized,
    learning_curves,
    per_class_comparison,
    reliability_diagram,
    robustness_by_kind,
    search_progress,
    splits_side_by_side,
)
from fashion_classifier.reporting.gallery import Gallery
from fashion_classifier.reporting.published import stand_beside
from fashion_classifier.reporting.rendering import environment, inline, render_page
from fashion_classifier.reporting.results import RunResults
from fashion_classifier.reporting.run_folder import read_doubtful, read_gallery, read_predictions, read_results
from fashion_classifier.reporting.settings import pair_settings
from fashion_classifier.reporting.sprite import make_sprite
from fashion_classifier.reporting.wall import build_wall
from fashion_classifier.storage import write_text

REPORT = "report.html"

CONTENTS = (
    ("data", "Data"),
    ("models", "Models"),
    ("training", "Training"),
    ("optimization", "Optimization"),
    ("evaluation", "Evaluation"),
    ("misclassified", "Misclassified images"),
    ("robustness", "Robustness"),
    ("comparison", "Comparison"),
    ("conclusion", "Conclusion"),
    ("made", "How this was made"),
)

_DOUBTFUL_SHOWN = 30


@dataclass(frozen=True)
class DoubtfulWall:
    """Doubtful images with their places on the sprite."""

    title: str
    images: list[tuple[DoubtfulImage, int]]


def write_report(run: Path) -> Path:
    """Write a run's report from the run folder alone.

    Parameters
    ----------
    run
        A run folder with `evaluation.json`, `predictions.parquet` and `gallery.npz`.

    Returns
    -------
    Path
        Of `report.html` in the run folder; one that is there is replaced.

    Raises
    ------
    UnavailableError
        If one of the files is not there.
    DataError
        If one of them is damaged.
    """
    target = run / REPORT
    page = render(read_results(run), read_predictions(run), read_gallery(run), read_doubtful(run))
    write_text(target, page)
    return target


def render(results: RunResults, predictions: pl.DataFrame, gallery: Gallery, doubtful: Gallery | None = None) -> str:
    """Give the report as one HTML text of at most `MAX_PAGE_BYTES`, with as many images as that allows.

    Parameters
    ----------
    doubtful
        Images whose labels are doubtful, where they were looked for; they go before those of the gallery.
    """
    context = _context(results, predictions) | _doubtful(results, doubtful)
    return render_page(environment(), "report.html", gallery, lambda n: build_wall(predictions, gallery, n), **context)


def _context(results: RunResults, predictions: pl.DataFrame) -> dict[str, Any]:
    """Gather what the templates tell, apart from the wall of images."""
    judged_initial, judged_optimized, judged_images = judged(results)
    conclusion = conclude(results, predictions)
    return {
        "results": results,
        "subject": results.data.name,
        "headline": conclusion.headline,
        "conclusion": conclusion,
        "contents": CONTENTS,
        "sections": "sections",
        "models": {"initial": results.initial, "optimized": results.optimized},
        "splits": results.data.counts,
        "judged_initial": judged_initial,
        "judged_optimized": judged_optimized,
        "judged_images": judged_images,
        "verdict": verdict(results.comparison),
        "mended_and_broken": mended_and_broken(results.comparison),
        "architecture": pair_settings(results.initial.config, results.optimized.config),
        "recipe": pair_settings(results.initial.recipe, results.optimized.recipe),
        "figures": _figures(results),
        "published": stand_beside(results),
        "not_measured": tuple(not_measured(results.evidence)),
        "slowest": max(results.timings.values(), default=1.0) or 1.0,
    }


def _doubtful(results: RunResults, images: Gallery | None) -> dict[str, Any]:
    """Gather the images whose labels are doubtful; none where they were not looked for."""
    labels = results.evidence.labels
    if labels is None or images is None:
        return {"doubtful": (), "doubtful_sprite": None}
    place = {sha256: number for number, sha256 in enumerate(images.image_sha256.tolist())}
    walls = (
        ("Labels that look wrong, the clearest first", labels.suspects),
        ("The hardest images: their label got the least probability", labels.hardest),
    )
    return {
        "doubtful": [
            DoubtfulWall(title, [(image, place[image.image_sha256]) for image in found[:_DOUBTFUL_SHOWN]])
            for title, found in walls
            if found
        ],
        "doubtful_sprite": make_sprite(images.images),
    }


def _figures(results: RunResults) -> dict[str, Any]:
    """Draw every figure of the page as markup."""
    judged_initial, judged_optimized, _ = judged(results)
    figures: dict[str, Any] = {
        "initial_against_optimized": inline(initial_against_optimized(results), "lead"),
        "learning_curves": inline(learning_curves(results.initial, results.optimized), "curves"),
        "per_class_comparison": inline(per_class_comparison(results), "classes"),
        "splits_side_by_side": inline(splits_side_by_side(results), "splits"),
        "confusion": {
            name: {
                kind: inline(
                    confusion_matrix(evaluation, title=f"{model.title}: {kind}", normalise=kind == "rates"),
                    f"confusion-{name}-{kind}",
                )
                for kind in ("rates", "counts")
            }
            for name, model, evaluation in (
                ("initial", results.initial, judged_initial),
                ("optimized", results.optimized, judged_optimized),
            )
        },
    }
    evidence = results.evidence
    figures["reliability"] = inline(reliability_diagram(evidence.confidence["optimized"]), "reliability")
    if len(evidence.ladder) > 1:
        figures["gain_ladder"] = inline(gain_ladder(evidence.ladder), "ladder")
    if evidence.robustness is not None:
        figures["robustness_by_kind"] = inline(robustness_by_kind(evidence.robustness), "robustness")
    if len(evidence.learning_curve) > 1:
        figures["accuracy_by_images"] = inline(accuracy_by_images(evidence.learning_curve), "images")
    if results.search is not None:
        figures["search_progress"] = inline(search_progress(results.search), "search")
        if any(results.search.importance.values()):
            figures["importance"] = inline(hyperparameter_importance(results.search), "importance")
    return figures
