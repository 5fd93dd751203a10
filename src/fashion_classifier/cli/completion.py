"""What a shell completes the values of options to; imported with the options, so nothing heavy is imported here.

Where nothing fits, the shell completes to files.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

# Listed here because what knows them imports PyTorch; a test holds both together.
RECIPES = (
    *("initial", "perceptron", "one-minute", "two-minutes", "five-minutes", "half-hour", "residual", "small", "wide"),
    "data-centre",
)
FAMILIES = ("cnn", "mlp", "resnet")
SOURCES = ("auto", "fashion-mnist", "sample")
DEVICES = ("auto", "cpu", "cuda", "mps")
FORMS = ("csv", "csv-parts", "idx", "npz", "parquet", "png")
MODEL, RUN = "model.json", "run.json"
PLACES = (Path("runs"), Path("models"))


def complete_recipes(incomplete: str) -> list[str]:
    """Return the recipes' names."""
    return _beginning(incomplete, RECIPES)


def complete_families(incomplete: str) -> list[str]:
    """Return the names of model families."""
    return _beginning(incomplete, FAMILIES)


def complete_family_or_auto(incomplete: str) -> list[str]:
    """Return the names of model families, and that of the best one."""
    return _beginning(incomplete, ("auto", *FAMILIES))


def complete_sources(incomplete: str) -> list[str]:
    """Return the sources of data that have names, and files and folders."""
    return _beginning(incomplete, SOURCES) + _paths(incomplete)


def complete_devices(incomplete: str) -> list[str]:
    """Return the devices to compute on."""
    return _beginning(incomplete, DEVICES)


def complete_forms(incomplete: str) -> list[str]:
    """Return the forms that data may be written in."""
    return _beginning(incomplete, FORMS)


def complete_runs(incomplete: str) -> list[str]:
    """Return the run folders in ./runs, the newest first; or those in the folder that is begun to be named."""
    return [str(folder) for folder in _folders(incomplete) if (folder / RUN).is_file()] or _paths(incomplete)


def complete_models(incomplete: str) -> list[str]:
    """Return the models that come with the program, in ./models and of runs; or what is in the folder that is named."""
    shipped = Path(__file__).parents[1] / "inference" / "shipped"
    names = [folder.name for folder in sorted(shipped.iterdir()) if (folder / MODEL).is_file()]
    folders = [str(place) for place in _folders(incomplete) if (place / RUN).is_file() or (place / MODEL).is_file()]
    return _beginning(incomplete, (*names, *folders)) or _paths(incomplete)


def complete_settings_files(incomplete: str) -> list[str]:
    """Return TOML files, and folders that may hold some."""
    return [path for path in _paths(incomplete) if path.endswith(("/", ".toml"))]


def _beginning(incomplete: str, names: tuple[str, ...]) -> list[str]:
    """Return the names that begin as it was begun."""
    return [name for name in names if name.startswith(incomplete)]


def _folders(incomplete: str) -> Iterator[Path]:
    """Yield the folders that runs and models may be, the last by name first."""
    places = PLACES if "/" not in incomplete else (Path(incomplete.rpartition("/")[0] or "/"),)
    for place in places:
        if place.is_dir():
            yield from sorted((path for path in place.iterdir() if str(path).startswith(incomplete)), reverse=True)


def _paths(incomplete: str) -> list[str]:
    """Return the files and folders that begin as it was begun; a folder ends in a stroke, to go on."""
    begun = Path(incomplete)
    folder, start = (begun, "") if incomplete.endswith("/") or not incomplete else (begun.parent, begun.name)
    if not folder.is_dir():
        return []
    kept = incomplete[: len(incomplete) - len(start)]
    found = sorted(path for path in folder.iterdir() if path.name.startswith(start))
    return [f"{kept}{path.name}{'/' if path.is_dir() else ''}" for path in found if start or path.name[0] != "."]
