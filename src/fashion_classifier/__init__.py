r"""Fashion Images Classifier: from labelled images of garments to conclusions that can be defended.

The packages, in the order in which the data flows::

    data  ->  models  ->  training  ->  tuning  ->  evaluation  ->  reporting
                              \-> inference  ->  serving

    data         bytes on disk -> checked uint8 images and labels, split, the test set sealed
    models       an image shape and a config -> a network; one family a file, one catalogue
    training     a recipe and a split -> fitted weights and a history
    tuning       a split and a budget -> the best recipe found, and the study behind it
    evaluation   labels and probabilities -> frozen results, with intervals
    inference    a saved model -> probabilities; one path for all who predict
    reporting    results -> figures and one self-contained page
    tracking     what was trained and found -> MLflow, TensorBoard, Weights & Biases (an extra each)
    experiment   the whole life: the stages in order, and the run folder that keeps them
    classifier   the scikit-learn estimator (an extra)
    serving      a saved model -> HTTP and a page (an extra)
    cli          the command `fashion`

The names below are loaded when they are first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fashion_classifier.classifier.estimator import FashionClassifier
    from fashion_classifier.data.load import load
    from fashion_classifier.data.split import split
    from fashion_classifier.evaluation.comparison import compare
    from fashion_classifier.evaluation.metrics import evaluate
    from fashion_classifier.experiment.run import resume, run
    from fashion_classifier.experiment.settings import RunConfig
    from fashion_classifier.inference.bundle import load_model, save_model
    from fashion_classifier.training.recipes.ladder import RECIPES
    from fashion_classifier.training.train import Workshop
    from fashion_classifier.tuning.config import TuneConfig
    from fashion_classifier.tuning.study import Search

__version__ = "0.1.0"

_PLACES = {
    "FashionClassifier": "classifier.estimator",
    "load": "data.load",
    "split": "data.split",
    "RECIPES": "training.recipes.ladder",
    "Workshop": "training.train",
    "Search": "tuning.study",
    "TuneConfig": "tuning.study",
    "evaluate": "evaluation.metrics",
    "compare": "evaluation.comparison",
    "load_model": "inference.bundle",
    "save_model": "inference.bundle",
    "RunConfig": "experiment.settings",
    "run": "experiment.run",
    "resume": "experiment.run",
}

__all__ = [
    "RECIPES",
    "FashionClassifier",
    "RunConfig",
    "Search",
    "TuneConfig",
    "Workshop",
    "compare",
    "evaluate",
    "load",
    "load_model",
    "resume",
    "run",
    "save_model",
    "split",
]


def __getattr__(name: str) -> Any:
    """Load a public name when it is first used (PEP 562)."""
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_PLACES[name]}"), name)


def __dir__() -> list[str]:
    """List the public names."""
    return sorted({*globals(), *__all__})
