"""From a request's body to its pictures: forms and plain files, told apart by their content type; JSON beside."""

from __future__ import annotations

from fashion_classifier.serving.multipart import read_form
from fashion_classifier.serving.picture import Picture, usable_name
from fashion_classifier.serving.problems import Problem

TAKEN = "Send multipart/form-data, application/json, image/* or application/octet-stream."


def kind_of(content_type: bytes) -> bytes:
    """Return the type itself, without what is said beside it."""
    return content_type.partition(b";")[0].strip().lower()


def read_pictures(body: bytes, content_type: bytes, most: int) -> list[Picture]:
    """Find the pictures, so many at most, in a body that is not JSON.

    Raises
    ------
    Problem
        If it has none, or cannot be read.
    """
    kind = kind_of(content_type)
    if kind == b"multipart/form-data":
        return [Picture(usable_name(name), content) for name, content in read_form(body, content_type, most)]
    if kind.startswith(b"image/") or kind == b"application/octet-stream":
        return [Picture("", body)]
    named = kind.decode("latin-1")[:80]
    raise Problem(
        "unknown-format", f"The body is {named!r}. {TAKEN}" if kind else f"The body has no Content-Type. {TAKEN}"
    )
