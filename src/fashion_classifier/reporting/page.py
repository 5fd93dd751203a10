"""What a run found out -> its report: one page that is whole in itself and tells all that was measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl
from matplotlib.figure import Figure

from fashion_classifier.reporting.conclusion import conclude, judged
from fashion_classifier.reporting.conclusion.robustness import not_measured
from fashion_classifier.reporting.conclusion.summary import mended_and_broken, verdict
from fashion_classifier.reporting.evidence import DoubtfulImage
from fashion_classifier.reporting.figures import draw_figures
from fashion_classifier.reporting.gallery import Gallery
from fashion_classifier.reporting.published import stand_beside
from fashion_classifier.reporting.rendering import environment, inline, render_page
from fashion_classifier.reporting.results import FULL_EVALUATION, RunResults
from fashion_classifier.reporting.settings import pair_settings
from fashion_classifier.reporting.sprite import make_sprite
from fashion_classifier.reporting.wall import build_wall

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


def render(
    results: RunResults,
    predictions: pl.DataFrame,
    gallery: Gallery,
    doubtful: Gallery | None = None,
    figures: Mapping[str, Figure] | None = None,
) -> str:
    """Give the report as one HTML text of at most `MAX_PAGE_BYTES`, with as many images as that allows.

    Parameters
    ----------
    doubtful
        Images whose labels are doubtful, where they were looked for; they go before those of the gallery.
    figures
        What `draw_figures` gave, if it is drawn already.
    """
    drawn = draw_figures(results) if figures is None else figures
    context = _context(results, predictions) | _doubtful(results, doubtful)
    context["figures"] = {name: inline(figure, name) for name, figure in drawn.items()}
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
        "published": stand_beside(results),
        "not_measured": tuple(not_measured(results.evidence)),
        "later": FULL_EVALUATION,
        "slowest": max((s for name, s in results.timings.items() if name != FULL_EVALUATION), default=1.0) or 1.0,
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
