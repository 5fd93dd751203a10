"""Make the model that comes with the package, and the record of its making.

python benchmarks/ship_model.py --recipe small --minutes 10 --teachers TEACHER TEACHER_OF_ALL --name fashion-mnist-small

The teachers are models that learned from the training part and from training + cross-validation data, such as
`fashion train --minutes 30` makes; without them the model learns from the labels alone.

Trains the same recipe twice: on the training part, for the cross-validation accuracy by which it was chosen, and on
training + cross-validation data, which is the model that is kept, in half precision; then opens the test set once.
Takes a little over twice the minutes.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from common import commit, machine, official_data
from fashion_classifier.data.load import load
from fashion_classifier.inference.bundle import load_model, save_model
from fashion_classifier.inference.description import INT8, write_manifest
from fashion_classifier.inference.shelf import RECORD, RECORD_SCHEMA, SHIPPED
from fashion_classifier.models.catalogue import count_parameters, settings_of
from fashion_classifier.storage import write_json

LARGEST_BYTES = 3_000_000  # of the whole folder
LEAST_ACCURACY = 0.95  # of the cross-validation images; what the test set says chooses nothing
TRIAL_IMAGES = 2560  # real ones: on them ONNX must agree; 512 fit the whole numbers, the others judge them


def main() -> None:
    """Train, measure, and put the model in its place."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=15.0)
    parser.add_argument("--recipe", default="five-minutes")
    parser.add_argument(
        "--teachers", nargs=2, type=Path, metavar=("TRAINING", "ALL"), help="model folders to learn from"
    )
    parser.add_argument("--name", default="fashion-mnist")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    place = SHIPPED / asked.name
    if place.exists():
        sys.exit(f"{place} is already there; remove it first if it is to be made anew.")
    settings = ["--recipe", asked.recipe, "--minutes", str(asked.minutes), "--seed", str(asked.seed)]
    teachers = [path.absolute() for path in asked.teachers or ()]
    about_teacher = _about(teachers[1]) if teachers else None
    of_training, of_all = ([["--teacher", str(path)] for path in teachers]) or ([], [])
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        chosen_by = _fashion("train", *settings, *of_training, "--out", str(folder / "judged"))
        if chosen_by["validation"]["accuracy"] < LEAST_ACCURACY:
            sys.exit(f"Not made: less than {LEAST_ACCURACY:.0%} of the cross-validation images are right.")
        _fashion("train", *settings, *of_all, "--on", "all", "--out", str(folder / "whole"))
        images = load(official_data()).training.images[:TRIAL_IMAGES]
        save_model(load_model(folder / "whole"), folder / asked.name, half=True, int8=True, images=images)
        if not (folder / asked.name / INT8).is_file():
            sys.exit("Not made: in whole numbers it loses more accuracy than it may.")
        tested = _fashion("evaluate", str(folder / asked.name))
        taught = ["--teacher", "TEACHER"] if teachers else []
        record = {
            "schema": RECORD_SCHEMA,
            "made": datetime.now(UTC).date().isoformat(),
            "command": " ".join(["fashion", "train", *settings, *taught, "--on", "all"]),
            "seed": asked.seed,
            "teacher": about_teacher,
            "commit": commit(),
            "machine": machine(),
            "data": tested["data"],
            "validation": {
                **_figures(chosen_by["validation"]),
                "of": "the same command without --on all, and with a teacher that learned from the training part alone"
                if teachers
                else "the same command without --on all",
            },
            "test": {**_figures(tested["test"]), "of": "this model, in half precision"},
            "licence": "MIT",
        }
        write_json(folder / asked.name / RECORD, record)
        write_manifest(folder / asked.name)  # which vouches for the record too
        n_bytes = sum(path.stat().st_size for path in (folder / asked.name).iterdir())
        print(json.dumps({**record, "bytes": n_bytes}, indent=2))
        if n_bytes > LARGEST_BYTES:
            sys.exit(f"Not kept: {n_bytes:,} bytes are more than {LARGEST_BYTES:,}.")
        place.parent.mkdir(exist_ok=True)
        shutil.copytree(folder / asked.name, place)


def _about(teacher: Path) -> dict[str, Any]:
    """Return what a record keeps of a teacher."""
    model = load_model(teacher)
    return {
        "family": model.config.family,
        "config": settings_of(model.config),
        "n_parameters": count_parameters(model.network),
        "seed": model.provenance["seed"],
        "steps": model.provenance["steps"],
    }


def _figures(evaluation: dict[str, Any]) -> dict[str, Any]:
    """Return what a record keeps of an evaluation."""
    return {name: evaluation[name] for name in ("n", "accuracy", "accuracy_interval", "loss", "macro_f1")}


def _fashion(*command: str) -> dict[str, Any]:
    """Run a command of ours on the official data and return its JSON."""
    line = [sys.executable, "-m", "fashion_classifier", *command, "--data", str(official_data()), "--json"]
    done = subprocess.run(line, check=True, stdout=subprocess.PIPE, text=True)
    facts: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return facts


if __name__ == "__main__":
    main()
