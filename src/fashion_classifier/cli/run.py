"""`fashion run`: the whole life of a classifier."""

from __future__ import annotations

import inspect
import time
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from fashion_classifier.cli.completion import complete_runs
from fashion_classifier.cli.options import (
    Balanced,
    Data,
    Device,
    Epochs,
    Families,
    GroupBy,
    ImageSize,
    Json,
    Minutes,
    Mirror,
    Out,
    Seed,
    Threads,
    Track,
    absolute,
    parse_size,
)
from fashion_classifier.cli.output import SAMPLE_WARNING, Output, between, output, percent, show_collection
from fashion_classifier.cli.shared import current_call, given_command
from fashion_classifier.cli.track import finish_tracking, parse_targets, tracking_of
from fashion_classifier.errors import UsageError


def run(
    data: Data = "auto",
    minutes: Minutes = None,
    trials: Annotated[int | None, typer.Option("--trials", help="Trials of the search, at most; 0 for none.")] = None,
    epochs: Epochs = None,
    trial_epochs: Annotated[float | None, typer.Option("--trial-epochs", help="Epochs of a trial.")] = None,
    family: Families = None,
    image_size: ImageSize = None,
    group_by: GroupBy = None,
    validation_fraction: Annotated[
        float,
        typer.Option("--validation-fraction", help="Share of the training images for cross-validation."),
    ] = 0.2,
    mirror: Mirror = True,
    balanced: Balanced = False,
    seed: Seed = 0,
    threads: Threads = 0,
    device: Device = "auto",
    out: Out = None,
    resume: Annotated[
        Path | None, typer.Option("--resume", metavar="RUN", help="Go on with a run.", autocompletion=complete_runs)
    ] = None,
    like: Annotated[
        Path | None,
        typer.Option("--like", metavar="RUN", help="Repeat a run's settings.", autocompletion=complete_runs),
    ] = None,
    track: Track = None,
    as_json: Json = False,
) -> None:
    """Load, train, tune, retrain, evaluate and report, within a time (5 minutes by default).

    The run folder is made in ./runs; its report.html tells everything. Ctrl-C ends in an orderly way: what is there
    is evaluated and reported. With --trials and --epochs and no --minutes the work is exact: the same seed, data
    and threads give the same bits.

    Examples:

      fashion run

      fashion run --data my_photos --minutes 10

      fashion run --data "Fashion CSV" --trials 8 --epochs 6 --seed 1

      fashion run --resume runs/2026-01-31-101500-auto
    """
    from fashion_classifier.cli import STARTED
    from fashion_classifier.experiment.listener import Listener
    from fashion_classifier.experiment.machine import peak_memory_mb
    from fashion_classifier.experiment.record import RunFolder, new_run_path
    from fashion_classifier.experiment.run import resume as resume_run
    from fashion_classifier.experiment.run import run as new_run
    from fashion_classifier.experiment.settings import RunConfig

    given = locals()
    if resume is not None and like is not None:
        raise UsageError("A run is either continued or repeated, not both.")
    if resume is not None or like is not None:
        allowed = {"resume", "like", "track", "as_json"} | ({"out"} if like is not None else set())
        defaults = {name: parameter.default for name, parameter in inspect.signature(run).parameters.items()}
        allowed |= taken.names if (taken := current_call().taken) else set()
        extra = [name for name, default in defaults.items() if name not in allowed and given[name] != default]
        if extra:
            raise UsageError(f"A run is continued or repeated with its own settings; take away {', '.join(extra)}.")
    targets = parse_targets(track)
    uses_settings = resume is None and like is None
    with output(as_json=as_json, uses_settings=uses_settings) as out_to, tracking_of(targets, out_to) as tracking:
        used_s = time.perf_counter() - STARTED
        listener = Listener(out_to.progress, out_to.remark, partial(show_collection, out_to), tracking)
        if resume is not None:
            outcome = resume_run(resume, used_s=used_s, listener=listener)
        else:
            if like is not None:
                config = RunFolder(like).config
            else:
                exact = minutes is None and trials is not None and epochs is not None
                config = RunConfig(
                    data=absolute(data),
                    image_size=parse_size(image_size),
                    group_by=group_by,
                    validation_fraction=validation_fraction,
                    minutes=None if exact else 5.0 if minutes is None else minutes,
                    trials=trials,
                    epochs=epochs,
                    trial_epochs=trial_epochs,
                    families=tuple(family) if family else RunConfig.families,
                    mirror=mirror,
                    class_weights="balanced" if balanced else "none",
                    seed=seed,
                    threads=threads,
                    device=device,
                )
            folder = out or new_run_path(Path("runs"), Path(config.data).name)
            outcome = new_run(config, folder, command=given_command(out_to.taken), used_s=used_s, listener=listener)
        _show(out_to, outcome)
        facts = _facts(outcome, peak_memory_mb())
        out_to.result("run", {**facts, "tracked": finish_tracking(tracking, out_to)})
        if outcome.results.ended_early:
            out_to.end_as_interrupted()


