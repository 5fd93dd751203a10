"""Settings of commands from a TOML file: a table for each command, named like it, with keys like its options.

::

    [train]
    minutes = 5
    data = "my photos"
    mirror = false

    [data.check]
    image-size = "48x48"

What is given on the command line goes before the file.
"""

from __future__ import annotations

import inspect
import json
import os
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from enum import Enum
from itertools import pairwise
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import typer
from typer.exceptions import TyperException

from fashion_classifier.errors import FashionError, UnavailableError, UsageError
from fashion_classifier.locks import without_password

FILE = Path("fashion.toml")  # in the working folder
NONE = "none"
LOOKS_ITSELF = "doctor"  # a command that tells what is wrong with the file, and does not stop at it
# How a command talks, and what needs a person's own word, whoever wrote the file that lies there.
COMMAND_LINE_ALONE = frozenset({"config", "quiet", "json", "help", "yes", "open-to-all"})
# Whom a command talks to, which a file that only lies there may not say: a cluster's members may run code here, and a
# database or a tracker is shown what the environment holds for it; a server may be asked by pages of a host's name.
NAMED_FILE_ALONE = frozenset({"cluster", "storage", "track", "allow-host"})
# What is written, which such a file may place in the working folder alone: elsewhere a file of rows, with names of
# pictures in it, might be one that a shell reads when it starts.
WRITTEN = frozenset({"out", "output", "sort-into", "checkpoint"})


@dataclass(frozen=True)
class Taken:
    """What a command took from a file.

    Parameters
    ----------
    file
        Its name.
    settings
        By option, without its dashes; a URL without its password.
    options
        The same as it would stand on the command line.
    names
        The same by the command's parameters.
    """

    file: str
    settings: Mapping[str, Any]
    options: tuple[str, ...]
    names: frozenset[str]

    def __str__(self) -> str:
        return f"From {self.file}: {', '.join(f'{key} = {in_toml(value)}' for key, value in self.settings.items())}"


@dataclass(frozen=True)
class Settings:
    """What a file says for one command.

    Parameters
    ----------
    file
        Its name.
    values
        By the command's parameters.
    """

    file: str
    values: dict[str, Any]

    def taken(self, ctx: typer.Context) -> Taken | None:
        """Return what a call took from it: the command line goes before the file."""
        sources = {name: ctx.get_parameter_source(name) for name in self.values}
        names = frozenset(name for name, source in sources.items() if source and source.name == "DEFAULT_MAP")
        parameters = [parameter for parameter in ctx.command.params if parameter.name in names]
        values = {key_of(parameter): _told(self.values[str(parameter.name)]) for parameter in parameters}
        options = [word for parameter in parameters for word in as_options(parameter, values[key_of(parameter)])]
        return Taken(self.file, values, tuple(options), names) if names else None


def read_settings(ctx: typer.Context, named: str | None) -> Settings | None:
    """Read and check what a file says for the command of a call; None where there is no file.

    Parameters
    ----------
    ctx
        Typer's context of the call.
    named
        The file, or "none" for none at all; by default `FILE`, where it is there.

    Raises
    ------
    UnavailableError
        If a file that is named cannot be read.
    UsageError
        If it is no TOML, or has a command or a setting that there is not, or a value of another kind; all are told.
    """
    if named == NONE or (named is None and not FILE.is_file()) or ctx.info_name == LOOKS_ITSELF:
        return None
    path = FILE if named is None else Path(named)
    table, command, faults = read_tables(path), list[str](), list[str]()
    for group, called in pairwise(_chain(ctx)):
        faults += _faults_of_group(path, command, table, group)
        command.append(str(called.info_name))
        below = table.get(command[-1], {})
        table = below if isinstance(below, dict) else {}
    values, found = _checked(path, command, table, ctx, named=named is not None)
    faults += found
    if faults:
        raise UsageError("\n".join(faults))
    return Settings(str(path), values)


