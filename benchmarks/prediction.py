"""Prediction: images a second and the time of a single image, for each runtime, precision and number of views.

Each runtime computes in a process of its own; they take turns, so that a machine whose speed changes is as fast for one
as for the other. Beside each speed stand its accuracy on cross-validation images, how often it gives the same class as
torch in float32, and the share that it reaches of the machine's matrix-product peak, the most that was measured in the
same turns: bfloat16's for bfloat16 and int8, float32's for float32. Operations are counted by PyTorch, a multiplication
and an addition as two; a convolution that saves multiplications (Winograd) may exceed 100 %. A model that has learned
from the cross-validation images too has no accuracy to show on them: name one that has not.

python benchmarks/prediction.py                           5 rounds: about four minutes
python benchmarks/prediction.py --model models/mine
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from common import HERE, Row, last_json, model_folder, official_data, parser, read_rows, record, timed
from fashion_classifier.experiment.judging import open_model, prepare_for
from fashion_classifier.inference.bundle import Model
from fashion_classifier.inference.runtimes.base import PRECISIONS
from fashion_classifier.models.catalogue import count_parameters
from fashion_classifier.progress import silent
from pixels import Pixels, write_pixels
from prediction_process import VIEWS
from tables import SUMMARIES, print_table

NAME = "prediction"
CONTENDERS = [f"{runtime}-{precision}" for runtime, precisions in PRECISIONS.items() for precision in precisions]
REFERENCE = "torch-float32"


def main() -> None:
    """Measure and record a row for each runtime, precision and number of views."""
    made = parser(__doc__)
    made.add_argument("-n", type=int, default=5)
    made.add_argument("--seconds", type=float, default=1.0, help="of each measurement in each round")
    made.add_argument(
        "--model", type=Path, help="a model or run folder; one is trained for half a minute if none is named"
    )
    made.add_argument("--contenders", nargs="+", choices=CONTENDERS, default=CONTENDERS)
    arguments = made.parse_args()
    contenders = list(dict.fromkeys([REFERENCE, *arguments.contenders]))
    with tempfile.TemporaryDirectory() as temporary, model_folder(arguments.model) as model:
        about, place = _prepare(model, Path(temporary))
        rounds = _rounds(contenders, arguments.n, arguments.seconds, place, Path(temporary))
        for contender, views in product(contenders, VIEWS):
            row = _row(contender, views, rounds, about["mflop_per_image"])
            agreement = _agreement(contender, views, Path(temporary))
            record(NAME, {**about, **row, "agreement": agreement}, folder=arguments.results)
    print_table(SUMMARIES[NAME](read_rows(NAME, arguments.results)))


def _prepare(folder: Path, temporary: Path) -> tuple[Row, Path]:
    """Write the cross-validation images as they were split for this model; return what it is, and where it lies."""
    opened = open_model(folder)
    data = str(official_data())
    parts = prepare_for(opened, data, group_by=None, seed=0, used_s=0.0, progress=silent).split
    validation = (parts.validation.images, parts.validation.labels)
    write_pixels(temporary / "pixels.npz", Pixels(validation, validation))
    assert isinstance(opened.model, Model)
    network = opened.model.network
    with FlopCounterMode(display=False) as counter, torch.inference_mode():
        network.eval()(torch.from_numpy(validation[0][:1].copy()))
    about = {
        "model": folder.name,
        "family": opened.model.config.family,
        "n_parameters": count_parameters(network),
        "mflop_per_image": round(counter.get_total_flops() / 1e6, 3),
    }
    return about, opened.path


def _rounds(contenders: list[str], n: int, seconds: float, model: Path, temporary: Path) -> dict[str, list[Row]]:
    """Let peak and contenders take turns; in the first round each contender writes down what it predicts."""
    found: dict[str, list[Row]] = {name: [] for name in ("peak", *contenders)}
    for number in range(n):
        for name, results in found.items():
            places = [] if name == "peak" else [str(model), str(temporary / "pixels.npz")]
            if places and number == 0:
                places.append(str(temporary / f"{name}.npz"))
            program = str(HERE / "prediction_process.py")
            results.append(last_json(timed([sys.executable, program, name, str(seconds), *places])[0]))
    return found


def _row(contender: str, views: str, rounds: dict[str, list[Row]], mflop: float) -> Row:
    """Return a contender's medians with these views."""
    runtime, precision = contender.split("-")
    peak_of = "float32" if precision == "float32" else "bfloat16"
    peak = max(float(turn[peak_of]) for turn in rounds["peak"])
    each: dict[str, list[Any]] = {
        name: [round(turn[views][name], 4) for turn in rounds[contender]] for name in ("images_per_s", "one_image_ms")
    }
    medians = {name: statistics.median(values) for name, values in each.items()}
    operations = medians["images_per_s"] * mflop * (2 if views == "mirrored" else 1)
    return {
        "runtime": runtime,
        "precision": precision,
        "views": views,
        "n": len(rounds[contender]),
        "batch": rounds[contender][0]["batch"],
        **medians,
        "each": each,
        "accuracy": round(rounds[contender][0][views]["accuracy"], 3),
        "peak_of": peak_of,
        "peak_tflops": round(peak, 4),
        "share_of_peak": round(operations / 1e6 / peak, 4),
    }


def _agreement(contender: str, views: str, folder: Path) -> float:
    """Return for how many of the images, in per cent, the class is that of torch in float32."""
    with np.load(folder / f"{contender}.npz") as ours, np.load(folder / f"{REFERENCE}.npz") as reference:
        return round(100 * float(np.mean(ours[views] == reference[views])), 3)


if __name__ == "__main__":
    main()
