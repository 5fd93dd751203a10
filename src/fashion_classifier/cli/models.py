"""`fashion models`: what there is to predict with."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fashion_classifier.cli.options import Json
from fashion_classifier.cli.output import between, output, percent
from fashion_classifier.errors import UnavailableError

if TYPE_CHECKING:
    from fashion_classifier.inference.shelf import Accuracy, ModelFacts


def models(
    folders: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="FOLDER",
            help="Models, runs, and folders of them; ./models and ./runs by default.",
            show_default=False,
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """List the models that there are: those that come with the program, those in ./models, and those of runs.

    The accuracy is the one that was recorded when the model was made; `fashion evaluate` measures anew.

    Examples:

      fashion models

      fashion models elsewhere/models --json
    """
    from fashion_classifier.inference.shelf import default_model, shipped_folders

    with output(as_json=as_json) as out_to:
        shipped = shipped_folders()
        found = [_listed(folder, "shipped") for folder in shipped]
        places = folders or [Path("models"), Path("runs")]
        missing = [str(folder) for folder in folders or () if not folder.is_dir()]
        if missing:
            raise UnavailableError(
                f"{', '.join(missing)}: there is no such folder. Name one that holds models or runs."
            )
        for parent in places:
            found += [_listed(folder, "folder") for folder in _models_at(parent)]
            found += _of_runs(parent)
        default = default_model(shipped)
        if found:
            columns = ["model", "family", "classes", "images", "accuracy", "95 % interval", "size"]
            sound = [facts for facts in found if facts["family"] is not None]
            out_to.table("", columns, [_row(facts) for facts in sound], left=4)
            for facts in found:
                if facts["error"]:
                    out_to.warn(f"{facts['model']} is damaged: {facts['error']}")
        else:
            where = " or ".join(map(str, places))
            out_to.tell(f"There are no models: none comes with this installation, and none is in {where}.")
        out_to.result("models", {"models": found, "default": None if default is None else default.name})


def _models_at(place: Path) -> list[Path]:
    """Return the model folder at a place, or those in it; a run's are told of with what the run found out."""
    from fashion_classifier.experiment.lookup import RUN
    from fashion_classifier.inference.shelf import is_model_folder, model_folders

    if (place / RUN).is_file():
        return []
    return [place] if is_model_folder(place) else model_folders(place)


def _of_runs(place: Path) -> list[dict[str, Any]]:
    """Return what is known of the models of the run at a place, or of those in it, with the runs' test accuracies."""
    from fashion_classifier.errors import FashionError
    from fashion_classifier.experiment.lookup import RUN, find_runs
    from fashion_classifier.inference.shelf import Accuracy, is_model_folder
    from fashion_classifier.reporting.run_folder import RESULTS, read_results

    listed = []
    for run in [place] if (place / RUN).is_file() else find_runs(place):
        recorded: dict[str, Accuracy] = {}
        problem = ""
        try:
            results = read_results(run) if (run / RESULTS).is_file() else None
        except FashionError as error:
            results, problem = None, str(error)
        for which in ("initial", "optimized"):
            test = getattr(results, which).test if results is not None else None
            if test is not None:
                low, high = test.accuracy.low, test.accuracy.high
                recorded[which] = Accuracy(value=test.accuracy.value, low=low, high=high, n=test.n)
            if is_model_folder(run / which):
                listed.append(_listed(run / which, "run", recorded.get(which), problem))
    return listed


def _listed(folder: Path, kind: str, accuracy: Accuracy | None = None, problem: str = "") -> dict[str, Any]:
    """Return what programs are told of a model; a damaged one is told with its error and does not hide the others."""
    from fashion_classifier.errors import ModelError, UnavailableError
    from fashion_classifier.inference.manifest import read_manifest
    from fashion_classifier.inference.shelf import model_facts

    try:
        read_manifest(folder).check()
        return _facts(model_facts(folder), kind, accuracy) | {"error": problem}
    except (ModelError, UnavailableError) as error:
        named = {"model": folder.name if kind == "shipped" else str(folder), "path": str(folder), "kind": kind}
        return {**dict.fromkeys(KEYS), **named, "error": str(error)}


KEYS = (
    *("model", "path", "kind", "family", "classes", "image", "bytes", "accuracy", "accuracy_interval", "n"),
    *("made", "command", "seed", "commit", "data", "licence", "error"),
)


def _facts(facts: ModelFacts, kind: str, accuracy: Accuracy | None) -> dict[str, Any]:
    """Return what programs are told of a sound model."""
    accuracy = accuracy or facts.accuracy
    return {
        "model": facts.name if kind == "shipped" else str(facts.path),
        "path": str(facts.path),
        "kind": kind,
        "family": facts.family,
        "classes": list(facts.classes),
        "image": facts.shape._asdict(),
        "bytes": facts.n_bytes,
        "accuracy": None if accuracy is None else accuracy.value,
        "accuracy_interval": None if accuracy is None else [accuracy.low, accuracy.high],
        "n": None if accuracy is None else accuracy.n,
        "made": facts.made or None,
        "command": facts.command or None,
        "seed": facts.seed,
        "commit": facts.commit or None,
        "data": facts.data or None,
        "licence": facts.licence or None,
    }


def _row(facts: dict[str, Any]) -> list[str]:
    """Return what people are told of a model."""
    image = facts["image"]
    known = facts["accuracy"] is not None
    return [
        facts["model"],
        facts["family"],
        str(len(facts["classes"])),
        f"{image['height']}x{image['width']} {'grey' if image['channels'] == 1 else 'colour'}",
        percent(facts["accuracy"]) if known else "",
        between(*facts["accuracy_interval"]) if known else "",
        f"{facts['bytes'] / 1e6:.2f} MB",
    ]
