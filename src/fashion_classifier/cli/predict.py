"""`fashion predict`: what a model says of pictures."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fashion_classifier.cli.options import ClusterOption, Json, ModelOption
from fashion_classifier.cli.output import output
from fashion_classifier.cli.rows import Format, Row, rows_to_file, rows_to_stream
from fashion_classifier.errors import UsageError
from fashion_classifier.progress import Progress, silent

if TYPE_CHECKING:
    from fashion_classifier.data.dataset import ImageShape
    from fashion_classifier.data.picture_ways import PictureWay
    from fashion_classifier.inference.answers import Answer
    from fashion_classifier.inference.files import FilePrediction
    from fashion_classifier.inference.inputs import Inputs
    from fashion_classifier.inference.shelf import ModelFacts

BAD_DATA = 3
UNLIKE = "it is unlike the images that the model knows"


class RuntimeChoice(StrEnum):
    """What computes."""

    AUTO = "auto"
    TORCH = "torch"
    ONNX = "onnx"
    OPENVINO = "openvino"


class Kind(StrEnum):
    """What pictures are taken for."""

    AUTO = "auto"
    IMAGE = "image"
    PHOTOGRAPH = "photograph"


def predict(
    paths: Annotated[
        list[Path], typer.Argument(metavar="PATH", help="Pictures, folders, patterns, and files of pixels.")
    ],
    model: ModelOption = None,
    format: Annotated[  # noqa: A002
        Format,
        typer.Option("--format", help="The form of the rows; in a file by default what its name ends in, or CSV."),
    ] = Format.TABLE,
    output_file: Annotated[
        Path | None,
        typer.Option("--output", metavar="FILE", help="Write the rows to a file, which must not be there yet."),
    ] = None,
    sort_into: Annotated[
        Path | None,
        typer.Option("--sort-into", metavar="FOLDER", help="Copy each picture into a folder of its class in there."),
    ] = None,
    link: Annotated[bool, typer.Option("--link", help="With --sort-into: symbolic links instead of copies.")] = False,
    kind: Annotated[
        Kind,
        typer.Option(
            "--as",
            help="Pictures like the training images, or photographs in which a garment is looked for; auto goes by "
            "the model, and by each picture.",
        ),
    ] = Kind.AUTO,
    show: Annotated[
        Path | None,
        typer.Option("--show", metavar="FOLDER", help="Draw each picture beside what the model saw, in there."),
    ] = None,
    runtime: Annotated[
        RuntimeChoice,
        typer.Option("--runtime", help="What computes; auto takes a fast one that is installed and agrees."),
    ] = RuntimeChoice.AUTO,
    cluster: ClusterOption = None,
    as_json: Json = False,
) -> None:
    """Classify photographs of garments, or pictures like the model's training images.

    Each row tells the best guess with its probability, the set of classes that holds the true one for 95 % of images
    like those that the model knows, and whether the picture is refused as unlike them. A file that cannot be read is a
    row with the reason and does not stop the others; the exit code is then 3. Files of pixels may be CSV, IDX, NPZ or
    Parquet, with labels or without; each of their rows is one here, called FILE:ROW (of CSV the line). With --cluster
    all is classified by a Ray cluster, whose machines must find the files under the same paths.

    Examples:

      fashion predict shoe.png --model runs/2026-01-31-101500-auto

      fashion predict photos/ --format csv --output answers.csv

      fashion predict photos/ --format jsonl | head

      fashion predict photos/ --sort-into sorted/

      fashion predict photos/ --show seen/

      fashion predict 'photos/**/*.jpg'

      fashion predict pixels.csv --output answers.parquet

      fashion predict /archive/*.parquet --cluster auto --output answers.parquet --format parquet
    """
    from fashion_classifier.experiment.lookup import locate_model
    from fashion_classifier.inference.inputs import find_inputs
    from fashion_classifier.inference.shelf import model_facts

    _check(format, output_file, sort_into, link=link)
    paths = paths if cluster is None else _on_all_machines(paths, show)
    with output(as_json=as_json, rows_on_stdout=True) as out_to:
        place = locate_model(model)
        if model is None:
            out_to.remark(f"Model: {place.shown}")
        files = find_inputs(paths)
        if files.labelled:
            out_to.remark(
                f"The labels in {files.labelled} are not looked at; `fashion evaluate` judges a model by labels."
            )
        of_model = model_facts(place.path)
        takers = list(_takers(files, paths, sort_into, show, of_model.shape, link=link))
        kept: list[Row] = []
        n_rows = n_failed = 0
        rows_are_seen = output_file is None and not as_json and sys.stdout.isatty()
        progress = silent if rows_are_seen else out_to.progress
        asked = _Asked(place.path, runtime, files, _way(kind, of_model), of_model.shape)
        with (
            _predicting(asked, cluster, progress) as (predictions, computed_by),
            _rows_to(output_file, format, kept if as_json else None, files.longest) as write,
        ):
            for prediction in predictions:
                write(_row(prediction))
                if prediction.answer is not None:
                    for take in takers:
                        take(prediction, prediction.answer)
                n_rows, n_failed = n_rows + 1, n_failed + bool(prediction.error)
        out_to.close()
        n_read, done = n_rows - n_failed, "linked" if link else "copied"
        for written, sentence in (
            (output_file, f"{_counted(n_rows, 'row')} in {output_file}"),
            (sort_into, f"{_counted(n_read, 'picture')} {done} into folders in {sort_into}"),
            (show, f"{_counted(n_read, 'picture')} of what the model saw in {show}"),
        ):
            if written is not None:
                out_to.remark(sentence)
        if n_failed:
            out_to.warn(f"{n_failed:,} of {n_rows:,} {files.unit} could not be read.")
        facts = {"model": str(place.path), "runtime": computed_by(), "n": n_rows, "failed": n_failed}
        out_to.result(
            "predict",
            {
                **facts,
                "output": None if output_file is None else str(output_file),
                "sorted_into": None if sort_into is None else str(sort_into),
                "shown_in": None if show is None else str(show),
                "rows": kept if output_file is None else None,
            },
        )
    if n_failed:
        raise typer.Exit(BAD_DATA)


def _check(form: Format, output_file: Path | None, sort_into: Path | None, *, link: bool) -> None:
    """Check what was asked for before anything is read."""
    if link and sort_into is None:
        raise UsageError("Links are for sorting: say into which folder.")
    if form is Format.PARQUET and output_file is None:
        raise UsageError("Parquet is for files: say to which file the rows go.")
    if output_file is not None and output_file.exists():
        raise UsageError(f"{output_file} is already there; nothing was overwritten. Name another file.")


def _on_all_machines(paths: list[Path], show: Path | None) -> list[Path]:
    """Return paths as other machines understand them."""
    if show is not None:
        raise UsageError("What the model saw is drawn where it is seen: ask for it without a cluster.")
    return [path.absolute() for path in paths]


def _takers(
    files: Inputs, paths: list[Path], sort_into: Path | None, show: Path | None, shape: ImageShape, *, link: bool
) -> Iterator[Callable[[FilePrediction, Answer], object]]:
    """Yield what each file that could be read is handed to, beside the rows."""
    from fashion_classifier.inference.inputs import check_files

    if sort_into is not None:
        from fashion_classifier.inference.sorting import Sorter

        check_files(files, "sorted into folders")
        sorter = Sorter(sort_into, paths, link=link)
        yield lambda prediction, answer: sorter.put(prediction.path, answer)
    if show is not None:
        from fashion_classifier.inference.photographs.showing import ShownFolder

        check_files(files, "shown")
        shown = ShownFolder(show, paths)
        yield lambda prediction, answer: shown.put(prediction.path, prediction.seen, shape, answer)


def _counted(n: int, noun: str) -> str:
    """Write a number with its noun: 1 row, 1,200 rows."""
    return f"{n:,} {noun}{'' if n == 1 else 's'}"


@dataclass(frozen=True)
class _Asked:
    """What is to be predicted, and how."""

    model: Path
    runtime: RuntimeChoice
    files: Inputs
    way: PictureWay
    shape: ImageShape


_Predicting = tuple[Iterator["FilePrediction"], Callable[[], dict[str, Any]]]  # and by what, once that is known


def _predicting(asked: _Asked, cluster: str | None, progress: Progress) -> AbstractContextManager[_Predicting]:
    """Predict here, or on a cluster."""
    return _predicting_here(asked, progress) if cluster is None else _predicting_there(asked, cluster, progress)


@contextmanager
def _predicting_here(asked: _Asked, progress: Progress) -> Iterator[_Predicting]:
    """Predict in this process; the model is opened while the first pictures are decoded."""
    from fashion_classifier.inference.files import predict_batches
    from fashion_classifier.inference.inputs import reading

    files = asked.files
    with reading(files, asked.shape, asked.way) as batches:
        from fashion_classifier.inference.opening import open_model

        opened = open_model(asked.model, asked.runtime.value, n_images=len(files))
        yield (
            predict_batches(opened, batches, len(files), of=files.unit, progress=progress),
            lambda: opened.computed_by,
        )


@contextmanager
def _predicting_there(asked: _Asked, cluster: str, progress: Progress) -> Iterator[_Predicting]:
    """Predict on a cluster."""
    from fashion_classifier.inference.cluster import joined
    from fashion_classifier.inference.distributed import ClusterPredictor

    with joined(cluster):
        predictor = ClusterPredictor(asked.model, asked.runtime.value, asked.way)
        yield predictor.predict(asked.files, progress=progress), lambda: predictor.computed_by


def _way(kind: Kind, model: ModelFacts) -> PictureWay:
    """Return which way pictures are brought to a model: its own, unless it is said what they are."""
    if kind is Kind.AUTO:
        return model.pictures
    return "garment" if kind is Kind.PHOTOGRAPH else "resize"


def _row(prediction: FilePrediction) -> Row:
    """Return a prediction as a row."""
    answer = prediction.answer
    return {
        "path": os.fsencode(prediction.path).decode("utf-8", "backslashreplace"),  # a name may be no text at all
        "class": None if answer is None else answer.predicted,
        "probability": None if answer is None else answer.probability,
        "set": None if answer is None or answer.classes is None else list(answer.classes),
        "refused": None if answer is None else answer.refused,
        "reason": prediction.error or (UNLIKE if answer is not None and answer.refused else ""),
    }


@contextmanager
def _rows_to(path: Path | None, form: Format, kept: list[Row] | None, width: int) -> Iterator[Callable[[Row], object]]:
    """Give what a row is handed to: a file, the list that the JSON object will hold, or standard output."""
    if path is not None:
        with rows_to_file(path, form) as write:
            yield write
    elif kept is not None:
        yield kept.append
    else:
        yield rows_to_stream(sys.stdout, form, width)
