"""`fashion compare`: two models on the same test images."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from fashion_classifier.cli.options import Data, Device, GroupBy, Json, Seed
from fashion_classifier.cli.output import between, output, percent


def compare(
    first: Annotated[Path, typer.Argument(metavar="A", help="A model folder or a run folder.")],
    second: Annotated[Path, typer.Argument(metavar="B", help="Another one.")],
    data: Data = "auto",
    group_by: GroupBy = None,
    seed: Seed = 0,
    device: Device = "auto",
    as_json: Json = False,
) -> None:
    """Compare two models on the same test images, paired: what B mends and breaks, and whether it is better.

    Examples:

      fashion compare models/a models/b

      fashion compare runs/2026-01-31-101500-auto runs/2026-02-01-090000-auto
    """
    from fashion_classifier.cli import STARTED
    from fashion_classifier.cli.run import comparison_facts, evaluation_facts
    from fashion_classifier.experiment.judging import compare_on_test, open_model, prepare_for

    with output(as_json=as_json) as out_to:
        opened = (open_model(first, device=device), open_model(second, device=device))
        used_s = time.perf_counter() - STARTED
        prepared = prepare_for(opened[0], data, group_by=group_by, seed=seed, used_s=used_s, progress=out_to.progress)
        a, b, compared = compare_on_test(*opened, prepared.collection, prepared.split, progress=out_to.progress)
        rows = [
            [
                letter,
                str(model.path),
                percent(result.accuracy.value),
                between(result.accuracy.low, result.accuracy.high),
                f"{result.loss.value:.3f}",
            ]
            for letter, model, result in zip("AB", opened, (a, b), strict=True)
        ]
        out_to.table(
            f"Test set of {prepared.collection.name}",
            ["", "model", "accuracy", "95 % interval", "loss"],
            rows,
            left=2,
        )
        difference = compared.difference
        out_to.tell(
            f"\nB against A: {compared.verdict} ({100 * difference.value:+.2f} points, 95 % interval "
            f"{between(difference.low, difference.high)}, p = {compared.p_value:.2g}); "
            f"{compared.mended:,} images mended, {compared.broken:,} broken"
        )
        facts = {
            "data": {"name": prepared.collection.name, "fingerprint": prepared.collection.fingerprint},
            "seconds": round(prepared.clock.used_s, 2),
            "a": {"model": str(opened[0].path), "test": evaluation_facts(a)},
            "b": {"model": str(opened[1].path), "test": evaluation_facts(b)},
            "comparison": comparison_facts(compared),
        }
        out_to.result("compare", facts)
