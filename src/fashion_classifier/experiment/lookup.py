"""Where a model lies that somebody names, or that nobody names: found without anything that trains."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fashion_classifier.errors import UnavailableError
from fashion_classifier.inference.manifest import MANIFEST, MODEL
from fashion_classifier.inference.shelf import default_model, shipped_folders

RUN = "run.json"
RUNS = Path("runs")


@dataclass(frozen=True)
class ModelPlace:
    """Where a model lies.

    Parameters
    ----------
    name
        What it is called: a folder's name, a run's with which of its models, or a shipped model's.
    path
        The model folder.
    run
        The run folder to which it belongs, if there is one.
    shipped
        Whether it comes with the package.
    """

    name: str
    path: Path
    run: Path | None = None
    shipped: bool = False

    @property
    def shown(self) -> str:
        """What people are told: a folder that they can find, or the name of a model that comes with the package."""
        return f"{self.name} (comes with the program)" if self.shipped else str(self.path)


def find_runs(parent: Path) -> list[Path]:
    """Return the run folders in a folder, oldest first."""
    if not parent.is_dir():
        return []
    names = [entry.name for entry in os.scandir(parent) if not entry.name.startswith(".")]  # else it is being made
    return sorted(parent / name for name in names if (parent / name / RUN).is_file())


def is_finished(run: Path) -> bool:
    """Tell whether a run's record says that it was finished; a damaged record says nothing."""
    try:
        record = json.loads((run / RUN).read_bytes())
    except (ValueError, RecursionError):
        return False  # `fashion runs` lists it as damaged
    return isinstance(record, dict) and bool(record.get("finished"))


def locate_model(
    named: Path | None, which: str = "optimized", *, runs: Path = RUNS, shipped: Sequence[Path] | None = None
) -> ModelPlace:
    """Find a model folder.

    Parameters
    ----------
    named
        A model folder, a run folder, or a shipped model's name; None for the latest finished run in `runs`, or where
        there is none for the most accurate shipped model.
    which
        Of a run, the "initial" or the "optimized" model.
    runs
        Where run folders lie.
    shipped
        Folders of shipped models; by default those that come with the package.

    Raises
    ------
    UnavailableError
        If there is none.
    """
    shipped = shipped_folders() if shipped is None else shipped
    if named is None:
        return _latest_or_shipped(which, runs, shipped)
    if (named / RUN).is_file():
        return ModelPlace(f"{named.name}/{which}", named / which, named)
    if (named / MODEL).is_file():
        return _of_its_run(named) or ModelPlace(named.name, named)
    names = {folder.name: folder for folder in shipped}
    if str(named) in names:
        return ModelPlace(str(named), names[str(named)], shipped=True)
    if not named.exists():
        raise UnavailableError(
            f"{named}: there is no model here; a model folder holds {MODEL} and {MANIFEST}. {_shipped(list(names))}"
        )
    return ModelPlace(named.name, named)


def _of_its_run(named: Path) -> ModelPlace | None:
    """Return a run's model that is named by its own folder: it belongs to the run, which notes openings."""
    folder = named.resolve()
    if folder.name not in {"initial", "optimized"} or not (folder.parent / RUN).is_file():
        return None
    return ModelPlace(f"{folder.parent.name}/{folder.name}", named, folder.parent)


def _latest_or_shipped(which: str, runs: Path, shipped: Sequence[Path]) -> ModelPlace:
    """Return the model of the latest finished run, or the most accurate shipped model."""
    finished = [run for run in find_runs(runs) if is_finished(run)]
    if finished:
        return ModelPlace(f"{finished[-1].name}/{which}", finished[-1] / which, finished[-1])
    model = default_model(shipped)
    if model is None:
        raise UnavailableError(
            f"There is no finished run in ./{runs}, and no model comes with this installation; name a model folder or "
            "a run folder, or make a run."
        )
    return ModelPlace(model.name, model.path, shipped=True)


def _shipped(names: Sequence[str]) -> str:
    """Say which models come with the package."""
    if not names:
        return "No model comes with this installation."
    return f"Models that come with the program are {', '.join(names)}."
