"""A run folder -> report.html: one page that is whole in itself and tells all that was measured."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from matplotlib.figure import Figure

from fashion_classifier.reporting import assets, wording
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
    to_svg,
)
from fashion_classifier.reporting.gallery import Gallery
from fashion_classifier.reporting.published import stand_beside
from fashion_classifier.reporting.results import RunResults
from fashion_classifier.reporting.run_folder import read_doubtful, read_gallery, read_predictions, read_results
from fashion_classifier.reporting.sprite import make_sprite
from fashion_classifier.reporting.wall import build_wall
from fashion_classifier.storage import write_text

REPORT = "report.html"
MAX_PAGE_BYTES = 6_000_000

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

# How many images of the wall are shown at first, and how many more at a time.
_TILES_AT_ONCE = 60

_DOUBTFUL_SHOWN = 30

_SPLIT_NAMES = {"training": "Training", "validation": "Cross-validation", "test": "Test"}


@dataclass(frozen=True)
class DoubtfulWall:
    """Doubtful images with their places on the sprite."""

    title: str
    images: list[tuple[DoubtfulImage, int]]


@dataclass(frozen=True)
class SettingRow:
    """One setting of both models, as text."""

    name: str
    initial: str
    optimized: str


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
    template = _environment().get_template("report.html")
    context = _context(results, predictions) | _doubtful(results, doubtful)
    sprite = make_sprite(gallery.images)
    while True:
        page = template.render(context, sprite=sprite, wall=build_wall(predictions, gallery, sprite.n))
        excess = len(page.encode()) - MAX_PAGE_BYTES
        if excess <= 0 or not sprite.sheets:
            return page
        sprite = sprite.shortened(excess)


def _environment() -> Environment:
    """Set up the templates: what isn't our own markup is escaped, an unknown name is an error."""
    environment = Environment(
        loader=PackageLoader("fashion_classifier.reporting"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        function.__name__: function
        for function in (
            wording.count,
            wording.counted,
            wording.duration,
            wording.interval,
            wording.moment,
            wording.percent,
            wording.probability_of_chance,
            wording.setting,
            wording.setting_name,
            wording.share_alone,
            wording.signed_interval,
            wording.signed_value,
        )
    }
    environment.policies["json.dumps_kwargs"] = {"ensure_ascii": False, "separators": (",", ":")}
    environment.filters["split_name"] = _SPLIT_NAMES.__getitem__
    environment.filters["split_sizes"] = _split_sizes
    return environment


def _context(results: RunResults, predictions: pl.DataFrame) -> dict[str, Any]:
    """Gather what the templates tell, apart from the wall of images."""
    judged_initial, judged_optimized, judged_images = judged(results)
    script = assets.script()
    return {
        "results": results,
        "conclusion": conclude(results, predictions),
        "contents": CONTENTS,
        "models": {"initial": results.initial, "optimized": results.optimized},
        "splits": results.data.counts,
        "judged_initial": judged_initial,
        "judged_optimized": judged_optimized,
        "judged_images": judged_images,
        "verdict": verdict(results.comparison),
        "mended_and_broken": mended_and_broken(results.comparison),
        "architecture": _setting_rows(results.initial.config, results.optimized.config),
        "recipe": _setting_rows(results.initial.recipe, results.optimized.recipe),
        "figures": _figures(results),
        "tiles_at_once": _TILES_AT_ONCE,
        "published": stand_beside(results),
        "not_measured": tuple(not_measured(results.evidence)),
        "slowest": max(results.timings.values(), default=1.0) or 1.0,
        "css": assets.style_sheet(),
        "script": script,
        "policy": assets.policy(script),
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
        "initial_against_optimized": _inline(initial_against_optimized(results), "lead"),
        "learning_curves": _inline(learning_curves(results.initial, results.optimized), "curves"),
        "per_class_comparison": _inline(per_class_comparison(results), "classes"),
        "splits_side_by_side": _inline(splits_side_by_side(results), "splits"),
        "confusion": {
            name: {
                kind: _inline(
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
    figures["reliability"] = _inline(reliability_diagram(evidence.confidence["optimized"]), "reliability")
    if len(evidence.ladder) > 1:
        figures["gain_ladder"] = _inline(gain_ladder(evidence.ladder), "ladder")
    if evidence.robustness is not None:
        figures["robustness_by_kind"] = _inline(robustness_by_kind(evidence.robustness), "robustness")
    if len(evidence.learning_curve) > 1:
        figures["accuracy_by_images"] = _inline(accuracy_by_images(evidence.learning_curve), "images")
    if results.search is not None:
        figures["search_progress"] = _inline(search_progress(results.search), "search")
        if any(results.search.importance.values()):
            figures["importance"] = _inline(hyperparameter_importance(results.search), "importance")
    return figures


def _inline(figure: Figure, prefix: str) -> Markup:
    """Give a figure as markup to be set into the page; its texts are escaped where it is written."""
    return Markup(to_svg(figure, prefix=f"figure-{prefix}"))  # noqa: S704


def _setting_rows(initial: dict[str, Any], optimized: dict[str, Any]) -> list[SettingRow]:
    """Set two models' settings side by side; a model without a setting has a dash there."""
    names = list(dict.fromkeys((*initial, *optimized)))
    return [
        SettingRow(
            wording.setting_name(name),
            wording.setting(initial.get(name)),
            wording.setting(optimized.get(name)),
        )
        for name in names
    ]


def _split_sizes(splits: dict[str, dict[str, int]]) -> str:
    """Write how many images each split has: "48,000 training, 12,000 cross-validation and … test images"."""
    parts = [f"{wording.count(sum(counts.values()))} {_SPLIT_NAMES[split].lower()}" for split, counts in splits.items()]
    return f"{wording.listed(parts)} images"
