"""`fashion doctor`: what this machine offers, and what is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

import typer

from fashion_classifier.cli import ADDRESS_SPACE
from fashion_classifier.cli.options import Json
from fashion_classifier.cli.output import Output, output
from fashion_classifier.errors import FashionError, UnavailableError

if TYPE_CHECKING:
    from fashion_classifier.experiment.checkup.finding import Finding

REINSTALL = "pip install --force-reinstall fashion-images-classifier"


@dataclass(frozen=True)
class Topic:
    """Something that is looked at.

    Parameters
    ----------
    title
        For people.
    place
        The module of `experiment.checkup`, and the function in it; for programs the latter.
    """

    title: str
    place: str

    @property
    def name(self) -> str:
        """What programs call it."""
        return self.place.split(".")[1]


TOPICS = (
    Topic("Program", "packages.program"),
    Topic("Libraries", "packages.libraries"),
    Topic("Extras", "packages.extras"),
    Topic("Processor", "hardware.processor"),
    Topic("Cores", "hardware.cores"),
    Topic("Memory", "hardware.memory"),
    Topic("Disk", "hardware.disk"),
    Topic("Graphics", "computing.graphics"),
    Topic("Precision", "computing.precision"),
    Topic("Models", "answering.models"),
    Topic("Runtimes", "answering.runtimes"),
    Topic("Data", "holdings.data"),
    Topic("Cache", "holdings.cache"),
)
COMPUTING = {"computing", "answering"}  # modules that import whatever computes
IMPORTED = {"numpy", "pillow", "platformdirs"}  # what the others import but `packages`, which tells of libraries
OF_PYTORCH = {"graphics", "precision", "runtimes"}


def doctor(ctx: typer.Context, as_json: Json = False) -> None:
    """Tell what this machine offers, and what is wrong with the installation and how to mend it.

    Each library that is installed is used, each model that comes with the program is read and asked. Nothing is
    written or fetched. The exit code is 4 where something is wrong.

    Examples:

      fashion doctor

      fashion doctor --json
    """
    with output(as_json=as_json) as out_to:
        findings: dict[str, Any] = {}
        problems = []
        for title, name, finding in _looked_at(out_to, ctx):
            findings[name] = dict(finding.facts)
            problems += [{"topic": name, "problem": each.what, "remedy": each.remedy} for each in finding.problems]
            _show(out_to, title, finding)
        out_to.tell("")
        if problems:
            is_one = len(problems) == 1
            out_to.warn(f"{len(problems)} {'thing is' if is_one else 'things are'} wrong; the remedy stands with each.")
        else:
            out_to.tell("Nothing is wrong.")
        out_to.result("doctor", {"well": not problems, "problems": problems, **findings})
    if problems:
        raise typer.Exit(UnavailableError.exit_code)


def _looked_at(out_to: Output, ctx: typer.Context) -> Iterator[tuple[str, str, Finding]]:
    """Yield each topic's title, name and finding."""
    deadly: tuple[str, ...] = ()
    for number, topic in enumerate(TOPICS):
        out_to.progress("Looking", number, len(TOPICS) + 1, topic.title.lower())
        finding = _found(topic, deadly)
        deadly += finding.deadly
        yield topic.title, topic.name, finding
    out_to.progress("Looking", len(TOPICS), len(TOPICS) + 1, "settings")
    yield "Settings", "settings", _settings(ctx)
    out_to.progress("Looking", 1, 1)


def _found(topic: Topic, deadly: tuple[str, ...]) -> Finding:
    """Look at a topic, unless a library would end the program; what breaks meanwhile is what is wrong."""
    from fashion_classifier.experiment.checkup.finding import Finding, Problem
    from fashion_classifier.limits import check_address_space

    module, function = topic.place.split(".")
    ending = deadly if module in COMPUTING else tuple(name for name in deadly if name in IMPORTED)
    if ending and module != "packages":
        return Finding(said=f"not looked at, as {' and '.join(ending)} would end this program")
    try:
        if topic.name in OF_PYTORCH:
            check_address_space(ADDRESS_SPACE, "PyTorch")
        found: Finding = getattr(import_module(f"fashion_classifier.experiment.checkup.{module}"), function)()
    except FashionError as error:
        return Finding(said="", problems=(Problem(str(error)),))
    except Exception as error:  # noqa: BLE001 - whatever a broken library does is what is told
        return Finding(said="", problems=(Problem(f"{type(error).__name__}: {error}.", REINSTALL),))
    return found


def _settings(ctx: typer.Context) -> Finding:
    """Tell whether the settings in the working folder can be, of all commands."""
    from fashion_classifier.cli.settings_file import FILE, faults_of
    from fashion_classifier.experiment.checkup.finding import Finding, Problem

    if not FILE.is_file():
        return Finding(said=f"no {FILE} in the working folder", facts={"file": None})
    faults = faults_of(FILE, ctx)
    said = f"{FILE} in the working folder"
    if not faults:
        by_name = f", some of it where it is named alone (--config {FILE})" if faults_of(FILE, ctx, named=False) else ""
        said += f", all of which can be{by_name}"
    return Finding(said=said, facts={"file": str(FILE)}, problems=tuple(map(Problem, faults)))


def _show(out_to: Output, title: str, finding: Finding) -> None:
    """Show what was found out, and what is wrong with it."""
    lines = finding.said.splitlines() or [""]
    for number, line in enumerate(lines):
        out_to.tell(f"{title if number == 0 else '':<11}{line}")
    for problem in finding.problems:
        out_to.warn(f"{'':<11}! {problem}")
