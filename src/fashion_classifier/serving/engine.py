"""What answers: a model, its queue, and the processes that decode for it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np

from fashion_classifier.errors import DataError
from fashion_classifier.inference.answers import Answer
from fashion_classifier.inference.opening import OpenedModel, open_model
from fashion_classifier.inference.photographs.answering import answers_with_probabilities
from fashion_classifier.inference.photographs.seen import Seen
from fashion_classifier.inference.predictor import Probabilities
from fashion_classifier.inference.runtimes.base import RuntimeName
from fashion_classifier.inference.runtimes.choice import ALL_FROM
from fashion_classifier.serving.batching import Batcher
from fashion_classifier.serving.decoders import Decoders, refused
from fashion_classifier.serving.examples import drawn, in_shape
from fashion_classifier.serving.explaining import Occlusion
from fashion_classifier.serving.intake import kind_of, read_pictures
from fashion_classifier.serving.json_bodies import is_json, is_light, read_json
from fashion_classifier.serving.lifecycle import Lifecycle
from fashion_classifier.serving.metrics import Metrics
from fashion_classifier.serving.picture import Picture
from fashion_classifier.serving.plain_png import is_small_and_plain
from fashion_classifier.serving.portrait import data_uri, heat
from fashion_classifier.serving.problems import Problem
from fashion_classifier.serving.seeing import alone, look
from fashion_classifier.serving.settings import ServeConfig

WARM = (1, 2, 8, 32)  # sizes of batches, for which runtimes prepare themselves
Said = tuple[Answer, Probabilities]


def open_for_serving(folder: Path, runtime: RuntimeName | Literal["auto"], threads: int) -> OpenedModel:
    """Open a model, choose its runtime by trying all that there are on drawn garments, and warm it up.

    Parameters
    ----------
    folder
        A model folder.
    runtime
        Which one to take; "auto" for the fastest that agrees with ONNX Runtime in float32.
    threads
        To compute with; 0 for one a core.
    """
    model = open_model(folder, runtime, threads=threads, n_images=ALL_FROM)
    images = in_shape(drawn(), model.shape)
    for n in (len(images), *WARM):
        model.predict(images[:n])
    return model


class Engine:
    """Answers pictures.

    Parameters
    ----------
    model
        What predicts.
    config
        Of the server.
    lifecycle
        Knows how many requests are being read.
    metrics
        Told of what is computed.
    """

    def __init__(self, model: OpenedModel, config: ServeConfig, lifecycle: Lifecycle, metrics: Metrics) -> None:
        self.model, self._limits, self._metrics = model, config.limits, metrics
        own = (model.shape.width, model.shape.height)
        self._size = own if model.pictures == "garment" else None  # of pictures that are not looked at for a garment
        self._decoders = Decoders(config.n_decoders, model.shape, model.pictures, config.limits)
        self._batcher: Batcher[Seen, Said] = Batcher(
            self._compute,
            lambda seen: len(seen.images),
            largest=config.batch_images,
            most_waiting=config.limits.waiting_images,
            gather_s=config.gather_s,
            n_expected=lambda: lifecycle.n_reading,
        )
        metrics.watch("fashion_waiting_images", "Images that wait for the model.", lambda: self._batcher.n_waiting)
        metrics.watch("fashion_decoder_restarts", "Decoders that were replaced.", lambda: self._decoders.restarts)

    def start(self) -> None:
        """Start to answer; needs a running event loop."""
        self._decoders.start()
        self._batcher.start()

    async def stop(self) -> None:
        """End."""
        await self._batcher.stop()
        self._decoders.close()

    async def pictures(self, body: bytes, content_type: bytes) -> list[Picture]:
        """Find the pictures in a body; what is large and JSON is read by a process, as that takes Python's lock.

        Raises
        ------
        Problem
            If it has none, or cannot be read.
        """
        most = self._limits.images
        if not is_json(kind_of(content_type)):
            return read_pictures(body, content_type, most)
        if is_light(body, self._limits):
            return read_json(body, self.model.shape, most)
        return await self._decoders.read_json(body, most)

    async def see(self, picture: Picture) -> Seen | Problem:
        """Decode a picture; what is wrong with it comes back instead."""
        content = picture.content
        try:
            if not isinstance(content, bytes):
                return content
            if not content:
                return Problem("malformed", f"{picture.place}: it is empty. Send the file's bytes.")
            if is_small_and_plain(content, self._size):  # takes less time here than to ask somebody else
                return self._look(content, picture.place)
            return await self._decoders.decode(content, picture.place)
        except Problem as problem:
            return problem

    async def answer(self, seen: Sequence[Seen]) -> list[Said]:
        """Classify pictures, together with whatever else is asked."""
        return await self._batcher.submit(seen)

    async def explain(self, seen: Seen, label: int) -> tuple[str, float]:
        """Return which pixels mattered for a class, as a data URI, and how much the most important one did."""
        occlusion = Occlusion.of(seen.shown)
        images = [seen.shown, *occlusion.images]
        (_, whole), *others = await self._batcher.submit([alone(one, photograph=seen.photograph) for one in images])
        influence = occlusion.influence(label, whole, np.stack([probabilities for _, probabilities in others]))
        return data_uri(heat(influence)), float(influence.max())

    def _look(self, content: bytes, place: str) -> Seen:
        """Decode here."""
        try:
            return look(content, self.model.shape, self.model.pictures, place=place, max_pixels=self._limits.pixels)
        except DataError as error:
            fault = error.faults[0]
            raise refused(place, fault.problem, fault.remedy) from error

    def _compute(self, seen: list[Seen]) -> list[Said]:
        """Run the model."""
        begun = time.perf_counter()
        said = answers_with_probabilities(self.model, seen)
        self._metrics.model_seconds.observe(time.perf_counter() - begun)
        self._metrics.batches.observe(sum(len(one.images) for one in seen))
        return said
