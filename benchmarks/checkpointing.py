"""What checkpoints cost: the same training with its state saved every fifteen seconds, as a run saves it, and without.

python benchmarks/checkpointing.py --rounds 5 --steps 500                seven minutes

The aim: at most 2 % of the training's time. Both are trained in turn, the first of each pair changing, on the official
training part; nothing is judged.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path

from common import official_data, parser, record
from fashion_classifier.data.load import load
from fashion_classifier.data.split import SplitConfig, split
from fashion_classifier.training.checkpoint import CheckpointPlan
from fashion_classifier.training.recipes.one_minute import ONE_MINUTE
from fashion_classifier.training.train import Workshop

NAME = "checkpointing"


def main() -> None:
    """Measure, print and record."""
    arguments = parser(__doc__)
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--steps", type=int, default=500, help="of a training")
    asked = arguments.parse_args()
    workshop = Workshop(split(load(official_data()), SplitConfig()))
    trained(workshop, 20, None)  # what is slower the first time
    pairs = []
    with tempfile.TemporaryDirectory() as temporary:
        for number in range(asked.rounds):
            plan = CheckpointPlan(Path(temporary) / f"{number}.safetensors")  # one that is there would be gone on from
            ways = [plan, None] if number % 2 else [None, plan]
            seconds = {way: trained(workshop, asked.steps, way) for way in ways}
            pairs.append((seconds[plan], seconds[None]))
        n_bytes = plan.path.stat().st_size
    facts = {
        "n": len(pairs),
        "steps": asked.steps,
        "every_s": plan.every_s,
        "bytes": n_bytes,
        "seconds": {
            "with checkpoints": [round(saved, 2) for saved, _ in pairs],
            "without": [round(plain, 2) for _, plain in pairs],
        },
        "with_to_without": round(statistics.median(saved / plain for saved, plain in pairs), 4),
        "single_ratios": [round(saved / plain, 4) for saved, plain in pairs],
    }
    record(NAME, facts, folder=asked.results)


def trained(workshop: Workshop, steps: int, checkpoint: CheckpointPlan | None) -> float:
    """Return the seconds that a training takes."""
    begin = time.perf_counter()
    workshop.train(ONE_MINUTE, seed=0, steps=steps, validations=1, validation_images=256, checkpoint=checkpoint)
    return time.perf_counter() - begin


if __name__ == "__main__":
    main()
