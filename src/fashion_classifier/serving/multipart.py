"""The pictures in a body of type multipart/form-data, parsed in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from fashion_classifier.serving.problems import Problem

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks


class _Parts:
    """Takes what the parser finds."""

    def __init__(self, most: int) -> None:
        self.found: list[tuple[str, bytes]] = []
        self._most = most
        self._field, self._value = bytearray(), bytearray()
        self._headers: dict[bytes, bytes] = {}
        self._data: list[bytes] = []
        self.ended = False

    @property
    def callbacks(self) -> MultipartCallbacks:
        """What the parser calls."""
        return {
            "on_part_begin": self._begin,
            "on_header_begin": self._begin_header,
            "on_header_field": self._add_to_field,
            "on_header_value": self._add_to_value,
            "on_header_end": self._end_header,
            "on_part_data": self._add_data,
            "on_part_end": self._end,
            "on_end": self._end_all,
        }

    def _begin(self) -> None:
        self._headers, self._data = {}, []

    def _begin_header(self) -> None:
        self._field, self._value = bytearray(), bytearray()

    def _add_to_field(self, data: bytes, start: int, end: int) -> None:
        self._field += data[start:end]

    def _add_to_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _end_header(self) -> None:
        self._headers[bytes(self._field).lower()] = bytes(self._value)

    def _add_data(self, data: bytes, start: int, end: int) -> None:
        self._data.append(data[start:end])

    def _end(self) -> None:
        kind, options = parse_options_header(self._headers.get(b"content-disposition", b""))
        if kind != b"form-data":
            raise Problem(
                "malformed", "A part of the form has no Content-Disposition: form-data. Send it as a browser would."
            )
        if b"filename" not in options and options.get(b"name") not in {b"image", b"images"}:
            name = options.get(b"name", b"").decode("utf-8", "replace")
            raise Problem(
                "unfit", f"The form has a field {name[:50]!r}, which is no file. Send pictures as files alone."
            )
        if len(self.found) == self._most:
            raise Problem("too-large", f"The form has more than {self._most} pictures. Send them in several requests.")
        name = options.get(b"filename", b"").decode("utf-8", "replace")
        self.found.append((name, b"".join(self._data)))

    def _end_all(self) -> None:
        self.ended = True


def read_form(body: bytes, content_type: bytes, most: int) -> list[tuple[str, bytes]]:
    """Return names and contents of the pictures in a form.

    Parameters
    ----------
    body
        Of the request.
    content_type
        Its header, which holds the boundary.
    most
        Pictures that it may hold.

    Raises
    ------
    Problem
        If it is no such form, holds something else, nothing, or too much.
    """
    boundary = parse_options_header(content_type)[1].get(b"boundary", b"")
    if not 1 <= len(boundary) <= 70:  # RFC 2046, section 5.1.1
        raise Problem(
            "malformed", "The form's Content-Type names no boundary of 1 to 70 characters, which RFC 2046 asks for."
        )
    parts = _Parts(most)
    parser = MultipartParser(boundary, parts.callbacks)
    try:
        parser.write(body)
        parser.finalize()
    except FormParserError as error:
        raise Problem("malformed", f"The form cannot be read ({error}). Send it as a browser would.") from error
    if not parts.ended:
        raise Problem("malformed", "The form ends before its last boundary. Send the whole of it.")
    if not parts.found:
        raise Problem("malformed", "The form holds no picture. Send at least one file.")
    return parts.found
