"""YAML, as it stands at the head of a card: written, never read."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

# What YAML takes for no character, or for a line break within quotes, and JSON leaves as it is.
_UNFIT_FOR_YAML = re.compile("[\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")


def yaml_text(value: Mapping[str, Any]) -> str:
    """Write nested mappings and sequences of texts, numbers and truth values as YAML; keys are plain words.

    Texts are quoted as JSON does it, which YAML reads the same way but for a few characters that are escaped besides.
    """
    return "\n".join(_block(value))


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
