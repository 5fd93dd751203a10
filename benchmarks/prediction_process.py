"""One runtime in one precision, or the machine's peak: the process that `prediction.py` runs; it prints a JSON object.

python benchmarks/prediction_process.py peak 2
python benchmarks/prediction_process.py openvino-bfloat16 2 MODEL pixels.npz predictions.npz
python benchmarks/prediction_process.py openvino-bfloat16 2 MODEL pixels.npz            speed alone
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, get_args

import numpy as np

from fashion_classifier.inference.predictor import PredictConfig, predict_probabilities
from fashion_classifier.inference.runtimes.base import Runtime, RuntimeName
from fashion_classifier.inference.runtimes.opening import open_runtime
from fashion_classifier.limits import available_cores
from pixels import read_pixels

VIEWS = ("single", "mirrored")
BATCH = 256
SIDES = (1024, 2048, 4096)  # of the square matrices; which is fastest differs with the caches


def main() -> None:
    """Measure."""
    what, seconds, *places = sys.argv[1:]
    print(json.dumps(_peak(float(seconds)) if what == "peak" else _runtime(what, float(seconds), places)))


def _peak(seconds: float) -> dict[str, float]:
    """Return the most that a product of two square matrices reached, in 10**12 operations a second."""
    import torch  # noqa: PLC0415 - so that the other runtimes are measured without it

    torch.set_num_threads(available_cores())
    best = {}
    for name, dtype in (("float32", torch.float32), ("bfloat16", torch.bfloat16)):
        rates = []
        for side in SIDES:
            a, b = (torch.randn(side, side).to(dtype) for _ in range(2))
            rates.append(2 * side**3 / min(_durations(partial(torch.matmul, a, b), seconds / len(SIDES))))
        best[name] = max(rates) / 1e12
    return best


def _runtime(what: str, seconds: float, places: list[str]) -> dict[str, Any]:
    """Measure a runtime with each number of views; write its predictions where a file for them is named."""
    name, precision = what.split("-")
    runtime = open_runtime(Path(places[0]), _known(name), precision)
    images, labels = read_pixels(Path(places[1])).validation
    found: dict[str, Any] = {"batch": min(BATCH, runtime.batch_size)}
    for views in VIEWS:
        found[views] = _speed(runtime, images, views, seconds)
    if len(places) > 2:
        answers = {
            views: predict_probabilities(runtime, images, PredictConfig(views=views)).argmax(1) for views in VIEWS
        }
        with Path(places[2]).open("wb") as file:
            np.savez(file, **answers)
        for views in VIEWS:
            found[views]["accuracy"] = 100 * float(np.mean(answers[views] == labels))
    return found


def _speed(runtime: Runtime, images: Any, views: str, seconds: float) -> dict[str, float]:
    """Return images a second in batches, and the milliseconds that a single image takes (medians)."""
    config = PredictConfig(views=views)
    batch, one = images[: min(BATCH, runtime.batch_size)], images[:1]
    in_batches = _durations(lambda: predict_probabilities(runtime, batch, config), seconds)
    alone = _durations(lambda: predict_probabilities(runtime, one, config), seconds / 2)
    return {"images_per_s": len(batch) / float(np.median(in_batches)), "one_image_ms": 1e3 * float(np.median(alone))}


def _durations(work: Callable[[], object], seconds: float) -> list[float]:
    """Repeat work for some seconds, five times at least; return what each took, the first three left out."""
    taken: list[float] = []
    end = time.perf_counter() + seconds
    while len(taken) < 8 or time.perf_counter() < end:
        begin = time.perf_counter()
        work()
        taken.append(time.perf_counter() - begin)
    return taken[3:]


def _known(name: str) -> RuntimeName:
    """Return a runtime's name."""
    return next(known for known in get_args(RuntimeName) if known == name)


if __name__ == "__main__":
    main()
