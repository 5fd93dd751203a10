"""What the evidence of a run takes: its quick measures, the whole suite of corruptions, and the report.

The aims, on two cores: evaluating both models on 10,000 images with all quick measures (answers, intervals,
calibration, sets, risk over coverage) at most 10 s; the suite, all kinds and five severities with both models, at most
3 minutes; page, figures and model card at most 15 s. A row says of how many images the suite was.

python benchmarks/evidence.py --run runs/mine             a run on Fashion-MNIST; 3 rounds: about ten minutes
python benchmarks/evidence.py --run runs/mine --images 10000 -n 1
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from common import official_data, parser, read_rows, record, rounds
from fashion_classifier import load, split
from fashion_classifier.evaluation.comparison import compare
from fashion_classifier.evaluation.confidence import Answers, measure_confidence
from fashion_classifier.evaluation.metrics import evaluate
from fashion_classifier.evidence.suite import robustness_of
from fashion_classifier.inference.bundle import load_model
from fashion_classifier.reporting.documents import write_documents
from fashion_classifier.reporting.run_folder import read_results
from tables import SUMMARIES, print_table

NAME = "evidence"
QUICK_IMAGES = 10_000
MODELS = ("initial", "optimized")
AIMS_S = (10, 180, 15)


def main() -> None:
    """Measure and record."""
    made = parser(__doc__)
    made.add_argument("-n", type=int, default=3)
    made.add_argument("--run", type=Path, required=True, help="a finished run on Fashion-MNIST")
    made.add_argument("--images", type=int, default=2000, help="training images that the suite corrupts")
    arguments = made.parse_args()
    models = [load_model(arguments.run / name) for name in MODELS]
    rules = [read_results(arguments.run).evidence.confidence[name].rules for name in MODELS]
    training = split(load(official_data())).training  # to measure time, no test image is needed
    quick = training.take(np.arange(QUICK_IMAGES))
    suite = training.take(np.arange(arguments.images))

    def evaluation() -> None:
        answers = [model.predict(quick.images) for model in models]
        for model, said, its_rules in zip(models, answers, rules, strict=True):
            evaluate(quick.labels, said, model.classes)
            measure_confidence(its_rules, Answers(quick.labels, said))
        compare(quick.labels, answers[0].argmax(1), answers[1].argmax(1))

    def report() -> None:
        with tempfile.TemporaryDirectory() as temporary:
            write_documents(Path(shutil.copytree(arguments.run, Path(temporary) / "run")))

    works: dict[str, Callable[[], object]] = {
        f"evaluation of {QUICK_IMAGES:,} images": evaluation,
        f"suite of {arguments.images:,} images": lambda: robustness_of(models[0], models[1], suite, seed=0),
        "report": report,
    }
    seconds, medians = rounds({name: _timed(work) for name, work in works.items()}, arguments.n)
    ratios = {
        f"{name.split()[0]}_to_aim": round(medians[name] / aim, 2) for name, aim in zip(works, AIMS_S, strict=True)
    }
    facts = {"corrupted_images": arguments.images, "views": models[1].how.views, **ratios}
    record(NAME, {"n": arguments.n, "seconds": seconds, **facts}, folder=arguments.results)
    print_table(SUMMARIES[NAME](read_rows(NAME, arguments.results)))


def _timed(work: Callable[[], object]) -> Callable[[], float]:
    """Return what does a piece of work and says how long it took."""

    def measure() -> float:
        begin = time.perf_counter()
        work()
        return time.perf_counter() - begin

    return measure


if __name__ == "__main__":
    main()
