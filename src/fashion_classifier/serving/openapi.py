"""The description of the API (OpenAPI 3.1), with all that the framework cannot know of it."""

from __future__ import annotations

import base64
from typing import Any

from fastapi import FastAPI
from pydantic.json_schema import models_json_schema

from fashion_classifier.data.dataset import ImageShape
from fashion_classifier.serving.examples import drawn
from fashion_classifier.serving.portrait import png
from fashion_classifier.serving.problems import KINDS, PROBLEM_JSON, RETRY_AFTER_S, Problem
from fashion_classifier.serving.schemas import Predictions, ProblemDetails
from fashion_classifier.serving.settings import LONGEST_NAME, Limits

Json = dict[str, Any]

COMMON_ERRORS = (400, 405)
PREDICT_ERRORS = (400, 401, 403, 405, 408, 413, 415, 422, 500, 503, 504)
WORDS = {
    400: "The request cannot be read, or calls the server by a name that is not its own.",
    401: "The server has a key, and the request does not show it.",
    403: "A page of another site had the browser send it.",
    405: "The address is not asked in that way.",
    408: "The body did not arrive in time.",
    413: "The body, the number of pictures or a picture's pixels are more than is taken.",
    415: "The body or the picture is in no format that is read.",
    422: "The picture is damaged, or the document is not as described.",
    500: "A fault of the server's own.",
    503: "More is asked than can be answered, or the server is about to end; Retry-After says when to come again.",
    504: "There was no answer in time.",
}
DETAILS = {
    "malformed": "The body is not JSON (Expecting value: line 1 column 1 (char 0)). Send a valid document.",
    "too-large": "shirt.jpg: the picture has 9000x9000 pixels; at most 24 megapixels are decoded. Shrink the picture.",
    "unknown-format": "shirt.pdf: this is no picture in a known format (PNG, JPEG, WEBP, …). Replace or remove it.",
    "unfit": "shirt.png: the picture cannot be read (image file is truncated). Replace or remove it.",
}


def errors(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Describe error answers."""
    return {status: _error(status) for status in sorted(set(statuses))}


def describe(app: FastAPI, classes: tuple[str, ...], shape: ImageShape, limits: Limits, *, needs_key: bool) -> Json:
    """Return the description of all addresses.

    Parameters
    ----------
    app
        Which knows the addresses that are described already.
    classes, shape
        The model's, for examples.
    limits
        For the bounds of what is sent.
    needs_key
        Whether a key must be shown.
    """
    description: Json = app.openapi()
    _, own = models_json_schema(
        [(Predictions, "serialization"), (ProblemDetails, "serialization")], ref_template="#/components/schemas/{model}"
    )
    components = description.setdefault("components", {})
    components.setdefault("schemas", {}).update(own["$defs"])
    components["schemas"].pop("HTTPValidationError", None)
    components["schemas"].pop("ValidationError", None)
    description["paths"]["/v1/predict"] = {"post": _predict(classes, shape, limits)}
    if needs_key:
        components["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
        for path in ("/v1/predict", "/v1/model", "/metrics"):
            for operation in description["paths"][path].values():
                operation["security"] = [{"key": []}]
    return description


def _predict(classes: tuple[str, ...], shape: ImageShape, limits: Limits) -> Json:
    """Describe the address that takes pictures."""
    return {
        "operationId": "predict",
        "tags": ["pictures"],
        "summary": "Classify pictures",
        "description": (
            "Formats are told by content: PNG, JPEG, WebP, GIF, BMP, TIFF. A single picture that cannot be read is an "
            "error; among several it is an entry with its problem, and the others are answered."
        ),
        "parameters": [
            _flag("explain", "Also tell which pixels mattered."),
            _flag("seen", "Also give what the model saw."),
        ],
        "requestBody": {"required": True, "content": _bodies(shape, limits)},
        "responses": {
            "200": {
                "description": "Answers in the order of the pictures.",
                "content": {
                    "application/json": {
                        "schema": {"$ref": "#/components/schemas/Predictions"},
                        "example": _answer(classes),
                    }
                },
            },
            **{str(status): _error(status) for status in PREDICT_ERRORS},
        },
    }


def _bodies(shape: ImageShape, limits: Limits) -> Json:
    """Describe the ways in which pictures are sent."""
    picture = png(drawn(10)[0])
    encoded = base64.b64encode(picture).decode()
    row: Json = {"type": "array", "items": {"type": "integer", "minimum": 0, "maximum": 255}, "minItems": 1}
    if shape.channels == 3:
        row = {"type": "array", "items": {**row, "minItems": 3, "maxItems": 3}, "minItems": 1}
    name = {"type": "string", "maxLength": LONGEST_NAME, "description": "Comes back with the answer."}
    entries = [
        _object({"base64": {"type": "string", "contentEncoding": "base64"}, "name": name}, "base64"),
        _object({"pixels": {"type": "array", "items": row, "minItems": 1}, "name": name}, "pixels"),
    ]
    images = {"type": "array", "items": {"oneOf": entries}, "minItems": 1, "maxItems": limits.images}
    form = {"type": "array", "items": {"type": "string", "format": "binary"}, "minItems": 1, "maxItems": limits.images}
    file = {"type": "string", "format": "binary"}
    return {
        "multipart/form-data": {"schema": _object({"images": form}, "images")},
        "application/json": {
            "schema": _object({"images": images}, "images"),
            "example": {"images": [{"base64": encoded, "name": "shirt.png"}, {"pixels": [[0, 120], [255, 40]]}]},
        },
        **{kind: {"schema": file} for kind in ("image/png", "image/jpeg", "image/webp", "application/octet-stream")},
    }


def _object(properties: Json, required: str) -> Json:
    """Describe an object with these keys and no others."""
    return {"type": "object", "properties": properties, "required": [required], "additionalProperties": False}


def _flag(name: str, words: str) -> Json:
    """Describe an option."""
    return {"name": name, "in": "query", "description": words, "schema": {"type": "boolean", "default": False}}


def _error(status: int) -> Json:
    """Describe an error answer, with an example."""
    kind = next(name for name, (found, _) in KINDS.items() if found == status)
    facts = Problem(kind, DETAILS.get(kind, WORDS[status])).facts
    schema = {"$ref": "#/components/schemas/ProblemDetails"}
    described: Json = {"description": WORDS[status], "content": {PROBLEM_JSON: {"schema": schema, "example": facts}}}
    if status == 503:
        described["headers"] = {
            "Retry-After": {
                "description": "Seconds to wait.",
                "schema": {"type": "integer", "minimum": 0, "example": RETRY_AFTER_S},
            }
        }
    return described


def _answer(classes: tuple[str, ...]) -> Json:
    """Give an example of an answer."""
    rest = 0.03 / (len(classes) - 1)
    entry = {
        "name": "shirt.png",
        "photograph": False,
        "class": classes[0],
        "probability": 0.97,
        "probabilities": {name: rest if number else 0.97 for number, name in enumerate(classes)},
        "set": [classes[0]],
        "runner_up": {"class": classes[1], "probability": rest},
        "refused": False,
        "reason": "",
    }
    problem = Problem("unfit", DETAILS["unfit"]).facts
    return {"model": "fashion-mnist", "images": [entry, {"name": "broken.png", "problem": problem}]}
