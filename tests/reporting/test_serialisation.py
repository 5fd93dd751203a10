"""Values to JSON and back, strictly."""

import json
import math
from dataclasses import dataclass, field
from typing import Any

import pytest

from fashion_classifier.errors import DataError
from fashion_classifier.reporting.serialisation import from_json, to_json


@dataclass(frozen=True)
class Point:
    x: float
    y: float


@dataclass(frozen=True)
class Everything:
    whole: int
    text: str = "a"
    number: float = 0.5
    yes: bool = True
    maybe: int | None = None
    points: tuple[Point, ...] = (Point(1.0, 2.0),)
    rows: tuple[tuple[int, ...], ...] = ((1, 2), (3, 4))
    named: dict[str, dict[str, int]] = field(default_factory=lambda: {"a": {"b": 1}})
    free: dict[str, Any] = field(default_factory=lambda: {"widths": [1, 2], "optimizer": "adam", "none": None})


def read(changes):
    """Read `Everything` from JSON with some keys changed; a key of None is left out."""
    data = to_json(Everything(1)) | changes
    return from_json(Everything, {key: value for key, value in data.items() if value != "LEFT OUT"}, place="f.json")


@pytest.mark.parametrize(
    "value", [Everything(1), Everything(1, maybe=3, points=(), named={}), Everything(1, number=math.inf)]
)
def test_a_value_comes_back_as_it_was(value):
    assert from_json(Everything, json.loads(json.dumps(to_json(value), allow_nan=False)), place="f.json") == value


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_numbers_that_json_does_not_know_come_back(number):
    back = from_json(Point, json.loads(json.dumps(to_json(Point(number, 1.0)), allow_nan=False)), place="f.json")
    assert str(back.x) == str(number)


def test_a_whole_number_will_do_where_any_number_is_expected():
    value = read({"number": 3}).number
    assert value == 3
    assert type(value) is float


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"whole": "LEFT OUT"}, "f.json, whole: is missing"),
        ({"extra": 1}, "f.json, extra: is unknown"),
        ({"text": 1}, "f.json, text: is 1; a text is expected"),
        ({"whole": 1.5}, "f.json, whole: is 1.5; a whole number is expected"),
        ({"whole": True}, "f.json, whole: is True; a whole number is expected"),
        ({"number": True}, "f.json, number: is True; a number is expected"),
        ({"number": "fast"}, "f.json, number: is 'fast'; a number is expected"),
        ({"number": None}, "f.json, number: is null; a number is expected"),
        ({"number": [1]}, "f.json, number: is a list; a number is expected"),
        ({"yes": 1}, "f.json, yes: is 1; true or false is expected"),
        ({"maybe": "x"}, "f.json, maybe: is 'x'; a whole number is expected"),
        ({"points": {}}, "f.json, points: is an object; a list is expected"),
        ({"points": [{"x": 1, "y": 2}, {"x": 1}]}, "f.json, points[1].y: is missing"),
        ({"rows": [[1], ["2"]]}, "f.json, rows[1][0]: is '2'; a whole number is expected"),
        ({"named": {"a": {"b": None}}}, "f.json, named.a.b: is null; a whole number is expected"),
        ({"named": []}, "f.json, named: is a list; an object is expected"),
        ({"text": 10**60}, "…; a text is expected"),
    ],
)
def test_the_message_names_the_key(changes, message):
    with pytest.raises(DataError) as error:
        read(changes)
    assert message in str(error.value)


def test_what_has_a_default_may_be_missing():
    assert read({"text": "LEFT OUT", "named": "LEFT OUT"}) == Everything(1)


def test_all_faults_are_reported_together():
    with pytest.raises(DataError) as error:
        read({"text": 1, "whole": "LEFT OUT", "extra": 1, "points": [3]})
    assert len(error.value.faults) == 4


@pytest.mark.parametrize("data", [None, [], "text", 3])
def test_what_is_no_object_is_refused(data):
    with pytest.raises(DataError, match=r"f\.json: is .*; an object is expected"):
        from_json(Point, data, place="f.json")
