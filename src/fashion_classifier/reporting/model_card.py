"""A run folder -> model_card.md: what a model is, what it is for and what was measured, in Hugging Face's form.

References
----------
M. Mitchell et al., "Model Cards for Model Reporting" (arXiv:1810.03993).
The front matter: `modelcard.md` of huggingface/hub-docs, which says what `model-index` holds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from fashion_classifier.reporting import wording
from fashion_classifier.reporting.card_tables import SPLIT_NAMES, build_tables, shape_of
from fashion_classifier.reporting.conclusion import conclude, judged
from fashion_classifier.reporting.conclusion.robustness import not_measured
from fashion_classifier.reporting.conclusion.summary import mended_and_broken, verdict
from fashion_classifier.reporting.evidence import Evidence
from fashion_classifier.reporting.markdown import escape, fenced, yaml
from fashion_classifier.reporting.published import is_fashion_mnist
from fashion_classifier.reporting.results import ModelResult, RunResults

MODEL_CARD = "model_card.md"


def render_card(results: RunResults, *, licence: str = "", in_repository: bool = False) -> str:
    """Give the card of a run's optimized model as one Markdown text; as `README.md` it is what Hugging Face shows.

    What comes from data is shown as it is, whatever characters it holds.

    Parameters
    ----------
    licence
        Of the model; empty where that is not recorded.
    in_repository
        Whether the card lies in a folder in Hugging Face's form, and not in the run's.
    """
    matter = {**front_matter(results), **({"license": licence_id(licence)} if in_repository else {})}
    context = {**_context(results), "front_matter": yaml(matter), "in_repository": in_repository}
    return tidy(environment().get_template("model_card.md").render(context))


def licence_id(licence: str) -> str:
    """Return a licence as Hugging Face calls it."""
    return licence.lower() or "unknown"


def tidy(text: str) -> str:
    """Take away what templates leave: rows of empty lines."""
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def environment() -> Environment:
    """Set up the template: every value is escaped, an unknown name is an error."""
    made = Environment(
        loader=PackageLoader("fashion_classifier.reporting"),
        autoescape=False,  # noqa: S701 - not HTML; `finalize` escapes for Markdown
        finalize=escape,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters = (fenced, wording.counted, wording.duration, wording.in_sentence, wording.moment, wording.share)
    made.filters |= {function.__name__: function for function in filters}
    return made


def _context(results: RunResults) -> dict[str, Any]:
    """Gather what the template tells."""
    conclusion, data = conclude(results), results.data
    missing = tuple(not_measured(results.evidence))
    colours = () if data.channels == 1 else (data.channels,)
    return {
        "results": results,
        "conclusion": conclusion,
        "tables": build_tables(results),
        "limits": [sentence for sentence in conclusion.robustness.sentences if sentence not in missing],
        "not_measured": missing,
        "further": tuple(_further(results.evidence)),
        "judged_images": judged(results)[2],
        "verdict": verdict(results.comparison),
        "mended_and_broken": mended_and_broken(results.comparison),
        "shape": shape_of(results),
        "example_shape": str((1, data.height, data.width, *colours)),
        "duplicates": _duplicates(data.duplicates),
        "training": _training(results.optimized, sum(data.counts["training"].values())),
    }


def front_matter(results: RunResults) -> dict[str, Any]:
    """Return the card's metadata; the results are of the images by which the models were judged."""
    _, found, _ = judged(results)
    known = is_fashion_mnist(results.data)
    dataset = {
        "type": "fashion_mnist" if known else "custom",
        "name": results.data.name,
        "split": "validation" if results.optimized.test is None else "test",
    }
    metrics = [
        {"type": "accuracy", "value": found.accuracy.value, "name": "Accuracy"},
        {"type": "loss", "value": found.loss.value, "name": "Cross-entropy in nats"},
        {"type": "f1", "value": found.macro_f1.value, "name": "Macro-F1"},
    ]
    task = {"type": "image-classification", "name": "Image classification"}
    return {
        "library_name": "fashion-images-classifier",
        "pipeline_tag": "image-classification",
        "tags": ["image-classification", results.optimized.family, "pytorch", "onnx"],
        **({"datasets": ["fashion_mnist"]} if known else {}),
        "metrics": ["accuracy", "f1"],
        "model-index": [
            {"name": results.run, "results": [{"task": task, "dataset": dataset, "metrics": metrics}]},
        ],
    }


def _duplicates(duplicates: dict[str, int]) -> str:
    """Write where how many exact duplicates are."""
    places = {part: f"within the {name} images" for part, name in SPLIT_NAMES.items()} | {"across": "across the splits"}
    parts = [f"{wording.count_or_none(number)} {places[place]}" for place, number in duplicates.items()]
    return wording.listed(parts, len(parts)) if parts else "not counted"


def _training(model: ModelResult, n_images: int) -> str:
    """Say what the model learned from, and for how long."""
    first = (
        f"The {wording.in_sentence(model.title)} learned from {wording.counted(n_images, 'training image')} in "
        f"{wording.counted(model.steps, 'optimizer step')}, {wording.duration(model.seconds)}; training ended: "
        f"{model.stopped_because}."
    )
    if not model.retraining_steps:
        return f"{first} It was not trained again with the cross-validation images."
    more = wording.counted(model.retraining_steps, "step")
    return f"{first} It was then trained for {more} on training and cross-validation images together."


def _further(evidence: Evidence) -> Iterator[str]:
    """Say what was measured that has no table in the card."""
    if evidence.seeds is not None:
        seeds = evidence.seeds
        yield (
            f"The chosen configuration was trained with {len(seeds.accuracies)} seeds: cross-validation accuracy "
            f"{wording.percent(seeds.mean, 2)} on average, standard deviation {wording.points(seeds.deviation, 2)}."
        )
    for point in evidence.learning_curve:
        images = f"{wording.counted(point.n_images, 'image')} ({wording.percent(point.share, 0)} of the training part)"
        yield f"Trained on {images}: {wording.share(point.validation)} of the cross-validation images right."
    if evidence.labels is not None:
        labels = evidence.labels
        yield (
            f"Of {wording.counted(labels.n, 'label')} of training and cross-validation images, "
            f"{wording.count_or_none(labels.n_suspects)} look wrong to a model that had not learned from the image."
        )
    for pair in evidence.near_duplicates:
        first, second = SPLIT_NAMES.get(pair.first, pair.first), SPLIT_NAMES.get(pair.second, pair.second)
        yield (
            f"Of {wording.counted(pair.n_first, f'{first} image')}, {wording.count_or_none(pair.n)} have a near "
            f"duplicate among the {second} images."
        )
