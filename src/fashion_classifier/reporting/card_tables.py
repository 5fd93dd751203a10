"""The tables of a model card, as Markdown; an empty text where nothing was measured."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fashion_classifier.evaluation.metrics import Evaluation
from fashion_classifier.reporting.conclusion import judged
from fashion_classifier.reporting.evidence import Evidence
from fashion_classifier.reporting.markdown import Markdown, escape, table
from fashion_classifier.reporting.published import Standing, stand_beside
from fashion_classifier.reporting.results import FULL_EVALUATION, ModelResult, RunResults
from fashion_classifier.reporting.wording import (
    count,
    duration,
    interval,
    percent,
    score,
    setting,
    setting_name,
    share,
    share_alone,
)

SPLIT_NAMES = {"training": "training", "validation": "cross-validation", "test": "test"}

_METHODS = {"lac": "LAC (least ambiguous)", "aps": "APS (adaptive)"}
_MODELS = ("Initial", "Optimized")
_NOTHING = Markdown()


def build_tables(results: RunResults) -> dict[str, Markdown]:
    """Build every table of the card, by its name in the template."""
    evidence, standings = results.evidence, stand_beside(results)
    return {
        "description": _description(results),
        "images": _images(results.data.counts),
        "settings": _settings(results.optimized),
        "accuracy": _accuracy((results.initial, results.optimized)),
        "classes": _classes(judged(results)[1]),
        "calibration": _calibration(evidence),
        "sets": _sets(evidence),
        "robustness": _robustness(evidence),
        "novelty": _novelty(evidence),
        "attacks": _attacks(evidence),
        "pairs": _pairs(results),
        "published": _standings(standings.comparable) if standings else _NOTHING,
        "quoted": _standings(standings.quoted) if standings else _NOTHING,
        "time": _time(results),
        "made_with": _facts("Made with", {key: text for key, text in results.made_with.items() if key != "command"}),
    }


def shape_of(results: RunResults) -> str:
    """Write the size of the images: "28 × 28 grey pixels"."""
    data = results.data
    return f"{data.height} × {data.width} {'grey' if data.channels == 1 else 'coloured'} pixels"


def _description(results: RunResults) -> Markdown:
    """Say what the model is."""
    model = results.optimized
    facts = {
        "family": model.family,
        "parameters": count(model.n_parameters),
        "images": shape_of(results),
        "classes": ", ".join(results.data.classes),
        **{name: setting(value) for name, value in model.config.items()},
    }
    return _facts("Architecture", facts)


def _settings(model: ModelResult) -> Markdown:
    """Write the recipe."""
    return _facts("Setting of the training", {name: setting(value) for name, value in model.recipe.items()})


def _facts(title: str, facts: dict[str, str]) -> Markdown:
    """Write facts, each with its name."""
    return table((title, ""), [(setting_name(name), text) for name, text in facts.items()], n_texts=2)


def _images(counts: dict[str, dict[str, int]]) -> Markdown:
    """Count the images of each class in each split."""
    names = list(next(iter(counts.values())))
    rows = [(name, *(count(split[name]) for split in counts.values())) for name in names]
    total = ("all", *(count(sum(split.values())) for split in counts.values()))
    return table(("Class", *(SPLIT_NAMES[split].capitalize() for split in counts)), [*rows, total])


def _accuracy(models: Sequence[ModelResult]) -> Markdown:
    """Give both models' figures on all sets of images."""
    rows = [
        (
            model.title,
            SPLIT_NAMES[split],
            share(found.accuracy),
            score(found.macro_f1),
            score(found.loss),
            f"{count(found.n_misclassified)} of {count(found.n)}",
        )
        for model in models
        for split, found in (("training", model.training), ("validation", model.validation), ("test", model.test))
        if found is not None
    ]
    return table(("Model", "Images", "Accuracy", "Macro-F1", "Loss", "Misclassified"), rows, n_texts=2)


def _classes(evaluation: Evaluation) -> Markdown:
    """Give each class's figures."""
    rows: list[Sequence[Any]] = [
        (
            report.name,
            f"{report.precision:.3f}",
            f"{report.recall:.3f}",
            interval(report.recall_interval) if report.recall_interval else "–",
            f"{report.f1:.3f}",
            count(report.support),
        )
        for report in (*evaluation.per_class, evaluation.macro_average)
    ]
    return table(("Class", "Precision", "Recall", "95 % interval", "F1", "Images"), rows)


