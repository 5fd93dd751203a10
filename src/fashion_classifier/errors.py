"""The tree of errors, each with the exit code with which a command ends.

::

    FashionError                              1   anything this package raises on purpose
    ├── UsageError (ValueError)               2   an argument or a setting that cannot be
    ├── DataError (ValueError)                3   data that is broken, or does not fit its use
    ├── UnavailableError (OSError)            4   what could not be had: no network, no such file or model
    │   ├── MissingExtraError                 4   an optional dependency that is not installed
    │   └── NoLocksError                      4   a file system that keeps no locks
    ├── NotEnoughMemoryError (MemoryError)    4   what is asked for does not fit into the memory that can be had
    ├── ModelError (ValueError)               5   a model folder that is damaged, altered or unfit
    ├── DivergedError (ArithmeticError)       1   a training that nothing can save (`training.outcome`)
    ├── PeerLostError                         4   a process that trained with this one (`training.distributed`)
    └── Interrupted                         130   the person stopped the work before there was a result

A message gives the place, what was expected, what was found and what to do, and never names a command's flags.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field


class FashionError(Exception):
    """Anything that this package raises on purpose."""

    exit_code = 1


class UsageError(FashionError, ValueError):
    """An argument or a setting that cannot be."""

    exit_code = 2


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong with data.

    Parameters
    ----------
    place
        Where: a file, with line or row where there is one ("Fashion Train Data 3.csv, line 412").
    problem
        What was found and what was expected ("pixel97 is 300; grey levels are 0 to 255").
    remedy
        What to do ("Repair the row, or export the file again").
    """

    place: str
    problem: str
    remedy: str

    def __str__(self) -> str:
        place = self.place.replace("\n", "\\n")  # a file's name makes no line of its own
        return f"{place}: {self.problem}. {self.remedy}."


class DataError(FashionError, ValueError):
    """Data that is broken, or does not fit its use; carries every fault that was found."""

    exit_code = 3
    shown = 20

    def __init__(self, faults: Fault | Iterable[Fault]) -> None:
        self.faults: Sequence[Fault] = (faults,) if isinstance(faults, Fault) else tuple(faults)
        lines = [str(fault) for fault in self.faults[: self.shown]]
        if len(self.faults) > self.shown:
            lines.append(f"… and {len(self.faults) - self.shown} more faults.")
        super().__init__("\n".join(lines))


@dataclass
class FaultList:
    """Collects faults, so that they are reported together."""

    faults: list[Fault] = field(default_factory=list)

    def add(self, place: str, problem: str, remedy: str) -> None:
        """Note one fault."""
        self.faults.append(Fault(place, problem, remedy))

    def __bool__(self) -> bool:
        return bool(self.faults)

    def raise_if_any(self) -> None:
        """Raise one `DataError` with all that was noted.

        Raises
        ------
        DataError
            If there is at least one fault.
        """
        if self.faults:
            raise DataError(self.faults)


class UnavailableError(FashionError, OSError):
    """What could not be had: no network, no such file, no such model."""

    exit_code = 4

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else ""


class MissingExtraError(UnavailableError):
    """An optional dependency that is not installed; the message names the extra to install."""


class NoLocksError(UnavailableError):
    """A file system that keeps no locks, where they are needed."""


class NotEnoughMemoryError(FashionError, MemoryError):
    """What is asked for does not fit into the memory that can be had."""

    exit_code = 4


class ModelError(FashionError, ValueError):
    """A model folder that is damaged, altered or unfit for what is asked of it."""

    exit_code = 5


class Interrupted(FashionError):  # noqa: N818 - an event rather than a mistake
    """The person stopped the work before there was a result."""

    exit_code = 130
