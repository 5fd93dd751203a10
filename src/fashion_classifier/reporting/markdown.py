"""Texts from data as Markdown and YAML that mean just these texts, whatever characters they hold."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

# What may begin markup inside a line, and what does so only at its beginning: a list, a rule, a numbered list.
_INSIDE = re.compile(r"[\\`*_\[\]<>#|~$&]")
_AT_THE_BEGINNING = re.compile(r"^(?:[-+=](?=[-+=\s]|$)|\d+(?=[.)](?:\s|$)))")

# What YAML takes for no character, or for a line break within quotes, and JSON leaves as it is.
_UNFIT_FOR_YAML = re.compile("[\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")


class Markdown(str):
    """Text that is Markdown already: `escape` leaves it alone."""

    __slots__ = ()


def escape(value: Any) -> str:
    r"""Write a value so that Markdown shows it as it is, in one line.

    Examples
    --------
    >>> print(escape("<b>5 * 5</b>\n- new"), escape("1. T-shirt/top"))
    \<b\>5 \* 5\</b\> - new 1\. T-shirt/top
    """
    if isinstance(value, Markdown):
        return value
    text = _INSIDE.sub(r"\\\g<0>", " ".join(str(value).splitlines()).strip())
    return _AT_THE_BEGINNING.sub(_guarded, text)


def fenced(text: str, language: str = "") -> Markdown:
    """Write a text as a block of code, with a fence that is longer than any within it."""
    runs = re.findall(r"`+", text)
    fence = "`" * max(3, 1 + max(map(len, runs), default=0))
    return Markdown(f"{fence}{language}\n{text.strip()}\n{fence}")


def table(headers: Sequence[str], rows: Sequence[Sequence[Any]], *, n_texts: int = 1) -> Markdown:
    """Write a table; its first `n_texts` columns are texts, the others numbers, set to the right."""
    rules = [":--" if column < n_texts else "--:" for column in range(len(headers))]
    lines = [list(map(escape, headers)), rules, *(list(map(escape, row)) for row in rows)]
    return Markdown("\n".join(f"| {' | '.join(line)} |" for line in lines))


def yaml(value: Mapping[str, Any]) -> Markdown:
    """Write nested mappings and sequences of texts, numbers and truth values as YAML; keys are plain words.

    Texts are quoted as JSON does it, which YAML reads the same way but for a few characters that are escaped besides.
    """
    return Markdown("\n".join(_block(value)))


def _block(value: Mapping[str, Any] | Sequence[Any]) -> Iterator[str]:
    """Write a mapping or a sequence as lines, not yet indented."""
    items = value.items() if isinstance(value, Mapping) else (("-", item) for item in value)
    for key, item in items:
        mark = key if key == "-" else f"{key}:"
        if not _is_nested(item):
            yield f"{mark} {_scalar(item)}"
        elif key == "-":
            first, *others = _block(item)
            yield f"- {first}"
            yield from (f"  {line}" for line in others)
        else:
            yield mark
            yield from (f"  {line}" for line in _block(item))


def _is_nested(value: Any) -> bool:
    """Tell whether a value is written in lines of its own."""
    return isinstance(value, (Mapping, list, tuple)) and len(value) > 0


def _scalar(value: Any) -> str:
    """Write a text, a number, a truth value, or what is empty, on one line."""
    written = json.dumps(value, ensure_ascii=False, allow_nan=False)
    if isinstance(value, float):
        return re.sub(r"^(-?\d+)e", r"\1.0e", written)  # YAML 1.1 takes 1e-05 for a text
    return _UNFIT_FOR_YAML.sub(lambda found: f"\\u{ord(found[0]):04x}", written)


def _guarded(found: re.Match[str]) -> str:
    r"""Write the beginning of a line so that it begins nothing: "-" as "\-", "1" before a dot as "1\"."""
    return f"{found[0]}\\" if found[0].isdigit() else f"\\{found[0]}"