def _calibration(evidence: Evidence) -> Markdown:
    """Say how well both models' probabilities mean what they say."""
    models = [evidence.confidence[name.lower()] for name in _MODELS]
    chances = [found.after.chance_ece for found in models]
    by_chance = [("of that by chance alone", *(percent(chance, 2) for chance in chances if chance is not None))]
    if None in chances:
        by_chance = []
    rows = [
        ("temperature", *(f"{found.rules.temperature:.2f}" for found in models)),
        ("expected calibration error, before the temperature", *(share(found.before.ece) for found in models)),
        ("expected calibration error, tempered", *(share(found.after.ece) for found in models)),
        *by_chance,
        ("Brier score, tempered", *(score(found.after.brier) for found in models)),
        ("error rate averaged over coverages (AURC)", *(percent(found.risk.area, 2) for found in models)),
    ]
    return table(("", *_MODELS), rows)


def _sets(evidence: Evidence) -> Markdown:
    """Say how often sets of classes hold the true one."""
    found = evidence.confidence["optimized"]
    rows = [
        (_METHODS[rule.method], percent(1 - rule.alpha), share(sets.coverage), f"{sets.mean_size:.2f}")
        for rule, sets in zip(found.rules.sets, found.coverage, strict=True)
    ]
    return table(("Method", "Asked for", "Hold the true class", "Classes, on average"), rows)


def _robustness(evidence: Evidence) -> Markdown:
    """Give both models' accuracy under each corruption."""
    suite = evidence.robustness
    if suite is None:
        return _NOTHING
    rows = [
        ("none", share(suite.clean_accuracy_a), share(suite.clean_accuracy_b)),
        *((kind.kind, percent(kind.mean_accuracy_a), percent(kind.mean_accuracy_b)) for kind in suite.kinds),
        ("all of them", share(suite.mean_accuracy_a), share(suite.mean_accuracy_b)),
    ]
    return table(("Corruption", *_MODELS), rows)


def _novelty(evidence: Evidence) -> Markdown:
    """Say how well images that belong to none of the classes are told."""
    if evidence.novelty is None:
        return _NOTHING
    rows = [
        (kind.kind, share(kind.refused), score(kind.separation.auroc), count(kind.separation.n))
        for kind in evidence.novelty.kinds
    ]
    return table(("Images", "Refused", "AUROC", "Number"), rows)


def _attacks(evidence: Evidence) -> Markdown:
    """Give each model's accuracy under attack."""
    rows = [
        (name, found.attack, found.strength, share(found.accuracy), count(found.n))
        for name, attacks in evidence.attacks.items()
        for found in attacks
    ]
    return table(("Model", "Attack", "Grey levels", "Accuracy", "Images"), rows, n_texts=2) if rows else _NOTHING


def _pairs(results: RunResults) -> Markdown:
    """Count which images each model got right."""
    pairs = results.comparison
    rows = [
        ("Initial right", count(pairs.both_right), f"{count(pairs.broken)} broken"),
        ("Initial wrong", f"{count(pairs.mended)} mended", count(pairs.both_wrong)),
    ]
    return table(("Images", "Optimized right", "Optimized wrong"), rows)


def _standings(standings: Sequence[Standing]) -> Markdown:
    """Set figures side by side; this run's own stands out."""
    rows = [
        (
            Markdown(f"**{escape(standing.what)}**") if standing.is_ours else standing.what,
            standing.note,
            standing.source,
            share_alone(standing.accuracy),
            interval(standing.accuracy),
        )
        for standing in standings
    ]
    return table(("What", "How it was measured", "Source", "Accuracy", "95 % interval"), rows, n_texts=3)


def _time(results: RunResults) -> Markdown:
    """Say where the time went."""
    later = {FULL_EVALUATION: f"{FULL_EVALUATION}, after the run"}
    rows = [(later.get(name, setting_name(name)), duration(seconds)) for name, seconds in results.timings.items()]
    return table(("Stage", "Time"), rows)
