"""What is installed: the program itself, what it needs, and its extras."""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

from packaging.requirements import Requirement

from fashion_classifier import __version__
from fashion_classifier.experiment.checkup.finding import Finding, Problem
from fashion_classifier.experiment.checkup.importing import import_faults

DISTRIBUTION = "fashion-images-classifier"
COMPUTING = {"openvino"}  # extras that bring a library of machine code which predictions come from
MODULES = {"pillow": "PIL"}  # where a package's module is called otherwise
NO_FEATURES = {"dev"}  # extras of those who work on the program


@dataclass(frozen=True)
class Needed:
    """A package that is needed.

    Parameters
    ----------
    name
        As the package index calls it.
    asked
        Which versions, as in ">=2.0".
    extra
        Whose it is; empty where the program itself needs it.
    found
        The version that is installed; empty where none is.
    fits
        Whether that is one of those that are asked for.
    """

    name: str
    asked: str
    extra: str
    found: str
    fits: bool


def program() -> Finding:
    """Tell which version runs in which Python."""
    facts = {
        "version": __version__,
        "python": platform.python_version(),
        "environment": sys.prefix,
        "source": str(Path(__file__).parents[2]),
        "system": platform.platform(),
    }
    said = f"{DISTRIBUTION} {__version__}, Python {facts['python']} in {sys.prefix}\n{facts['system']}"
    return Finding(said=said, facts=facts)


def libraries() -> Finding:
    """Tell whether all that the program always needs is there, in a version that it can use, and can be imported.

    OpenVINO, which computes as well, is tried where it is installed.
    """
    every = list(needs())
    needed = [package for package in every if not package.extra]
    problems = [_problem(package, DISTRIBUTION) for package in needed if not package.fits]
    tried = [package.name for package in every if package.found and (not package.extra or package.extra in COMPUTING)]
    modules = {MODULES.get(name, name): name for name in tried}
    faults = list(import_faults(list(modules)))
    for fault in faults:
        name = modules[fault.module]
        problems.append(Problem(f"{name} cannot be imported: {fault.what}.", f"pip install --force-reinstall {name}"))
    lacking = len({package.name for package in needed if not package.fits} | {modules[each.module] for each in faults})
    n = len({package.name for package in needed} | set(tried))
    return Finding(
        said=f"all {len(needed)} that the program needs" if not lacking else f"{lacking} of {n} do not serve",
        facts={package.name: package.found or None for package in needed},
        problems=tuple(problems),
        deadly=tuple(modules[fault.module] for fault in faults if fault.ends_the_process),
    )


def extras() -> Finding:
    """Tell which extras are installed; one of which nothing is there is no problem, a part of one is."""
    by_extra: dict[str, list[Needed]] = {}
    for package in needs():
        if package.extra and package.extra not in NO_FEATURES:
            by_extra.setdefault(package.extra, []).append(package)
    states, problems = {}, []
    for extra, packages in by_extra.items():
        states[extra] = _state(packages)
        if states[extra] == "in part":
            whole = f"{DISTRIBUTION}[{extra}]"
            problems += [_problem(package, whole) for package in packages if not package.fits]
    groups = {state: [extra for extra, its in states.items() if its == state] for state in ("installed", "in part")}
    missing = [extra for extra, state in states.items() if state == "missing"]
    lines = [f"{state}: {', '.join(names)}" for state, names in groups.items() if names]
    if missing:
        lines.append(f"not installed: {', '.join(missing)} (pip install '{DISTRIBUTION}[{missing[0]}]')")
    return Finding(said="\n".join(lines) or "there are none", facts=states, problems=tuple(problems))


def needs() -> Iterator[Needed]:
    """Yield what the installed distribution says that it needs on this system, extra by extra.

    Raises
    ------
    PackageNotFoundError
        If the distribution is not installed.
    """
    for line in requires(DISTRIBUTION) or ():
        requirement = Requirement(line)
        extra = _extra_of(requirement)
        if requirement.marker is None or requirement.marker.evaluate({"extra": extra}):
            found = _version(requirement.name)
            fits = bool(found) and requirement.specifier.contains(found, prereleases=True)
            yield Needed(requirement.name, str(requirement.specifier), extra, found, fits)


def _extra_of(requirement: Requirement) -> str:
    """Return the extra that a requirement is of; empty where it always holds."""
    said = str(requirement.marker or "")
    _, found, rest = said.partition('extra == "')
    return rest.split('"')[0] if found else ""


def _version(name: str) -> str:
    """Return the version of a package that is installed; empty where it is not."""
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def _state(packages: list[Needed]) -> str:
    """Say whether an extra is installed: packages that others bring along do not count as a part of it."""
    if all(package.fits for package in packages):
        return "installed"
    return "in part" if any(package.found and not package.fits for package in packages) else "missing"


def _problem(package: Needed, distribution: str) -> Problem:
    """Say what is wrong with a package."""
    found = f"{package.name} {package.found} is installed" if package.found else f"{package.name} is not installed"
    return Problem(f"{found}; {package.name}{package.asked} is needed.", f"pip install --upgrade '{distribution}'")
