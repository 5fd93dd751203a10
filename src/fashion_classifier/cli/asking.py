"""Asking before something is taken away that cannot be had again."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from fashion_classifier.cli.output import Output
from fashion_classifier.errors import UsageError

Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do it without asking.")]


def agreed(out_to: Output, question: str, *, yes: bool) -> bool:
    """Ask whether to go on, unless that was said beforehand; say so where it is not.

    Raises
    ------
    UsageError
        If nobody is there to ask.
    """
    if yes:
        return True
    if not sys.stdin.isatty():
        raise UsageError("Nothing was removed: nobody is here to be asked. Say --yes to have it done without asking.")
    if typer.confirm(question, err=out_to.console.stderr):
        return True
    out_to.tell("Nothing was removed.")
    return False
