"""How good `FashionClassifier(minutes=N)` is, as a program of scikit-learn's users calls it.

The program of docs/scikit-learn.md, in a process of its own: arrays of the training images in, `fit`, `score`. The
estimator holds a fifth of them back for how sure its answers may be, and is judged by the cross-validation images, the
same as everybody is. Rows go to those of `time_to_accuracy.py`; those that exist already are not measured again.

python benchmarks/estimator.py                    one minute, 3 seeds: four minutes
python benchmarks/estimator.py --minutes 5
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from common import HERE, Row, is_measured, last_json, parser, read_rows, record, timed
from splitting import save_split
from tables import print_table, summary_of_runs

NAME = "time_to_accuracy"
PROGRAM = """
import json, sys
from pathlib import Path
from fashion_classifier import FashionClassifier
from pixels import read_pixels

pixels = read_pixels(Path(sys.argv[1]))
classifier = FashionClassifier(minutes=float(sys.argv[2]), random_state=int(sys.argv[3])).fit(*pixels.lesson)
model = classifier.model_
print(json.dumps({
    "accuracy": classifier.score(*pixels.judged),
    "family": model.config.family,
    "n_parameters": sum(weights.numel() for weights in model.network.parameters()),
    "precision": model.how.precision,
}))
"""


def main() -> None:
    """Measure what is not measured yet, and print the table."""
    made = parser(__doc__)
    made.add_argument("--minutes", type=float, default=1.0)
    made.add_argument("--seeds", type=int, default=3, help="seeds 0, 1, …")
    arguments = made.parse_args()
    for seed in range(arguments.seeds):
        identity = {
            "kind": "validation",
            "minutes": arguments.minutes,
            "seed": seed,
            "device": "auto",
            "threads": 0,
            "isa": "native",
            "asked": "FashionClassifier",
        }
        if not is_measured(NAME, identity, folder=arguments.results):
            record(NAME, {**identity, **_measure(arguments.minutes, seed)}, folder=arguments.results)
    print_table(summary_of_runs(read_rows(NAME, arguments.results)))


def _measure(minutes: float, seed: int) -> Row:
    """Run the program once; return accuracy in per cent, wall time in seconds, and what it says of the model."""
    with tempfile.TemporaryDirectory() as temporary:
        pixels = Path(temporary) / "pixels.npz"
        save_split(pixels, seed)
        command = [sys.executable, "-c", PROGRAM, str(pixels), str(minutes), str(seed)]
        output, seconds = timed(command, {"PYTHONPATH": str(HERE)})
    facts = last_json(output)
    return {**facts, "accuracy": round(100 * facts["accuracy"], 3), "seconds": round(seconds, 2)}


if __name__ == "__main__":
    main()
