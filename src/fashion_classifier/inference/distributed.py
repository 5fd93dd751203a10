"""Predicting on a Ray cluster: files in portions, each classified by a task of Ray Data, answers in order.

The machines must find the files under the same paths. What is lost with a machine Ray does again on another one.
"""

from __future__ import annotations

import json
import logging
import platform
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from fashion_classifier.data.dataset import ImageShape
from fashion_classifier.data.picture_ways import PictureWay
from fashion_classifier.data.streams.blocks import failed
from fashion_classifier.data.streams.parquet_stream import ParquetStream
from fashion_classifier.data.streams.recognition import find_stream
from fashion_classifier.inference.answers import Answer
from fashion_classifier.inference.cluster import meant, n_places
from fashion_classifier.inference.decoding import DecodedBatch, decoding
from fashion_classifier.inference.files import FilePrediction, PictureFiles, predict_batches
from fashion_classifier.inference.inputs import Inputs
from fashion_classifier.inference.opening import OpenedModel, open_model
from fashion_classifier.inference.packing import packed, unpack
from fashion_classifier.inference.runtimes.base import RuntimeName
from fashion_classifier.progress import Progress

PICTURES, ROWS = 500, 20_000  # of a portion: some seconds' work
MOST_BLOCKS = 4096  # of portions, that Ray has to know of at once
CPUS = 1  # of a task: several portions at a time are faster than several threads for one
RETRIES = 5

_Portion = dict[str, Any]


@dataclass
class ClusterPredictor:
    """Predicts on the cluster that this process has joined.

    Parameters
    ----------
    folder
        The model's.
    runtime
        As `open_model` takes it.
    way
        How pictures are brought to the model.
    computed_by
        What computed the first answers, once there are any.
    """

    folder: Path
    runtime: RuntimeName | str
    way: PictureWay
    computed_by: dict[str, Any] = field(default_factory=dict)

    def predict(self, inputs: Inputs, *, progress: Progress) -> Iterator[FilePrediction]:
        """Classify what was named.

        Yields
        ------
        FilePrediction
            For each file or row, in order, without what was seen.

        Raises
        ------
        FashionError
            What a machine there raised.
        """
        import ray.data  # noqa: PLC0415 - an extra
        from ray.exceptions import RayError  # noqa: PLC0415

        _quietly_in_order()
        portions = [{"portion": json.dumps(portion).encode()} for portion in _portions(inputs)]
        each = len(inputs) // n_places(CPUS, 0)
        how = {"model": [ray.put(packed(self.folder))], "runtime": self.runtime, "way": self.way, "n_images": each}
        classify: Any = _answered  # of which Ray's types say too little
        said = ray.data.from_items(portions, override_num_blocks=min(len(portions), MOST_BLOCKS)).map_batches(
            classify, batch_size=1, fn_kwargs=how, num_cpus=CPUS, max_retries=RETRIES
        )
        begun, done, n = time.perf_counter(), 0, len(inputs)
        try:
            for row in said.iter_rows():
                answered = json.loads(row["answered"])
                self.computed_by = self.computed_by or answered["computed_by"]
                for path, answer, error in answered["answers"]:
                    yield FilePrediction(Path(path), None if answer is None else _answer(*answer), error)
                done += len(answered["answers"])
                rate = done / (time.perf_counter() - begun)
                progress("Predicting", done, max(n, done), f"{rate:,.0f} {inputs.unit}/s")
        except RayError as error:
            raise meant(error) or error from error


def _quietly_in_order() -> None:
    """Have Ray Data keep the order of what it is given, and leave the telling to us."""
    from ray.data import DataContext  # noqa: PLC0415

    context = DataContext.get_current()
    context.execution_options.preserve_order = True
    context.enable_progress_bars = False
    logging.getLogger("ray.data").setLevel(logging.ERROR)


def _portions(inputs: Inputs) -> Iterator[_Portion]:
    """Yield what is done together: some pictures, some rows of a Parquet file, or another file of pixels."""
    for part in inputs.parts:
        if isinstance(part, PictureFiles):
            names = iter(part)
            while some := list(islice(names, PICTURES)):
                yield {"pictures": some}
        elif isinstance(part, ParquetStream):
            yield from ({"rows_of": str(part.path), "first": rows.first, "n": rows.n} for rows in part.parts(ROWS))
        else:
            yield {"rows_of": str(part.path)}


def _answered(
    batch: dict[str, Any], model: Sequence[Any], runtime: RuntimeName, way: PictureWay, n_images: int
) -> dict[str, list[bytes]]:
    """Classify one portion; called on the cluster."""
    [portion] = map(json.loads, batch["portion"])
    opened = _opened(model[0], runtime, n_images).model
    answers = []
    for prediction in _predictions(opened, portion, way):
        said = prediction.answer
        plain = None if said is None else [said.predicted, said.probability, said.classes, said.refused]
        answers.append([str(prediction.path), plain, prediction.error])
    return {"answered": [json.dumps({"answers": answers, "computed_by": opened.computed_by}).encode()]}


@dataclass(frozen=True)
class _Unpacked:
    """A model and the folder that it was unpacked into, which goes with it."""

    model: OpenedModel
    folder: TemporaryDirectory[str]


@lru_cache(maxsize=1)
def _opened(content: Any, runtime: RuntimeName, n_images: int) -> _Unpacked:
    """Open the model, once for all portions of a process."""
    import ray  # noqa: PLC0415

    folder = TemporaryDirectory(prefix="fashion-model-")
    place = Path(folder.name) / "model"
    unpack(ray.get(content), place)
    return _Unpacked(open_model(place, runtime, threads=CPUS, n_images=n_images), folder)


def _predictions(model: OpenedModel, portion: _Portion, way: PictureWay) -> Iterator[FilePrediction]:
    """Classify one portion."""
    if "pictures" in portion:
        names = portion["pictures"]
        with decoding(names, len(names), model.shape, way, processes=0) as batches:
            yield from predict_batches(model, batches, len(names))
    else:
        yield from predict_batches(model, _batches(portion, model.shape), portion.get("n", 0))


def _batches(portion: _Portion, shape: ImageShape) -> Iterable[DecodedBatch]:
    """Read rows of a file of pixels."""
    path = Path(portion["rows_of"])
    stream = find_stream(path)
    if stream is None:
        error = f"{path}: {platform.node()} finds no such file of pixels. Put it where all machines find it."
        block = failed(path, error, shape)
        return [DecodedBatch(block.places, block.errors, block.images)]
    if isinstance(stream, ParquetStream) and "first" in portion:
        stream = stream.rows(portion["first"], portion["n"])
    return (DecodedBatch(block.places, block.errors, block.images) for block in stream.blocks(shape))


def _answer(predicted: str, probability: float, classes: list[str] | None, refused: bool | None) -> Answer:
    """Return an answer as it was before its way here."""
    return Answer(predicted, probability, None if classes is None else tuple(classes), refused)
