"""`fashion predict`: what a model says of pictures."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from fashion_classifier.cli.options import Json
from fashion_classifier.cli.output import output
from fashion_classifier.errors import UsageError

BAD_DATA = 3


class Format(StrEnum):
    """The form of the rows."""

    TABLE = "table"
    CSV = "csv"
    JSONL = "jsonl"
    PARQUET = "parquet"


class RuntimeChoice(StrEnum):
    """What computes."""

    AUTO = "auto"
    TORCH = "torch"
    ONNX = "onnx"
    OPENVINO = "openvino"


def predict(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH…", help="Pictures, and folders of pictures.")],
    model: Annotated[
        Path | None,
        typer.Option(
            "--model",
            metavar="MODEL_OR_RUN",
            help="A model or run folder; by default the latest finished run in ./runs.",
        ),
    ] = None,
    format: Annotated[Format, typer.Option("--format", help="The form of the rows.")] = Format.TABLE,  # noqa: A002
    output_file: Annotated[
        Path | None,
        typer.Option("--output", metavar="FILE", help="Write the rows to a file, which must not be there yet."),
    ] = None,
    runtime: Annotated[
        RuntimeChoice,
        typer.Option("--runtime", help="What computes; auto takes the fastest that is installed and agrees."),
    ] = RuntimeChoice.AUTO,
    as_json: Json = False,
) -> None:
    """Classify pictures that already look like the model's training data.

    A file that cannot be read is a row with its error and does not stop the others; the exit code is then 3.

    Examples:

      fashion predict shoe.png --model runs/2026-01-31-101500-auto

      fashion predict photos/ --format csv --output answers.csv
    """
    from fashion_classifier.experiment.lookup import latest_finished_run, model_folder
    from fashion_classifier.inference.files import find_pictures, predict_files
    from fashion_classifier.inference.opening import open_model

    if format is Format.PARQUET and output_file is None:
        raise UsageError("Parquet is for files: say to which file the rows go.")
    if output_file is not None and output_file.exists():
        raise UsageError(f"{output_file} is already there; nothing was overwritten. Name another file.")
    with output(as_json=as_json, rows_on_stdout=True) as out_to:
        place = model_folder(model or latest_finished_run(Path("runs")))
        opened = open_model(place, runtime.value)
        files = find_pictures(paths)
        rows: list[dict[str, Any]] = [
            {
                "path": str(prediction.path),
                "class": prediction.predicted,
                "probability": prediction.probability,
                "error": prediction.error,
            }
            for prediction in predict_files(opened, files, progress=out_to.progress)
        ]
        out_to.close()
        n_failed = sum(bool(row["error"]) for row in rows)
        if output_file is not None:
            _write(rows, format, output_file)
            out_to.tell(f"{len(rows):,} rows in {output_file}")
        elif not as_json:
            _print(rows, format)
        if n_failed:
            out_to.warn(f"{n_failed:,} of {len(rows):,} files could not be read.")
        runs_in = {"name": opened.runtime.name, "precision": opened.runtime.precision}
        facts = {"model": str(opened.path), "runtime": runs_in, "n": len(rows), "failed": n_failed}
        out_to.result(
            "predict",
            {
                **facts,
                "output": None if output_file is None else str(output_file),
                "rows": rows if output_file is None else None,
            },
        )
    if n_failed:
        raise typer.Exit(BAD_DATA)


def _print(rows: list[dict[str, Any]], form: Format) -> None:
    """Write the rows to standard output."""
    if form is Format.TABLE:
        width = max(len(row["path"]) for row in rows)
        for row in rows:
            answer = row["error"] or f"{row['class']}  {row['probability']:.1%}"
            sys.stdout.write(f"{row['path']:<{width}}  {answer}\n")
    else:
        sys.stdout.write(_text(rows, form))


def _text(rows: list[dict[str, Any]], form: Format) -> str:
    """Return the rows as text."""
    import csv
    import io
    import json

    if form is Format.JSONL:
        return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _write(rows: list[dict[str, Any]], form: Format, path: Path) -> None:
    """Write the rows to a file, atomically."""
    import polars as pl

    from fashion_classifier.storage import atomic_path, write_text

    if form is Format.PARQUET:
        schema = {"path": pl.String, "class": pl.String, "probability": pl.Float64, "error": pl.String}
        with atomic_path(path) as temporary:
            pl.DataFrame(rows, schema=schema).write_parquet(temporary)
    else:
        write_text(path, _text(rows, Format.CSV if form is Format.TABLE else form))
