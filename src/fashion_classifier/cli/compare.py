"""`fashion compare`: two models on the same test images."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from fashion_classifier.cli.completion import complete_models
from fashion_classifier.cli.options import Data, Device, GroupBy, Json, Out, Seed
from fashion_classifier.cli.output import SAMPLE_WARNING, Output, between, output, percent, told_place
from fashion_classifier.cli.shared import given_command
from fashion_classifier.errors import UsageError

_NAME_LETTERS = 40  # of each model's name in the folder's

_MODEL = "A run folder, a model folder, or a shipped model's name."


def compare(
    first: Annotated[Path, typer.Argument(metavar="A", help=_MODEL, autocompletion=complete_models)],
    second: Annotated[Path, typer.Argument(metavar="B", help="Another one.", autocompletion=complete_models)],
    data: Data = "auto",
    group_by: GroupBy = None,
    seed: Seed = 0,
    device: Device = "auto",
    out: Out = None,
    page: Annotated[
        bool, typer.Option("--page/--no-page", help="Whether to write a page, with all numbers and answers beside it.")
    ] = True,
    as_json: Json = False,
) -> None:
    """Compare two models on the same test images, paired: what B mends and breaks, and whether it is better.

    A page that tells everything is written into a folder in ./comparisons, with comparison.json and
    predictions.parquet beside it.

    Examples:

      fashion compare models/a models/b

      fashion compare runs/2026-01-31-101500-auto runs/2026-02-01-090000-auto --out comparisons/january

      fashion compare fashion-mnist models/mine --no-page
    """
    from fashion_classifier.cli import STARTED
    from fashion_classifier.cli.run import comparison_facts, evaluation_facts
    from fashion_classifier.experiment.judging import compare_on_test, open_model, prepare_for
    from fashion_classifier.experiment.record import at_free_place, check_can_be_made, new_run_path
    from fashion_classifier.reporting.comparison_page import PAGE, write_comparison

    if out is not None and not page:
        raise UsageError("Without a page no folder is made: name a folder, or leave the page away, not both.")
    with output(as_json=as_json) as out_to:
        opened = (open_model(first, device=device), open_model(second, device=device))
        names = "-".join(model.name[:_NAME_LETTERS] for model in opened)
        folder = out or new_run_path(Path("comparisons"), names)
        if page:
            check_can_be_made(folder)
        used_s = time.perf_counter() - STARTED
        prepared = prepare_for(opened[0], data, group_by=group_by, seed=seed, used_s=used_s, progress=out_to.progress)
        compared = compare_on_test(
            *opened,
            prepared.collection,
            prepared.split,
            command=given_command(out_to.taken),
            seed=seed,
            progress=out_to.progress,
        )
        results = compared.results
        _show(out_to, results, [model.shown for model in opened])
        written = None
        if page:
            out_to.progress("Drawing the page", 0.0, 1.0)
            write = partial(
                write_comparison, results=results, predictions=compared.predictions, gallery=compared.gallery
            )
            written = told_place("the page", at_free_place(folder, write), folder, out_to) / PAGE
            out_to.progress("Drawing the page", 1.0, 1.0)
            out_to.tell(f"Page: {written}")
        if prepared.collection.is_sample:
            out_to.warn(SAMPLE_WARNING)
        facts = {
            "data": {"name": results.data.name, "fingerprint": results.data.fingerprint},
            "seconds": round(prepared.clock.used_s, 2),
            "a": {"model": str(opened[0].path), "test": evaluation_facts(results.a.test)},
            "b": {"model": str(opened[1].path), "test": evaluation_facts(results.b.test)},
            "comparison": comparison_facts(results.comparison),
            "page": None if written is None else str(written),
        }
        out_to.result("compare", facts)


def _show(out_to: Output, results: Any, names: list[str]) -> None:
    """Show what came out."""
    rows = [
        [
            letter,
            name,
            percent(model.test.accuracy.value),
            between(model.test.accuracy.low, model.test.accuracy.high),
            f"{model.test.loss.value:.3f}",
        ]
        for letter, name, model in zip("AB", names, (results.a, results.b), strict=True)
    ]
    columns = ["", "model", "accuracy", "95 % interval", "loss"]
    out_to.table(f"Test set of {results.data.name}", columns, rows, left=2)
    compared = results.comparison
    difference = compared.difference
    out_to.tell(
        f"\nB against A: {compared.verdict} ({100 * difference.value:+.2f} points, 95 % interval "
        f"{between(difference.low, difference.high)}, p = {compared.p_value:.2g}); "
        f"{compared.mended:,} images mended, {compared.broken:,} broken"
    )
