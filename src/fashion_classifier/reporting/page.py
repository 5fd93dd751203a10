"""A run folder -> report.html: one page that is whole in itself and tells all that was measured."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from matplotlib.figure import Figure

from fashion_classifier.reporting import wording
from fashion_classifier.reporting.conclusion import conclude, judged
from fashion_classifier.reporting.conclusion.summary import mended_and_broken, verdict
from fashion_classifier.reporting.figures import (
    confusion_matrix,
    hyperparameter_importance,
    initial_against_optimized,
    learning_curves,
    per_class_comparison,
    search_progress,
    splits_side_by_side,
    theme_css,
    to_svg,
)
from fashion_classifier.reporting.gallery import Gallery
from fashion_classifier.reporting.results import RunResults
from fashion_classifier.reporting.run_folder import read_gallery, read_predictions, read_results
from fashion_classifier.reporting.walls import build_walls, data_uri, is_sharp
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
    ("comparison", "Comparison"),
    ("conclusion", "Conclusion"),
    ("made", "How this was made"),
)

# How many images each wall of mistakes shows; fewer where the page would become too large.
_WALL_SIZES = (27, 18, 9, 0)

_SPLIT_NAMES = {"training": "Training", "validation": "Cross-validation", "test": "Test"}


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
    write_text(target, render(read_results(run), read_predictions(run), read_gallery(run)))
    return target


def render(results: RunResults, predictions: pl.DataFrame, gallery: Gallery) -> str:
    """Give the report as one HTML text of at most `MAX_PAGE_BYTES`, with as many images as that allows."""
    template = _environment().get_template("report.html")
    context = _context(results, predictions)
    page = ""
    for size in _WALL_SIZES:
        page = template.render(context, walls=build_walls(results, predictions, gallery, size))
        if len(page.encode()) <= MAX_PAGE_BYTES:
            break
    return page


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
            data_uri,
        )
    }
    environment.filters["split_name"] = _SPLIT_NAMES.__getitem__
    environment.filters["split_sizes"] = _split_sizes
    return environment


def _context(results: RunResults, predictions: pl.DataFrame) -> dict[str, Any]:
    """Gather what the templates tell, apart from the walls of images."""
    judged_initial, judged_optimized, judged_images = judged(results)
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
        "sharp": is_sharp(results.data.height, results.data.width),
        "slowest": max(results.timings.values(), default=1.0) or 1.0,
        "css": _css(),
    }


def _css() -> Markup:
    """Give the page's style sheet, with the figures' colours for both themes."""
    source, _, _ = PackageLoader("fashion_classifier.reporting").get_source(Environment(autoescape=True), "report.css")
    dark = f"@media screen and (prefers-color-scheme: dark) {{ {theme_css(':root', dark=True)} }}"
    return Markup("\n").join(Markup(part) for part in (theme_css(":root", dark=False), dark, source))  # noqa: S704


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
