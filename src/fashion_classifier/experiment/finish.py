"""The end of a run: the test set opened once for both models, every number written, figures and page made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import polars as pl

from fashion_classifier.data.dataset import Dataset
from fashion_classifier.data.fingerprint import image_sha256
from fashion_classifier.data.split import Split
from fashion_classifier.evaluation.comparison import compare
from fashion_classifier.evaluation.confidence import AnswerRules
from fashion_classifier.evaluation.ladder import Climber
from fashion_classifier.evaluation.metrics import evaluate
from fashion_classifier.evaluation.temperature import tempered
from fashion_classifier.experiment.answering import answering, rules_of
from fashion_classifier.experiment.budget import Clock
from fashion_classifier.experiment.record import RunFolder
from fashion_classifier.experiment.stages import TRIAL_IMAGES, MadeModel, judged_training_images
from fashion_classifier.experiment.weighing import quick_sizes, weigh
from fashion_classifier.inference.bundle import Model, save_model
from fashion_classifier.progress import Progress
from fashion_classifier.reporting.documents import write_documents
from fashion_classifier.reporting.gallery import choose_gallery
from fashion_classifier.reporting.predictions import ModelName, SplitName, predictions_table
from fashion_classifier.reporting.results import DataFacts, RunResults, SearchFacts
from fashion_classifier.reporting.run_folder import write_gallery, write_predictions, write_results

OPENING = "evaluation of the initial and the optimized model"


def evaluate_and_write(
    folder: RunFolder,
    split: Split,
    initial: MadeModel,
    optimized: MadeModel,
    *,
    data: DataFacts,
    search: SearchFacts | None,
    climbers: Sequence[Climber],
    made_with: dict[str, str],
    timings: dict[str, float],
    clock: Clock,
    ended_early: str,
    instead: str,
    progress: Progress,
) -> tuple[RunResults, Path]:
    """Open the test set, evaluate both models on it, and write models, results, predictions, figures and page."""
    seed = folder.config.seed
    models: dict[ModelName, MadeModel] = {"initial": initial, "optimized": optimized}
    rules = {name: rules_of(made, split, seed=seed) for name, made in models.items()}
    models = {name: answering(made, rules[name], split, seed=seed) for name, made in models.items()}
    for name, made in models.items():
        save_model(made.model, folder.path / name, replace=True, images=split.training.images[:TRIAL_IMAGES])
    begin = clock.used_s
    test = split.test.open(OPENING if not ended_early else f"{OPENING}, as far as the run got")
    evaluated, labels = {}, test.labels
    for name, made in models.items():
        task = f"Evaluating the {name} model"
        made.probabilities["test"] = _at_temperature_1(made.model).predict(test.images, progress=progress, task=task)
        answers = tempered(made.probabilities["test"], rules[name].temperature)
        evaluated[name] = replace(made.result, test=evaluate(labels, answers, made.model.classes))
    timings["evaluation"] = clock.used_s - begin
    begin = clock.used_s
    sizes = quick_sizes(clock.limit_s, timings["evaluation"] / len(test))
    evidence = weigh(models, rules, split, test, climbers, sizes, seed=seed, progress=progress)
    timings["evidence"] = clock.used_s - begin

    predicted = [made.probabilities["test"].argmax(1) for made in models.values()]
    results = RunResults(
        run=folder.path.name,
        created=folder.facts["created"],
        data=data,
        initial=evaluated["initial"],
        optimized=evaluated["optimized"],
        comparison=compare(labels, *predicted),
        search=search,
        evidence=evidence,
        openings=tuple(folder.facts["openings"]),
        made_with=made_with,
        timings=dict(timings),
        seconds=clock.used_s,
        ended_early=ended_early,
        instead=instead,
    )
    write_results(folder.path, results)
    _write_answers(folder.path, split, test, models, rules)
    begin = clock.used_s
    documents = write_documents(folder.path, progress=progress)
    timings["report"] = clock.used_s - begin
    return results, documents.report


def _at_temperature_1(model: Model) -> Model:
    """Return a model whose probabilities are not tempered."""
    return replace(model, how=replace(model.how, temperature=1.0))


def _write_answers(
    run: Path, split: Split, test: Dataset, models: dict[ModelName, MadeModel], rules: Mapping[ModelName, AnswerRules]
) -> None:
    """Write what both models answered, and the images that the report may show."""
    sets: dict[SplitName, Dataset] = {
        "training": judged_training_images(split),
        "validation": split.validation,
        "test": test,
    }
    hashes = {name: [image_sha256(image) for image in dataset.images] for name, dataset in sets.items()}
    tables = [
        predictions_table(
            name,
            part,
            hashes[part],
            dataset.labels,
            tempered(made.probabilities[part], rules[name].temperature),
            classes=split.training.classes,
        )
        for name, made in models.items()
        for part, dataset in sets.items()
    ]
    write_predictions(run, tables)
    write_gallery(run, choose_gallery(pl.concat(tables), test.images, hashes["test"]))
