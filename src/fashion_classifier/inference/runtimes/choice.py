"""Which runtime predicts: for a few images ONNX Runtime at once, for more a faster one that is installed and agrees."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass

import numpy as np

from fashion_classifier.data.dataset import Images
from fashion_classifier.errors import ModelError, UnavailableError
from fashion_classifier.inference.agreement import ACCURACY_TOLERANCE, accuracy_lost, compare_logits
from fashion_classifier.inference.predictor import softmax
from fashion_classifier.inference.runtimes.base import Logits, Precision, Runtime, RuntimeName

PROBE_FROM = 5_000  # images; for fewer, opening and timing other runtimes takes longer than they save
ALL_FROM = 50_000  # images from which every runtime is tried; for fewer, the first that is faster and agrees is taken
TORCH_FROM = 100_000  # images from which importing PyTorch may pay
SAMPLE, SMALLEST_SAMPLE = 512, 200  # images on which runtimes are compared
WARM_UP = 32

Open = Callable[[RuntimeName, Precision], Runtime]


@dataclass(frozen=True)
class Tried:
    """A runtime that was compared with ONNX Runtime in float32.

    Parameters
    ----------
    images_per_s
        Of one view.
    agrees
        Whether it may answer in the other's place.
    """

    name: RuntimeName
    precision: str
    images_per_s: float
    agrees: bool


class FastestRuntime:
    """ONNX Runtime until enough images came to choose by; from then on a faster runtime that agrees with it.

    For very many images that is the fastest of all, else the first in the order of the candidates.

    Parameters
    ----------
    first
        ONNX Runtime in float32.
    candidates
        What else there is, best first.
    open_another
        Opens the model in one of them.
    n_images
        How many images are to come.
    """

    def __init__(
        self, first: Runtime, candidates: tuple[tuple[RuntimeName, Precision], ...], open_another: Open, n_images: int
    ) -> None:
        self._chosen, self._candidates, self._open = first, candidates, open_another
        self._decided = n_images < PROBE_FROM or not candidates
        self._tries_all = n_images >= ALL_FROM
        self._sample: list[Images] = []
        self.tried: tuple[Tried, ...] = ()

    @property
    def name(self) -> RuntimeName:
        """Which runtime predicts now."""
        return self._chosen.name

    @property
    def precision(self) -> str:
        """What it computes in."""
        return self._chosen.precision

    @property
    def batch_size(self) -> int:
        """Number of images that it is best given at once."""
        return self._chosen.batch_size

    def logits(self, images: Images) -> Logits:
        """Return a float32 array of shape (n, k); once there are enough images to compare by, the choice is made."""
        if not self._decided:
            self._sample.append(images)
            if sum(map(len, self._sample)) >= SMALLEST_SAMPLE:
                self._decide(np.concatenate(self._sample)[:SAMPLE])
        return self._chosen.logits(images)

    def _decide(self, sample: Images) -> None:
        """Time runtimes on the same images, and keep the fastest that agrees."""
        self._decided, self._sample = True, []
        reference, speed = _timed(self._chosen, sample)
        runtimes, tried = [self._chosen], [Tried(self.name, self.precision, speed, agrees=True)]
        for name, precision in self._candidates:
            with suppress(UnavailableError, ModelError):  # no bfloat16 on this processor; a network it cannot read
                runtime = self._open(name, precision)
                found, speed = _timed(runtime, sample)
                runtimes.append(runtime)
                tried.append(Tried(name, precision, speed, agree(reference, found, precision)))
                if not self._tries_all and tried[-1].agrees and speed > tried[0].images_per_s:
                    break
        self.tried = tuple(tried)
        speeds = [other.images_per_s if other.agrees else 0.0 for other in tried]
        self._chosen = runtimes[int(np.argmax(speeds))]


def agree(reference: Logits, found: Logits, precision: str) -> bool:
    """Tell whether logits may stand for the reference: by rounding in float32, else by the accuracy that they cost."""
    if precision == "float32":
        return compare_logits(reference, found).holds
    return accuracy_lost(softmax(reference), softmax(found)) <= ACCURACY_TOLERANCE


def candidates(*, quantised: bool, openvino: bool, n_images: int) -> Iterator[tuple[RuntimeName, Precision]]:
    """Go through what could be faster than ONNX Runtime in float32, what most often is the fastest first.

    Parameters
    ----------
    quantised
        Whether the model folder has the network in whole numbers.
    openvino
        Whether OpenVINO is installed.
    n_images
        How many images are to come; PyTorch is worth importing for very many only.
    """
    if openvino:
        if quantised:
            yield "openvino", "int8"
        yield "openvino", "bfloat16"
        yield "openvino", "float32"
    if quantised:
        yield "onnx", "int8"
    if "torch" in sys.modules or n_images >= TORCH_FROM:
        yield "torch", "float32"
        yield "torch", "bfloat16"


def _timed(runtime: Runtime, sample: Images) -> tuple[Logits, float]:
    """Return logits and images a second, after a few images that do not count."""
    runtime.logits(sample[:WARM_UP])
    start = time.perf_counter()
    size = runtime.batch_size
    logits = [runtime.logits(sample[first : first + size]) for first in range(0, len(sample), size)]
    return np.concatenate(logits), len(sample) / (time.perf_counter() - start)
