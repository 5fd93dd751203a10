"""Frozen dataclasses to JSON and back, strictly: what is unknown, missing or of another type is named.

What has a default may be missing: a later version adds such fields, and still reads what an earlier one wrote.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import MISSING, fields, is_dataclass
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from fashion_classifier.errors import FaultList

_Value = TypeVar("_Value")

# JSON knows no such numbers; a training that diverges has them all the same.
_NOT_FINITE = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}

_REMEDY = "Give it such a value, or let the run write the file again"


def to_json(value: Any) -> Any:
    """Turn a value into what JSON can hold.

    Parameters
    ----------
    value
        A dataclass of numbers, texts, None, tuples, lists, dicts with text keys, and such dataclasses.

    Returns
    -------
    Dicts, lists, texts, numbers, booleans and None; NaN and infinities as "NaN", "Infinity" and "-Infinity".
    """
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: to_json(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, dict):
        return {key: to_json(item) for key, item in value.items()}
    if isinstance(value, (tuple, list)):
        return [to_json(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return next(name for name, number in _NOT_FINITE.items() if str(number) == str(value))
    assert value is None or isinstance(value, (str, int, float)), type(value)
    return value


def from_json(cls: type[_Value], data: Any, *, place: str) -> _Value:
    """Build a dataclass from what JSON held, the inverse of `to_json`.

    Parameters
    ----------
    cls
        A dataclass of `str`, `int`, `float`, `bool`, `Any`, ``X | None``, ``tuple[X, ...]``, ``dict[str, X]``,
        ``Literal["x", "y"]`` and such dataclasses. Under `Any`, tuples come back as lists.
    data
        As `json.loads` gives it.
    place
        The file that it is from, for the message.

    Raises
    ------
    DataError
        If keys are missing or unknown, or values of another type; all of them are named.
    """
    faults = FaultList()

    def complain(key: str, problem: str) -> None:
        faults.add(f"{place}, {key}" if key else place, problem, _REMEDY)

    value = _read(cls, data, "", complain)
    faults.raise_if_any()
    assert isinstance(value, cls)
    return value


_Complain = Callable[[str, str], None]


def _read(kind: Any, data: Any, key: str, complain: _Complain) -> Any:
    """Read one value of a type; after a complaint what is returned doesn't matter."""
    if kind is Any:
        return data
    if is_dataclass(kind):
        return _read_dataclass(kind, data, key, complain)
    origin = get_origin(kind)
    if origin in (Union, UnionType):
        (inner,) = (choice for choice in get_args(kind) if choice is not NoneType)
        return None if data is None else _read(inner, data, key, complain)
    if origin is Literal:
        return _read_choice(get_args(kind), data, key, complain)
    if origin in (tuple, dict):
        reader = _read_tuple if origin is tuple else _read_dict
        return reader(get_args(kind)[0 if origin is tuple else 1], data, key, complain)
    return _read_plain(kind, data, key, complain)


def _read_dataclass(cls: Any, data: Any, key: str, complain: _Complain) -> Any:
    """Read an object's fields, each by its annotated type."""
    if not isinstance(data, dict):
        return complain(key, f"is {_kind_of(data)}; an object is expected")
    kinds = get_type_hints(cls)
    names = [field.name for field in fields(cls)]
    needed = {each.name for each in fields(cls) if each.default is MISSING and each.default_factory is MISSING}
    for unknown in sorted(data.keys() - set(names)):
        complain(_join(key, unknown), "is unknown")
    for missing in sorted(needed - data.keys()):
        complain(_join(key, missing), "is missing")
    present = [name for name in names if name in data]
    values = {name: _read(kinds[name], data[name], _join(key, name), complain) for name in present}
    return cls(**values) if needed <= values.keys() else None


def _read_tuple(kind: Any, data: Any, key: str, complain: _Complain) -> Any:
    """Read a list of values of one type."""
    if not isinstance(data, list):
        return complain(key, f"is {_kind_of(data)}; a list is expected")
    return tuple(_read(kind, item, f"{key}[{number}]", complain) for number, item in enumerate(data))


def _read_dict(kind: Any, data: Any, key: str, complain: _Complain) -> Any:
    """Read an object whose keys are free and whose values are of one type."""
    if not isinstance(data, dict):
        return complain(key, f"is {_kind_of(data)}; an object is expected")
    return {name: _read(kind, item, _join(key, name), complain) for name, item in data.items()}


def _read_choice(choices: tuple[Any, ...], data: Any, key: str, complain: _Complain) -> Any:
    """Read one of a few texts."""
    if data not in choices:
        return complain(key, f"is {_kind_of(data)}; one of {', '.join(map(repr, choices))} is expected")
    return data


def _read_plain(kind: type, data: Any, key: str, complain: _Complain) -> Any:
    """Read a text, a number or a truth value; a whole number will do where any number is expected."""
    if kind is float and isinstance(data, str) and data in _NOT_FINITE:
        return _NOT_FINITE[data]
    if kind is float and type(data) is int:
        return float(data)
    if type(data) is not kind:
        return complain(key, f"is {_kind_of(data)}; {_NAMES[kind]} is expected")
    return data


_NAMES = {str: "a text", int: "a whole number", float: "a number", bool: "true or false"}


def _kind_of(data: Any) -> str:
    """Name what was found, short enough for a message."""
    if isinstance(data, dict):
        return "an object"
    if isinstance(data, list):
        return "a list"
    text = "null" if data is None else repr(data)
    return text if len(text) <= 40 else text[:39] + "…"


def _join(key: str, name: str) -> str:
    """Write the path to a key as a person would."""
    return f"{key}.{name}" if key else name
