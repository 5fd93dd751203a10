"""`fashion evaluate`: a model on the test set."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from fashion_classifier.cli.options import Data, Device, GroupBy, Json, ModelOrRun, Seed
from fashion_classifier.cli.output import Output, between, output, percent
from fashion_classifier.cli.shared import is_from_file
from fashion_classifier.errors import UsageError

SEEDS = 3  # of each rung in a full evaluation


def evaluate(
    model: ModelOrRun = None,
    data: Data = "auto",
    initial: Annotated[bool, typer.Option("--initial", help="Of a run, the initial model.")] = False,
    full: Annotated[
        bool,
        typer.Option("--full", help="Find out all about a run, with many further trainings, and renew its report."),
    ] = False,
    minutes: Annotated[
        float | None,
        typer.Option("--minutes", "-m", help="With --full: time for all of it; else trainings as long as the run's."),
    ] = None,
    seeds: Annotated[
        int | None,
        typer.Option("--seeds", min=2, help=f"With --full: how often each rung is trained; by default {SEEDS} times."),
    ] = None,
    group_by: GroupBy = None,
    seed: Seed = 0,
    device: Device = "auto",
    as_json: Json = False,
) -> None:
    """Evaluate a model on the data's test set; a run's record notes that the test set was opened.

    A run is evaluated on its own data unless other data is given. In full, a run's report learns how much seeds move
    its result, what each step gained over seeds, what more images would give, which labels are doubtful, and how both
    models fare under all corruptions and attacks; stopped with Ctrl-C, it goes on when the command is given again.

    Examples:

      fashion evaluate runs/2026-01-31-101500-auto

      fashion evaluate models/mine --data my_photos

      fashion evaluate --data fashion-mnist

      fashion evaluate runs/2026-01-31-101500-auto --full --minutes 60
    """
    from fashion_classifier.cli import STARTED
    from fashion_classifier.cli.run import evaluation_facts
    from fashion_classifier.experiment.judging import evaluate_on_test, open_model, prepare_for

    for option, value in (("minutes", minutes), ("seeds", seeds)):
        if not full and value is not None and not is_from_file(option):
            raise UsageError(f"--{option} is for a full evaluation: add --full, or leave it out.")
    with output(as_json=as_json) as out_to:
        if full:
            _evaluate_fully(
                model, minutes, seeds or SEEDS, out_to, takes_others=data != "auto" or initial or group_by is not None
            )
            return
        opened = open_model(model, "initial" if initial else "optimized", device=device)
        if model is None:
            out_to.remark(f"Model: {opened.shown}")
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
            f"{between(result.accuracy.low, result.accuracy.high)}), loss {result.loss.value:.3f}, macro-F1 "
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


def _evaluate_fully(
    named: Path | None, minutes: float | None, seeds: int, out_to: Output, *, takes_others: bool
) -> None:
    """Evaluate a run in full, and tell the chief of it."""
    from fashion_classifier.cli import STARTED
    from fashion_classifier.experiment.full import evaluate_fully
    from fashion_classifier.experiment.listener import Listener
    from fashion_classifier.experiment.lookup import locate_model
    from fashion_classifier.reporting.conclusion import conclude
    from fashion_classifier.reporting.serialisation import to_json

    if takes_others:
        raise UsageError("A full evaluation is of a run, both its models and its own data: name the run alone.")
    run = locate_model(named).run
    if run is None:
        raise UsageError(f"{named or 'The default model'} belongs to no run; a full evaluation is of a run.")
    listener = Listener(progress=out_to.progress, tell=out_to.remark)
    used_s = time.perf_counter() - STARTED
    outcome = evaluate_fully(run, minutes=minutes, n_seeds=seeds, used_s=used_s, listener=listener)
    for sentence in conclude(outcome.results).robustness.sentences:
        out_to.tell(sentence)
    if not outcome.finished:
        out_to.warn("Stopped early: the report tells what there is. The same command goes on.")
        out_to.end_as_interrupted()
    out_to.tell(f"Report: {outcome.report}")
    facts = {
        "run": str(run),
        "report": str(outcome.report),
        "finished": outcome.finished,
        "seconds": round(outcome.seconds, 2),
        "evidence": to_json(outcome.results.evidence),
    }
    out_to.result("evaluate", facts)
