"""Two models judged by the same images -> comparison.html, of the same make as a run's report, and its numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
from markupsafe import Markup

from fashion_classifier.reporting import comparison_words as words
from fashion_classifier.reporting.comparison_results import SCHEMA, ComparedModel, ModelComparison
from fashion_classifier.reporting.figures import (
    a_against_b,
    confusion_matrix,
    recall_by_class,
    reliability_of_both,
)
from fashion_classifier.reporting.figures.lettering import TITLE, fit
from fashion_classifier.reporting.gallery import Gallery
from fashion_classifier.reporting.predictions import PAIR
from fashion_classifier.reporting.rendering import environment, inline, render_page
from fashion_classifier.reporting.run_folder import write_predictions
from fashion_classifier.reporting.serialisation import to_json
from fashion_classifier.reporting.settings import setting_columns
from fashion_classifier.reporting.wall import Wall, build_wall
from fashion_classifier.reporting.wording import probability_of_chance
from fashion_classifier.storage import atomic_folder, write_json, write_text

PAGE, NUMBERS = "comparison.html", "comparison.json"

CONTENTS = (
    ("models", "Models"),
    ("evaluation", "Evaluation"),
    ("confusion", "Confusion matrices"),
    ("classes", "Class by class"),
    ("misclassified", "Misclassified images"),
    ("made", "How this was made"),
)

_WALL_TITLES = {
    "optimized": "Mistakes of B",
    "initial": "Mistakes of A",
    "mended": "Mended by B",
    "broken": "Broken by B",
    "both": "Wrong by both",
}


def write_comparison(folder: Path, results: ModelComparison, predictions: pl.DataFrame, gallery: Gallery) -> Path:
    """Write a comparison's page, its numbers and every answer into a new folder, whole or not at all.

    Parameters
    ----------
    folder
        Which is not there yet.
    predictions
        What "a" and "b" answered for the images, as `predictions_table` gives it.
    gallery
        The images that the page may show.

    Returns
    -------
    Path
        Of `comparison.html`.

    Raises
    ------
    FileExistsError
        If the folder was made meanwhile.
    """
    with atomic_folder(folder, replace=False) as place:
        write_json(place / NUMBERS, {"schema": SCHEMA} | to_json(results))
        write_predictions(place, [predictions])
        write_text(place / PAGE, render_comparison(results, predictions, gallery))
    return folder / PAGE


def render_comparison(results: ModelComparison, predictions: pl.DataFrame, gallery: Gallery) -> str:
    """Give the page as one HTML text of at most `MAX_PAGE_BYTES`, with as many images as that allows."""
    templates = environment(
        is_distinguishable=words.is_distinguishable,
        plain_p=lambda p_value: probability_of_chance(p_value).removeprefix("p\u00a0").removeprefix("=\u00a0"),
        signed_score=words.signed_score,
        signed_score_interval=words.signed_score_interval,
    )

    def wall(n_images: int) -> Wall:
        return build_wall(predictions, gallery, n_images, second=PAIR[1], titles=_WALL_TITLES)

    return render_page(templates, "comparison.html", gallery, wall, **_context(results))


def _context(results: ModelComparison) -> dict[str, Any]:
    """Gather what the templates tell, apart from the wall of images."""
    return {
        "results": results,
        "comparison": results.comparison,
        "subject": f"{results.a.name} and {results.b.name}",
        "headline": words.headline(results),
        "verdict": words.verdict(results.comparison),
        "mended_and_broken": words.mended_and_broken(results.comparison),
        "reach": words.what_the_test_is_about(results),
        "reservations": (*words.how_they_were_judged(results), *words.made_from_other_data(results)),
        "class_by_class": tuple(words.class_by_class(results.classes)),
        "contents": CONTENTS,
        "sections": "compared",
        # What style sheet and script know a model by, its letter, its sign and itself.
        "models": (("initial", "A", "■", results.a), ("optimized", "B", "●", results.b)),
        "settings": setting_columns(results.a, results.b),
        "figures": _figures(results),
    }


def _figures(results: ModelComparison) -> dict[str, Any]:
    """Draw every figure of the page as markup."""
    a, b = results.a, results.b
    return {
        "a_against_b": inline(a_against_b(a.test, b.test, results.comparison, folds=results.data.folds), "lead"),
        "reliability": inline(reliability_of_both(a.calibration, b.calibration), "reliability"),
        "recall_by_class": inline(recall_by_class(a.test, b.test), "classes"),
        "confusion": {
            letter: {kind: _confusion(letter, model, kind) for kind in ("rates", "counts")}
            for letter, model in (("A", a), ("B", b))
        },
    }


def _confusion(letter: str, model: ComparedModel, kind: str) -> Markup:
    """Draw a model's confusion matrix as markup."""
    title = f"{letter}, {fit(model.name, 240, TITLE, 'bold')}: {kind}"
    figure = confusion_matrix(model.test, title=title, normalise=kind == "rates")
    return inline(figure, f"confusion-{'rates-' if kind == 'rates' else ''}{letter.lower()}")