def faults_of(path: Path, ctx: typer.Context, *, named: bool = True) -> list[str]:
    """Say what is wrong with a file, whatever command it is for.

    Parameters
    ----------
    path
        The file.
    ctx
        Typer's context of any call.
    named
        Whether it is judged as one that a person names, and not as one that only lies there.
    """
    try:
        tables = read_tables(path)
    except FashionError as error:
        return [str(error)]
    return _faults_below(path, [], tables, ctx.find_root(), named=named)


def _faults_below(path: Path, command: list[str], table: Mapping[str, Any], ctx: Any, *, named: bool) -> list[str]:
    """Say what is wrong with the table of a command, or of a group and all of its commands."""
    if not hasattr(ctx.command, "commands"):
        return _checked(path, command, table, ctx, named=named)[1]
    faults = _faults_of_group(path, command, table, ctx)
    for name, value in table.items():
        if isinstance(value, dict) and (below := ctx.command.commands.get(name)):
            its_ctx = below.make_context(name, [], parent=ctx, resilient_parsing=True)
            faults += _faults_below(path, [*command, name], value, its_ctx, named=named)
    return faults


def read_tables(path: Path) -> dict[str, Any]:
    """Read a TOML file.

    Raises
    ------
    UnavailableError
        If it cannot be read.
    UsageError
        If it is no TOML.
    """
    try:
        return tomllib.loads(path.read_bytes().decode("utf-8-sig"))  # as some editors write it
    except OSError as error:
        raise UnavailableError(
            f"{path}: the settings cannot be read ({error.strerror}). Name a TOML file, or {NONE!r} for no file."
        ) from error
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path}: it is no TOML ({error}). Repair it there, or name {NONE!r} for no file.") from error


def _chain(ctx: Any) -> list[Any]:
    """Return the contexts from the program's down to a command's."""
    return [*_chain(ctx.parent), ctx] if ctx.parent else [ctx]


def _faults_of_group(path: Path, group: Sequence[str], table: Mapping[str, Any], ctx: Any) -> list[str]:
    """Say what stands in a group's table that is no command's table; the whole file is that of the program."""
    faults, names = [], list(ctx.command.commands)
    for name, value in table.items():
        place = ".".join([*group, name])
        if not isinstance(value, dict):
            example = ".".join([*group, names[0]])
            said = f"a setting stands in a table named like its command, such as [{example}]"
            faults.append(f"{path}, {place}: {said}. Move it into one.")
        elif name not in names:
            faults.append(f"{path}, [{place}]: there is no such command. {_nearest(name, names, 'Commands are')}")
    return faults


def _checked(
    path: Path, command: Sequence[str], table: Mapping[str, Any], ctx: typer.Context, *, named: bool
) -> tuple[dict[str, Any], list[str]]:
    """Return what a command's table sets, by the command's parameters, and what is wrong with it."""
    parameters = {key_of(parameter): parameter for parameter in ctx.command.params if is_setting(parameter)}
    kinds = get_type_hints(inspect.unwrap(ctx.command.callback)) if ctx.command.callback else {}
    values, faults = {}, []
    for key, value in table.items():
        fault = ""
        if key in COMMAND_LINE_ALONE:
            fault = "this is said on the command line alone. Take it out of the file."
        elif key in NAMED_FILE_ALONE and not named:
            fault = f"whom to talk to is taken from a file that is named alone. Add --config {path}, or take it out."
        elif key not in parameters:
            said = f"`fashion {' '.join(command)}` has no such setting"
            fault = f"{said}. {_nearest(key, list(parameters), 'Settings are')}"
        else:
            parameter = parameters[key]
            fault = _fault_of_value(value, kinds[str(parameter.name)], parameter, ctx)
            if not fault and key in WRITTEN and not named and not _is_here(Path(value)):
                fault = (
                    f"{in_toml(value)} is outside the working folder; where to write there is taken from a file that "
                    f"is named alone. Add --config {path}, or take it out."
                )
            values[str(parameter.name)] = value
        if fault:
            faults.append(f"{path}, [{'.'.join(command)}] {key}: {fault}")
    return values, faults


