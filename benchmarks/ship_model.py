"""Make the model that comes with the package, and the record of its making.

python benchmarks/ship_model.py --recipe small --minutes 12 --teacher-minutes 30        90 minutes
python benchmarks/ship_model.py --recipe small --minutes 12 --teacher-minutes 30 --rules-only        45 minutes

Trains the same recipe twice: on the training part, for the cross-validation accuracy by which it was chosen, and on
training + cross-validation data, which is the model that is kept, in half precision. What goes with a model's answers,
its temperature, its sets and whom it refuses, is fitted on cross-validation images, which the second has learned from:
it takes over what the first was given. Then the test set is opened once. Each of the two has a teacher of its own that
learned from the same images; without `--teacher-minutes` they learn from the labels alone.

`--rules-only` leaves the weights of the model that is there as they are, and has only its rules fitted anew.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from common import check_committed, commit, machine, official_data
from fashion_classifier.data.load import load
from fashion_classifier.inference.bundle import Model, load_model, save_model
from fashion_classifier.inference.description import INT8, write_manifest
from fashion_classifier.inference.shelf import RECORD, RECORD_SCHEMA, SHIPPED
from fashion_classifier.models.catalogue import count_parameters, settings_of
from fashion_classifier.storage import write_json

LARGEST_BYTES = 3_000_000  # of the whole folder
LEAST_ACCURACY = 0.95  # of the cross-validation images; what the test set says chooses nothing
TRIAL_IMAGES = 2560  # real ones: on them ONNX must agree; 512 fit the whole numbers, the others judge them
ON_ALL = ["--on", "all"]


def main() -> None:
    """Train, measure, and put the model in its place."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=15.0)
    parser.add_argument("--recipe", default="five-minutes")
    parser.add_argument("--teacher-minutes", type=float, help="what each of the teachers trains for")
    parser.add_argument("--name", default="fashion-mnist")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--rules-only", action="store_true", help="leave the weights that are there as they are")
    asked = parser.parse_args()
    place = SHIPPED / asked.name
    if place.exists() != asked.rules_only:
        sys.exit(f"{place} is {'not there' if asked.rules_only else 'already there; remove it first'}.")
    check_committed()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        chosen_by, _ = _trained(asked, folder / "judged", [])
        if chosen_by["validation"]["accuracy"] < LEAST_ACCURACY:
            sys.exit(f"Not made: less than {LEAST_ACCURACY:.0%} of the cross-validation images are right.")
        judged = load_model(folder / "judged")
        if asked.rules_only:
            whole, facts = load_model(place), json.loads((place / RECORD).read_bytes())
        else:
            facts = _trained(asked, folder / "whole", ON_ALL)[1]
            whole = load_model(folder / "whole")
        _save(whole, judged, folder / asked.name)
        tested = _fashion("evaluate", str(folder / asked.name))
        record = {
            **facts,
            "data": tested["data"],
            "validation": {**_figures(chosen_by["validation"]), "of": "its sibling, which has not learned from them"},
            "rules": {
                "smoothing": judged.how.smoothing,
                "temperature": judged.how.temperature,
                "commit": commit(),
                "of": "its sibling: the same recipe, time and seed, but it and its teacher learned from the training "
                "part alone, so that the cross-validation images could fit them",
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
        if asked.rules_only:
            shutil.rmtree(place)
        shutil.copytree(folder / asked.name, place)


def _trained(asked: argparse.Namespace, folder: Path, of: list[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Train a model, its teacher before it; return what the training said, and how a record says it was made."""
    taught: list[str] = []
    teacher = None
    if asked.teacher_minutes:
        command = ["train", "--minutes", f"{asked.teacher_minutes:g}", "--seed", str(asked.seed), *of]
        place = folder.with_name(f"{folder.name}-teacher")
        _fashion(*command, "--out", str(place))
        teacher = {"command": " ".join(["fashion", *command]), "commit": commit(), **_about(place)}
        taught = ["--teacher", str(place)]
    command = ["train", "--recipe", asked.recipe, "--minutes", f"{asked.minutes:g}", "--seed", str(asked.seed)]
    said = _fashion(*command, *taught, *of, "--out", str(folder))
    return said, {
        "schema": RECORD_SCHEMA,
        "made": datetime.now(UTC).date().isoformat(),
        "command": " ".join(["fashion", *command, *(["--teacher", "TEACHER"] if taught else []), *of]),
        "seed": asked.seed,
        "teacher": teacher,
        "commit": commit(),
        "machine": machine(),
    }


def _save(whole: Model, judged: Model, folder: Path) -> None:
    """Save the one with the rules of the other, small, and in whole numbers as well."""
    how = replace(whole.how, smoothing=judged.how.smoothing, temperature=judged.how.temperature)
    whole = replace(
        whole,
        how=how,
        sets=judged.sets,
        refusal=judged.refusal,
        photographs=judged.photographs,
        pictures=judged.pictures,
    )
    images = load(official_data()).training.images[:TRIAL_IMAGES]
    save_model(whole, folder, half=True, int8=True, images=images)
    if not (folder / INT8).is_file():
        sys.exit("Not made: in whole numbers it loses more accuracy than it may.")


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
