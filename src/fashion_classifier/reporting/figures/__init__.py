"""Results -> figures, all in one look.

Each function takes values and gives a `matplotlib.figure.Figure` as wide as a column; nothing touches pyplot,
nor settings that outlive the call. `to_svg` and `theme_css` set a figure into a page, `save_figure` writes it
as a file, `alt_text` says it in words.
"""

from fashion_classifier.reporting.figures.collection import draw_figures, draw_mistakes, save_figures
from fashion_classifier.reporting.figures.comparison import a_against_b, initial_against_optimized, splits_side_by_side
from fashion_classifier.reporting.figures.confusion import confusion_matrix
from fashion_classifier.reporting.figures.curves import learning_curves
from fashion_classifier.reporting.figures.importance import hyperparameter_importance
from fashion_classifier.reporting.figures.ladder import gain_ladder
from fashion_classifier.reporting.figures.mistakes import mended_and_broken, mistakes_gallery
from fashion_classifier.reporting.figures.more_images import accuracy_by_images
from fashion_classifier.reporting.figures.per_class import per_class_comparison, recall_by_class
from fashion_classifier.reporting.figures.reliability import reliability_diagram, reliability_of_both
from fashion_classifier.reporting.figures.robustness import robustness_by_kind
from fashion_classifier.reporting.figures.search import search_progress
from fashion_classifier.reporting.figures.sheet import alt_text
from fashion_classifier.reporting.figures.svg import save_figure, theme_css, to_svg

__all__ = [
    "a_against_b",
    "accuracy_by_images",
    "alt_text",
    "confusion_matrix",
    "draw_figures",
    "draw_mistakes",
    "gain_ladder",
    "hyperparameter_importance",
    "initial_against_optimized",
    "learning_curves",
    "mended_and_broken",
    "mistakes_gallery",
    "per_class_comparison",
    "recall_by_class",
    "reliability_diagram",
    "reliability_of_both",
    "robustness_by_kind",
    "save_figure",
    "save_figures",
    "search_progress",
    "splits_side_by_side",
    "theme_css",
    "to_svg",
]
