"""Make the model that comes with the package, and the record of its making.

python benchmarks/ship_model.py --recipe small --minutes 12 --teacher-minutes 30        an hour
python benchmarks/ship_model.py --recipe small --minutes 12 --teacher models/teacher --rules-only
python benchmarks/ship_model.py --photographs-only        ten seconds

Trains the same recipe twice: on the training part, for the cross-validation accuracy by which it was chosen, and on
training + cross-validation data, which is the model that is kept, in half precision. What goes with a model's answers,
its temperature, its sets and whom it refuses, is fitted on cross-validation images, which the second has learned from:
it takes over what the first was given. Then the test set is opened once. Both have the same teacher, which must have
learned from the training part alone: the one that is named, or one that is trained first and kept in `models/teacher`.
Without any they learn from the labels alone.

`--rules-only` leaves the weights of the model that is there as they are, and has only its rules fitted anew;
`--photographs-only` those for photographs alone, on the model itself: it has learned from the cross-validation images,
though not as they are changed for these rules.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from dataclasses import asdict, replace
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

from common import check_committed, commit, machine, official_data
from fashion_classifier.data.load import load
from fashion_classifier.data.split import SplitConfig, split
from fashion_classifier.experiment.answering import photograph_rules
from fashion_classifier.inference.bundle import Model, load_model, save_model
from fashion_classifier.inference.manifest import INT8, MODEL, RECORD, write_manifest
from fashion_classifier.inference.shelf import RECORD_SCHEMA, SHIPPED
from fashion_classifier.models.catalogue import count_parameters, settings_of
from fashion_classifier.storage import write_json

TEACHER = Path("models/teacher")
LARGEST_BYTES = 3_000_000  # of the whole folder
LEAST_ACCURACY = 0.95  # of the cross-validation images; what the test set says chooses nothing
TRIAL_IMAGES = 2560  # real ones: on them ONNX must agree; 512 fit the whole numbers, the others judge them


def main() -> None:
    """Train, measure, and put the model in its place."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=15.0)
    parser.add_argument("--recipe", default="five-minutes")
    taught = parser.add_mutually_exclusive_group()
    taught.add_argument("--teacher", type=Path, help="the folder of a model to learn from")
    taught.add_argument("--teacher-minutes", type=float, help="train the model to learn from, for so long")
    parser.add_argument("--name", default="fashion-mnist")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--rules-only", action="store_true", help="leave the weights that are there as they are")
    parser.add_argument("--photographs-only", action="store_true", help="fit only the rules for photographs anew")
    asked = parser.parse_args()
    place = SHIPPED / asked.name
    kept = asked.rules_only or asked.photographs_only
    if place.exists() != kept:
        sys.exit(f"{place} is {'not there' if kept else 'already there; remove it first'}.")
    check_committed()
    if asked.photographs_only:
        _fit_photographs(place)
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        how, teacher = ["--recipe", asked.recipe], None
        if asked.teacher_minutes:
            teacher = _trained(asked.teacher_minutes, asked.seed, TEACHER)[1]
        if taught_by := TEACHER if teacher else asked.teacher:
            teacher = {**(teacher or {}), **_about(taught_by)}
            how += ["--teacher", str(taught_by)]
        chosen_by, _ = _trained(asked.minutes, asked.seed, folder / "judged", *how)
        if chosen_by["validation"]["accuracy"] < LEAST_ACCURACY:
            sys.exit(f"Not made: less than {LEAST_ACCURACY:.0%} of the cross-validation images are right.")
        judged = load_model(folder / "judged")
        if asked.rules_only:
            whole, facts = load_model(place), json.loads((place / RECORD).read_bytes())
        else:
            made = _trained(asked.minutes, asked.seed, folder / "whole", *how, "--on", "all")[1]
            facts = {"schema": RECORD_SCHEMA, **made, "teacher": teacher}
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
                "of": "its sibling: the same recipe, time, seed and teacher, but it learned from the training part "
                "alone, so that the cross-validation images could fit them",
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


def _trained(minutes: float, seed: int, folder: Path, *how: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Train a model; return what the training said, and how a record says it was made."""
    command = ["train", *how, "--minutes", f"{minutes:g}", "--seed", str(seed)]
    told = ["TEACHER" if before == "--teacher" else word for before, word in pairwise(["fashion", *command])]
    said = _fashion(*command, "--out", str(folder))
    return said, {
        "made": datetime.now(UTC).date().isoformat(),
        "command": " ".join(["fashion", *told]),
        "seed": seed,
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


def _fit_photographs(place: Path) -> None:
    """Fit the rules of the model that is there for photographs, on itself."""
    model = load_model(place)
    parts = split(load(official_data()), SplitConfig())
    rules = photograph_rules(model, parts, seed=0)
    if rules is None:
        sys.exit(f"{place}: this model is not shown the garments in photographs.")
    content = json.loads((place / MODEL).read_bytes())
    record = json.loads((place / RECORD).read_bytes())
    record["rules"]["photographs"] = {
        "commit": commit(),
        "of": "this model: 4,000 cross-validation images changed as if they were cut out of photographs; it has "
        "learned from them unchanged",
    }
    write_json(place / MODEL, {**content, "photographs": asdict(rules)})
    write_json(place / RECORD, record)
    write_manifest(place)
    print(json.dumps(asdict(rules), indent=2))


def _about(teacher: Path) -> dict[str, Any]:
    """Return what a record keeps of a teacher, which must not have learned from cross-validation images."""
    model = load_model(teacher)
    if model.provenance["learned_from"] != "training":
        sys.exit(
            f"{teacher} has learned from {model.provenance['learned_from']}; a teacher is made without `--on all`."
        )
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
