"""What the families' settings share: what a config is, and checks that report every fault at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Protocol

from fashion_classifier.errors import UsageError


class ModelConfig(Protocol):
    """What every family's config has: its family's name, and fields that JSON can hold."""

    family: ClassVar[str]
    __dataclass_fields__: ClassVar[dict[str, Any]]


MOST_COUNTS = 64


def check_counts(name: str, values: Sequence[int], *, largest: int = 4096) -> str | None:
    """Say what is wrong with a non-empty list of counts, or return None."""
    if 1 <= len(values) <= MOST_COUNTS and all(type(value) is int and 1 <= value <= largest for value in values):
        return None
    found = list(values) if len(values) <= MOST_COUNTS else f"{len(values):,} values"
    return f"`{name}` must be 1 to {MOST_COUNTS} whole numbers from 1 to {largest}, but got {found}"


def check_fraction(name: str, value: float) -> str | None:
    """Say what is wrong with a fraction, or return None."""
    return None if 0 <= value < 1 else f"`0 <= {name} < 1` must hold, but got {name}={value}"


def report(settings: object, *faults: str | None) -> None:
    """Raise one error with all faults that there are.

    Raises
    ------
    UsageError
        If any fault is not None.
    """
    found = [fault for fault in faults if fault is not None]
    if found:
        raise UsageError(f"{type(settings).__name__}: {'; '.join(found)}.")
