"""What every command takes besides its own options, and the call that comes of it.

`Command` and `Group` (`cli/help.py`) add these options, so that a command need not name them; what they said is found
in `current_call()` while the command runs.
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.main import get_command

from fashion_classifier.cli.completion import complete_settings_files
from fashion_classifier.errors import UsageError

if TYPE_CHECKING:
    from fashion_classifier.cli.settings_file import Taken

_SETTINGS, _QUIET, _NAMED = (f"{__name__}.{name}" for name in ("settings", "quiet", "named"))  # keys of Typer's `meta`


@dataclass(frozen=True)
class Call:
    """How a command was called.

    Parameters
    ----------
    quiet
        Only results, warnings and errors are wanted.
    taken
        What was taken from a file of settings; None where nothing was.
    """

    quiet: bool = False
    taken: Taken | None = None


_call: ContextVar[Call | None] = ContextVar("call", default=None)


def current_call() -> Call:
    """Return how the command that runs was called."""
    return _call.get() or Call()


def is_from_file(name: str) -> bool:
    """Tell whether a parameter of the command was taken from a file, where it may be meant for other calls."""
    taken = current_call().taken
    return taken is not None and name in taken.names


def given_command(taken: Taken | None) -> str:
    """Return the command line as it was given, with what was taken from a file added to it."""
    words = ["fashion", *sys.argv[1:]]
    place = words.index("--") if "--" in words else len(words)
    return shlex.join([*words[:place], *(taken.options if taken else ()), *words[place:]])


@contextmanager
def called(ctx: typer.Context) -> Iterator[None]:
    """Have `current_call()` tell of this call meanwhile; wrong usage tells what a file had its part in.

    Raises
    ------
    UsageError
        As the command raises it.
    """
    settings = ctx.meta.get(_SETTINGS)
    taken = settings.taken(ctx) if settings else None
    token = _call.set(Call(quiet=ctx.meta.get(_QUIET, False), taken=taken))
    try:
        yield
    except UsageError as error:
        if taken is None:
            raise
        raise UsageError(f"{error}\n{taken}") from error
    finally:
        _call.reset(token)


@cache
def shared_options() -> list[Any]:
    """Return the options that every command has: always the same, as Typer compares them."""
    holder = typer.Typer(add_completion=False)
    holder.command()(_shared)
    return list(get_command(holder).params)


def _take_settings(ctx: typer.Context, named: str | None) -> None:
    """Let a file stand for what is not given: one that is named here or before the command, or lies in this folder."""
    if named is not None:
        ctx.meta[_NAMED] = named
    if ctx.resilient_parsing or hasattr(ctx.command, "commands"):  # completion; a group, whose commands come here too
        return
    from fashion_classifier.cli.settings_file import read_settings

    settings = read_settings(ctx, ctx.meta.get(_NAMED))
    if settings is not None:
        ctx.default_map = settings.values
        ctx.meta[_SETTINGS] = settings


def _take_quiet(ctx: typer.Context, quiet: bool) -> None:
    """Note that it was said, here or before the command."""
    ctx.meta[_QUIET] = quiet or ctx.meta.get(_QUIET, False)


def _shared(
    config: Annotated[
        str | None,
        typer.Option(
            "--config",
            metavar="FILE",
            help="A TOML file of settings; by default ./fashion.toml, where there is one; 'none' for no file.",
            is_eager=True,
            expose_value=False,
            callback=_take_settings,
            autocompletion=complete_settings_files,
        ),
    ] = None,
    quiet: Annotated[
        bool,
        typer.Option(
            "--quiet",
            "-q",
            help="Print results, warnings and errors alone: no progress, no remarks.",
            expose_value=False,
            callback=_take_quiet,
        ),
    ] = False,
) -> None:
    """Hold the options that every command has."""
