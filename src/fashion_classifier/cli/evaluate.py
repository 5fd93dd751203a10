"""`fashion evaluate`: a model on the test set."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from fashion_classifier.cli.options import Data, Device, GroupBy, Json, ModelOrRun, Seed
from fashion_classifier.cli.output import between, output, percent


def evaluate(
    model: ModelOrRun = None,
    data: Data = "auto",
    initial: Annotated[bool, typer.Option("--initial", help="Of a run, the initial model.")] = False,
    group_by: GroupBy = None,
    seed: Seed = 0,
    device: Device = "auto",
    as_json: Json = False,
) -> None:
    """Evaluate a model on the data's test set; a run's record notes that the test set was opened.

    A run is evaluated on its own data unless other data is given.

    Examples:

      fashion evaluate runs/2026-01-31-101500-auto

      fashion evaluate models/mine --data my_photos

      fashion evaluate --data fashion-mnist
    """
    from fashion_classifier.cli import STARTED
    from fashion_classifier.cli.run import evaluation_facts
    from fashion_classifier.experiment.judging import evaluate_on_test, open_model, prepare_for

    with output(as_json=as_json) as out_to:
        opened = open_model(model, "initial" if initial else "optimized", device=device)
        if model is None:
            out_to.tell(f"Model: {opened.path}")
        used_s = time.perf_counter() - STARTED
        prepared = prepare_for(opened, data, group_by=group_by, seed=seed, used_s=used_s, progress=out_to.progress)
        result, _ = evaluate_on_test(opened, prepared.collection, prepared.split, progress=out_to.progress)
        rows = [
            [
                report.name,
                f"{report.precision:.3f}",
                f"{report.recall:.3f}",
                f"{report.f1:.3f}",
                f"{report.support:,}",
            ]
            for report in (*result.per_class, result.macro_average, result.weighted_average)
        ]
        out_to.table(
            f"{opened.name} on {prepared.collection.name}",
            ["class", "precision", "recall", "F1", "images"],
            rows,
        )
        out_to.tell(
            f"\nTest accuracy {percent(result.accuracy.value)} (95 % interval "
            f"{between(result.accuracy.low, result.accuracy.high)}), loss {result.loss:.3f}, macro-F1 "
            f"{result.macro_f1.value:.4f}, {result.n_misclassified:,} of {result.n:,} misclassified"
        )
        per_class = {
            report.name: {
                "precision": report.precision,
                "recall": report.recall,
                "f1": report.f1,
                "support": report.support,
            }
            for report in result.per_class
        }
        facts = {
            "model": str(opened.path),
            "data": {"name": prepared.collection.name, "fingerprint": prepared.collection.fingerprint},
            "seconds": round(prepared.clock.used_s, 2),
            "test": {
                **evaluation_facts(result),
                "per_class": per_class,
                "confusion": [list(row) for row in result.confusion],
            },
        }
        out_to.result("evaluate", facts)
