"""Texts from data as Markdown and YAML that mean just these texts, whatever characters they hold."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from fashion_classifier.data.yaml_text import yaml_text

# What may begin markup inside a line, and what does so only at its beginning: a list, a rule, a numbered list.
_INSIDE = re.compile(r"[\\`*_\[\]<>#|~$&]")
_AT_THE_BEGINNING = re.compile(r"^(?:[-+=](?=[-+=\s]|$)|\d+(?=[.)](?:\s|$)))")


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
    """Write nested mappings and sequences as YAML; see `yaml_text`."""
    return Markdown(yaml_text(value))


def _guarded(found: re.Match[str]) -> str:
    r"""Write the beginning of a line so that it begins nothing: "-" as "\-", "1" before a dot as "1\"."""
    return f"{found[0]}\\" if found[0].isdigit() else f"\\{found[0]}"