def _show(out_to: Output, outcome: Any) -> None:
    """Show what came out."""
    results = outcome.results
    rows = []
    for name, model in (("initial", results.initial), ("optimized", results.optimized)):
        test = model.test
        rows.append(
            [
                name,
                model.family,
                percent(model.validation.accuracy.value),
                percent(test.accuracy.value),
                between(test.accuracy.low, test.accuracy.high),
                f"{test.loss.value:.3f}",
                f"{test.n_misclassified:,}",
            ]
        )
    columns = ["model", "family", "validation", "test", "95 % interval", "loss", "errors"]
    out_to.tell("")
    out_to.table("Accuracy", columns, rows, left=2)
    comparison = results.comparison
    out_to.tell(
        f"\nOptimized against initial on the test set: {comparison.verdict} "
        f"({100 * comparison.difference.value:+.2f} points, p = {comparison.p_value:.2g})"
    )
    out_to.tell(f"Model:  {outcome.folder / 'optimized'}")
    out_to.tell(f"Report: {outcome.report}  ({outcome.seconds:.0f} s)")
    if results.data.is_sample:
        out_to.warn(SAMPLE_WARNING)


def _facts(outcome: Any, peak_mb: float) -> dict[str, Any]:
    """Return what programs are told of a run."""
    results = outcome.results
    return {
        "run": str(outcome.folder),
        "report": str(outcome.report),
        "seconds": round(outcome.seconds, 2),
        "peak_memory_mb": round(peak_mb, 1),
        "data": {
            "name": results.data.name,
            "fingerprint": results.data.fingerprint,
            "counts": {name: sum(part.values()) for name, part in results.data.counts.items()},
            "is_sample": results.data.is_sample,
        },
        "initial": _model_facts(results.initial, outcome.folder / "initial"),
        "optimized": _model_facts(results.optimized, outcome.folder / "optimized"),
        "comparison": comparison_facts(results.comparison),
        "trials": len(results.search.trials) if results.search else 0,
        "ended_early": results.ended_early,
    }


def _model_facts(model: Any, folder: Path) -> dict[str, Any]:
    """Return what programs are told of a model."""
    return {
        "model": str(folder),
        "family": model.family,
        "n_parameters": model.n_parameters,
        "validation": evaluation_facts(model.validation),
        "test": evaluation_facts(model.test),
        "stopped_because": model.stopped_because,
    }


def evaluation_facts(evaluation: Any) -> dict[str, Any]:
    """Return what programs are told of an evaluation."""
    return {
        "n": evaluation.n,
        "accuracy": evaluation.accuracy.value,
        "accuracy_interval": [evaluation.accuracy.low, evaluation.accuracy.high],
        "loss": evaluation.loss.value,
        "loss_interval": evaluation.loss.as_list,
        "macro_f1": evaluation.macro_f1.value,
        "macro_f1_interval": [evaluation.macro_f1.low, evaluation.macro_f1.high],
        "misclassified": evaluation.n_misclassified,
    }


def comparison_facts(comparison: Any) -> dict[str, Any]:
    """Return what programs are told of a comparison."""
    return {
        "n": comparison.n,
        "difference": comparison.difference.value,
        "difference_interval": [comparison.difference.low, comparison.difference.high],
        "mended": comparison.mended,
        "broken": comparison.broken,
        "p_value": comparison.p_value,
        "verdict": comparison.verdict,
    }