def is_setting(parameter: Any) -> bool:
    """Tell whether a parameter of a command is an option that a file may set."""
    return parameter.param_type_name == "option" and key_of(parameter) not in COMMAND_LINE_ALONE


def key_of(parameter: Any) -> str:
    """Return an option's name in the file: its long form without the dashes."""
    return str(max(parameter.opts, key=len).lstrip("-"))


def _is_here(place: Path) -> bool:
    """Tell whether a place is in the working folder, wherever links lead."""
    return Path(os.path.realpath(place)).is_relative_to(os.path.realpath("."))  # `resolve` ends at links in a circle


def _told(value: Any) -> Any:
    """Return a value as it may be told and recorded."""
    if isinstance(value, list):
        return [_told(one) for one in value]
    return without_password(value) if isinstance(value, str) else value


def as_options(parameter: Any, value: Any) -> list[str]:
    """Return a value as it would stand on the command line."""
    option = f"--{key_of(parameter)}"
    if isinstance(value, bool):
        if not value and not parameter.secondary_opts:
            return []  # as it is by default
        return [option if value else parameter.secondary_opts[0]]
    return [word for one in (value if isinstance(value, list) else [value]) for word in (option, str(one))]


def in_toml(value: Any) -> str:
    """Write a value as it stands in the file."""
    if isinstance(value, list):
        return f"[{', '.join(map(in_toml, value))}]"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, (str, bool)) else str(value)


def _fault_of_value(value: Any, kind: Any, parameter: Any, ctx: typer.Context) -> str:
    """Say what is wrong with a value; nothing if it can be."""
    if not _is_a(value, kind):
        return f"{_found(value)} was found; {_expected(kind)} is expected. Write it so, or take it out."
    try:
        parameter.process_value(ctx, value)
    except TyperException as error:
        said = getattr(error, "message", str(error)).rstrip(".")
        return f"{in_toml(_told(value))} cannot be: {said}. Write another value, or take it out."
    return ""


def _is_a(value: Any, kind: Any) -> bool:
    """Tell whether a value of TOML is one that an option of a kind may have."""
    if get_origin(kind) in {Union, UnionType}:
        return any(_is_a(value, one) for one in get_args(kind) if one is not type(None))
    if get_origin(kind) is list:
        return isinstance(value, list) and all(_is_a(one, get_args(kind)[0]) for one in value)
    if issubclass(kind, Enum):
        return value in {one.value for one in kind}
    if kind is bool or isinstance(value, bool):
        return kind is bool and isinstance(value, bool)
    if kind is float:
        return isinstance(value, (int, float))
    return isinstance(value, int if kind is int else str)


def _expected(kind: Any) -> str:
    """Say in words what an option of a kind may have."""
    if get_origin(kind) in {Union, UnionType}:
        return " or ".join(_expected(one) for one in get_args(kind) if one is not type(None))
    if get_origin(kind) is list:
        return f"a list, each of it {_expected(get_args(kind)[0])},"
    if issubclass(kind, Enum):
        return f"one of {', '.join(json.dumps(one.value) for one in kind)}"
    return {bool: "true or false", int: "a whole number", float: "a number"}.get(kind, 'a text in "quotation marks"')


def _found(value: Any) -> str:
    """Say in words what stands in the file."""
    if isinstance(value, (bool, int, float, list)):
        return in_toml(_told(value))
    if isinstance(value, str):
        return f"the text {in_toml(_told(value))}"
    return "a table" if isinstance(value, dict) else f"the time {value}"


def _nearest(name: str, names: Sequence[str], title: str) -> str:
    """Say what may have been meant, and what there is."""
    if not names:
        return "There are none that a file may hold."
    close = get_close_matches(name, names, n=1)
    return f"{f'Did you mean {close[0]}? ' if close else ''}{title} {', '.join(sorted(names))}."
